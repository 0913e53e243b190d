import { lookBack } from './look-back.ts'
import type { MemberView, Release, ReleaseAct, ReleaseMember, RolloutSeen } from './release.ts'

/** On the way out: what each member has come to, and what is to be done next. One that does not arrive takes all back, in the same look. */
export function lookOut(
  before: Release,
  event: { readonly views: readonly MemberView[] },
  now: number,
): { readonly release: Release; readonly acts: readonly ReleaseAct[] } {
  const { views } = event
  const release = { ...before, members: before.members.map((member, i) => seenOut(member, views[i])) }
  const lost = release.members.find(({ stage }) => stage === 'going-back' || stage === 'left')
  if (lost !== undefined) {
    const why = `${lost.service}: ${lost.why}`
    return lookBack(
      { ...release, state: 'reversing', turn: release.turn + 1, owed: [], by: 'serin', why, since: now },
      // What it goes back with belongs to the new turn, of which there is nothing yet.
      { views: views.map((view) => ({ ...view, back: null })) },
      now,
    )
  }
  if (release.members.every(({ stage }) => stage === 'promoted'))
    return { release: { ...release, state: 'done', owed: [], by: 'serin', why: '', since: now }, acts: [] }
  const told = actsOwed(release, views)
  const acts = [...told, ...(release.state === 'going' ? starts(release) : [])]
  const owed = told.map(({ service }) => service)
  const same = owed.length === before.owed.length && release.members.every((member, i) => member === before.members[i])
  return { release: same ? before : { ...release, owed }, acts }
}

function seenOut(member: ReleaseMember, view: MemberView | undefined): ReleaseMember {
  if (view === undefined) return member
  const { out, stable, active } = view
  const known = (stage: ReleaseMember['stage'], why = '') => {
    const rollout = out?.id ?? member.rollout
    const same = member.stage === stage && member.rollout === rollout && member.why === why
    return same ? member : { ...member, stage, rollout, why }
  }
  const left = () => known('left', `somebody released ${active?.to ?? stable} by hand.`)
  if (out === null)
    return member.rollout !== null || active !== null || stable !== member.from ? left() : known('waiting')
  switch (out.phase) {
    case 'rolling-back':
    case 'rolled-back':
      return known('going-back', `${member.to} was rolled back (${out.reason ?? ''})${because(out)}.`)
    case 'promoted':
      return active !== null || stable !== member.to ? left() : known('promoted')
    default:
      return known('out')
  }
}

function because({ why }: RolloutSeen): string {
  return why === '' ? '' : `: ${why.replace(/\.$/, '')}`
}

/** Members that have not followed the last pause or resume yet. */
function actsOwed({ state, members, owed }: Release, views: readonly MemberView[]): readonly ReleaseAct[] {
  return members.flatMap(({ service }, i): readonly ReleaseAct[] => {
    const out = views[i]?.out
    if (out === null || out === undefined || !owed.includes(service)) return []
    const isHeld = out.phase === 'holding' && out.reason === 'operator'
    const canBeHeld = ['preparing', 'watching', 'holding'].includes(out.phase) && !isHeld
    if (state === 'held') return canBeHeld ? [{ type: 'pause', service, rollout: out.id }] : []
    return isHeld ? [{ type: 'resume', service, rollout: out.id }] : []
  })
}

/** Members whose turn it is to start. */
function starts({ order, members }: Release): readonly ReleaseAct[] {
  const next = members.find(({ stage }) => stage !== 'promoted')
  return members
    .filter((member) => member.stage === 'waiting' && (order === 'together' || member === next))
    .map(({ service, to }) => ({ type: 'start', service, to }))
}

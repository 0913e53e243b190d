import type { MemberView, Release, ReleaseAct, ReleaseMember, RolloutSeen } from './release.ts'

/**
 * On the way back: rollouts under way are aborted, all of them at once; promoted members go back to the version they came from, together or the last first.
 * In a sequence a member never goes back while one after it still serves the new version.
 */
export function lookBack(
  before: Release,
  event: { readonly views: readonly MemberView[] },
  now: number,
): { readonly release: Release; readonly acts: readonly ReleaseAct[] } {
  const acts: ReleaseAct[] = []
  const members = [...before.members]
  for (let i = members.length - 1; i >= 0; i -= 1) {
    const member = members[i]
    const view = event.views[i]
    if (member === undefined || view === undefined) continue
    const waits = before.order === 'sequence' && members.slice(i + 1).some(({ stage }) => stage !== 'back')
    const seen = seenBack(member, view, waits)
    members[i] = seen.member
    if (seen.act !== null) acts.push(seen.act)
  }
  const release = members.every((member, i) => member === before.members[i]) ? before : { ...before, members }
  if (members.some(({ stage }) => stage === 'going-back')) return { release, acts }
  if (members.every(({ stage }) => stage === 'back'))
    return { release: { ...release, state: 'reversed', since: now }, acts }
  return { release: { ...release, state: 'stuck', since: now, by: 'serin', why: whatStays(members) }, acts }
}

interface Seen {
  readonly member: ReleaseMember
  readonly act: ReleaseAct | null
}

function seenBack(member: ReleaseMember, { out, back, stable, active }: MemberView, waits: boolean): Seen {
  const { service, from, to } = member
  const at = (stage: ReleaseMember['stage'], why = member.why, act: ReleaseAct | null = null): Seen => {
    const ids = { rollout: out?.id ?? member.rollout, back: back?.id ?? member.back }
    const same =
      member.stage === stage && member.why === why && member.rollout === ids.rollout && member.back === ids.back
    return { member: same ? member : { ...member, ...ids, stage, why }, act }
  }
  if (out !== null && isUnderWay(out)) {
    const isBack = out.phase === 'rolling-back'
    return at('going-back', member.why, isBack ? null : { type: 'abort', service, rollout: out.id })
  }
  if (back !== null && isUnderWay(back)) return at('going-back')
  if (stable === from) return at('back')
  if (member.stage === 'left' || member.stage === 'stuck') return at(member.stage)
  if (stable !== to || active !== null) return at('left', `somebody released ${active?.to ?? stable} by hand.`)
  // It has been promoted, or the rollout that was to take it back has ended without doing so.
  if (back !== null) return at('stuck', back.why === '' ? `${back.id} was rolled back.` : back.why)
  return waits ? at('promoted') : at('going-back', member.why, { type: 'undo', service, to: from })
}

function isUnderWay({ phase }: RolloutSeen): boolean {
  return phase !== 'promoted' && phase !== 'rolled-back'
}

/** Which members are not back, and why: one sentence each. */
function whatStays(members: readonly ReleaseMember[]): string {
  return members
    .filter(({ stage }) => stage !== 'back')
    .toReversed()
    .map(({ service, to, from, stage, why }) => {
      switch (stage) {
        case 'left':
          return `${service} was let alone: ${why}`
        case 'stuck':
          return `${service} could not go back to ${from}: ${why}`
        default:
          return `${service} stays at ${to}, because a member after it is not back.`
      }
    })
    .join(' ')
}

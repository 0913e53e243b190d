import type { Release, ReleaseEvent } from '@serin/core'
import type { JournalDraft } from '@serin/kit'
import type { JournalKind } from '@serin/spec'

/** The first entry of a coupled release. */
export function startedEntry(release: Release): JournalDraft {
  const { order, why, startedBy } = release
  const members = release.members.map(({ service, to, from }) => ({ service, to, from }))
  return entry(release, 'release.started', startedBy, { why, order, members })
}

/** What the journal says of an event: the command, if it was one, each member that has come to another stage, and the move, if there was one. */
export function eventEntries(before: Release, after: Release, event: ReleaseEvent): readonly JournalDraft[] {
  const command = 'by' in event ? [entry(after, `release.${event.type}`, event.by, { why: event.why })] : []
  const members = after.members.flatMap((member, i) => {
    const from = before.members[i]?.stage
    const { service, stage: to, rollout, back, why } = member
    return from === to
      ? []
      : [entry(after, 'release.member', 'serin', { service, from, to, rollout: back ?? rollout, why })]
  })
  const isMove = before.state !== after.state
  const move = isMove
    ? [entry(after, 'release.moved', after.by, { from: before.state, to: after.state, why: after.why })]
    : []
  return [...command, ...members, ...move]
}

function entry(
  release: Release,
  kind: JournalKind,
  actor: string,
  data: Readonly<Record<string, unknown>>,
): JournalDraft {
  return { stream: `release/${release.id}`, kind, actor, data }
}

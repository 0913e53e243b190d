import { isReleaseOver, releaseSentence, type Release } from '@serin/core'
import type { Release as ReleaseSeen, Rollout } from '@serin/spec'

/** What a coupled release looks like from outside. `rollout` describes one that is still known. */
export function describeRelease(
  release: Release,
  rollout: (service: string, id: string) => Rollout | null,
): ReleaseSeen {
  const { id, number, order, state, hotfix, by, why, startedBy, startedAt, since } = release
  const known = (service: string, of: string | null) => (of === null ? null : rollout(service, of))
  return {
    id,
    number,
    order,
    state,
    sentence: releaseSentence(release),
    hotfix,
    members: release.members.map((member) => ({
      service: member.service,
      from: member.from,
      to: member.to,
      stage: member.stage,
      why: member.why,
      rollout: known(member.service, member.rollout),
      back: known(member.service, member.back),
    })),
    by,
    why,
    startedBy,
    startedAt,
    endedAt: isReleaseOver(release) ? since : null,
  }
}

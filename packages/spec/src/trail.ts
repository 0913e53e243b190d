import type { RolloutPoint } from './history.ts'
import type { Rollout, ServiceStatus } from './resources.ts'

/** Points of a rollout that are kept; a picture shows no more. */
export const mostPoints = 240

/** A rollout as it is now, for its trail. */
export function pointOf(rollout: Rollout, versions: ServiceStatus['versions'], at: number): RolloutPoint {
  const { phase, step, askedBp, inForceBp, sentence, reason, judgement } = rollout
  const splitPercent = versions.find(({ name }) => name === rollout.canary)?.splitPercent ?? null
  return { at, splitPercent, phase, step, askedBp, inForceBp, sentence, reason, judgement }
}

/** Adds a point to the trail of a rollout. A long trail gets thinner, but keeps its ends and, while there is room, every change of phase or step. */
export function withPoint(trail: readonly RolloutPoint[], point: RolloutPoint): readonly RolloutPoint[] {
  const last = trail.at(-1)
  if (last !== undefined && point.at <= last.at) return trail
  const longer = [...trail, point]
  if (longer.length <= mostPoints) return longer
  const thinner = longer.filter((each, i) => i % 2 === 0 || i === longer.length - 1 || isTurn(each, longer[i - 1]))
  return thinner.length <= mostPoints ? thinner : longer.filter((_each, i) => i % 2 === 0 || i === longer.length - 1)
}

function isTurn(point: RolloutPoint, before: RolloutPoint | undefined): boolean {
  return before === undefined || point.phase !== before.phase || point.step !== before.step
}

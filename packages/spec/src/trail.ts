import type { RolloutPoint } from './history.ts'

/** Points of a rollout that are kept; a picture shows no more. */
export const mostPoints = 240

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

import { pointOf, withPoint, type RolloutPoint, type ServiceStatus } from '@serin/spec'

/** A trail and what is seen now. The time is the control plane's own, like that of the rest. */
export function trailWith(
  points: readonly RolloutPoint[],
  { rollout, versions }: ServiceStatus,
): readonly RolloutPoint[] {
  if (rollout?.judgement == null) return points
  return withPoint(points, pointOf(rollout, versions, rollout.judgement.at))
}

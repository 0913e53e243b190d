import { assign, bucketOf, parseRequestMark, type TracedObservation } from '@serin/core'
import { SerinError, type Observation } from '@serin/spec'
import type { Assignment } from './documents.ts'

/** A value beyond this could overflow the sums of a rollout. */
const largestValue = 1e12

/** Refuses observations that make no sense. */
export function requireSensible(observations: readonly Observation[]): void {
  for (const { metric, value } of observations)
    if (!(Math.abs(value) <= largestValue))
      throw new SerinError('observation.invalid', `${metric}: ${value} is larger than ${largestValue}.`)
}

/** An observation with the rollout attempt it counts for, or null when no version is known for it. */
export interface Traced {
  readonly rollout: string
  /** The version that served it. */
  readonly version: string
  readonly observation: TracedObservation
}

/**
 * Finds the version that served a unit at the time of the observation, from the assignments in force then. Null while a change was on its way to the
 * router (either version may have served), when only one version had traffic, and for times before the first assignment.
 */
export function traceUnit(
  observation: Observation & { unit: string; time: number },
  assignments: readonly Assignment[],
): Traced | null {
  const at = assignments.findLastIndex((assignment) => assignment.sentAt <= observation.time)
  const assignment = assignments[at]
  if (assignment?.appliedAt == null || observation.time <= assignment.appliedAt) return null
  const { canary, canaryBp, stable, salt, rollout, rivals = [] } = assignment
  if (canary === null || canaryBp <= 0 || canaryBp >= 10_000) return null
  const arms = [
    { version: canary, endpoints: [], weightBp: canaryBp },
    ...rivals.map(({ version, bp }) => ({ version, endpoints: [], weightBp: bp })),
  ]
  const restBp = arms.reduce((left, { weightBp }) => left - weightBp, 10_000)
  const all = [...arms, { version: stable, endpoints: [], weightBp: restBp }]
  const version = assign({ arms: all, salt }, observation.unit)
  const arm = version === stable ? 'stable' : 'canary'
  return {
    rollout,
    version,
    observation: {
      metric: observation.metric,
      arm,
      stage: String(canaryBp),
      bucket: bucketOf(observation.unit),
      value: observation.value,
    },
  }
}

/** Finds the version in the `serin-request` of an answer. Null when the text is not of our making, or the request was not assigned by the hash. */
export function traceRequest(
  observation: Observation & { request: string },
  stableOf: (rollout: string) => string | null,
): Traced | null {
  const mark = parseRequestMark(observation.request)
  const stable = mark === null ? null : stableOf(mark.rollout)
  if (mark === null || stable === null) return null
  const { by, canaryBp, rollout, bucket } = mark
  if (by !== 'hash' || canaryBp === 0 || canaryBp === 10_000) return null
  const { metric, value } = observation
  const arm = mark.version === stable ? 'stable' : 'canary'
  return { rollout, version: mark.version, observation: { metric, arm, stage: String(canaryBp), bucket, value } }
}

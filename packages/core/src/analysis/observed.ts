import type { ObservationMetric } from '@serin/spec'
import type { RatioTestReading, Refusal } from '@serin/stats'
import {
  addToClusters,
  readClusters,
  type Addition,
  type Cell,
  type ClusterQuestion,
  type Clusters,
} from './clusters.ts'
import { ratioOf } from './setup.ts'

const observedBuckets = 256

/** One observation about a unit, already traced to the version that served it. */
export interface TracedObservation {
  readonly metric: string
  readonly arm: 'stable' | 'canary'
  /** The share in force when the unit was served: the stratum. A label that comes late still counts there. */
  readonly stage: string
  readonly bucket: number
  readonly value: number
}

/** Adds observations of the metric to its sums. */
export function addObservations(
  observed: Clusters,
  metric: ObservationMetric,
  observations: readonly TracedObservation[],
): Clusters {
  let next = observed
  for (const stage of new Set(observations.map((observation) => observation.stage))) {
    const own = observations.filter((observation) => observation.stage === stage)
    next = addToClusters(next, questionOf(metric), stage, additionOf(own))
  }
  return next
}

/** What the observations say against margins given as ratios (relative, and absolute in the metric’s unit). */
export function readObserved(
  observed: Clusters,
  metric: ObservationMetric,
  margins: { readonly marginRatio: number; readonly marginAbs: number },
): RatioTestReading | Refusal {
  return readClusters(observed, questionOf(metric), margins)
}

function questionOf(metric: ObservationMetric): ClusterQuestion {
  return {
    worse: metric.better === 'lower' ? 'up' : 'down',
    marginRatio: ratioOf(metric.margin),
    marginAbs: ratioOf(metric.marginAbsolute),
    buckets: observedBuckets,
  }
}

function additionOf(observations: readonly TracedObservation[]): Addition {
  const cells: Record<TracedObservation['arm'], Cell[]> = { canary: [], stable: [] }
  const nonZero = { canary: 0, stable: 0 }
  for (const { arm, bucket, value } of observations) {
    cells[arm].push([bucket, value, 1])
    if (value !== 0) nonZero[arm] += 1
  }
  return { ...cells, nonZero }
}

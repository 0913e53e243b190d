import type { ObservationMetric } from '@serin/spec'
import {
  createRatioTest,
  readRatioTest,
  updateRatioTest,
  type RatioTestReading,
  type RatioTestState,
  type Refusal,
} from '@serin/stats'
import { ratioOf } from './setup.ts'

type Cell = readonly [bucket: number, num: number, den: number]

/** Bucket sums of both versions in one stage. */
interface Stage {
  readonly stage: string
  readonly canary: readonly Cell[]
  readonly stable: readonly Cell[]
}

/** Observations of one metric: sums per stage and bucket of units, so that a label that comes late still counts where it belongs. */
export interface Observed {
  /** In the order in which the stages were first seen. */
  readonly stages: readonly Stage[]
  /** Frozen when the floors are first met: the mean that tunes the test must not follow the data it judges. */
  readonly anchorMean: number | null
}

/** One observation about a unit, already traced to the version that served it. */
export interface TracedObservation {
  readonly metric: string
  readonly arm: 'stable' | 'canary'
  /** The share in force when the unit was served: the stratum. */
  readonly stage: string
  readonly bucket: number
  readonly value: number
}

/** No observations. */
export function createObserved(): Observed {
  return { stages: [], anchorMean: null }
}

/** Adds observations of the metric. */
export function addObservations(
  observed: Observed,
  metric: ObservationMetric,
  observations: readonly TracedObservation[],
): Observed {
  const stages = new Map(
    observed.stages.map((stage) => [
      stage.stage,
      { canary: new Map(keyed(stage.canary)), stable: new Map(keyed(stage.stable)) },
    ]),
  )
  for (const { arm, stage: name, bucket, value } of observations) {
    const stage = stages.get(name) ?? { canary: new Map<number, Cell>(), stable: new Map<number, Cell>() }
    stages.set(name, stage)
    const [, num, den] = stage[arm].get(bucket) ?? [bucket, 0, 0]
    stage[arm].set(bucket, [bucket, num + value, den + 1])
  }
  const next = [...stages].map(([stage, { canary, stable }]) => ({
    stage,
    canary: sorted(canary),
    stable: sorted(stable),
  }))
  return { stages: next, anchorMean: testOf(next, observed.anchorMean, metric).anchorMean }
}

/** What the observations say against margins given as ratios (relative, and absolute in the metric’s unit). */
export function readObserved(
  observed: Observed,
  metric: ObservationMetric,
  margins: { readonly marginRatio: number; readonly marginAbs: number },
): RatioTestReading | Refusal {
  return readRatioTest(testOf(observed.stages, observed.anchorMean, metric), margins)
}

/** Sums over all stages, whatever the floors say. */
export function totalsOf(observed: Observed, arm: 'stable' | 'canary'): { readonly num: number; readonly den: number } {
  let num = 0
  let den = 0
  for (const stage of observed.stages) {
    for (const [, cellNum, cellDen] of stage[arm]) {
      num += cellNum
      den += cellDen
    }
  }
  return { num, den }
}

function testOf(stages: readonly Stage[], anchorMean: number | null, metric: ObservationMetric): RatioTestState {
  const created = createRatioTest({
    worse: metric.better === 'lower' ? 'up' : 'down',
    plannedEffect: ratioOf(metric.margin),
    plannedEffectAbs: ratioOf(metric.marginAbsolute),
  })
  let test: RatioTestState = { ...created, anchorMean }
  for (const { stage, canary, stable } of stages) {
    const updated = updateRatioTest(test, { stage, canary, stable })
    if (updated.ok) test = updated.state
  }
  return test
}

function keyed(cells: readonly Cell[]): readonly (readonly [number, Cell])[] {
  return cells.map((cell) => [cell[0], cell])
}

function sorted(cells: ReadonlyMap<number, Cell>): readonly Cell[] {
  return [...cells.values()].sort((a, b) => a[0] - b[0])
}

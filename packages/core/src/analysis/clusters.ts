import {
  createRatioTest,
  readRatioTest,
  updateRatioTest,
  type RatioTestReading,
  type RatioTestState,
  type Refusal,
} from '@serin/stats'

/** What one bucket of units has added up to. */
export type Cell = readonly [bucket: number, num: number, den: number]

/** What a batch adds to a stage. */
export interface Addition {
  readonly canary: readonly Cell[]
  readonly stable: readonly Cell[]
  /** Outcomes that are not zero. */
  readonly nonZero: { readonly canary: number; readonly stable: number }
}

/** Bucket sums of both versions at one share. */
interface Stage extends Addition {
  readonly stage: string
}

/**
 * Sums of both versions per stage and bucket of units: what a ratio with an honest variance is made from when one unit brings many
 * outcomes, and what a late outcome can still be added to.
 */
export interface Clusters {
  /** In the order in which the stages were first seen. */
  readonly stages: readonly Stage[]
  /** Frozen when the floors are first met: the mean that tunes the test must not follow the data it judges. */
  readonly anchorMean: number | null
}

/** Which question is asked of the sums; margins as ratios (and in the metric's unit), fixed before the data. */
export interface ClusterQuestion {
  readonly worse: 'up' | 'down'
  readonly marginRatio: number
  readonly marginAbs: number
  readonly buckets: number
  /** Relative worsening that is no harm yet. Absent: none. */
  readonly harmFrom?: number
}

/** No outcomes. */
export function noClusters(): Clusters {
  return { stages: [], anchorMean: null }
}

/** Adds outcomes to a stage; the mean that tunes the test is frozen as soon as there is enough of them. */
export function addToClusters(
  { stages, anchorMean }: Clusters,
  question: ClusterQuestion,
  name: string,
  addition: Addition,
): Clusters {
  const known = stages.some(({ stage }) => stage === name)
  const before: readonly Stage[] = known ? stages : [...stages, { stage: name, ...nothing }]
  const next = before.map((stage) => (stage.stage === name ? { stage: name, ...sumOf(stage, addition) } : stage))
  return { stages: next, anchorMean: anchorMean ?? testOf({ stages: next, anchorMean }, question).anchorMean }
}

/** What the sums say against the margins that apply now, or what is still missing. */
export function readClusters(
  clusters: Clusters,
  question: ClusterQuestion,
  margins: { readonly marginRatio: number; readonly marginAbs: number },
): RatioTestReading | Refusal {
  // A reading is asked for its proof and for its interval; sums never change, so it is made once.
  const made = readings.get(clusters) ?? new Map<string, RatioTestReading | Refusal>()
  readings.set(clusters, made)
  const key = JSON.stringify([question, margins])
  const reading =
    made.get(key) ?? readRatioTest(testOf(clusters, question), { harmFrom: question.harmFrom ?? 0, ...margins })
  made.set(key, reading)
  return reading
}

const readings = new WeakMap<Clusters, Map<string, RatioTestReading | Refusal>>()

/** Sums of a version over all stages, whatever the floors say. */
export function totalsOf(clusters: Clusters, arm: 'stable' | 'canary'): { readonly num: number; readonly den: number } {
  let num = 0
  let den = 0
  for (const stage of clusters.stages) {
    for (const [, cellNum, cellDen] of stage[arm]) {
      num += cellNum
      den += cellDen
    }
  }
  return { num, den }
}

const nothing: Addition = { canary: [], stable: [], nonZero: { canary: 0, stable: 0 } }

function sumOf(one: Addition, other: Addition): Addition {
  return {
    canary: mergeCells(one.canary, other.canary),
    stable: mergeCells(one.stable, other.stable),
    nonZero: {
      canary: one.nonZero.canary + other.nonZero.canary,
      stable: one.nonZero.stable + other.nonZero.stable,
    },
  }
}

function mergeCells(one: readonly Cell[], other: readonly Cell[]): readonly Cell[] {
  if (other.length === 0) return one
  const cells = new Map(one.map((cell) => [cell[0], cell]))
  for (const [bucket, num, den] of other) {
    const [, oldNum, oldDen] = cells.get(bucket) ?? [bucket, 0, 0]
    cells.set(bucket, [bucket, oldNum + num, oldDen + den])
  }
  return [...cells.values()].sort((a, b) => a[0] - b[0])
}

function testOf({ stages, anchorMean }: Clusters, question: ClusterQuestion): RatioTestState {
  const { worse, marginRatio, marginAbs, buckets } = question
  // Without any margin nothing can be proved safe, but harm still can: a tenth is then as good a guess as any.
  const plannedEffect = marginRatio + marginAbs > 0 ? marginRatio : 0.1
  const created = createRatioTest({ worse, plannedEffect, plannedEffectAbs: marginAbs, buckets })
  let test: RatioTestState = { ...created, anchorMean }
  for (const stage of stages) {
    const updated = updateRatioTest(test, stage)
    if (updated.ok) test = updated.state
  }
  return test
}

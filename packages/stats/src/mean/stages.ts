import { addToBuckets, DEFAULT_BUCKETS, emptyBuckets } from './hash-buckets.ts'
import type { BucketCell, BucketSums } from './hash-buckets.ts'
import { invalid, isCount } from '../refusal.ts'
import type { Updated } from '../refusal.ts'

/** One arm over all stages: the open stage's buckets, and what the closed stages leave behind. */
export interface StageArm {
  readonly open: BucketSums
  /** Σ over closed stages of weight × ratio. */
  readonly weightedRatio: number
  /** Σ over closed stages of weight² / denominator. */
  readonly spread: number
  /** Per bucket, Σ over closed stages of weight × (num - ratio den) / den sum, sparse. */
  readonly influence: readonly (readonly [bucket: number, influence: number])[]
  /** Totals over all stages, open one included, for reports and floors. */
  readonly num: number
  readonly den: number
  /** Non-zero numerators taken in, over all stages: a lower bound on non-zero outcomes. */
  readonly nonZero: number
}

/** Both arms, stratified by stage: plain JSON, bit-equal on replay. */
export interface StageSums {
  readonly buckets: number
  readonly stage: number | string | null
  /** Σ of the weights of closed stages. */
  readonly closedWeight: number
  readonly canary: StageArm
  readonly stable: StageArm
}

/** Bucket sums of one slot. */
export interface RatioBatch {
  /** A different value closes the open stage; do so whenever the split changes or an arm restarts. */
  readonly stage?: number | string
  readonly canary: readonly BucketCell[]
  readonly stable: readonly BucketCell[]
  /** How many outcomes in the cells were not zero, when it is known; otherwise each non-zero cell counts as one. */
  readonly nonZero?: { readonly canary: number; readonly stable: number }
}

function emptyArm(): StageArm {
  return { open: emptyBuckets(), weightedRatio: 0, spread: 0, influence: [], num: 0, den: 0, nonZero: 0 }
}

/** No data; RangeError unless `buckets` is a whole number of at least 32. */
export function createStageSums(buckets: number = DEFAULT_BUCKETS): StageSums {
  if (!Number.isInteger(buckets) || buckets < 32) throw new RangeError(`buckets must be >= 32, got ${buckets}`)
  return { buckets, stage: null, closedWeight: 0, canary: emptyArm(), stable: emptyArm() }
}

/** Effective size of a stage, 1 / (1/n_c + 1/n_s): a weight fixed by traffic alone, never by outcomes. */
function stageWeight(canaryDen: number, stableDen: number): number {
  return canaryDen > 0 && stableDen > 0 ? 1 / (1 / canaryDen + 1 / stableDen) : 0
}

interface Influence {
  readonly buckets: readonly number[]
  readonly values: readonly number[]
}

/** What closed stages and the open one have added up to per bucket, in rising order. Flat and a merge, since it runs for every metric at every look. */
function influenceOf(arm: StageArm, weight: number): Influence {
  const { cells, num, den } = arm.open
  const closed = arm.influence
  const ratio = num / den
  const buckets: number[] = []
  const values: number[] = []
  let next = 0
  const takeBelow = (bucket: number): void => {
    for (let at = closed[next]; at !== undefined && at[0] < bucket; at = closed[next]) {
      buckets.push(at[0])
      values.push(at[1])
      next += 1
    }
  }
  for (const [bucket, cellNum, cellDen] of cells) {
    takeBelow(bucket)
    const at = closed[next]
    let before = 0
    if (at !== undefined && at[0] === bucket) {
      before = at[1]
      next += 1
    }
    buckets.push(bucket)
    values.push(before + (weight * (cellNum - ratio * cellDen)) / den)
  }
  takeBelow(Infinity)
  return { buckets, values }
}

function addInfluence(arm: StageArm, weight: number): StageArm['influence'] {
  const { buckets, values } = influenceOf(arm, weight)
  return buckets.map((bucket, i) => [bucket, values[i] ?? 0])
}

function foldArm(arm: StageArm, weight: number): StageArm {
  const { num, den } = arm.open
  return {
    ...arm,
    open: emptyBuckets(),
    weightedRatio: arm.weightedRatio + (weight * num) / den,
    spread: arm.spread + (weight * weight) / den,
    influence: addInfluence(arm, weight),
  }
}

/**
 * Closes the open stage. Its contrast is kept with a weight by size; its influence is kept per bucket, because sticky
 * users meet several stages and their errors add up instead of averaging out.
 */
export function closeStage(sums: StageSums): StageSums {
  const weight = stageWeight(sums.canary.open.den, sums.stable.open.den)
  if (weight === 0) {
    // One arm had no unit: the stage says nothing about the difference.
    const drop = (arm: StageArm): StageArm => ({ ...arm, open: emptyBuckets() })
    return { ...sums, canary: drop(sums.canary), stable: drop(sums.stable) }
  }
  return {
    ...sums,
    closedWeight: sums.closedWeight + weight,
    canary: foldArm(sums.canary, weight),
    stable: foldArm(sums.stable, weight),
  }
}

function addToArm(
  arm: StageArm,
  cells: readonly BucketCell[],
  { buckets, outcomes }: { readonly buckets: number; readonly outcomes: number | undefined },
): Updated<StageArm> {
  const open = addToBuckets(arm.open, cells, buckets)
  if (!open.ok) return open
  let { num, den } = arm
  let seen = 0
  for (const [, cellNum, cellDen] of cells) {
    num += cellNum
    den += cellDen
    if (cellNum !== 0) seen += 1
  }
  return { ok: true, state: { ...arm, open: open.state, num, den, nonZero: arm.nonZero + (outcomes ?? seen) } }
}

/** Takes in one slot, closing the open stage first if the stage has changed. */
export function addStageBatch(sums: StageSums, batch: RatioBatch): Updated<StageSums> {
  const stage = batch.stage ?? sums.stage
  if (typeof stage === 'number' && !Number.isFinite(stage)) return invalid(`The stage must be finite, got ${stage}.`)
  const { nonZero } = batch
  if (nonZero && !(isCount(nonZero.canary) && isCount(nonZero.stable)))
    return invalid(`Counts of outcomes must be between 0 and 2^53: ${nonZero.canary}, ${nonZero.stable}.`)
  const { buckets } = sums
  const open = stage === sums.stage || sums.stage === null ? sums : closeStage(sums)
  const canary = addToArm(open.canary, batch.canary, { buckets, outcomes: nonZero?.canary })
  if (!canary.ok) return canary
  const stable = addToArm(open.stable, batch.stable, { buckets, outcomes: nonZero?.stable })
  if (!stable.ok) return stable
  return { ok: true, state: { ...open, stage, canary: canary.state, stable: stable.state } }
}

/** One arm's stage-weighted ratio. */
export interface ArmSummary {
  readonly ratio: number
  /** Cluster-robust variance of `ratio`. */
  readonly variance: number
  /** What the variance would be if one unit of denominator had variance 1. */
  readonly unitVariance: number
  readonly nonEmpty: number
  readonly largestShare: number
}

function summariseArm(arm: StageArm, openWeight: number, totalWeight: number): ArmSummary {
  const useOpen = openWeight > 0
  const values = useOpen ? influenceOf(arm, openWeight).values : arm.influence.map(([, value]) => value)
  const { num, den } = arm.open
  const ratio = (arm.weightedRatio + (useOpen ? (openWeight * num) / den : 0)) / totalWeight
  let squares = 0
  let largest = 0
  for (const value of values) {
    squares += value * value
    largest = Math.max(largest, value * value)
  }
  const nonEmpty = values.length
  const weightSquare = totalWeight * totalWeight
  const factor = nonEmpty > 1 ? nonEmpty / (nonEmpty - 1) : 1
  return {
    ratio,
    variance: (factor * squares) / weightSquare,
    unitVariance: (arm.spread + (useOpen ? (openWeight * openWeight) / den : 0)) / weightSquare,
    nonEmpty,
    largestShare: squares > 0 ? largest / squares : 0,
  }
}

/** Both arms' stage-weighted ratios, or null while no stage has units in both arms. */
export function summariseStages(sums: StageSums): { readonly canary: ArmSummary; readonly stable: ArmSummary } | null {
  const openWeight = stageWeight(sums.canary.open.den, sums.stable.open.den)
  const totalWeight = sums.closedWeight + openWeight
  if (!(totalWeight > 0)) return null
  return {
    canary: summariseArm(sums.canary, openWeight, totalWeight),
    stable: summariseArm(sums.stable, openWeight, totalWeight),
  }
}

/**
 * Per bucket, what its units move one arm's stage-weighted ratio by: their squares add up to its variance (but for the n - 1).
 * Empty while no stage has units in both arms.
 */
export function bucketInfluence(sums: StageSums, name: 'canary' | 'stable'): ReadonlyMap<number, number> {
  const openWeight = stageWeight(sums.canary.open.den, sums.stable.open.den)
  const totalWeight = sums.closedWeight + openWeight
  if (!(totalWeight > 0)) return new Map()
  const influence = openWeight > 0 ? addInfluence(sums[name], openWeight) : sums[name].influence
  return new Map(influence.map(([bucket, value]) => [bucket, value / totalWeight]))
}

/**
 * The guarded variance of canary - factor × stable: the largest of Welch, pooled, and "the canary is at least as noisy as
 * stable". Without it a canary that has not met the tail yet looks precise, and is promoted.
 */
export function guardedVariance(
  arms: { readonly canary: ArmSummary; readonly stable: ArmSummary },
  sizes: { readonly canary: number; readonly stable: number },
  factor: number,
): number {
  const { canary, stable } = arms
  const square = factor * factor
  const perCanary = canary.variance / canary.unitVariance
  const perStable = (square * stable.variance) / stable.unitVariance
  const pooled = (sizes.canary * perCanary + sizes.stable * perStable) / (sizes.canary + sizes.stable)
  const welch = perCanary * canary.unitVariance + perStable * stable.unitVariance
  const both = pooled * (canary.unitVariance + stable.unitVariance)
  const guarded = Math.max(perCanary, perStable) * canary.unitVariance + perStable * stable.unitVariance
  return Math.max(welch, both, guarded)
}

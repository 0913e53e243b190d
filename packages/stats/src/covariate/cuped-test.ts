import type { BucketCell } from '../mean/hash-buckets.ts'
import {
  oneSidedLogE,
  oneSidedTuningInformation,
  tuningInformation,
  twoSidedHalfWidth,
} from '../mean/normal-mixture.ts'
import { createRatioTest, plannedInformation, readRatioTest, updateRatioTest } from '../mean/ratio-test.ts'
import type { RatioQuestion, RatioTestOptions, RatioTestReading, RatioTestState } from '../mean/ratio-test.ts'
import { addStageBatch, bucketInfluence, createStageSums, guardedVariance, summariseStages } from '../mean/stages.ts'
import type { ArmSummary, RatioBatch, StageSums } from '../mean/stages.ts'
import { insufficient, invalid } from '../refusal.ts'
import type { Refusal, Updated } from '../refusal.ts'
import { checkPeriod } from '../report/cuped.ts'
import type { CovariatePeriod } from '../report/cuped.ts'
import { coefficients } from './regression.ts'

/** How a covariate-adjusted comparison is set up. */
export interface CupedTestOptions extends RatioTestOptions {
  /** Covariates must be from before exposure; anything later may be moved by canary itself. */
  readonly period: CovariatePeriod
  /**
   * How many covariates each batch brings. Two are usual: the metric before exposure (0 without history), and whether there was
   * no history. Default 1.
   */
  readonly covariates?: number
}

/** State of a covariate-adjusted comparison over hash buckets: plain JSON, bit-equal on replay. */
export interface CupedTestState {
  readonly kind: 'cuped-test'
  readonly test: RatioTestState
  readonly covariates: readonly StageSums[]
}

/** Bucket sums of one slot, for the outcome and for each covariate of the same units. */
export interface CupedBatch extends RatioBatch {
  /** Numerators and denominators from before exposure; for a mean the denominator is the number of units. */
  readonly covariates: readonly { readonly canary: readonly BucketCell[]; readonly stable: readonly BucketCell[] }[]
}

/** Evidence of a covariate-adjusted comparison; means are the plain ones, everything else is adjusted. */
export interface CupedTestReading extends RatioTestReading {
  /** One coefficient per covariate; 0 when it does not vary. */
  readonly theta: readonly number[]
  /** Variance of the adjusted difference / variance of the plain one, 1 - r² in large samples. */
  readonly varianceRatio: number
}

/** Starts a comparison; RangeError for options that make no sense, a refusal when the covariate is not from before exposure. */
export function createCupedTest(options: CupedTestOptions): Updated<CupedTestState> {
  const { period, covariates = 1, ...rest } = options
  if (!Number.isInteger(covariates) || covariates < 1 || covariates > 8)
    throw new RangeError(`covariates must be 1..8, got ${covariates}`)
  const refusal = checkPeriod(period)
  if (refusal) return refusal
  const test = createRatioTest(rest)
  const sums = Array.from({ length: covariates }, () => createStageSums(test.sums.buckets))
  return { ok: true, state: { kind: 'cuped-test', test, covariates: sums } }
}

/** Takes in one slot; a covariate's cells belong to the same slot as the outcome's, whenever they were measured. */
export function updateCupedTest(state: CupedTestState, batch: CupedBatch): Updated<CupedTestState> {
  if (batch.covariates.length !== state.covariates.length)
    return invalid(`${batch.covariates.length} covariates instead of ${state.covariates.length}.`)
  const test = updateRatioTest(state.test, batch)
  if (!test.ok) return test
  const covariates: StageSums[] = []
  const stage = batch.stage === undefined ? {} : { stage: batch.stage }
  for (const [i, sums] of state.covariates.entries()) {
    const cells = batch.covariates[i] ?? { canary: [], stable: [] }
    const added = addStageBatch(sums, { ...stage, ...cells })
    if (!added.ok) return added
    covariates.push(added.state)
  }
  return { ok: true, state: { kind: 'cuped-test', test: test.state, covariates } }
}

/** One arm: what each bucket moves the outcome and each covariate by. */
interface Influences {
  readonly summary: ArmSummary
  readonly den: number
  readonly outcome: ReadonlyMap<number, number>
  readonly covariates: readonly ReadonlyMap<number, number>[]
}

function influencesOf(state: CupedTestState, name: 'canary' | 'stable', summary: ArmSummary): Influences {
  return {
    summary,
    den: state.test.sums[name].den,
    outcome: bucketInfluence(state.test.sums, name),
    covariates: state.covariates.map((sums) => bucketInfluence(sums, name)),
  }
}

function dot(a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): number {
  let sum = 0
  for (const [bucket, value] of a) sum += value * (b.get(bucket) ?? 0)
  return sum
}

/** Coefficients within both arms, each weighted by its units, so that a canary of few units does not choose them alone. */
function thetaOf(arms: readonly Influences[]): number[] {
  const count = arms[0]?.covariates.length ?? 0
  const zeros = (): number[] => Array.from({ length: count }, () => 0)
  const own = Array.from({ length: count }, zeros)
  const shared = zeros()
  for (const arm of arms) {
    const scale = arm.den / arm.summary.unitVariance
    for (const [i, row] of own.entries()) {
      const covariate = arm.covariates[i] ?? new Map<number, number>()
      shared[i] = (shared[i] ?? 0) + scale * dot(arm.outcome, covariate)
      for (let j = 0; j < count; j += 1)
        row[j] = (row[j] ?? 0) + scale * dot(covariate, arm.covariates[j] ?? new Map<number, number>())
    }
  }
  return coefficients({ own, shared })
}

/** The variance of an arm's factor × outcome - theta × covariates. */
function adjustedArm(arm: Influences, factor: number, theta: readonly number[]): ArmSummary {
  const buckets = new Set([...arm.outcome.keys(), ...arm.covariates.flatMap((covariate) => [...covariate.keys()])])
  let squares = 0
  for (const bucket of buckets) {
    let value = factor * (arm.outcome.get(bucket) ?? 0)
    for (const [i, covariate] of arm.covariates.entries()) value -= (theta[i] ?? 0) * (covariate.get(bucket) ?? 0)
    squares += value * value
  }
  const correction = buckets.size > 1 ? buckets.size / (buckets.size - 1) : 1
  return { ...arm.summary, variance: correction * squares }
}

/** Everything the contrasts of one reading share. */
interface Adjustment {
  readonly canary: Influences
  readonly stable: Influences
  readonly theta: readonly number[]
  /** Σ theta × (canary - stable) of the covariates: what the arms differed by before anything happened. */
  readonly head: number
}

/** canary - factor × stable, without what the covariates explain, and the guarded variance of that. */
function contrast(at: Adjustment, factor: number): { readonly value: number; readonly variance: number } {
  const arms = {
    canary: adjustedArm(at.canary, 1, at.theta),
    stable: adjustedArm(at.stable, factor, at.theta),
  }
  const sizes = { canary: at.canary.den, stable: at.stable.den }
  const value = at.canary.summary.ratio - factor * at.stable.summary.ratio - at.head
  return { value, variance: guardedVariance(arms, sizes, 1) }
}

function adjustmentOf(state: CupedTestState): Adjustment | null {
  const arms = summariseStages(state.test.sums)
  if (!arms) return null
  const canary = influencesOf(state, 'canary', arms.canary)
  const stable = influencesOf(state, 'stable', arms.stable)
  const theta = thetaOf([canary, stable])
  let head = 0
  for (const [i, sums] of state.covariates.entries()) {
    const before = summariseStages(sums)
    if (before) head += (theta[i] ?? 0) * (before.canary.ratio - before.stable.ratio)
  }
  return { canary, stable, theta, head }
}

/**
 * The evidence after adjustment, with the floors of the plain test. The covariates are from before exposure, so their difference
 * between the arms is 0 on average whatever canary does; taking theta times it away changes the noise and not the effect.
 */
export function readCupedTest(state: CupedTestState, question: RatioQuestion = {}): CupedTestReading | Refusal {
  const plain = readRatioTest(state.test, question)
  if (!plain.ok) return plain
  const at = adjustmentOf(state)
  const { value: difference, variance } = at ? contrast(at, 1) : { value: 0, variance: 0 }
  if (!at || !(variance > 0 && variance < Infinity))
    return insufficient('The covariates explain everything; there is no spread to judge by.')
  const { marginRatio = 0.1, marginAbs = 0, harmFrom = 0, alpha = 0.05 } = question
  const anchor = state.test.anchorMean ?? at.stable.summary.ratio
  const planned = Math.max(state.test.plannedEffect * Math.abs(anchor), state.test.plannedEffectAbs)
  const sign = state.test.worse === 'up' ? 1 : -1
  /** Stable's side of a relative contrast: worse by `ratio` of its size, whatever the sign of its mean. */
  const worseBy = (ratio: number): number => 1 + sign * Math.sign(anchor || 1) * ratio
  const evidence = (side: { value: number; variance: number }, effect: number): number =>
    oneSidedLogE(
      side.value / Math.sqrt(side.variance),
      1 / side.variance / oneSidedTuningInformation(plannedInformation(effect, alpha), alpha),
    )
  const harm = contrast(at, worseBy(harmFrom))
  const relative = marginRatio * Math.abs(anchor) >= marginAbs
  const allowed = relative ? marginRatio * Math.abs(anchor) : marginAbs
  const margin = contrast(at, relative ? worseBy(marginRatio) : 1)
  const standardError = Math.sqrt(variance)
  const tuning = tuningInformation(plannedInformation(planned, alpha), alpha)
  const half = twoSidedHalfWidth(1 / variance / tuning, alpha) * standardError
  return {
    ...plain,
    difference,
    standardError,
    low: difference - half,
    high: difference + half,
    logEHarm: plain.logEHarm === null ? null : evidence({ ...harm, value: sign * harm.value }, planned),
    logENonInferiority:
      plain.logENonInferiority === null
        ? null
        : evidence({ ...margin, value: (relative ? 0 : marginAbs) - sign * margin.value }, allowed),
    theta: at.theta,
    varianceRatio: variance / plain.standardError ** 2,
  }
}

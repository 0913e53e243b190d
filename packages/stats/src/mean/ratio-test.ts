import { normalQuantile } from '../numeric/normal.ts'
import { insufficient, requireBetween } from '../refusal.ts'
import type { Refusal, Updated } from '../refusal.ts'
import { DEFAULT_BUCKETS } from './hash-buckets.ts'
import { oneSidedLogE, oneSidedTuningInformation, tuningInformation, twoSidedHalfWidth } from './normal-mixture.ts'
import { addStageBatch, closeStage, createStageSums, guardedVariance, summariseStages } from './stages.ts'
import type { ArmSummary, RatioBatch, StageSums } from './stages.ts'

/** How a comparison of means or ratios is set up. */
export interface RatioTestOptions {
  /** Which way is worse for the metric: 'up' for latency or cost, 'down' for conversions. */
  readonly worse: 'up' | 'down'
  /** Relative effect the test should be quickest for, as a ratio of stable's mean. Default 0.1. */
  readonly plannedEffect?: number
  /** The same in the metric's own unit, used when stable's mean is near 0. Default 0 (none). */
  readonly plannedEffectAbs?: number
  /** Hash buckets per arm. Default 256. */
  readonly buckets?: number
}

/** State of a mean or ratio comparison: plain JSON, bit-equal on replay. */
export interface RatioTestState {
  readonly kind: 'ratio-test'
  readonly worse: 'up' | 'down'
  readonly plannedEffect: number
  readonly plannedEffectAbs: number
  readonly sums: StageSums
  /**
   * Stable's mean when the floors were first met (the canary's if stable's is 0); frozen, it sets the tuning and chooses
   * between the relative and the absolute margin.
   */
  readonly anchorMean: number | null
}

/** What to judge; margins must come from the plan, not from the data. */
export interface RatioQuestion {
  /** Relative margin m for non-inferiority. Default 0.1. */
  readonly marginRatio?: number
  /** Margin in the metric's unit; the larger of the two is allowed (judged at the frozen mean). Default 0. */
  readonly marginAbs?: number
  /** Relative worsening tolerated before it is harm. Default 0. */
  readonly harmFrom?: number
  /** Level of the displayed confidence sequence and of the tuning. Default 0.05. */
  readonly alpha?: number
}

/** Evidence of a mean or ratio comparison. Asymptotic: approximate where the count tests are exact. */
export interface RatioTestReading {
  readonly ok: true
  readonly canary: { readonly mean: number; readonly den: number; readonly nonEmpty: number }
  readonly stable: { readonly mean: number; readonly den: number; readonly nonEmpty: number }
  /** canary - stable, stage-weighted, in the metric's unit. */
  readonly difference: number
  readonly standardError: number
  /** Two-sided confidence sequence for `difference`, valid under continuous looking. */
  readonly low: number
  readonly high: number
  /** ln of the evidence that the canary is worse than harmFrom allows; null when too few non-zero canary outcomes. */
  readonly logEHarm: number | null
  /** ln of the evidence that the canary is within the margin; null when the margin is 0. */
  readonly logENonInferiority: number | null
  /** The difference that was allowed, in the metric's unit. */
  readonly allowed: number
  /** One bucket brings over 20 % of an arm's variance: a few units decide, do not trust the normal approximation. */
  readonly dominated: boolean
}

const MIN_DEN = 100
const MIN_BUCKETS = 30
const MIN_NON_ZERO = 10
/** Of a power of 0.8. */
const PLANNED_Z = normalQuantile(0.8)

/** Starts a comparison; RangeError for options that make no sense. */
export function createRatioTest(options: RatioTestOptions): RatioTestState {
  const { worse, plannedEffect = 0.1, plannedEffectAbs = 0, buckets = DEFAULT_BUCKETS } = options
  if (worse !== 'up' && worse !== 'down') throw new RangeError(`worse must be 'up' or 'down', got ${String(worse)}`)
  if (!(plannedEffect >= 0 && plannedEffect < Infinity)) throw new RangeError(`plannedEffect got ${plannedEffect}`)
  if (!(plannedEffectAbs >= 0 && plannedEffectAbs < Infinity))
    throw new RangeError(`plannedEffectAbs got ${plannedEffectAbs}`)
  if (plannedEffect + plannedEffectAbs === 0) throw new RangeError('plannedEffect or plannedEffectAbs must be positive')
  return {
    kind: 'ratio-test',
    worse,
    plannedEffect,
    plannedEffectAbs,
    sums: createStageSums(buckets),
    anchorMean: null,
  }
}

/** Takes in one slot; the mean that tunes the test is frozen at the first slot that meets the floors. */
export function updateRatioTest(state: RatioTestState, batch: RatioBatch): Updated<RatioTestState> {
  const sums = addStageBatch(state.sums, batch)
  if (!sums.ok) return sums
  const next = { ...state, sums: sums.state }
  if (next.anchorMean !== null) return { ok: true, state: next }
  const arms = summariseStages(next.sums)
  if (checkFloors(next, arms)) return { ok: true, state: next }
  return { ok: true, state: { ...next, anchorMean: arms && (arms.stable.ratio || arms.canary.ratio) } }
}

/** Closes the open stage by hand; a batch with another `stage` does it too. */
export function closeRatioStage(state: RatioTestState): RatioTestState {
  return { ...state, sums: closeStage(state.sums) }
}

/** Why the test cannot start yet, or null. */
function checkFloors(state: RatioTestState, arms: Arms | null): Refusal | null {
  const { canary, stable } = state.sums
  if (canary.den < MIN_DEN || stable.den < MIN_DEN) {
    return insufficient(`${Math.min(canary.den, stable.den)} units in the smaller arm; ${MIN_DEN} are needed.`)
  }
  const buckets = arms ? Math.min(arms.canary.nonEmpty, arms.stable.nonEmpty) : 0
  if (buckets < MIN_BUCKETS)
    return insufficient(`${buckets} buckets hold units; ${MIN_BUCKETS} are needed in each arm.`)
  if (canary.nonZero >= MIN_NON_ZERO) return null
  // A canary with hardly any outcome may be better, not unseen: if it had stable's rate, this many were due by now.
  const due = (stable.nonZero * canary.den) / stable.den
  if (due >= MIN_NON_ZERO) return null
  return insufficient(
    `${canary.nonZero} non-zero canary outcomes, ${due.toFixed(1)} due at stable's rate; 10 are needed.`,
  )
}

interface Contrast {
  readonly z: number
  readonly information: number
}

/** The contrast sign × (canary - factor × stable) + shift, as z and information. */
function contrast(
  arms: { readonly canary: ArmSummary; readonly stable: ArmSummary },
  state: RatioTestState,
  side: { readonly sign: 1 | -1; readonly factor: number; readonly shift: number },
): Contrast | null {
  const sizes = { canary: state.sums.canary.den, stable: state.sums.stable.den }
  const variance = guardedVariance(arms, sizes, side.factor)
  if (!(variance > 0 && variance < Infinity)) return null
  const value = side.sign * (arms.canary.ratio - side.factor * arms.stable.ratio) + side.shift
  return { z: value / Math.sqrt(variance), information: 1 / variance }
}

/** Information at which an effect is found with power 0.8 at a single look of level alpha: where the sequences are tightest. */
export function plannedInformation(effect: number, alpha: number): number {
  return ((normalQuantile(1 - alpha) + PLANNED_Z) / effect) ** 2
}

/** The evidence, or `insufficient` below 100 units, 30 buckets and 10 non-zero (or due) outcomes in the canary. */
export function readRatioTest(state: RatioTestState, question: RatioQuestion = {}): RatioTestReading | Refusal {
  const { marginRatio = 0.1, marginAbs = 0, harmFrom = 0, alpha = 0.05 } = question
  requireBetween('alpha', alpha, 0, 0.5)
  for (const [name, value] of Object.entries({ marginRatio, marginAbs, harmFrom })) {
    if (!(value >= 0 && value < Infinity)) throw new RangeError(`${name} must be finite and >= 0, got ${value}`)
  }
  const arms = summariseStages(state.sums)
  const floor = checkFloors(state, arms)
  if (floor) return floor
  const plain = arms && contrast(arms, state, { sign: 1, factor: 1, shift: 0 })
  if (!arms || !plain) return insufficient('All outcomes are equal; there is no spread to judge by.')
  const anchor = Math.abs(state.anchorMean ?? arms.stable.ratio)
  const planned = Math.max(state.plannedEffect * anchor, state.plannedEffectAbs)
  if (!(planned > 0)) return insufficient('Both means are 0 and no absolute effect was planned.')
  const standardError = 1 / Math.sqrt(plain.information)
  const half = twoSidedHalfWidth(
    plain.information / tuningInformation(plannedInformation(planned, alpha), alpha),
    alpha,
  )
  const difference = arms.canary.ratio - arms.stable.ratio
  const relative = marginRatio * anchor >= marginAbs
  const allowed = relative ? marginRatio * Math.abs(arms.stable.ratio) : marginAbs
  const arm = (name: 'canary' | 'stable'): RatioTestReading['canary'] => ({
    mean: arms[name].ratio,
    den: state.sums[name].den,
    nonEmpty: arms[name].nonEmpty,
  })
  return {
    ok: true,
    canary: arm('canary'),
    stable: arm('stable'),
    difference,
    standardError,
    low: difference - half * standardError,
    high: difference + half * standardError,
    logEHarm: harmEvidence(arms, state, harmFrom, planned, alpha),
    logENonInferiority: marginEvidence(arms, state, { marginRatio, marginAbs, anchor, alpha }),
    allowed,
    dominated: Math.max(arms.canary.largestShare, arms.stable.largestShare) > 0.2,
  }
}

type Arms = { readonly canary: ArmSummary; readonly stable: ArmSummary }

/** Stable's side of a relative contrast: worse by `ratio` of its size, whatever the sign of its mean. */
function relativeFactor(state: RatioTestState, ratio: number, mean: number): number {
  const up = state.worse === 'up' ? 1 : -1
  return 1 + up * Math.sign(mean || 1) * ratio
}

function harmEvidence(arms: Arms, state: RatioTestState, from: number, planned: number, alpha: number): number | null {
  if (state.sums.canary.nonZero < MIN_NON_ZERO) return null
  const sign = state.worse === 'up' ? 1 : -1
  const factor = relativeFactor(state, from, state.anchorMean ?? arms.stable.ratio)
  const at = contrast(arms, state, { sign, factor, shift: 0 })
  if (!at) return null
  const tuning = oneSidedTuningInformation(plannedInformation(planned, alpha), alpha)
  return oneSidedLogE(at.z, at.information / tuning)
}

function marginEvidence(
  arms: Arms,
  state: RatioTestState,
  margin: { marginRatio: number; marginAbs: number; anchor: number; alpha: number },
): number | null {
  const { marginRatio, marginAbs, anchor, alpha } = margin
  const sign = state.worse === 'up' ? -1 : 1
  const relative = marginRatio * anchor >= marginAbs
  const allowed = relative ? marginRatio * anchor : marginAbs
  if (!(allowed > 0)) return null
  const factor = relative ? relativeFactor(state, marginRatio, state.anchorMean ?? arms.stable.ratio) : 1
  const at = contrast(arms, state, { sign, factor, shift: relative ? 0 : marginAbs })
  if (!at) return null
  const tuning = oneSidedTuningInformation(plannedInformation(allowed, alpha), alpha)
  return oneSidedLogE(at.z, at.information / tuning)
}

import { studentSurvival, studentUpperQuantile } from '../numeric/beta.ts'
import { normalQuantile, normalSurvival } from '../numeric/normal.ts'
import { insufficient, invalid, requireBetween } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'
import { judged } from './sample.ts'
import type { Sample } from './sample.ts'
import { settled } from './settled.ts'

/** Whether canary - stable is reported as it is, or as a part of |stable|. */
export type Difference = 'absolute' | 'relative'

/** What the test looks for: canary differs, is greater, or is less. */
export type Alternative = 'two-sided' | 'greater' | 'less'

/** How a single-look comparison is asked; everything is fixed before the data are seen. */
export interface ReportOptions {
  /** Default `absolute`. */
  readonly difference?: Difference
  /** Default `two-sided`. */
  readonly alternative?: Alternative
  /** Chance of a false alarm at this one look, and 1 - confidence of the interval; default 0.05. */
  readonly alpha?: number
}

/** An effect with its standard error, in units of the metric or (relative) as a ratio. */
export interface Effect {
  readonly estimate: number
  readonly standardError: number
}

/** An interval; null says that the side was not asked for and has no bound. */
export interface Interval {
  readonly low: number | null
  readonly high: number | null
}

/** A comparison of two means at one look. */
export interface MeanReading extends Effect, Interval {
  readonly ok: true
  readonly stable: number
  readonly canary: number
  readonly t: number
  /** Welch-Satterthwaite degrees of freedom. */
  readonly df: number
  readonly pValue: number
}

/** (canary - stable) / |stable|, so that a rise is positive whatever the sign of stable; `insufficient` when stable is 0. */
export function relativeDifference(
  stable: number,
  canary: number,
): { readonly ok: true; readonly ratio: number } | Refusal {
  if (stable === 0) return insufficient('The mean of stable is 0; a relative difference has no meaning.')
  return settled({ ok: true, ratio: (canary - stable) / Math.abs(stable) })
}

/** The mean of an arm and the variance of that mean. */
export interface MeanEstimate {
  readonly mean: number
  readonly variance: number
}

/** The effect of two independent estimates; the relative one by the delta method: v_c / s² + v_s c² / s⁴. */
export function effectOf(
  { stable, canary }: { readonly stable: MeanEstimate; readonly canary: MeanEstimate },
  difference: Difference,
): ({ readonly ok: true } & Effect) | Refusal {
  const wrong = [stable.variance, canary.variance].find((variance) => !(variance >= 0 && variance < Infinity))
  if (wrong !== undefined) return invalid(`The variance of a mean must be finite and not negative, got ${wrong}.`)
  if (difference === 'absolute') {
    const variance = stable.variance + canary.variance
    return settled({ ok: true, estimate: canary.mean - stable.mean, standardError: Math.sqrt(variance) })
  }
  const relative = relativeDifference(stable.mean, canary.mean)
  if (!relative.ok) return relative
  const share = canary.mean / stable.mean
  const standardError = Math.sqrt(canary.variance + stable.variance * share * share) / Math.abs(stable.mean)
  return settled({ ok: true, estimate: relative.ratio, standardError })
}

/** p-value of a statistic whose upper tail is `survival`, symmetric around 0. */
export function pValueOf(statistic: number, alternative: Alternative, survival: (at: number) => number): number {
  if (alternative === 'greater') return survival(statistic)
  if (alternative === 'less') return survival(-statistic)
  return Math.min(1, 2 * survival(Math.abs(statistic)))
}

/** The interval around an effect; `quantile` gives the point with the stated upper tail. */
export function intervalOf(
  { estimate, standardError }: Effect,
  { alternative = 'two-sided', alpha = 0.05 }: ReportOptions,
  quantile: (upperTail: number) => number,
): Interval {
  requireBetween('alpha', alpha, 0, 1)
  const half = quantile(alternative === 'two-sided' ? alpha / 2 : alpha) * standardError
  return {
    low: alternative === 'less' ? null : estimate - half,
    high: alternative === 'greater' ? null : estimate + half,
  }
}

/** Welch-Satterthwaite degrees of freedom of two independent variances of means. */
export function welchDf(stable: Sample, canary: Sample): number {
  const [a, b] = [stable.variance / stable.units, canary.variance / canary.units]
  // Shares of the sum, so that no square of a tiny variance underflows.
  const [x, y] = [a / (a + b), b / (a + b)]
  return 1 / ((x * x) / (stable.units - 1) + (y * y) / (canary.units - 1))
}

/**
 * Welch's t for a single look at two arms (of means, proportions or linearised ratios); refusals of the arms pass through.
 * Looking again and again at it breaks its promise: for that there is the ratio test.
 */
export function compareMeans(
  arms: { readonly stable: Sample | Refusal; readonly canary: Sample | Refusal },
  options: ReportOptions = {},
): MeanReading | Refusal {
  const [stable, canary] = [judged(arms.stable), judged(arms.canary)]
  if (!stable.ok) return stable
  if (!canary.ok) return canary
  const { difference = 'absolute', alternative = 'two-sided' } = options
  const estimates = {
    stable: { mean: stable.mean, variance: stable.variance / stable.units },
    canary: { mean: canary.mean, variance: canary.variance / canary.units },
  }
  const effect = effectOf(estimates, difference)
  if (!effect.ok) return effect
  return readingOf({ stable: stable.mean, canary: canary.mean }, effect, welchDf(stable, canary), {
    ...options,
    alternative,
  })
}

/** Student's reading of an effect with known degrees of freedom; `insufficient` without a positive standard error. */
export function readingOf(
  means: { readonly stable: number; readonly canary: number },
  { estimate, standardError }: Effect,
  df: number,
  options: ReportOptions,
): MeanReading | Refusal {
  if (!(standardError > 0 && standardError < Infinity && Number.isFinite(estimate)))
    return insufficient('The arms have no spread that can be told from 0 (or from infinity).')
  const t = estimate / standardError
  const pValue = pValueOf(t, options.alternative ?? 'two-sided', (at) => studentSurvival(at, df))
  const interval = intervalOf({ estimate, standardError }, options, (tail) => studentUpperQuantile(tail, df))
  return settled({ ok: true, ...means, estimate, standardError, t, df, pValue, ...interval })
}

/** An effect read with the normal distribution instead of Student's. */
export interface NormalReading extends Effect, Interval {
  readonly ok: true
  readonly z: number
  readonly pValue: number
}

/** The normal reading of an effect, for estimates whose variance is not from few units. */
export function normalReading(effect: Effect, options: ReportOptions = {}): NormalReading | Refusal {
  const { estimate, standardError } = effect
  if (!(standardError > 0 && standardError < Infinity && Number.isFinite(estimate)))
    return insufficient(`An effect of ${estimate} with standard error ${standardError} cannot be judged.`)
  const z = estimate / standardError
  const pValue = pValueOf(z, options.alternative ?? 'two-sided', normalSurvival)
  const interval = intervalOf(effect, options, (tail) => -normalQuantile(tail))
  return settled({ ok: true, estimate, standardError, z, pValue, ...interval })
}

import { insufficient, invalid, isCount } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'

/**
 * What a comparison needs to know of one arm. For a ratio `mean` is the ratio and `variance` that of one unit's linearised
 * contribution, so that variance / units is always the variance of `mean`.
 */
export interface Sample {
  readonly ok: true
  /** Independent units: users, requests when each is one, or non-empty hash buckets. */
  readonly units: number
  readonly mean: number
  /** Variance of one unit, in squared units of the metric. */
  readonly variance: number
}

/** Sums over the units of an arm. */
export interface ValueSums {
  readonly units: number
  readonly sum: number
  readonly sumSquares: number
}

/** Units of an arm, and how many of them had the event. */
export interface EventSums {
  readonly units: number
  readonly events: number
}

/** Sums over the units of an arm for a metric that is Σ numerator / Σ denominator. */
export interface RatioSums {
  readonly units: number
  readonly num: number
  readonly numSquares: number
  readonly den: number
  readonly denSquares: number
  /** Σ numerator × denominator. */
  readonly product: number
}

/** Judges the numbers of an arm: `invalid` for one that is not finite, `insufficient` below two units or without spread. */
export function checkedSample(units: number, mean: number, variance: number): Sample | Refusal {
  if (!isCount(units)) return invalid(`A number of units must be between 0 and 2^53, got ${units}.`)
  if (units < 2) return insufficient(`${units} units; at least 2 are needed.`)
  if (!Number.isFinite(mean) || !Number.isFinite(variance))
    return invalid(`A mean and a variance must be finite, got ${mean} and ${variance}.`)
  if (!(variance > 0))
    return insufficient('The units do not differ (or their sums say so); there is no spread to judge by.')
  return { ok: true, units, mean, variance }
}

/** A sample that somebody wrote by hand is judged like one made from values. */
export function judged(sample: Sample | Refusal): Sample | Refusal {
  return sample.ok ? checkedSample(sample.units, sample.mean, sample.variance) : sample
}

/** An arm from its values, in two passes, so that a large mean costs no digits. */
export function sampleOfValues(values: readonly number[]): Sample | Refusal {
  const units = values.length
  let sum = 0
  for (const value of values) sum += value
  const mean = units === 0 ? 0 : sum / units
  let squares = 0
  let rest = 0
  for (const value of values) {
    squares += (value - mean) ** 2
    rest += value - mean
  }
  // The second sum is 0 but for rounding, and takes that rounding out of the first.
  return checkedSample(units, mean, (squares - (rest * rest) / Math.max(1, units)) / (units - 1))
}

/** An arm from running sums; digits are lost when the spread is below a millionth of the mean. */
export function sampleOfSums({ units, sum, sumSquares }: ValueSums): Sample | Refusal {
  if (units === 0) return insufficient('0 units; at least 2 are needed.')
  return checkedSample(units, sum / units, (sumSquares - (sum * sum) / units) / (units - 1))
}

/** An arm of yes-or-no outcomes; its variance is p (1 - p), without the n - 1 that outcomes of any other kind need. */
export function sampleOfEvents({ units, events }: EventSums): Sample | Refusal {
  if (!isCount(units) || !isCount(events) || events > units)
    return invalid(`${events} events of ${units} units cannot be.`)
  if (units === 0) return insufficient('0 units; at least 2 are needed.')
  const rate = events / units
  return checkedSample(units, rate, rate * (1 - rate))
}

/** An arm of a ratio metric by the delta method: var N / D² + var D N² / D⁴ - 2 cov N / D³ per unit. */
export function sampleOfRatio(sums: RatioSums): Sample | Refusal {
  const { units, num, numSquares, den, denSquares, product } = sums
  if (den === 0) return insufficient('The denominators add up to 0.')
  if (!(units >= 2)) return checkedSample(units, num / den, 0)
  const free = units - 1
  const varNum = (numSquares - (num * num) / units) / free
  const varDen = (denSquares - (den * den) / units) / free
  const covariance = (product - (num * den) / units) / free
  const [ratio, meanDen] = [num / den, den / units]
  const variance = (varNum + ratio * ratio * varDen - 2 * ratio * covariance) / (meanDen * meanDen)
  return checkedSample(units, ratio, variance)
}

/** A sample of the linearised ratio over hash buckets as clusters: `variance` is that of the ratio itself, `buckets` those not empty. */
export function sampleOfBuckets(read: {
  readonly ratio: number
  readonly variance: number
  readonly nonEmpty: number
}): Sample | Refusal {
  return checkedSample(read.nonEmpty, read.ratio, read.variance * read.nonEmpty)
}

import { invalid } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'
import { quantileOf } from '../report/quantile.ts'

/** One metric as a time series; null (or NaN) is a point without a value. */
export type Points = readonly (number | null)[]

/** What a series is like after cleaning; all null without points. */
export interface SeriesSummary {
  readonly count: number
  readonly min: number | null
  readonly max: number | null
  readonly mean: number | null
  /** Sample standard deviation (n - 1); 0 for a single point. */
  readonly deviation: number | null
}

/** Beyond this a difference could overflow; nothing that is measured is as large. */
const LARGEST = 1e300

/** Points without a value dropped, or taken for 0; refuses an infinite one. */
export function withoutGaps(points: Points, strategy: 'remove' | 'replace'): { ok: true; values: number[] } | Refusal {
  const values: number[] = []
  for (const point of points) {
    if (point === null || Number.isNaN(point)) {
      if (strategy === 'replace') values.push(0)
    } else if (Math.abs(point) <= LARGEST) values.push(point)
    else return invalid(`A point must be missing or a number within 1e300, got ${point}.`)
  }
  return { ok: true, values }
}

/** Where an outlier begins; a value at the fence is none. */
export interface Fences {
  readonly low: number
  readonly high: number
}

/** Tukey's fences, `factor` interquartile ranges beyond the quartiles. */
export function quartileFences(values: readonly number[], factor: number): Fences {
  const sorted = values.toSorted((a, b) => a - b)
  const [low, high] = [quantileOf(sorted, 0.25), quantileOf(sorted, 0.75)]
  const reach = factor * (high - low)
  return { low: low - reach, high: high + reach }
}

/** Tukey's fences moved out to the 1st and 99th percentile, so that a long tail is not all outliers. */
export function lenientFences(values: readonly number[], factor: number): Fences {
  const sorted = values.toSorted((a, b) => a - b)
  const fences = quartileFences(values, factor)
  return { low: Math.min(quantileOf(sorted, 0.01), fences.low), high: Math.max(quantileOf(sorted, 0.99), fences.high) }
}

/** `factor` standard deviations (of the values as a whole population) around the mean. */
export function deviationFences(values: readonly number[], factor: number): Fences {
  const mean = meanOf(values)
  let squares = 0
  for (const value of values) squares += (value - mean) ** 2
  const reach = factor * Math.sqrt(squares / values.length)
  return { low: mean - reach, high: mean + reach }
}

/** Indices of the values outside. */
export function outliersOf(values: readonly number[], { low, high }: Fences): readonly number[] {
  return [...values.keys()].filter((i) => (values[i] ?? 0) < low || (values[i] ?? 0) > high)
}

/** The mean, summed in order; NaN without values. */
export function meanOf(values: readonly number[]): number {
  let sum = 0
  for (const value of values) sum += value
  return sum / values.length
}

/** Count, extremes, mean and standard deviation. */
export function summaryOf(values: readonly number[]): SeriesSummary {
  const count = values.length
  if (count === 0) return { count, min: null, max: null, mean: null, deviation: null }
  const mean = meanOf(values)
  let [min, max, squares] = [Infinity, -Infinity, 0]
  for (const value of values) {
    min = Math.min(min, value)
    max = Math.max(max, value)
    squares += (value - mean) ** 2
  }
  return { count, min, max, mean, deviation: count === 1 ? 0 : Math.sqrt(squares / (count - 1)) }
}

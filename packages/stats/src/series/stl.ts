import { insufficient, invalid } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'
import { loess, loessAt } from './loess.ts'
import { requireLength } from './point.ts'
import { medianOf, robustSpread, standardise } from './spread.ts'

/** How a series is taken apart. */
export interface StlOptions {
  /** Points per season, at least 2. */
  readonly period: number
  /** Seasons a seasonal pattern is smoothed over, odd and at least 3; 'periodic': the same in all. Default 7. */
  readonly seasonal?: number | 'periodic'
  /** Outliers lose their say. Default false. */
  readonly robust?: boolean
}

/** The parts, in the unit of the series; they sum to it. */
export interface StlParts {
  readonly ok: true
  readonly seasonal: readonly number[]
  readonly trend: readonly number[]
  readonly remainder: readonly number[]
}

const oddFrom = (least: number): number => 2 * Math.floor(Math.ceil(least) / 2) + 1

/**
 * Seasonal-trend decomposition by loess (Cleveland and others, 1990), without its shortcuts by interpolation: what R's
 * stl gives with all jumps 1. Needs two full seasons, evenly spaced; makes no statement about false alarms by itself.
 */
export function decomposeStl(values: readonly number[], options: StlOptions): StlParts | Refusal {
  const { period, seasonal = 7, robust = false } = options
  requireLength('period', period, 2)
  const periodic = seasonal === 'periodic'
  if (!periodic) requireLength('seasonal', seasonal, 3)
  if (values.some((value) => !(Math.abs(value) <= 1e150))) return invalid('A value is not a number within 1e150.')
  if (values.length < 2 * period)
    return insufficient(`${values.length} points; two seasons of ${period} points are needed.`)
  const span = periodic ? 10 * values.length + 1 : oddFrom(seasonal - 1)
  const spans = { period, seasonal: span, trend: oddFrom((1.5 * period) / (1 - 1.5 / span)), low: oddFrom(period) }
  let parts: Cycle = { season: [], trend: values.map(() => 0) }
  let weights: readonly number[] | null = null
  for (let outer = 0; outer <= (robust ? 15 : 0); outer += 1) {
    if (outer > 0) weights = bisquare(values, parts)
    for (let inner = 0; inner < (robust ? 1 : 2); inner += 1) parts = cycle(values, parts.trend, spans, weights)
  }
  const season = periodic ? averaged(parts.season, period) : parts.season
  const { trend } = parts
  const remainder = values.map((value, i) => value - (season[i] ?? 0) - (trend[i] ?? 0))
  return { ok: true, seasonal: season, trend, remainder }
}

/** Indices whose remainder lies beyond `reach` robust deviations: about 1 in 370 by chance for normal remainders. */
export function remainderOutliers({ seasonal, trend, remainder }: StlParts, reach = 3): readonly number[] {
  const spread = robustSpread(remainder)
  // What is left of a series without any noise is rounding.
  const rounding = (i: number) => 1e-12 * (Math.abs(seasonal[i] ?? 0) + Math.abs(trend[i] ?? 0))
  return [...remainder.entries()]
    .filter(([i, rest]) => Math.abs(rest) > rounding(i) && Math.abs(standardise(rest, spread)) > reach)
    .map(([i]) => i)
}

interface Cycle {
  readonly season: readonly number[]
  readonly trend: readonly number[]
}
interface Spans {
  readonly period: number
  readonly seasonal: number
  readonly trend: number
  readonly low: number
}

/** One inner loop: seasons from the detrended series, then the trend from what is left. */
function cycle(
  values: readonly number[],
  trend: readonly number[],
  spans: Spans,
  weights: readonly number[] | null,
): Cycle {
  const { period } = spans
  const detrended = values.map((value, i) => value - (trend[i] ?? 0))
  const extended = extendedSeasons(detrended, spans, weights)
  const passed = movingMean(movingMean(movingMean(extended, period), period), 3)
  const low = loess(passed, { span: spans.low, degree: 1, weights: null })
  const season = values.map((_, i) => (extended[i + period] ?? 0) - (low[i] ?? 0))
  const rest = values.map((value, i) => value - (season[i] ?? 0))
  return { season, trend: loess(rest, { span: spans.trend, degree: 1, weights }) }
}

/** Each phase smoothed along the seasons, with one season more at either end. */
function extendedSeasons(
  values: readonly number[],
  { period, seasonal: span }: Spans,
  weights: readonly number[] | null,
): number[] {
  const extended: number[] = Array.from({ length: values.length + 2 * period }, () => 0)
  for (let phase = 0; phase < period; phase += 1) {
    const ofPhase = (all: readonly number[]): number[] => all.filter((_, i) => i % period === phase)
    const y = ofPhase(values)
    const k = y.length
    const options = { span, degree: 0 as const, weights: weights && ofPhase(weights) }
    const fit = loess(y, options)
    const before = loessAt(y, options, { at: 0, left: 1, right: Math.min(span, k) }) ?? fit[0] ?? 0
    const after = loessAt(y, options, { at: k + 1, left: Math.max(1, k - span + 1), right: k }) ?? fit[k - 1] ?? 0
    for (const [i, value] of [before, ...fit, after].entries()) extended[phase + i * period] = value
  }
  return extended
}

function movingMean(values: readonly number[], length: number): number[] {
  const means: number[] = []
  let sum = 0
  for (const [i, value] of values.entries()) {
    sum += value - (i >= length ? (values[i - length] ?? 0) : 0)
    if (i >= length - 1) means.push(sum / length)
  }
  return means
}

/** Weights from the remainder: 1 in the middle, 0 beyond six median sizes. */
function bisquare(values: readonly number[], { season, trend }: Cycle): number[] {
  const sizes = values.map((value, i) => Math.abs(value - (season[i] ?? 0) - (trend[i] ?? 0)))
  const reach = 6 * medianOf(sizes)
  return sizes.map((size) => {
    if (size <= 0.001 * reach) return 1
    return size <= 0.999 * reach ? (1 - (size / reach) ** 2) ** 2 : 0
  })
}

function averaged(season: readonly number[], period: number): number[] {
  const sums: number[] = Array.from({ length: period }, () => 0)
  for (const [i, value] of season.entries()) sums[i % period] = (sums[i % period] ?? 0) + value
  return season.map((_, i) => (sums[i % period] ?? 0) / Math.ceil((season.length - (i % period)) / period))
}

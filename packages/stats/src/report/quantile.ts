import { binomialCdf } from '../numeric/discrete.ts'
import { normalQuantile } from '../numeric/normal.ts'
import { insufficient, invalid, isCount, requireBetween } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'
import { effectOf } from './contrast.ts'
import type { Difference, Effect } from './contrast.ts'
import { settled } from './settled.ts'

/** The q-quantile of sorted values by linear interpolation (R-7, the usual one); NaN without values. */
export function quantileOf(sorted: readonly number[], q: number): number {
  if (!(q >= 0 && q <= 1)) throw new RangeError(`A quantile must be within 0..1, got ${q}`)
  const at = q * (sorted.length - 1)
  const below = Math.floor(at)
  const low = sorted[below] ?? Number.NaN
  const high = sorted[below + 1] ?? low
  return low + (at - below) * (high - low)
}

/** Between which order statistics (1 is the least) a quantile lies. */
export interface OrderRanks {
  readonly ok: true
  readonly low: number
  readonly high: number
  /** P(the interval holds the quantile), at least 1 - alpha for independent values of any distribution. */
  readonly coverage: number
}

/**
 * The ranks of an exact, distribution-free interval of the q-quantile of `units` independent values: the number of values below
 * it is binomial. `insufficient` when even the extremes do not reach 1 - alpha.
 */
export function orderRanks(
  units: number,
  { q, alpha = 0.05 }: { readonly q: number; readonly alpha?: number },
): OrderRanks | Refusal {
  requireBetween('q', q, 0, 1)
  requireBetween('alpha', alpha, 0, 1)
  if (!Number.isInteger(units) || !isCount(units))
    return invalid(`A number of values must be a whole number, got ${units}.`)
  // The greatest `low` with P(fewer than low values below the quantile) <= alpha / 2, and its mirror image.
  const low = greatestWithin(units, (rank) => binomialCdf(rank - 1, units, q) <= alpha / 2)
  const high = units + 1 - greatestWithin(units, (rank) => binomialCdf(rank - 1, units, 1 - q) <= alpha / 2)
  if (low < 1 || high > units)
    return insufficient(`${units} values are too few for an interval of the ${q} quantile at ${1 - alpha}.`)
  const coverage = 1 - binomialCdf(low - 1, units, q) - binomialCdf(units - high, units, 1 - q)
  return { ok: true, low, high, coverage }
}

/** The greatest rank in 0..units for which a property holds that holds for 0 and, once lost, stays lost. */
function greatestWithin(units: number, holds: (rank: number) => boolean): number {
  let kept = 0
  let lost = units + 1
  while (lost - kept > 1) {
    const middle = Math.floor((kept + lost) / 2)
    if (holds(middle)) kept = middle
    else lost = middle
  }
  return kept
}

/** A quantile of one arm with its interval, in units of the metric. */
export interface QuantileEstimate {
  readonly ok: true
  readonly units: number
  readonly estimate: number
  readonly low: number
  readonly high: number
  readonly coverage: number
}

/** The q-quantile of independent values with its order-statistic interval. */
export function quantileEstimate(
  values: readonly number[],
  options: { readonly q: number; readonly alpha?: number },
): QuantileEstimate | Refusal {
  const wrong = values.find((value) => !Number.isFinite(value))
  if (wrong !== undefined) return invalid(`A value must be finite, got ${wrong}.`)
  const ranks = orderRanks(values.length, options)
  if (!ranks.ok) return ranks
  const sorted = values.toSorted((a, b) => a - b)
  const at = (rank: number): number => sorted[rank - 1] ?? 0
  const estimate = quantileOf(sorted, options.q)
  return settled({
    ok: true,
    units: values.length,
    estimate,
    low: at(ranks.low),
    high: at(ranks.high),
    coverage: ranks.coverage,
  })
}

/** The interval of one arm's quantile, from wherever it comes. */
export interface QuantileBounds {
  readonly estimate: number
  readonly low: number
  readonly high: number
}

/** How quantiles are compared. */
export interface QuantileComparison {
  readonly difference?: Difference
  /** alpha of the intervals given; default 0.05. */
  readonly alpha?: number
}

/**
 * The effect of canary on a quantile. Each standard error is the half-width of that arm's interval in normal quantiles: the
 * density at the quantile is never estimated. For large arms only (an interval of a hundred values or more).
 */
export function quantileEffect(
  arms: { readonly stable: QuantileBounds; readonly canary: QuantileBounds },
  { difference = 'absolute', alpha = 0.05 }: QuantileComparison = {},
): ({ readonly ok: true } & Effect) | Refusal {
  for (const { estimate, low, high } of [arms.stable, arms.canary]) {
    if (![estimate, low, high].every(Number.isFinite)) return invalid(`A quantile and its interval must be finite.`)
    if (!(high > low)) return insufficient('The interval of a quantile has no width; the values are too coarse.')
  }
  requireBetween('alpha', alpha, 0, 1)
  const reach = -normalQuantile(alpha / 2)
  const square = ({ low, high }: QuantileBounds): number => ((high - low) / (2 * reach)) ** 2
  return effectOf(
    {
      stable: { mean: arms.stable.estimate, variance: square(arms.stable) },
      canary: { mean: arms.canary.estimate, variance: square(arms.canary) },
    },
    difference,
  )
}

import { normalQuantile, normalSurvival } from '../numeric/normal.ts'
import { insufficient, invalid, requireBetween } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'
import { pValueOf } from './contrast.ts'
import type { Alternative, Interval } from './contrast.ts'
import { differenceRange, kthDifference, medianDifference } from './differences.ts'
import type { SortedArms } from './differences.ts'
import { countRanks, deviationBetweenTies, deviationOfU, standardisedU, waysOfU } from './ranks.ts'

/** Up to this many pairs (n m), and without ties, p-values and intervals come from the exact distribution. */
const EXACT_PAIRS = 400

/** Canary against stable by ranks. */
export interface RankReading extends Interval {
  readonly ok: true
  /** Pairs in which canary is greater, ties counted half. */
  readonly u: number
  /** P(canary > stable) + ½ P(equal): the common-language effect size, 0..1. */
  readonly cles: number
  readonly pValue: number
  /** True when the p-value and the interval are exact, not a normal approximation. */
  readonly exact: boolean
  /** The Hodges-Lehmann shift canary - stable, in units of the metric. */
  readonly shift: number
  /** What the interval of the shift really holds with; below 1 - alpha when there are too few values for it. */
  readonly confidence: number
}

/** Options of a rank report. */
export interface RankOptions {
  readonly alternative?: Alternative
  readonly alpha?: number
}

/** Both samples sorted, or why they cannot be. */
export function sortArms(arms: {
  readonly stable: readonly number[]
  readonly canary: readonly number[]
}): ({ readonly ok: true } & SortedArms) | Refusal {
  for (const values of [arms.stable, arms.canary]) {
    if (values.length === 0) return insufficient('An arm has no value.')
    const wrong = values.find((value) => !(Math.abs(value) <= 1e300))
    if (wrong !== undefined) return invalid(`A value must be finite (and within 1e300), got ${wrong}.`)
  }
  const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b)
  return { ok: true, stable: sorted(arms.stable), canary: sorted(arms.canary) }
}

/**
 * The Mann-Whitney test of two samples of independent values at a single look, with average ranks, correction for ties and half a
 * step of continuity; exact for few values without ties. `insufficient` when all values are equal.
 */
export function mannWhitney(
  samples: { readonly stable: readonly number[]; readonly canary: readonly number[] },
  options: RankOptions = {},
): RankReading | Refusal {
  const { alternative = 'two-sided', alpha = 0.05 } = options
  requireBetween('alpha', alpha, 0, 1)
  const arms = sortArms(samples)
  if (!arms.ok) return arms
  const { u, pairs, ties } = countRanks(arms)
  const deviation = deviationOfU(arms.stable.length, arms.canary.length, ties)
  if (deviation === 0) return insufficient('All values are equal; ranks say nothing.')
  const shared = { ok: true, u, cles: u / pairs, shift: medianDifference(arms) } as const
  if (ties === 0 && pairs <= EXACT_PAIRS) {
    return { ...shared, exact: true, ...exactTest(arms, u, alternative), ...exactInterval(arms, alternative, alpha) }
  }
  const z = -normalQuantile(alternative === 'two-sided' ? alpha / 2 : alpha)
  const { low, high } = shiftInterval(arms, z)
  return {
    ...shared,
    exact: false,
    pValue: pValueOf(directed(u, pairs, deviation, alternative), alternative, normalSurvival),
    confidence: 1 - alpha,
    low: alternative === 'less' ? null : low,
    high: alternative === 'greater' ? null : high,
  }
}

/** The statistic with its continuity step against the alternative asked for. */
function directed(u: number, pairs: number, deviation: number, alternative: Alternative): number {
  if (alternative === 'two-sided') return standardisedU(u, pairs, deviation)
  const step = alternative === 'greater' ? 0.5 : -0.5
  return (u - pairs / 2 - step) / deviation
}

/**
 * The interval of the shift by inverting the normal approximation, as R's wilcox.test does it: between two neighbouring
 * differences the statistic is constant, so each end is one of the differences, found exactly.
 */
export function shiftInterval(arms: SortedArms, z: number): { readonly low: number; readonly high: number } {
  const pairs = arms.stable.length * arms.canary.length
  const needed = Math.floor(pairs / 2 + 0.5 + z * deviationBetweenTies(arms)) + 1
  if (needed > pairs) {
    const { min, max } = differenceRange(arms)
    return { low: min, high: max }
  }
  return { low: kthDifference(arms, pairs - needed + 1), high: kthDifference(arms, needed) }
}

/** P(U <= k) for every k. */
function exactCdf(n: number, m: number): readonly number[] {
  const ways = waysOfU(n, m)
  let total = 0
  const sums = ways.map((way) => (total += way))
  return sums.map((sum) => sum / total)
}

function exactTest({ stable, canary }: SortedArms, u: number, alternative: Alternative): { readonly pValue: number } {
  const cdf = exactCdf(stable.length, canary.length)
  const pairs = stable.length * canary.length
  const less = cdf[u] ?? 1
  // The distribution is symmetric, and the lower tail keeps its digits.
  const greater = cdf[pairs - u] ?? 1
  if (alternative === 'less') return { pValue: less }
  if (alternative === 'greater') return { pValue: greater }
  return { pValue: Math.min(1, 2 * Math.min(less, greater)) }
}

function exactInterval(
  arms: SortedArms,
  alternative: Alternative,
  alpha: number,
): Interval & { readonly confidence: number } {
  const cdf = exactCdf(arms.stable.length, arms.canary.length)
  const pairs = arms.stable.length * arms.canary.length
  const sides = alternative === 'two-sided' ? 2 : 1
  // Differences to leave out at each end; at least the outermost one is the bound.
  let cut = 0
  while (cut + 1 < pairs / 2 && (cdf[cut] ?? 1) <= alpha / sides) cut += 1
  const kept = Math.max(1, cut)
  return {
    low: alternative === 'less' ? null : kthDifference(arms, kept),
    high: alternative === 'greater' ? null : kthDifference(arms, pairs - kept + 1),
    confidence: 1 - sides * (cdf[kept - 1] ?? 0),
  }
}

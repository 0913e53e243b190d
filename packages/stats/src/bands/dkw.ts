import {
  checkHistogram,
  histogramCount,
  histogramQuantile,
  upperEdgeMs,
  type LogHistogram,
} from '../latency/log-histogram.ts'
import { insufficient, requireBetween } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'
import type { QuantileBand } from './quantile-interval.ts'

/** Shape constant of the band, and the number of observations from which it is drawn. */
const A = 0.85
const FROM = 50

/**
 * How far an empirical distribution function of independent values can ever be from the true one, anywhere and at any time from `from` observations on,
 * with probability 1 - alpha (Howard and Ramdas 2022); Infinity before. RangeError for arguments without a meaning.
 */
export function dkwHalfWidth(n: number, alpha: number, from: number = FROM): number {
  requireBetween('alpha', alpha, 0, 1)
  requireBetween('from', from, 0, Infinity)
  requireBetween('n', n, -Number.MIN_VALUE, Infinity)
  return n < from ? Infinity : widthAt(n, dkwConstant(alpha), from)
}

function widthAt(n: number, constant: number, from: number): number {
  return A * Math.sqrt((Math.log1p(Math.log(n / from)) + constant) / n)
}

/** The constant C of that band: 4 min over η of exp(-γC)(1 + 1 / ((γ - 1) ln η)) = alpha, with γ = (2/η)(A - sqrt(2(η-1)/C))² > 1. */
export function dkwConstant(alpha: number): number {
  requireBetween('alpha', alpha, 0, 1)
  let low = 1
  let high = 1_000
  while (high - low > 1e-10 * high) {
    const middle = (low + high) / 2
    if (lnBound(middle) > Math.log(alpha)) low = middle
    else high = middle
  }
  return high
}

/**
 * ln of the chance that the band with this constant ever fails: the least over η, by golden section. From 1 on it falls, rises, and is then Infinity,
 * where γ is no longer above 1: a step that lands there says nothing about which side is lower, only that the least is to its left.
 */
function lnBound(c: number): number {
  const golden = (Math.sqrt(5) - 1) / 2
  let low = 1
  let high = 2 * A * A
  for (let step = 0; step < 80; step += 1) {
    const [left, right] = [high - golden * (high - low), low + golden * (high - low)]
    const beyond = lnChance(c, right)
    if (beyond === Infinity || lnChance(c, left) < beyond) high = right
    else low = left
  }
  return Math.min(0, lnChance(c, (low + high) / 2))
}

function lnChance(c: number, eta: number): number {
  const root = A - Math.sqrt((2 * (eta - 1)) / c)
  const gamma = (2 / eta) * root * root
  if (!(root > 0 && gamma > 1)) return Infinity
  return Math.log(4) - gamma * c + Math.log1p(1 / ((gamma - 1) * Math.log(eta)))
}

/** Two latency distributions side by side, to draw and to explain; nothing is decided by it (it needs many times the requests of the latency test). */
export interface DkwReading {
  readonly ok: true
  /** Half-widths of the bands around each version's distribution function; Infinity before 50 observations. */
  readonly canaryHalfWidth: number
  readonly stableHalfWidth: number
  /** The largest share by which the canary is behind: max over t of "stable answered within t" minus "canary answered within t", 0 if never. */
  readonly behind: number
  /** The t at which it is that far behind, in ms; null when it never is. */
  readonly behindAtMs: number | null
  /** Whether the canary is shown to be slower somewhere: behind by more than both half-widths. */
  readonly slower: boolean
}

/** Compares at the edges of bins only, where counts are exact. `insufficient` when a version has no observation. */
export function compareDistributions(
  arms: { readonly canary: LogHistogram; readonly stable: LogHistogram },
  alpha: number,
): DkwReading | Refusal {
  requireBetween('alpha', alpha, 0, 1)
  const refusal = checkHistogram(arms.canary) ?? checkHistogram(arms.stable)
  if (refusal) return refusal
  const [canary, stable] = [histogramCount(arms.canary), histogramCount(arms.stable)]
  if (!(canary > 0 && stable > 0)) return insufficient('Both versions need at least one latency.')
  const steps = [
    ...arms.canary.bins.map(([bin, count]) => ({ bin, change: -count / canary })),
    ...arms.stable.bins.map(([bin, count]) => ({ bin, change: count / stable })),
  ].sort((a, b) => a.bin - b.bin)
  let [difference, behind, at] = [0, 0, null as number | null]
  for (const [i, { bin, change }] of steps.entries()) {
    difference += change
    // Both versions' steps at one edge belong together.
    if (steps[i + 1]?.bin === bin || difference <= behind + 1e-15) continue
    behind = difference
    at = bin
  }
  // Each version's band may fail with half of alpha.
  const constant = dkwConstant(alpha / 2)
  const [canaryHalfWidth = Infinity, stableHalfWidth = Infinity] = [canary, stable].map((n) =>
    n < FROM ? Infinity : widthAt(n, constant, FROM),
  )
  const slower = behind > canaryHalfWidth + stableHalfWidth
  return {
    ok: true,
    canaryHalfWidth,
    stableHalfWidth,
    behind,
    behindAtMs: at === null ? null : upperEdgeMs(at),
    slower,
  }
}

/** The band around the q-quantile, 0 < q < 1, at all times and for all quantiles together; `insufficient` before 50 observations. */
export function quantileBand(histogram: LogHistogram, q: number, alpha: number): QuantileBand | Refusal {
  requireBetween('q', q, 0, 1)
  requireBetween('alpha', alpha, 0, 1)
  const refusal = checkHistogram(histogram)
  if (refusal) return refusal
  const n = histogramCount(histogram)
  const half = dkwHalfWidth(n, alpha)
  if (half === Infinity) return insufficient(`${n} latencies are too few for a band: ${FROM} are needed.`)
  const estimate = histogramQuantile(histogram, q)
  const low = histogramQuantile(histogram, Math.max(0, q - half))
  const high = histogramQuantile(histogram, Math.min(1, q + half))
  if (!estimate.ok) return estimate
  if (!low.ok) return low
  if (!high.ok) return high
  return {
    ok: true,
    estimateMs: estimate.estimateMs,
    lowMs: q - half <= 0 ? 0 : low.lowerMs,
    highMs: q + half >= 1 || high.censored ? Infinity : high.upperMs,
  }
}

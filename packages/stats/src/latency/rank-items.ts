import { BIN_COUNT, type LogHistogram } from './log-histogram.ts'

/**
 * The dictionary of the latency test: increasing weights of the latency, each the likelihood ratio of one way to be slower. `logRatios[k][bin]` is
 * ln of item k's weight in that bin of the log histogram, and never falls from one bin to the next: that is all its validity rests on.
 */
export interface RankItems {
  readonly logWeights: readonly number[]
  readonly logRatios: readonly Float64Array[]
}

/** One way to be slower. */
export type SlowShape =
  /** Everything is slower, by `spreads` standard deviations of stable's normal scores. */
  | { readonly kind: 'shift'; readonly spreads: number }
  /** A part of the requests, `share`, takes `times` as long. */
  | { readonly kind: 'part'; readonly share: number; readonly times: number }
  /** Latencies like the slowest `top` (a share) of stable's are `ratio` times as frequent. */
  | { readonly kind: 'top'; readonly top: number; readonly ratio: number }

const SHIFTS = [0.12, 0.25, 0.5, 1, 2].map((spreads) => ({ kind: 'shift', spreads }) as const)
const PARTS = [0.15, 0.03, 0.006].flatMap((share) => [3, 10].map((times) => ({ kind: 'part', share, times }) as const))
/** A step that would leave less than 5 % of the rest is left out. */
const STEPS = [0.5, 0.2, 0.1, 0.03]
  .flatMap((top) => [1.3, 2].map((ratio) => ({ kind: 'top', top, ratio }) as const))
  .filter(({ top, ratio }) => top * ratio <= 0.95)

/** The shapes the items stand for, in their order. */
export const slowShapes: readonly SlowShape[] = [...SHIFTS, ...PARTS, ...STEPS]

const logWeights: readonly number[] = [
  ...SHIFTS.map(() => Math.log(0.4 / SHIFTS.length)),
  ...PARTS.map(() => Math.log(0.4 / PARTS.length)),
  ...STEPS.map(() => Math.log(0.2 / STEPS.length)),
]

const LN_BIN = Math.log(1.02)
/** Half-width in bins of the triangle by which the reference is smoothed: about a quarter of a latency to either side. */
const SMOOTHING = 12

/** The items for a reference of stable's latencies: any histogram gives valid items, a faithful one gives strong ones. */
export function rankItems(reference: LogHistogram): RankItems {
  const counts = new Float64Array(BIN_COUNT)
  let total = 0
  for (const [bin, count] of reference.bins) {
    counts[bin] = count
    total += count
  }
  const ranks = middleRanks(counts, total)
  const scores = normalScores(ranks)
  const smooth = smoothed(counts)
  const logRatios = [
    ...SHIFTS.map(({ spreads }) => eachOf(scores, (z) => spreads * z - (spreads * spreads) / 2)),
    ...PARTS.map((part) => contaminated(smooth, total, part)),
    ...STEPS.map(({ top, ratio }) => {
      const above = Math.log(ratio)
      const below = Math.log((1 - top * ratio) / (1 - top))
      return eachOf(ranks, (rank) => (rank > 1 - top ? above : below))
    }),
  ]
  return { logWeights, logRatios }
}

/** `map` of a typed array as a plain loop, which is several times as fast. */
function eachOf(values: Float64Array, value: (of: number) => number): Float64Array {
  const result = new Float64Array(values.length)
  for (let i = 0; i < values.length; i += 1) result[i] = value(values[i] ?? 0)
  return result
}

/** The share of the reference that is faster than the middle of each bin, kept within 0..1; rises with the bin. */
function middleRanks(counts: Float64Array, total: number): Float64Array {
  const ranks = new Float64Array(BIN_COUNT)
  let below = 0
  for (let bin = 0; bin < BIN_COUNT; bin += 1) {
    const own = counts[bin] ?? 0
    ranks[bin] = (below + own / 2 + 0.5) / (total + 1)
    below += own
  }
  return ranks
}

/** Normal quantiles of the ranks; equal ranks (empty bins) are computed once. */
function normalScores(ranks: Float64Array): Float64Array {
  const scores = new Float64Array(ranks.length)
  let last = -1
  let score = -Infinity
  for (let bin = 0; bin < ranks.length; bin += 1) {
    const rank = ranks[bin] ?? 0
    if (rank !== last) score = Math.max(score, quickNormalQuantile(rank))
    last = rank
    scores[bin] = score
  }
  return scores
}

/** The reference without most of its noise; what would fall off an end stays in the last bin. */
function smoothed(counts: Float64Array): Float64Array {
  const result = new Float64Array(counts.length)
  for (let bin = 0; bin < counts.length; bin += 1) {
    const own = counts[bin] ?? 0
    if (own === 0) continue
    for (let by = -SMOOTHING; by <= SMOOTHING; by += 1) {
      const to = Math.min(counts.length - 1, Math.max(0, bin + by))
      result[to] = (result[to] ?? 0) + (own * (SMOOTHING + 1 - Math.abs(by))) / (SMOOTHING + 1) ** 2
    }
  }
  return result
}

/**
 * ln of the isotonic regression of (1 - e) + e f(y / m) / f(y), f being the reference: the slopes of the greatest convex minorant of the shifted
 * against the reference's own distribution function. One observation is added beyond the slowest, so that no slope is infinite.
 */
function contaminated(
  counts: Float64Array,
  total: number,
  { share, times }: { readonly share: number; readonly times: number },
): Float64Array {
  const shift = Math.log(times) / LN_BIN
  const whole = Math.floor(shift)
  const part = shift - whole
  const last = BIN_COUNT - 1
  // Hulls as stacks: where each block ends, how much of f and of the shifted f lies in it.
  const ends: number[] = []
  const own: number[] = []
  const moved: number[] = []
  for (let bin = 0; bin < BIN_COUNT; bin += 1) {
    let f = (counts[bin] ?? 0) + (bin === last ? 1 : 0)
    let g = (1 - part) * (counts[bin - whole] ?? 0) + part * (counts[bin - whole - 1] ?? 0)
    if (f === 0 && g === 0 && ends.length > 0) {
      ends[ends.length - 1] = bin
      continue
    }
    // Merge while the block before is at least as steep.
    for (let at = ends.length - 1; at >= 0; at -= 1) {
      const [ownBefore = 0, movedBefore = 0] = [own[at], moved[at]]
      if (movedBefore * f < g * ownBefore) break
      f += ownBefore
      g += movedBefore
      ends.pop()
      own.pop()
      moved.pop()
    }
    ends.push(bin)
    own.push(f)
    moved.push(g)
  }
  const scale = (total + 1) / Math.max(total, 1)
  const result = new Float64Array(BIN_COUNT)
  let bin = 0
  for (const [block, end] of ends.entries()) {
    const f = own[block] ?? 0
    const ratio = f > 0 ? ((moved[block] ?? 0) / f) * scale : 0
    const value = Math.log1p(share * (ratio - 1))
    for (; bin <= end; bin += 1) result[bin] = value
  }
  return result
}

const TAIL = 0.02425
const A = [
  -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239,
]
const B = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1]
const C = [
  -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
]
const D = [0.007784695709041462, 0.3224671290700411, 2.445134137142996, 3.754408661907416, 1]

const polynomial = (coefficients: readonly number[], x: number): number =>
  coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0)

/** Acklam's normal quantile for 0 < p < 1, relative error 1.2e-9: a weight needs no more, and it is rebuilt often. */
function quickNormalQuantile(p: number): number {
  if (p > 0.5) return -quickNormalQuantile(1 - p)
  if (p < TAIL) {
    const q = Math.sqrt(-2 * Math.log(p))
    return polynomial(C, q) / polynomial(D, q)
  }
  const q = p - 0.5
  return (q * polynomial(A, q * q)) / polynomial(B, q * q)
}

import { isCount, requireBetween } from '../refusal.ts'

/** How a stitched boundary is set up; everything must be fixed before the data. */
export interface StitchOptions {
  readonly alpha?: number
  /** Intrinsic time (or number of values) from which it is meant to be tight; before it, it is as wide as there. */
  readonly from: number
  /** Exponent of the series that spends alpha over epochs, above 1. Default 1.4. */
  readonly s?: number
  /** Ratio of two epochs, above 1. Default 2. */
  readonly eta?: number
}

/** Riemann's ζ for s > 1, by Euler and Maclaurin, to about 1e-12. */
function zeta(s: number): number {
  const first = 30
  let sum = 0
  for (let k = 1; k < first; k += 1) sum += k ** -s
  const tail = first ** (1 - s) / (s - 1) + first ** -s / 2 + (s * first ** (-s - 1)) / 12
  return sum + tail - (s * (s + 1) * (s + 2) * first ** (-s - 3)) / 720
}

function checked({ alpha = 0.05, from, s = 1.4, eta = 2 }: StitchOptions): Required<StitchOptions> {
  requireBetween('alpha', alpha, 0, 1)
  requireBetween('from', from, 0, Infinity)
  requireBetween('s', s, 1, 100)
  requireBetween('eta', eta, 1, 100)
  return { alpha, from, s, eta }
}

/** Constants of a stitched boundary for a ratio of epochs. */
function steps(eta: number): { readonly k1: number; readonly k2: number } {
  return { k1: (eta ** 0.25 + eta ** -0.25) / Math.SQRT2, k2: (Math.sqrt(eta) + 1) / 2 }
}

/**
 * A line that a sum with variance process `v` crosses with probability alpha at most, ever: sub-gamma with scale `c` (Howard, Ramdas, McAuliffe and
 * Sekhon 2021, polynomial stitching). RangeError for bad numbers.
 */
export function stitchedBoundary(v: number, c: number, options: StitchOptions): number {
  const { alpha, from, s, eta } = checked(options)
  if (!isCount(v)) throw new RangeError(`v must be between 0 and 2^53, got ${v}`)
  if (!Number.isFinite(c)) throw new RangeError(`c must be finite, got ${c}`)
  const time = Math.max(v, from)
  const level = s * Math.log(Math.log((eta * time) / from)) + Math.log(zeta(s) / (alpha * Math.log(eta) ** s))
  return curve(time, c, level, eta)
}

function curve(time: number, c: number, level: number, eta: number): number {
  const { k1, k2 } = steps(eta)
  const linear = k2 * c * level
  return Math.sqrt(k1 * k1 * time * level + linear * linear) + linear
}

/**
 * How far, as a share 0..1, the distribution function of n values can be below p at the true p-quantile, for all p and all n together with probability
 * 1 - alpha: narrower in the tails than a band of one width (Howard and Ramdas 2022, double stitching over log odds, `delta` apart). For the other side take
 * 1 - p. RangeError for bad numbers.
 */
export function quantileHalfWidth(p: number, n: number, options: StitchOptions & { readonly delta?: number }): number {
  const { alpha, from, s, eta } = checked(options)
  const { delta = 0.5 } = options
  requireBetween('p', p, 0, 1)
  requireBetween('delta', delta, 0, 100)
  if (!(isCount(n) && n > 0)) throw new RangeError(`n must be above 0 and at most 2^53, got ${n}`)
  const size = Math.max(n, from)
  const odds = Math.log(p) - Math.log1p(-p)
  // Below a half the variance is that of the next grid point towards it.
  const nearest = 1 / (1 + Math.exp(-odds - 2 * delta * Math.sqrt((from * eta) / size)))
  const r = p >= 0.5 ? p : Math.min(0.5, nearest)
  const variance = r * (1 - r)
  const place = (Math.sqrt(size / from) * Math.abs(odds)) / (2 * delta) + 1
  const spent = Math.log((2 * zeta(s) * (2 * zeta(s) + 1)) / (alpha * Math.log(eta) ** s))
  const level = s * Math.log(Math.log((eta * size) / from)) + s * Math.log(place) + spent
  const between = delta * Math.sqrt((eta * size * variance) / from)
  return (between + curve(variance * size, (1 - 2 * p) / 3, level, eta)) / n
}

import { lgamma } from '@serin/stats'
import { normal, type Uniform } from '@serin/stats/seeded'

/** Below this mean, counting up from zero is as fast as anything. */
const smallMean = 10

/** A Poisson count of any mean, exact: by inversion, or for large means by transformed rejection (Hörmann 1993). */
export function drawPoisson(uniform: Uniform, mean: number): number {
  if (!(mean > 0)) return 0
  if (mean < smallMean) return inverted(uniform, Math.exp(-mean), (k) => mean / k)
  const spread = Math.sqrt(mean)
  const b = 0.931 + 2.53 * spread
  const a = -0.059 + 0.02483 * b
  const logMean = Math.log(mean)
  const logScale = Math.log(1.1239 + 1.1328 / (b - 3.4))
  return rejected(uniform, {
    a,
    b,
    centre: mean + 0.43,
    sure: 0.9277 - 3.6224 / (b - 2),
    most: Infinity,
    accepts: (k, logHat) => logHat + logScale <= k * logMean - mean - lgamma(k + 1),
  })
}

/** How many of n independent trials succeed, exact and in constant time for any n: by inversion, or by transformed rejection (Hörmann 1993). */
export function drawBinomial(uniform: Uniform, n: number, p: number): number {
  if (n <= 0 || !(p > 0)) return 0
  if (p >= 1) return n
  if (p > 0.5) return n - drawBinomial(uniform, n, 1 - p)
  const odds = p / (1 - p)
  if (n * p < smallMean)
    return inverted(uniform, Math.exp(n * Math.log1p(-p)), (k) => (k > n ? 0 : (odds * (n - k + 1)) / k))
  const spread = Math.sqrt(n * p * (1 - p))
  const b = 1.15 + 2.53 * spread
  const a = -0.0873 + 0.0248 * b + 0.01 * p
  const logScale = Math.log((2.83 + 5.1 / b) * spread)
  const logOdds = Math.log(odds)
  const mode = Math.floor((n + 1) * p)
  const peak = lgamma(mode + 1) + lgamma(n - mode + 1)
  return rejected(uniform, {
    a,
    b,
    centre: n * p + 0.5,
    sure: 0.92 - 4.2 / b,
    most: n,
    accepts: (k, logHat) => logHat + logScale <= peak - lgamma(k + 1) - lgamma(n - k + 1) + (k - mode) * logOdds,
  })
}

/** Sums up probabilities until the uniform number is reached; `next(k)` is what the one of k is to the one before. */
function inverted(uniform: Uniform, none: number, next: (k: number) => number): number {
  let left = uniform() - none
  let [k, probability] = [0, none]
  while (left > 0 && probability > 0) {
    k += 1
    probability *= next(k)
    left -= probability
  }
  return k
}

interface Hat {
  readonly a: number
  readonly b: number
  readonly centre: number
  /** Below this height in the middle everything is accepted. */
  readonly sure: number
  readonly most: number
  readonly accepts: (k: number, logHat: number) => boolean
}

function rejected(uniform: Uniform, { a, b, centre, sure, most, accepts }: Hat): number {
  for (;;) {
    const u = uniform() - 0.5
    const v = uniform()
    const toEdge = 0.5 - Math.abs(u)
    const k = Math.floor(((2 * a) / toEdge + b) * u + centre)
    if (k < 0 || k > most) continue
    if (toEdge >= 0.07 && v <= sure) return k
    if (toEdge < 0.013 && v > toEdge) continue
    if (accepts(k, Math.log(v / (a / (toEdge * toEdge) + b)))) return k
  }
}

/** Draws places with given weights in constant time (Walker's alias method). */
export function createPicker(weights: ArrayLike<number>): (uniform: Uniform) => number {
  const size = weights.length
  let sum = 0
  for (let i = 0; i < size; i += 1) sum += weights[i] ?? 0
  const own = new Float64Array(size)
  const other = new Uint32Array(size)
  const [poor, rich]: [number[], number[]] = [[], []]
  for (let i = 0; i < size; i += 1) {
    own[i] = ((weights[i] ?? 0) * size) / sum
    ;((own[i] ?? 0) < 1 ? poor : rich).push(i)
  }
  while (poor.length > 0 && rich.length > 0) {
    const low = poor.pop() ?? 0
    const high = rich.at(-1) ?? 0
    other[low] = high
    own[high] = (own[high] ?? 0) - (1 - (own[low] ?? 0))
    if ((own[high] ?? 0) < 1) {
      rich.pop()
      poor.push(high)
    }
  }
  // What is left is full, up to rounding.
  for (const i of [...poor, ...rich]) own[i] = 1
  return (uniform) => {
    const at = uniform() * size
    const place = Math.floor(at)
    return at - place < (own[place] ?? 1) ? place : (other[place] ?? place)
  }
}

/** A lognormal number with this spread of its logarithm and a median of 1. */
export function drawLogNormal(uniform: Uniform, sigma: number): number {
  return sigma === 0 ? 1 : Math.exp(sigma * normal(uniform))
}

import { halfDeviance, logBeta, stirlingTail } from './gamma.ts'
import { findRoot, firstNotBelow } from './root.ts'

const MAX_TERMS = 20_000
const EPSILON = 1e-16
const TINY = 1e-300

function nonZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value
}

/** A point of the unit interval together with y = 1 - x, which may be tiny where 1 - x is already rounded away. */
interface UnitPoint {
  readonly x: number
  readonly y: number
}

/**
 * What divides x^a y^b / B(a, b) to give the lower tail: the even part of the continued fraction of the incomplete beta function
 * by the modified Lentz method. In its terms a y - b x stands where the full fraction would subtract two numbers near 1.
 */
function betaFraction({ x, y }: UnitPoint, a: number, b: number): number {
  const start = (a * (a * y - b * x + 1)) / (a + 1)
  let fraction = nonZero(start)
  let c = fraction
  let d = 0
  for (let m = 1; m < MAX_TERMS; m += 1) {
    const at = a + 2 * m - 1
    const up = ((((a + m - 1) / at) * (a + b + m - 1)) / at) * m * (b - m) * x * x
    const down = m + (m * (b - m) * x) / at + ((a + m) * (a * y - b * x + 1 + m * (1 + y))) / (at + 2)
    d = 1 / nonZero(up * d + down)
    c = nonZero(down + up / c)
    fraction *= d * c
    if (Math.abs(d * c - 1) < EPSILON) break
  }
  return fraction
}

/** x^a y^b / B(a, b) for y = 1 - x, as deviances: what is left after exp keeps its digits also when a and b are huge. */
function betaFront(x: number, y: number, a: number, b: number): number {
  const n = a + b
  const exponent = -halfDeviance(a, n * x) - halfDeviance(b, n * y)
  const scale = stirlingTail(n) - stirlingTail(a) - stirlingTail(b)
  return Math.sqrt((a / n) * (b / (2 * Math.PI))) * Math.exp(exponent + scale)
}

/** Both tails of a distribution at a point. */
export interface Tails {
  readonly lower: number
  readonly upper: number
}

/**
 * P(Beta(a, b) <= x) and its complement, the smaller one to full relative precision at any a, b > 0.
 */
export function betaTails(point: UnitPoint, a: number, b: number): Tails {
  const { x, y } = point
  if (x <= 0) return { lower: 0, upper: 1 }
  if (y <= 0) return { lower: 1, upper: 0 }
  const front = betaFront(x, y, a, b)
  if (x < (a + 1) / (a + b + 2)) {
    const lower = Math.min(1, front / betaFraction(point, a, b))
    return { lower, upper: Math.max(0, 1 - lower) }
  }
  const upper = Math.min(1, front / betaFraction({ x: y, y: x }, b, a))
  return { lower: Math.max(0, 1 - upper), upper }
}

/** The regularised incomplete beta I_x(a, b) = P(Beta(a, b) <= x), for 0 <= x <= 1 and a, b > 0. */
export function betaCdf(x: number, a: number, b: number): number {
  if (!(x >= 0 && x <= 1) || !(a > 0) || !(b > 0)) throw new RangeError(`betaCdf got x=${x}, a=${a}, b=${b}`)
  return betaTails({ x, y: 1 - x }, a, b).lower
}

/** P(Beta(a, b) > x), never computed as 1 - cdf where it is small. */
export function betaSurvival(x: number, a: number, b: number): number {
  if (!(x >= 0 && x <= 1) || !(a > 0) || !(b > 0)) throw new RangeError(`betaSurvival got x=${x}, a=${a}, b=${b}`)
  return betaTails({ x, y: 1 - x }, a, b).upper
}

/** P(F > f) for Fisher's F with `d1` and `d2` degrees of freedom, tails kept to relative precision. */
export function fSurvival(f: number, d1: number, d2: number): number {
  if (!(d1 > 0) || !(d2 > 0) || Number.isNaN(f)) throw new RangeError(`fSurvival got f=${f}, d1=${d1}, d2=${d2}`)
  if (f <= 0) return 1
  const odds = (d1 / d2) * f
  // Past 1e300 the tail would need x below the smallest number.
  const x = 1 / (1 + odds)
  const y = odds === Infinity ? 1 : odds / (1 + odds)
  return betaTails({ x, y }, d2 / 2, d1 / 2).lower
}

/** P(T > t) for Student's t with `df` degrees of freedom, tails kept to relative precision. */
export function studentSurvival(t: number, df: number): number {
  if (!(df > 0) || Number.isNaN(t)) throw new RangeError(`studentSurvival got t=${t}, df=${df}`)
  if (t === 0) return 0.5
  // Two divisions: t² may overflow where its tail can still be told from 0.
  const odds = df / Math.abs(t) / Math.abs(t)
  const half = { x: odds === Infinity ? 1 : odds / (1 + odds), y: 1 / (1 + odds) }
  // So small an x is a power alone, and its logarithm does not underflow.
  const { lower, upper } =
    odds < 1e-40
      ? {
          lower: Math.exp((df / 2) * (Math.log(df) - 2 * Math.log(Math.abs(t))) - logBeta(df / 2, 0.5)) / (df / 2),
          upper: 1,
        }
      : betaTails(half, df / 2, 0.5)
  // Near 0 the first form would lose the digits of t in 1 - tiny.
  const tail = lower < 0.5 ? 0.5 * lower : 0.5 - 0.5 * upper
  return t > 0 ? tail : 1 - tail
}

/** The t with P(T > t) = q, relative error about 1e-13 down to q = 1e-300; for fixed-horizon reports. */
export function studentUpperQuantile(q: number, df: number): number {
  if (!(q > 0 && q < 1)) throw new RangeError(`studentUpperQuantile needs 0 < q < 1, got ${q}`)
  if (!(df > 0)) throw new RangeError(`studentUpperQuantile needs df > 0, got ${df}`)
  if (q > 0.5) return -studentUpperQuantile(1 - q, df)
  if (q === 0.5) return 0
  const target = Math.log(q)
  const short = (t: number): number => target - Math.log(studentSurvival(t, df))
  const high = firstNotBelow(short, 1)
  if (Number.isNaN(high)) return Infinity
  if (high > 1) return findRoot(short, { low: high / 2, high })
  return findRoot((t) => studentSurvival(t, df) - q, { low: 0, high: 1 })
}

/** The t with P(T <= t) = p; in the upper tail give q = 1 - p to studentUpperQuantile instead. */
export function studentQuantile(p: number, df: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`studentQuantile needs 0 < p < 1, got ${p}`)
  return p < 0.5 ? -studentUpperQuantile(p, df) : studentUpperQuantile(1 - p, df)
}

/** P(X >= k) for X ~ Binomial(n, p). */
export function binomialSurvival(k: number, n: number, p: number): number {
  if (!(p >= 0 && p <= 1) || !(n >= 0)) throw new RangeError(`binomialSurvival got n=${n}, p=${p}`)
  if (k <= 0) return 1
  if (k > n) return 0
  return betaCdf(p, k, n - k + 1)
}

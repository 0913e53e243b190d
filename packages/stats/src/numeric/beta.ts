import { logBeta } from './gamma.ts'

const MAX_TERMS = 20_000
const EPSILON = 1e-16
const TINY = 1e-300

function nonZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value
}

/** The continued fraction of the incomplete beta function by the modified Lentz method. */
function betaFraction(x: number, a: number, b: number): number {
  let c = 1
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1))
  let fraction = d
  for (let m = 1; m < MAX_TERMS; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / nonZero(1 + even * d)
    c = nonZero(1 + even / c)
    fraction *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / nonZero(1 + odd * d)
    c = nonZero(1 + odd / c)
    fraction *= d * c
    if (Math.abs(d * c - 1) < EPSILON) break
  }
  return fraction
}

/** The regularised incomplete beta I_x(a, b) = P(Beta(a, b) <= x), for 0 <= x <= 1 and a, b > 0. */
export function betaCdf(x: number, a: number, b: number): number {
  if (!(x >= 0 && x <= 1) || !(a > 0) || !(b > 0)) throw new RangeError(`betaCdf got x=${x}, a=${a}, b=${b}`)
  if (x === 0 || x === 1) return x
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b))
  if (x < (a + 1) / (a + b + 2)) return Math.min(1, (front * betaFraction(x, a, b)) / a)
  return Math.max(0, 1 - (front * betaFraction(1 - x, b, a)) / b)
}

/** P(T > t) for Student's t with `df` degrees of freedom, tails kept to relative precision. */
export function studentSurvival(t: number, df: number): number {
  if (!(df > 0) || Number.isNaN(t)) throw new RangeError(`studentSurvival got t=${t}, df=${df}`)
  const square = t * t
  // Near 0 the first form would lose the digits of t in 1 - tiny.
  const tail =
    square > 1
      ? 0.5 * betaCdf(df / (df + square), df / 2, 0.5)
      : 0.5 - 0.5 * betaCdf(square / (df + square), 0.5, df / 2)
  return t >= 0 ? tail : 1 - tail
}

/** The t with P(T <= t) = p, by bisection to relative 1e-14; for fixed-horizon reports. */
export function studentQuantile(p: number, df: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`studentQuantile needs 0 < p < 1, got ${p}`)
  if (p < 0.5) return -studentQuantile(1 - p, df)
  let high = 1
  while (studentSurvival(high, df) > 1 - p && high < 1e300) high *= 2
  let low = 0
  for (let step = 0; step < 200 && high - low > 1e-15 * high; step += 1) {
    const middle = (low + high) / 2
    if (studentSurvival(middle, df) > 1 - p) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** P(X >= k) for X ~ Binomial(n, p). */
export function binomialSurvival(k: number, n: number, p: number): number {
  if (!(p >= 0 && p <= 1) || !(n >= 0)) throw new RangeError(`binomialSurvival got n=${n}, p=${p}`)
  if (k <= 0) return 1
  if (k > n) return 0
  return betaCdf(p, k, n - k + 1)
}

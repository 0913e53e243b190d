const TWO_OVER_SQRT_PI = 1.1283791670955126
const INVERSE_SQRT_PI = 0.5641895835477563
const SQRT2 = Math.SQRT2
const SERIES_BELOW = 2

/** erf(x) for 0 <= x < 2 by a series of positive terms (no cancellation). */
function erfSeries(x: number): number {
  let term = x
  let sum = x
  for (let n = 1; n < 200 && term > sum * 1e-17; n += 1) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return TWO_OVER_SQRT_PI * Math.exp(-x * x) * sum
}

/** exp(x²) erfc(x) for x >= 2 by its continued fraction, evaluated from the far end. */
function erfcxFraction(x: number): number {
  const terms = Math.ceil(20 + 400 / (x * x))
  let tail = x
  for (let n = terms; n >= 1; n -= 1) tail = x + n / 2 / tail
  return INVERSE_SQRT_PI / tail
}

/** The scaled complementary error function exp(x²) erfc(x); Infinity below about -26. */
export function erfcx(x: number): number {
  if (Number.isNaN(x)) return x
  if (x >= SERIES_BELOW) return erfcxFraction(x)
  if (x >= 0) return Math.exp(x * x) * (1 - erfSeries(x))
  return 2 * Math.exp(x * x) - erfcx(-x)
}

/** The complementary error function, tails kept to relative precision. */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x)
  if (x < SERIES_BELOW) return 1 - erfSeries(x)
  return Math.exp(-x * x) * erfcxFraction(x)
}

/** P(Z <= x) for a standard normal Z. */
export function normalCdf(x: number): number {
  return 0.5 * erfc(-x / SQRT2)
}

/** P(Z > x) for a standard normal Z; never computed as 1 - cdf. */
export function normalSurvival(x: number): number {
  return 0.5 * erfc(x / SQRT2)
}

/** ln P(Z <= x), finite for every finite x down to about -1e154. */
export function lnNormalCdf(x: number): number {
  if (x <= -5) return (-x * x) / 2 + Math.log(0.5 * erfcx(-x / SQRT2))
  if (x <= 0) return Math.log(normalCdf(x))
  return Math.log1p(-normalSurvival(x))
}

const LN_SQRT_TWO_PI = 0.9189385332046727

/** The z with P(0 <= Z <= z) = part for 0 <= part < 0.45; keeps its digits near 0. Halley again, where the second derivative is -z times the first. */
function middleQuantile(part: number): number {
  let z = 2.5066 * part
  for (let step = 0; step < 60; step += 1) {
    const density = Math.exp((-z * z) / 2 - LN_SQRT_TWO_PI)
    const newton = (0.5 * erfSeries(z / SQRT2) - part) / density
    const change = newton / (1 + 0.5 * newton * z)
    z -= change
    if (Math.abs(change) <= 1e-6 * z) break
  }
  return z
}

/** The z with P(Z <= z) = p for 0 < p < 1, relative error about 1e-14 down to p = 1e-300. */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`normalQuantile needs 0 < p < 1, got ${p}`)
  if (p > 0.5) return -normalQuantile(1 - p)
  if (p > 0.05) return 0 - middleQuantile(0.5 - p)
  const target = Math.log(p)
  const tail = Math.sqrt(-2 * target)
  let x = -(tail - Math.log(tail * 2.5066) / tail)
  // Halley on ln Φ, whose second derivative is -hazard (x + hazard): the digits that are right treble with each step.
  for (let step = 0; step < 60; step += 1) {
    const value = lnNormalCdf(x)
    const hazard = Math.exp((-x * x) / 2 - LN_SQRT_TWO_PI - value)
    const newton = (value - target) / hazard
    const change = newton / Math.max(0.5, 1 + 0.5 * newton * (x + hazard))
    x -= change
    // What is left is about the cube of the step.
    if (Math.abs(change) <= 1e-6) break
  }
  return x
}

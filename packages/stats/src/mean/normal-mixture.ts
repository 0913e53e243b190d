import { erfcx, lnNormalCdf } from '../numeric/normal.ts'
import { requireBetween } from '../refusal.ts'

/**
 * The normal mixture in information time k = I / I*: I is 1/variance of the estimate now, I* the scale at which the
 * mixture is tightest (Robbins; Howard et al. 2021; Waudby-Smith et al.).
 */

/** Which scale makes the sequence tightest when the information reaches `planned`, two-sided at level alpha. */
export function tuningInformation(planned: number, alpha: number): number {
  requireBetween('alpha', alpha, 0, 1)
  if (!(planned > 0 && planned < Infinity)) throw new RangeError(`planned information must be positive, got ${planned}`)
  const level = -2 * Math.log(alpha)
  return planned / (level + Math.log1p(level))
}

/** The same for a one-sided test: the two-sided scale at 2 alpha (alpha < 1/2). */
export function oneSidedTuningInformation(planned: number, alpha: number): number {
  return tuningInformation(planned, 2 * alpha)
}

/** ln of the two-sided mixture e-value at z = estimate / standard error and k = I / I*. */
export function twoSidedLogE(z: number, k: number): number {
  return 0.5 * ((k * z * z) / (1 + k) - Math.log1p(k))
}

/** ln of the one-sided mixture e-value (half-normal prior on positive effects); grows with z. */
export function oneSidedLogE(z: number, k: number): number {
  const at = z * Math.sqrt(k / (1 + k))
  // Below 0 the square would cancel against the one inside the tail.
  const squareAndTail = at < 0 ? Math.log(0.5 * erfcx(-at / Math.SQRT2)) : (at * at) / 2 + lnNormalCdf(at)
  return 0.5 * Math.log(4 / (1 + k)) + squareAndTail
}

/** Half-width of the two-sided confidence sequence in standard errors. */
export function twoSidedHalfWidth(k: number, alpha: number): number {
  requireBetween('alpha', alpha, 0, 1)
  return Math.sqrt((1 + 1 / k) * (Math.log1p(k) - 2 * Math.log(alpha)))
}

/** Half-width of the one-sided confidence sequence in standard errors (a closed form slightly above the exact one). */
export function oneSidedHalfWidth(k: number, alpha: number): number {
  requireBetween('alpha', alpha, 0, 1)
  return Math.sqrt(2 * (1 + 1 / k) * Math.log1p(Math.sqrt(1 + k) / (2 * alpha)))
}

import type { Uniform } from '@serin/stats/seeded'

/** A part of a latency law: lognormal around a median, or gamma of shape 2 around a mean; `plusMs` is added to it. */
export interface Component {
  readonly weight: number
  readonly kind: 'lognormal' | 'gamma-2'
  /** Median of a lognormal, mean of a gamma. */
  readonly ms: number
  /** Standard deviation of the logarithm; not used by gamma. */
  readonly sigma: number
  readonly plusMs: number
}

/** A mixture; the weights sum to 1. */
export type LatencyLaw = readonly Component[]

/** A lognormal part. */
export function lognormal(weight: number, ms: number, sigma: number, plusMs = 0): Component {
  return { weight, kind: 'lognormal', ms, sigma, plusMs }
}

/** A gamma part of shape 2. */
export function gamma2(weight: number, meanMs: number): Component {
  return { weight, kind: 'gamma-2', ms: meanMs, sigma: 0, plusMs: 0 }
}

/** Draws a latency in ms: one uniform chooses the part, one the latency. */
export function drawMs(law: LatencyLaw, uniform: Uniform): number {
  let at = uniform()
  let part = law[0]
  for (const component of law) {
    part = component
    if (at < component.weight) break
    at -= component.weight
  }
  const u = uniform()
  if (part === undefined) return 0
  return (
    part.plusMs +
    (part.kind === 'gamma-2' ? (part.ms / 2) * gamma2Quantile(u) : part.ms * Math.exp(part.sigma * probit(u)))
  )
}

/** The density of ln(latency) at ln(ms). */
export function logDensity(law: LatencyLaw, ms: number): number {
  let sum = 0
  for (const { weight, kind, ms: scale, sigma, plusMs } of law) {
    const own = ms - plusMs
    if (!(own > 0)) continue
    if (kind === 'gamma-2') {
      const x = own / (scale / 2)
      sum += weight * x * Math.exp(-x) * (ms / (scale / 2))
    } else {
      const z = Math.log(own / scale) / sigma
      // The density of ln(own) times d ln(own) / d ln(ms).
      sum += ((weight * Math.exp(-0.5 * z * z)) / (sigma * Math.sqrt(2 * Math.PI))) * (ms / own)
    }
  }
  return sum
}

/** Solves 1 - exp(-x)(1 + x) = u by Newton. */
function gamma2Quantile(u: number): number {
  let x = Math.max(0.05, 1.68 + 1.4 * probit(u))
  for (let step = 0; step < 60; step += 1) {
    const change = (1 - Math.exp(-x) * (1 + x) - u) / (x * Math.exp(-x))
    const next = x - Math.max(-1, Math.min(1, change))
    x = next > 0 ? next : x / 2
    if (Math.abs(change) < 1e-12 * x) break
  }
  return x
}

const A = [
  -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239,
] as const
const B = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572] as const
const C = [
  -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
] as const
const D = [0.007784695709041462, 0.3224671290700411, 2.445134137142996, 3.754408661907416] as const

/** Acklam's approximation of the normal quantile, which the study's seeds are tied to; relative error 1.2e-9. */
export function probit(p: number): number {
  if (p > 0.97575) return -probit(1 - p)
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p))
    return (
      (((((C[0] * q + C[1]) * q + C[2]) * q + C[3]) * q + C[4]) * q + C[5]) /
      ((((D[0] * q + D[1]) * q + D[2]) * q + D[3]) * q + 1)
    )
  }
  const q = p - 0.5
  const r = q * q
  return (
    ((((((A[0] * r + A[1]) * r + A[2]) * r + A[3]) * r + A[4]) * r + A[5]) * q) /
    (((((B[0] * r + B[1]) * r + B[2]) * r + B[3]) * r + B[4]) * r + 1)
  )
}

import { insufficient } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'
import { readingOf, welchDf } from './contrast.ts'
import { checkPeriod } from './cuped.ts'
import type { CupedOptions, CupedReading } from './cuped.ts'
import { checkedSample } from './sample.ts'

/** Numerator, denominator, and the same two from before exposure. */
export type Four = readonly [num: number, den: number, numPre: number, denPre: number]

/** Sums over the units of an arm for a ratio metric whose covariate is a ratio too. */
export interface CupedRatioSums {
  readonly units: number
  readonly sums: Four
  /** Sums of products of each with each, symmetric. */
  readonly products: readonly [Four, Four, Four, Four]
}

/** One arm: its ratios, their gradients in the four means, and the covariance of the four per unit. */
interface RatioArm {
  readonly units: number
  readonly ratio: number
  readonly preRatio: number
  readonly post: Four
  readonly pre: Four
  readonly covariance: readonly (readonly number[])[]
}

function ratioArm({ units, sums, products }: CupedRatioSums): RatioArm {
  const [num, den, numPre, denPre] = sums
  const [meanDen, meanDenPre] = [den / units, denPre / units]
  const [ratio, preRatio] = [num / den, numPre / denPre]
  return {
    units,
    ratio,
    preRatio,
    post: [1 / meanDen, -ratio / meanDen, 0, 0],
    pre: [0, 0, 1 / meanDenPre, -preRatio / meanDenPre],
    covariance: products.map((row, i) =>
      row.map((product, j) => (product - ((sums[i] ?? 0) * (sums[j] ?? 0)) / units) / (units - 1)),
    ),
  }
}

/** a' Σ b. */
function bilinear({ covariance }: RatioArm, a: readonly number[], b: readonly number[]): number {
  let total = 0
  for (const [i, row] of covariance.entries())
    for (const [j, value] of row.entries()) total += (a[i] ?? 0) * value * (b[j] ?? 0)
  return total
}

/** left + factor × right. */
function plus(left: readonly number[], factor: number, right: readonly number[]): number[] {
  return left.map((value, i) => value + factor * (right[i] ?? 0))
}

/** The coefficient within both arms; 0 when the covariate or the outcome does not vary. */
function pooledTheta(arms: readonly RatioArm[]): number {
  let shared = 0
  let own = 0
  let outcome = 0
  for (const arm of arms) {
    const free = arm.units - 1
    shared += free * bilinear(arm, arm.post, arm.pre)
    own += free * bilinear(arm, arm.pre, arm.pre)
    outcome += free * bilinear(arm, arm.post, arm.post)
  }
  return own > 0 && outcome > 0 ? shared / own : 0
}

/**
 * CUPED for a ratio metric by the delta method in four means: ratio - theta × ratio from before exposure. A relative effect is a
 * part of |stable's unadjusted ratio|, so its sign survives a negative stable.
 */
export function compareCupedRatios(
  sums: { readonly stable: CupedRatioSums; readonly canary: CupedRatioSums },
  options: CupedOptions,
): CupedReading | Refusal {
  const refusal = checkPeriod(options.period)
  if (refusal) return refusal
  for (const { sums: totals, units } of [sums.stable, sums.canary]) {
    if (!(units >= 2)) return insufficient(`${units} units; at least 2 are needed.`)
    if (totals[1] === 0 || totals[3] === 0) return insufficient('The denominators add up to 0.')
  }
  const [a, b] = [ratioArm(sums.stable), ratioArm(sums.canary)]
  const theta = options.theta ?? pooledTheta([a, b])
  const adjusted = (arm: RatioArm): number[] => plus(arm.post, -theta, arm.pre)
  const sample = (arm: RatioArm) =>
    checkedSample(arm.units, arm.ratio - theta * arm.preRatio, bilinear(arm, adjusted(arm), adjusted(arm)))
  const [stable, canary] = [sample(a), sample(b)]
  if (!stable.ok) return stable
  if (!canary.ok) return canary
  const gap = canary.mean - stable.mean
  const variance = stable.variance / a.units + canary.variance / b.units
  const plain = bilinear(a, a.post, a.post) / a.units + bilinear(b, b.post, b.post) / b.units
  const means = { stable: a.ratio, canary: b.ratio }
  let effect = { estimate: gap, standardError: Math.sqrt(variance) }
  if (options.difference === 'relative') {
    if (a.ratio === 0) return insufficient('The ratio of stable is 0; a relative difference has no meaning.')
    const size = Math.abs(a.ratio)
    const gradient = plus(
      adjusted(a).map((value) => -value),
      -gap / a.ratio,
      a.post,
    )
    const moved = bilinear(a, gradient, gradient) / a.units + canary.variance / b.units
    effect = { estimate: gap / size, standardError: Math.sqrt(moved) / size }
  }
  const reading = readingOf(means, effect, welchDf(stable, canary), options)
  return reading.ok ? { ...reading, theta, varianceRatio: variance / plain } : reading
}

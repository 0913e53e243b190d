import { lgamma } from '../numeric/gamma.ts'

/** Values that are alike: ln of their weight, and how many there are (a whole number). */
export interface Alike {
  readonly logWeight: number
  readonly count: number
}

/**
 * ln of the average, over all ways to deal `dealt` of the values to one hand, of the product of the weights in that hand: the elementary symmetric
 * polynomial over the binomial coefficient. Exact to rounding; where sums are cut short the result is too large, never too small.
 */
export function logAverageOverDeals(values: readonly Alike[], dealt: number): number {
  const groups = values.filter(({ count }) => count > 0)
  let all = 0
  let logAll = 0
  for (const { logWeight, count } of groups) {
    all += count
    logAll += count * logWeight
  }
  if (dealt <= 0) return 0
  if (dealt >= all) return logAll
  const ways = lgamma(all + 1) - lgamma(dealt + 1) - lgamma(all - dealt + 1)
  if (all * dealt <= FEW) return logSymmetric(groups, dealt, logAll / all) - ways
  const tilt = tiltFor(groups, dealt, Math.log(dealt / (all - dealt)) - logAll / all)
  let logSum = -dealt * tilt
  for (const { logWeight, count } of groups) logSum += count * log1pExp(tilt + logWeight)
  const chance = chanceOfMean(groups, dealt, tilt)
  return logSum + Math.log(chance) - ways
}

/** Up to so many multiplications the polynomial is built term by term. */
const FEW = 600

/** ln of the elementary symmetric polynomial of degree `dealt`; weights are taken relative to their middle, so that no term overflows. */
function logSymmetric(groups: readonly Alike[], dealt: number, middle: number): number {
  const terms = new Float64Array(dealt + 1)
  terms[0] = 1
  for (const { logWeight, count } of groups) {
    const weight = Math.exp(logWeight - middle)
    for (let i = 0; i < count; i += 1) {
      for (let degree = dealt; degree > 0; degree -= 1)
        terms[degree] = (terms[degree] ?? 0) + weight * (terms[degree - 1] ?? 0)
    }
  }
  return Math.log(terms[dealt] ?? 0) + dealt * middle
}

function log1pExp(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x))
}

function logistic(x: number): number {
  return x > 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))
}

/** The tilt at which independent coins with odds exp(tilt + logWeight) deal `dealt` on average: Newton, kept inside a bracket. */
function tiltFor(groups: readonly Alike[], dealt: number, start: number): number {
  let low = -Infinity
  let high = Infinity
  let tilt = start
  for (let step = 0; step < 100; step += 1) {
    let mean = -dealt
    let slope = 0
    for (const { logWeight, count } of groups) {
      const p = logistic(tilt + logWeight)
      mean += count * p
      slope += count * p * (1 - p)
    }
    if (mean > 0) high = tilt
    else low = tilt
    let next = tilt - mean / slope
    // Outside the bracket (or without a slope): halve it, or widen what has no end yet.
    if (!(next > low && next < high))
      next = low === -Infinity ? high - 4 : high === Infinity ? low + 4 : (low + high) / 2
    if (Math.abs(next - tilt) <= 1e-12 * Math.max(1, Math.abs(tilt))) return next
    tilt = next
  }
  return tilt
}

/**
 * The chance that coins of these odds deal exactly `dealt`, by Fourier inversion with fewer nodes than values: what is folded in from far away are
 * chances, so it can only add to the result.
 */
function chanceOfMean(groups: readonly Alike[], dealt: number, tilt: number): number {
  let all = 0
  let variance = 0
  const coins = groups.map(({ logWeight, count }) => {
    const p = logistic(tilt + logWeight)
    all += count
    variance += count * p * (1 - p)
    return { p, count }
  })
  const nodes = Math.min(all + 1, Math.ceil(12 + 10 * Math.sqrt(variance)))
  let sum = 1
  for (let node = 1; node <= nodes / 2; node += 1) {
    const angle = (2 * Math.PI * node) / nodes
    const [cosine, sine] = [Math.cos(angle), Math.sin(angle)]
    // |φ| is at most this; beyond it only the dust of rounding is left.
    if (variance * (1 - cosine) > 40) break
    let logSize = 0
    let turned = -dealt * angle
    for (const { p, count } of coins) {
      logSize += 0.5 * count * Math.log1p(-2 * p * (1 - p) * (1 - cosine))
      turned += count * Math.atan2(p * sine, 1 - p + p * cosine)
    }
    const both = 2 * node === nodes ? 1 : 2
    sum += both * Math.exp(logSize) * Math.cos(turned)
  }
  return sum / nodes
}

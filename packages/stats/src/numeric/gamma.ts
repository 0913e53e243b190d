const HALF_LN_TWO_PI = 0.9189385332046727
const STIRLING_FROM = 10
/** Bernoulli numbers B(2k) / (2k (2k-1)): the tail of Stirling's series. */
const STIRLING_TERMS = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156]

/** ln Γ(x) minus its leading Stirling terms, for x >= 10. */
function stirlingSeries(x: number): number {
  const inverseSquare = 1 / (x * x)
  let sum = 0
  for (let index = STIRLING_TERMS.length - 1; index >= 0; index -= 1) {
    sum = sum * inverseSquare + (STIRLING_TERMS[index] ?? 0)
  }
  return sum / x
}

/** ln Γ(x) - [(x - ½) ln x - x + ½ ln 2π] for x > 0: what Stirling's leading terms leave, 1 / (12 x) far away. */
export function stirlingTail(x: number): number {
  if (x >= STIRLING_FROM) return stirlingSeries(x)
  return lgamma(x) - ((x - 0.5) * Math.log(x) - x + HALF_LN_TWO_PI)
}

/**
 * x ln(x / mean) + mean - x for x >= 0 and mean > 0, without cancellation when they are close: half the deviance of a Poisson
 * count. Probabilities written with it keep their digits when counts are huge (Loader 2000).
 */
export function halfDeviance(x: number, mean: number): number {
  const gap = x - mean
  if (Math.abs(gap) >= 0.1 * (x + mean)) return x === 0 ? mean : x * Math.log(x / mean) - gap
  const v = gap / (x + mean)
  let term = 2 * x * v
  let sum = gap * v
  for (let n = 3; n < 200; n += 2) {
    term *= v * v
    const next = sum + term / n
    if (next === sum) break
    sum = next
  }
  return sum
}

/** ln Γ(x) for x > 0, absolute error about 1e-14 near 1 and relative 1e-15 far away; RangeError otherwise. */
export function lgamma(x: number): number {
  if (!(x > 0)) throw new RangeError(`lgamma needs x > 0, got ${x}`)
  if (x === 1 || x === 2) return 0
  let shift = 1
  let at = x
  while (at < STIRLING_FROM) {
    shift *= at
    at += 1
  }
  return (at - 0.5) * Math.log(at) - at + HALF_LN_TWO_PI + stirlingSeries(at) - Math.log(shift)
}

/** ln Γ(b) - ln Γ(a + b) without cancellation, for b >= 10. */
function lgammaDifference(a: number, b: number): number {
  return stirlingTail(b) - stirlingTail(a + b) - a * Math.log(b) - (a + b - 0.5) * Math.log1p(a / b) + a
}

/** ln B(a, b) for a, b > 0; keeps its digits when one or both arguments are huge. */
export function logBeta(a: number, b: number): number {
  const small = Math.min(a, b)
  const large = Math.max(a, b)
  if (!(small > 0) || large === Infinity) throw new RangeError(`logBeta needs finite a, b > 0, got ${a}, ${b}`)
  if (large < STIRLING_FROM) return lgamma(small) + lgamma(large) - lgamma(small + large)
  if (small < STIRLING_FROM) return lgamma(small) + lgammaDifference(small, large)
  const ratio = small / large
  const tail = stirlingTail(small) + stirlingTail(large) - stirlingTail(small + large)
  const head = HALF_LN_TWO_PI - 0.5 * Math.log(large) + tail
  return head + (small - 0.5) * Math.log(ratio / (1 + ratio)) - large * Math.log1p(ratio)
}

const MAX_TERMS = 20_000
const EPSILON = 1e-16
const TINY = 1e-300

/** The upper regularised incomplete gamma Q(a, x), small tails kept to full relative precision. */
export function gammaSurvival(a: number, x: number): number {
  if (!(a > 0) || !(x >= 0)) throw new RangeError(`gammaSurvival needs a > 0 and x >= 0, got ${a}, ${x}`)
  if (x === 0) return 1
  if (x === Infinity) return 0
  const front = Math.sqrt(a / (2 * Math.PI)) * Math.exp(-halfDeviance(a, x) - stirlingTail(a))
  if (x < a + 1) {
    let term = 1 / a
    let sum = term
    for (let n = 1; n < MAX_TERMS && term > sum * EPSILON; n += 1) {
      term *= x / (a + n)
      sum += term
    }
    return Math.max(0, 1 - front * sum)
  }
  // Modified Lentz evaluation of the continued fraction of Γ(a, x).
  let b = x + 1 - a
  let c = 1 / TINY
  let d = 1 / b
  let fraction = d
  for (let n = 1; n < MAX_TERMS; n += 1) {
    const step = -n * (n - a)
    b += 2
    d = 1 / nonZero(step * d + b)
    c = nonZero(b + step / c)
    fraction *= d * c
    if (Math.abs(d * c - 1) < EPSILON) break
  }
  return Math.min(1, front * fraction)
}

function nonZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value
}

/** P(chi-square with `df` degrees of freedom > x): the p-value of a chi-square statistic. */
export function chiSquareSurvival(x: number, df: number): number {
  return gammaSurvival(df / 2, x / 2)
}

import { betaCdf } from './beta.ts'
import { halfDeviance, stirlingTail } from './gamma.ts'

/** P(X = k) for X ~ Binomial(n, p), relative error about 1e-14 at any n (Loader 2000). */
export function binomialProbability(k: number, n: number, p: number): number {
  if (!(p >= 0 && p <= 1) || !(n >= 0)) throw new RangeError(`binomialProbability got n=${n}, p=${p}`)
  if (!Number.isInteger(k) || k < 0 || k > n) return 0
  if (p === 0 || p === 1) return k === n * p ? 1 : 0
  const rest = n - k
  if (k === 0) return Math.exp(n * Math.log1p(-p))
  if (rest === 0) return Math.exp(n * Math.log(p))
  const exponent = -halfDeviance(k, n * p) - halfDeviance(rest, n * (1 - p))
  const scale = stirlingTail(n) - stirlingTail(k) - stirlingTail(rest)
  return Math.sqrt(n / (2 * Math.PI * k * rest)) * Math.exp(exponent + scale)
}

/** P(X <= k) for X ~ Binomial(n, p). */
export function binomialCdf(k: number, n: number, p: number): number {
  if (!(p >= 0 && p <= 1) || !(n >= 0)) throw new RangeError(`binomialCdf got n=${n}, p=${p}`)
  if (k < 0) return 0
  if (k >= n) return 1
  return betaCdf(1 - p, n - Math.floor(k), Math.floor(k) + 1)
}

/** Draws without replacement: `drawn` of `first + second`, how many are of the first kind. */
export interface Urn {
  readonly first: number
  readonly second: number
  readonly drawn: number
}

/** P(X = k) for the hypergeometric count of first-kind units among those drawn. */
export function hypergeometricProbability(k: number, { first, second, drawn }: Urn): number {
  const total = first + second
  if (k < Math.max(0, drawn - second) || k > Math.min(first, drawn)) return 0
  const p = drawn / total
  const both = binomialProbability(k, first, p) * binomialProbability(drawn - k, second, p)
  return both === 0 ? 0 : both / binomialProbability(drawn, total, p)
}

/** P(X < k), P(X = k) and P(X > k) of the hypergeometric count, each tail summed outwards so that it keeps its digits. */
export function hypergeometricTails(k: number, urn: Urn): { below: number; at: number; above: number } {
  const at = hypergeometricProbability(k, urn)
  const { first, second, drawn } = urn
  // Too unlikely for a number: everything is on the side of the mean.
  if (at === 0) return k * (first + second) > first * drawn ? { below: 1, at, above: 0 } : { below: 0, at, above: 1 }
  /** P(i + 1) / P(i). */
  const ratio = (i: number): number => ((first - i) / (i + 1)) * ((drawn - i) / (second - drawn + i + 1))
  let above = 0
  let term = at
  for (let i = k; i < Math.min(first, drawn); i += 1) {
    term *= ratio(i)
    above += term
    if (term < above * 1e-17) break
  }
  let below = 0
  term = at
  for (let i = k; i > Math.max(0, drawn - second); i -= 1) {
    term /= ratio(i - 1)
    below += term
    if (term < below * 1e-17) break
  }
  return { below, at, above }
}

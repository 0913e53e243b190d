import { normal, xoshiro } from '@serin/stats/seeded'
import type { Uniform } from '@serin/stats/seeded'

/** Chance for a simulation: the same for the same seed on every machine. */
export interface Chance {
  /** Uniform in (0, 1). */
  readonly uniform: Uniform
  /** Whether something of this probability happens. */
  happens(ratio: number): boolean
  /** Time until the next event of a Poisson process, in the unit of `1 / rate`. */
  exponential(rate: number): number
  /** A lognormal value with this median. */
  lognormal(median: number, sigma: number): number
  /** Uniform between two numbers. */
  between(low: number, high: number): number
  /** A whole number from 0 to below `n`. */
  below(n: number): number
}

/** A stream of chance. Streams of one seed with different names are independent: what one part draws never shifts what another part gets. */
export function seeded(seed: number, name: string): Chance {
  let mix = seed | 0
  for (const letter of name) mix = Math.imul(mix ^ letter.charCodeAt(0), 0x01000193)
  const uniform = xoshiro(mix)
  return {
    uniform,
    happens: (ratio) => ratio > 0 && uniform() < ratio,
    exponential: (rate) => -Math.log(uniform()) / rate,
    lognormal: (median, sigma) => median * Math.exp(sigma * normal(uniform)),
    between: (low, high) => low + (high - low) * uniform(),
    below: (n) => Math.floor(uniform() * n),
  }
}

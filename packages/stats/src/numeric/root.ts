/** Where to look for a root, and how near is near enough. */
export interface Bracket {
  readonly low: number
  readonly high: number
  /** Largest distance from the root relative to its size; default 1e-14. Never absolute: data may be of any scale. */
  readonly relative?: number
}

/**
 * A root of `f` between two ends where its signs differ, by Chandrupatla's method (1997): never slower than bisection by much,
 * mostly inverse quadratic. NaN when both ends have the same sign or `f` is not a number there.
 */
export function findRoot(f: (x: number) => number, { low, high, relative = 1e-14 }: Bracket): number {
  let [a, b] = [high, low]
  let [fa, fb] = [f(a), f(b)]
  if (fa === 0) return a
  if (fb === 0) return b
  if (!(fa < 0 !== fb < 0) || Number.isNaN(fa + fb)) return Number.NaN
  let [c, fc] = [a, fa]
  let part = 0.5
  for (let step = 0; step < 200; step += 1) {
    const x = a + part * (b - a)
    const fx = f(x)
    if (fx < 0 === fa < 0) {
      ;[c, fc] = [a, fa]
    } else {
      ;[c, fc, b, fb] = [b, fb, a, fa]
    }
    ;[a, fa] = [x, fx]
    const best = Math.abs(fa) < Math.abs(fb) ? a : b
    const tolerance = (relative * Math.abs(best) + Number.MIN_VALUE) / Math.abs(b - a)
    if (fa === 0 || fb === 0 || tolerance > 0.5) return best
    const ratio = (a - b) / (c - b)
    const rise = (fa - fb) / (fc - fb)
    const quadratic = 1 - Math.sqrt(1 - ratio) < rise && rise < Math.sqrt(ratio)
    const jump = quadratic
      ? (fa / (fb - fa)) * (fc / (fb - fc)) + (((c - a) / (b - a)) * fa * fb) / ((fc - fa) * (fc - fb))
      : 0.5
    part = Math.min(1 - tolerance, Math.max(tolerance, jump))
  }
  return Math.abs(fa) < Math.abs(fb) ? a : b
}

/** The first doubling of `start` at which `f` is no longer negative, or NaN when there is none up to 1e300. */
export function firstNotBelow(f: (x: number) => number, start: number): number {
  let at = start
  while (f(at) < 0) {
    at *= 2
    if (!(at < 1e300)) return Number.NaN
  }
  return at
}

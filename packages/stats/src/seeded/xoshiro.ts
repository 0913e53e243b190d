/** A stream of uniform numbers in (0, 1), the same for the same seed on every machine. For simulations, benchmarks and tests: never for a decision. */
export type Uniform = () => number

/** xoshiro128** seeded by splitmix32 (Blackman and Vigna; the generator of the calibration study). */
export function xoshiro(seed: number): Uniform {
  let mix = seed | 0
  const next = (): number => {
    mix = (mix + 0x9e3779b9) | 0
    let t = mix ^ (mix >>> 16)
    t = Math.imul(t, 0x21f0aaad)
    t ^= t >>> 15
    t = Math.imul(t, 0x735a2d97)
    return (t ^ (t >>> 15)) >>> 0
  }
  let a = next()
  let b = next()
  let c = next()
  let d = next()
  return () => {
    const product = Math.imul(b, 5)
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = (d << 11) | (d >>> 21)
    return (result + 0.5) / 4294967296
  }
}

/** A Poisson count by inversion; for means up to about 500. */
export function poisson(uniform: Uniform, mean: number): number {
  let term = Math.exp(-mean)
  let sum = term
  const u = uniform()
  let k = 0
  while (u > sum && k < 10_000) {
    k += 1
    term *= mean / k
    sum += term
  }
  return k
}

/** A standard normal by Box and Muller. */
export function normal(uniform: Uniform): number {
  return Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
}

/** How many of n independent trials succeed; exact by trials below 200, by inversion above. */
export function binomial(uniform: Uniform, n: number, p: number): number {
  let successes = 0
  if (n < 200) {
    for (let i = 0; i < n; i += 1) if (uniform() < p) successes += 1
    return successes
  }
  if (p > 0.5) return n - binomial(uniform, n, 1 - p)
  // Geometric gaps between successes: cheap when events are rare.
  const logMiss = Math.log1p(-p)
  let at = Math.floor(Math.log(uniform()) / logMiss)
  while (at < n) {
    successes += 1
    at += 1 + Math.floor(Math.log(uniform()) / logMiss)
  }
  return successes
}

import { lnNormalCdf, normalCdf } from '../numeric/normal.ts'

/** P(T <= t) for the first passage of a drifting Brownian motion with this mean and standard deviation (inverse Gaussian). */
export function inverseGaussianCdf(
  t: number,
  { mean, deviation }: { readonly mean: number; readonly deviation: number },
): number {
  if (!(t > 0)) return 0
  const shape = mean ** 3 / deviation ** 2
  const scale = Math.sqrt(shape / t)
  const direct = normalCdf(scale * (t / mean - 1))
  // The reflected part: e^{2 shape / mean} overflows where its factor underflows.
  const reflected = Math.exp((2 * shape) / mean + lnNormalCdf(-scale * (t / mean + 1)))
  return Math.min(1, direct + reflected)
}

import { logDensity } from './laws.ts'
import type { ErrorScenario, LatencyScenario } from './scenarios.ts'

/**
 * The least canary requests, on average, of any procedure that rolls a harmless canary back with probability at most alpha and a harmful one for
 * sure: ln(1/alpha) over the information per canary request, KL(P1||Q) + (1-a)/a KL(P0||Q) with Q = a P1 + (1-a) P0 (Wald, and the closest
 * harmless law). It does not know stable's law either; whoever knew that could be faster by about the factor 1 - a.
 */
export function errorLimit({ share, p0, p1 }: Pick<ErrorScenario, 'share' | 'p0' | 'p1'>, alpha: number): number {
  const q = share * p1 + (1 - share) * p0
  return Math.log(1 / alpha) / (divergence(p1, q) + ((1 - share) / share) * divergence(p0, q))
}

function divergence(p: number, q: number): number {
  const part = (x: number, y: number): number => (x > 0 ? x * Math.log(x / y) : 0)
  return part(p, q) + part(1 - p, 1 - q)
}

const steps = 40_000
const logLow = Math.log(1e-3)
const logHigh = Math.log(1e6)

/** The same for latencies, by integration over ln(latency). */
export function latencyLimit({ share, stable, canary }: LatencyScenario, alpha: number): number {
  const width = (logHigh - logLow) / steps
  let information = 0
  for (let step = 0; step <= steps; step += 1) {
    const ms = Math.exp(logLow + step * width)
    const f0 = logDensity(stable, ms)
    const f1 = logDensity(canary, ms)
    const q = share * f1 + (1 - share) * f0
    if (f1 > 0) information += width * f1 * Math.log(f1 / q)
    if (f0 > 0) information += ((1 - share) / share) * width * f0 * Math.log(f0 / q)
  }
  return Math.log(1 / alpha) / information
}

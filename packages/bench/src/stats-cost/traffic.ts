import { histogramOf, type ArrivalBatch, type BucketCell, type LogHistogram, type RatioBatch } from '@serin/stats'
import { normal, poisson, xoshiro, type Uniform } from '@serin/stats/seeded'

/** What a second of a rollout brings to one metric of each kind. */
export interface Second {
  readonly arrivals: ArrivalBatch
  readonly latency: { readonly canary: LogHistogram; readonly stable: LogHistogram }
  readonly means: RatioBatch
  readonly units: readonly [canary: number, stable: number]
}

const requestsPerSecond = 200
const canaryShare = 0.1
const errorRate = 0.01
const buckets = 256

function latencies(uniform: Uniform, count: number): LogHistogram {
  return histogramOf(Array.from({ length: count }, () => 80 * Math.exp(0.6 * normal(uniform))))
}

function cells(uniform: Uniform, count: number): readonly BucketCell[] {
  return Array.from({ length: count }, () => [Math.floor(uniform() * buckets), Math.exp(normal(uniform)), 1])
}

/** Latencies from before the rollout. */
export function baselineOf(seed: number): LogHistogram {
  return latencies(xoshiro(seed), 20_000)
}

/** Seeded seconds of a harmless canary at a tenth of 200 requests per second. */
export function secondsOf(count: number, seed: number): readonly Second[] {
  const uniform = xoshiro(seed)
  return Array.from({ length: count }, (): Second => {
    const canary = Math.max(1, poisson(uniform, requestsPerSecond * canaryShare))
    const stable = Math.max(1, poisson(uniform, requestsPerSecond * (1 - canaryShare)))
    return {
      arrivals: {
        share: canary / (canary + stable),
        canary: Math.min(canary, poisson(uniform, canary * errorRate)),
        stable: Math.min(stable, poisson(uniform, stable * errorRate)),
      },
      latency: { canary: latencies(uniform, canary), stable: latencies(uniform, stable) },
      means: { canary: cells(uniform, canary), stable: cells(uniform, stable) },
      units: [canary, stable],
    }
  })
}

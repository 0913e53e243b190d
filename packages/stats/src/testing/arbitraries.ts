import * as fc from 'fast-check'
import type { ArrivalBatch } from '../count/arrivals.ts'

const wild = fc.oneof(
  { weight: 6, arbitrary: fc.nat(50) },
  { weight: 1, arbitrary: fc.double() },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, -1, Number.NaN, Infinity, -Infinity, 1e-300, 1e15, 1.7e308) },
)

const share = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: 1e-4, max: 0.9999, noNaN: true }) },
  { weight: 1, arbitrary: fc.double() },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 5e-324, 1 - 2 ** -53) },
)

/** Batches of arrivals, many of which cannot be true. */
export const wildArrivals: fc.Arbitrary<ArrivalBatch> = fc.record(
  { share, canary: wild, stable: wild, durationMs: wild },
  { requiredKeys: ['share', 'canary', 'stable'] },
)

/** Events of a slot. */
export const someArrivals: fc.Arbitrary<Pick<ArrivalBatch, 'canary' | 'stable'>> = fc.record({
  canary: fc.nat(20),
  stable: fc.nat(100),
})

/** What a state is after it was stored and read again. */
export function replayed<State>(state: State): State {
  return JSON.parse(JSON.stringify(state)) as State
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { histogramOf } from '../latency/log-histogram.ts'
import { normal, xoshiro } from '../seeded/xoshiro.ts'
import { sameLatencyQuantile, sameQuantile } from './quantile-test.ts'
import { quantileHalfWidth, stitchedBoundary } from './stitched.ts'
import { dkwHalfWidth } from './dkw.ts'

function latencies(seed: number, count: number, factor: number): number[] {
  const uniform = xoshiro(seed)
  return Array.from({ length: count }, () => factor * 100 * Math.exp(0.6 * normal(uniform)))
}

test('equal laws are hardly ever told apart, however often one looks', () => {
  let wrong = 0
  for (let run = 0; run < 60; run += 1) {
    const [stable, canary] = [latencies(2 * run, 600, 1), latencies(2 * run + 1, 600, 1)]
    const alarmed = [50, 100, 200, 300, 450, 600].some((n) => {
      const arms = { stable: histogramOf(stable.slice(0, n)), canary: histogramOf(canary.slice(0, n)) }
      const read = sameLatencyQuantile(arms, 0.9, { plannedTrials: 300 })
      return read.ok && read.logE >= Math.log(20)
    })
    if (alarmed) wrong += 1
  }
  assert.ok(wrong <= 6, `${wrong} of 60 at 5 %`)
})

test('a quantile that differs is found, and finer cells find it no later', () => {
  const arms = { stable: histogramOf(latencies(7, 4_000, 1)), canary: histogramOf(latencies(8, 4_000, 1.4)) }
  const read = sameLatencyQuantile(arms, 0.5)
  assert.ok(read.ok && read.logE > Math.log(100))
  const fine = [
    { stable: 30, canary: 10 },
    { stable: 20, canary: 40 },
  ]
  const coarse = sameQuantile([{ stable: 50, canary: 50 }], 0.5)
  const split = sameQuantile(fine, 0.5)
  assert.ok(coarse.ok && split.ok && coarse.logE <= split.logE)
})

test('no values, and counts that are none, are refused', () => {
  assert.deepEqual(sameQuantile([], 0.5), {
    ok: false,
    reason: 'insufficient',
    message: 'Both versions need at least one value.',
  })
  assert.equal(sameQuantile([{ stable: Number.NaN, canary: 1 }], 0.5).ok, false)
  assert.throws(() => sameQuantile([{ stable: 1, canary: 1 }], 1), RangeError)
})

test('in the tails the stitched width is a fraction of the band of one width', () => {
  const n = 100_000
  const options = { alpha: 0.05, from: 100 }
  assert.ok(quantileHalfWidth(0.99, n, options) < 0.4 * dkwHalfWidth(n, 0.05))
  assert.ok(quantileHalfWidth(0.5, n, options) < 2 * dkwHalfWidth(n, 0.05))
  assert.ok(stitchedBoundary(1_000, 0, options) > stitchedBoundary(100, 0, options))
  assert.throws(() => stitchedBoundary(Number.NaN, 0, options), RangeError)
  assert.throws(() => quantileHalfWidth(0.5, 0, options), RangeError)
})

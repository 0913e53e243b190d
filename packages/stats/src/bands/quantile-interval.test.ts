import assert from 'node:assert/strict'
import process from 'node:process'
import { test } from 'node:test'
import { emptyHistogram, histogramOf, recordMs, createDense, toSparse } from '../latency/log-histogram.ts'
import { normal, xoshiro } from '../seeded/xoshiro.ts'
import { quantileBand } from './dkw.ts'
import { quantileInterval } from './quantile-interval.ts'

const long = process.env['SERIN_LONG'] === '1'

test('watched as latencies come in, it misses the true quantile at most as often as asked', () => {
  const runs = long ? 1_000 : 100
  for (const [q, z] of [
    [0.5, 0],
    [0.95, 1.6448536269514722],
  ] as const) {
    const truth = 100 * Math.exp(0.6 * z)
    let missed = 0
    for (let run = 0; run < runs; run += 1) {
      const uniform = xoshiro(0x9b000 + run)
      const dense = createDense()
      for (let look = 0; look < 30; look += 1) {
        for (let i = 0; i < 20; i += 1) recordMs(dense, 100 * Math.exp(0.6 * normal(uniform)))
        const reading = quantileInterval(toSparse(dense), q, { alpha: 0.1, plannedTrials: 300 })
        assert.ok(reading.ok)
        if (reading.lowMs <= truth && truth <= reading.highMs) continue
        missed += 1
        break
      }
    }
    assert.ok(missed <= 0.1 * runs, `${q}: ${missed} of ${runs}`)
  }
})

test('it contains the quantile and is tighter than the band for all quantiles, in the tail above all', () => {
  const uniform = xoshiro(23)
  const histogram = histogramOf(Array.from({ length: 5_000 }, () => 100 * Math.exp(0.6 * normal(uniform))))
  for (const q of [0.1, 0.5, 0.9, 0.99]) {
    const [one, all] = [quantileInterval(histogram, q), quantileBand(histogram, q, 0.05)]
    assert.ok(one.ok && all.ok)
    assert.ok(one.lowMs < one.estimateMs && one.estimateMs < one.highMs)
    assert.ok(one.lowMs >= all.lowMs && one.highMs <= all.highMs, `${q}`)
  }
  const [tail, open] = [quantileInterval(histogram, 0.99), quantileBand(histogram, 0.99, 0.05)]
  assert.ok(tail.ok && tail.highMs < 800 && open.ok && open.highMs === Infinity)
})

test('it is open where nothing bounds it: few latencies, and those slower than the histogram can tell', () => {
  const few = quantileInterval(histogramOf([1, 2, 3]), 0.5)
  assert.ok(few.ok && few.lowMs === 0 && few.highMs === Infinity)
  const slow = quantileInterval(histogramOf(Array.from({ length: 500 }, () => 1e9)), 0.5)
  assert.ok(slow.ok && slow.lowMs === 1e6 && slow.highMs === Infinity)
  const one = quantileInterval(histogramOf(Array.from({ length: 500 }, () => 50)), 0.5)
  assert.ok(one.ok && one.lowMs < 50 && one.highMs >= 50 && one.highMs / one.lowMs < 1.03)
  const none = quantileInterval(emptyHistogram(), 0.5)
  assert.ok(!none.ok && none.reason === 'insufficient')
  const broken = quantileInterval({ scheme: 'log-1.02', bins: [[1, -1]] }, 0.5)
  assert.ok(!broken.ok && broken.reason === 'invalid')
  for (const q of [0, 1, Number.NaN]) assert.throws(() => quantileInterval(emptyHistogram(), q), RangeError)
})

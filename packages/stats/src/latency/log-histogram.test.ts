import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { xoshiro } from '../seeded/xoshiro.ts'
import {
  BIN_COUNT,
  binOf,
  checkHistogram,
  countAbove,
  createDense,
  emptyHistogram,
  histogramCount,
  histogramMeanMs,
  histogramOf,
  histogramQuantile,
  mergeHistograms,
  recordMs,
  toDense,
  toSparse,
  upperEdgeMs,
  type LogHistogram,
} from './log-histogram.ts'

const latency = fc.oneof(
  fc.double({ min: 0, max: 2e6, noNaN: true }),
  fc.integer({ min: 0, max: BIN_COUNT - 2 }).map((bin) => upperEdgeMs(bin)),
  fc.double({ min: 0, max: 50, noNaN: true }),
)
const histogram = fc.array(latency, { maxLength: 40 }).map(histogramOf)

test('a latency lies in the bin whose edges hold it, at the edges too', () => {
  fc.assert(
    fc.property(latency, (ms) => {
      const bin = binOf(ms)
      assert.ok(ms <= upperEdgeMs(bin), `${ms} above bin ${bin}`)
      if (bin > 0) assert.ok(ms > upperEdgeMs(bin - 1), `${ms} below bin ${bin}`)
    }),
    { numRuns: 2_000 },
  )
  for (let bin = 0; bin < BIN_COUNT - 1; bin += 1) {
    const edge = upperEdgeMs(bin)
    assert.deepEqual([binOf(edge), binOf(edge * (1 + Number.EPSILON))], [bin, bin + 1], `the edge ${edge}`)
  }
  assert.deepEqual([binOf(0), binOf(-5), binOf(Number.NaN)], [0, 0, 0])
  assert.equal(binOf(1e9), BIN_COUNT - 1)
  assert.equal(upperEdgeMs(BIN_COUNT - 1), Infinity)
  for (const bin of [-1, 1.5, BIN_COUNT]) assert.throws(() => upperEdgeMs(bin), RangeError)
})

test('merging is adding: any order, any grouping, nothing lost', () => {
  fc.assert(
    fc.property(histogram, histogram, histogram, (a, b, c) => {
      const left = mergeHistograms(mergeHistograms(a, b), c)
      assert.deepEqual(left, mergeHistograms(a, mergeHistograms(b, c)))
      assert.deepEqual(mergeHistograms(a, b), mergeHistograms(b, a))
      assert.deepEqual(mergeHistograms(a, emptyHistogram()), a)
      assert.equal(histogramCount(left), histogramCount(a) + histogramCount(b) + histogramCount(c))
      assert.equal(checkHistogram(left), null)
    }),
  )
})

test('shards merge to the histogram of all of it', () => {
  fc.assert(
    fc.property(fc.array(fc.array(latency, { maxLength: 20 }), { maxLength: 5 }), (shards) => {
      const merged = shards.map(histogramOf).reduce(mergeHistograms, emptyHistogram())
      assert.deepEqual(merged, histogramOf(shards.flat()))
    }),
  )
})

test('what is stored is what was counted', () => {
  fc.assert(
    fc.property(histogram, (stored) => {
      const dense = toDense(stored)
      assert.ok(dense.ok)
      assert.deepEqual(toSparse(dense.state), stored)
      assert.deepEqual(JSON.parse(JSON.stringify(stored)), stored)
    }),
  )
})

test('a quantile is within a bin of the sample quantile: one percent from the middle', () => {
  const uniform = xoshiro(7)
  const sample = Array.from({ length: 5_000 }, () => 20 * Math.exp(3 * (uniform() + uniform()))).sort((a, b) => a - b)
  const counted = histogramOf(sample)
  for (const q of [0.001, 0.25, 0.5, 0.95, 0.99, 1]) {
    const exact = sample[Math.max(0, Math.ceil(q * sample.length) - 1)] ?? 0
    const reading = histogramQuantile(counted, q)
    assert.ok(reading.ok && reading.lowerMs < exact && exact <= reading.upperMs && !reading.censored, String(q))
    assert.ok(Math.abs(reading.estimateMs / exact - 1) <= 0.0101)
  }
  const mean = sample.reduce((sum, ms) => sum + ms, 0) / sample.length
  assert.ok(Math.abs((histogramMeanMs(counted) ?? 0) / mean - 1) <= 0.0101)
})

test('counts above a cut are exact, and what is too slow to tell is said to be', () => {
  fc.assert(
    fc.property(fc.array(latency, { maxLength: 60 }), fc.integer({ min: 0, max: BIN_COUNT - 2 }), (all, bin) => {
      assert.equal(countAbove(histogramOf(all), bin), all.filter((ms) => ms > upperEdgeMs(bin)).length)
    }),
  )
  const slow = histogramQuantile(histogramOf([5e6]), 0.5)
  assert.ok(slow.ok && slow.censored && slow.estimateMs === 1_000_000)
})

test('what is no latency is not counted, and a histogram that cannot be is refused', () => {
  const dense = createDense()
  for (const ms of [-1, Number.NaN]) assert.equal(recordMs(dense, ms), false)
  assert.equal(recordMs(dense, 1, -2), false)
  assert.deepEqual(toSparse(dense), emptyHistogram())
  assert.deepEqual([histogramMeanMs(emptyHistogram()), histogramQuantile(emptyHistogram(), 0.5).ok], [null, false])
  assert.throws(() => histogramQuantile(emptyHistogram(), 1.5), RangeError)
  const wrong = [
    { scheme: 'log-2', bins: [] },
    { scheme: 'log-1.02', bins: [[1.5, 1]] },
    {
      scheme: 'log-1.02',
      bins: [
        [5, 1],
        [4, 1],
      ],
    },
    { scheme: 'log-1.02', bins: [[BIN_COUNT, 1]] },
    { scheme: 'log-1.02', bins: [[5, -1]] },
    { scheme: 'log-1.02', bins: [[5, Number.NaN]] },
  ]
  for (const each of wrong) {
    const refusal = checkHistogram(each as unknown as LogHistogram)
    assert.ok(refusal !== null && refusal.reason === 'invalid', JSON.stringify(each))
    assert.equal(toDense(each as unknown as LogHistogram).ok, false)
  }
})

import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addToBuckets, bucketRatio, emptyBuckets, type BucketCell, type BucketSums } from './hash-buckets.ts'

const cell: fc.Arbitrary<BucketCell> = fc.tuple(fc.nat(31), fc.integer({ min: -50, max: 50 }), fc.nat(50))
const cells = fc.array(cell, { maxLength: 60 })

function sumsOf(...batches: readonly (readonly BucketCell[])[]): BucketSums {
  let sums = emptyBuckets()
  for (const batch of batches) {
    const next = addToBuckets(sums, batch, 32)
    assert.ok(next.ok)
    sums = next.state
  }
  return sums
}

test('adding is the same in any order and grouping, and the sums are the sums of the cells', () => {
  fc.assert(
    fc.property(cells, cells, (a, b) => {
      assert.deepEqual(sumsOf(a, b), sumsOf(b, a))
      assert.deepEqual(sumsOf(a, b), sumsOf([...a, ...b].toReversed()))
      const sums = sumsOf(a, b)
      assert.equal(
        sums.num,
        sums.cells.reduce((sum, [, num]) => sum + num, 0),
      )
      assert.deepEqual(
        sums.cells.map(([bucket]) => bucket),
        [...new Set([...a, ...b].map(([bucket]) => bucket))].toSorted((x, y) => x - y),
      )
    }),
  )
})

test('the ratio is num over den, its variance is not below 0, and one bucket alone says nothing', () => {
  fc.assert(
    fc.property(cells, (batch) => {
      const sums = sumsOf(batch)
      const reading = bucketRatio(sums)
      if (!reading.ok) {
        assert.equal(reading.reason, 'insufficient')
        return
      }
      assert.equal(reading.ratio, sums.num / sums.den)
      assert.ok(reading.variance >= 0 && reading.largestShare <= 1 && Number.isFinite(reading.jackknifeVariance))
    }),
  )
  assert.equal(bucketRatio(sumsOf([[3, 5, 10]])).ok, false)
  assert.equal(bucketRatio(emptyBuckets()).ok, false)
})

test('what one heavy bucket decides is said to be decided by it', () => {
  const even = Array.from({ length: 32 }, (_, bucket): BucketCell => [bucket, bucket % 2, 10])
  const plain = bucketRatio(sumsOf(even))
  assert.ok(plain.ok && !plain.dominated)
  const heavy = bucketRatio(sumsOf([...even, [7, 500, 10]]))
  assert.ok(heavy.ok && heavy.dominated && heavy.largestShare > 0.9)
})

test('cells that cannot be are refused and nothing is added', () => {
  for (const wrong of [
    [32, 1, 1],
    [-1, 1, 1],
    [0.5, 1, 1],
    [0, Number.NaN, 1],
    [0, Infinity, 1],
    [0, 1, -1],
    [0, 1, Number.NaN],
  ] as const) {
    const refusal = addToBuckets(emptyBuckets(), [[1, 1, 1], wrong], 32)
    assert.ok(!refusal.ok && refusal.reason === 'invalid', String(wrong))
  }
})

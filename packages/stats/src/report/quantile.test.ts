import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { xoshiro } from '../seeded/xoshiro.ts'
import { orderRanks, quantileEffect, quantileEstimate, quantileOf } from './quantile.ts'

test('ranks of the interval are the ones the binomial gives', () => {
  for (const [units, q, low, high, coverage] of [
    [100, 0.5, 40, 61, 0.9647997997822952],
    [1000, 0.9, 881, 919, 0.9549071811148259],
    [10, 0.5, 2, 9, 0.978515625],
  ] as const) {
    const ranks = orderRanks(units, { q })
    assert.ok(ranks.ok && ranks.low === low && ranks.high === high, JSON.stringify(ranks))
    assert.ok(Math.abs(ranks.coverage - coverage) < 1e-12)
  }
  const few = orderRanks(59, { q: 0.95 })
  assert.ok(!few.ok && few.reason === 'insufficient')
  const wrong = orderRanks(10.5, { q: 0.5 })
  assert.ok(!wrong.ok && wrong.reason === 'invalid')
})

test('the interval holds the quantile as often as it says, whatever the distribution (seeded)', () => {
  const uniform = xoshiro(0x90a7)
  let held = 0
  let promised = 0
  const runs = 1500
  for (let run = 0; run < runs; run += 1) {
    // Exponential, cubed: a heavy tail.
    const estimate = quantileEstimate(
      Array.from({ length: 300 }, () => (-Math.log(uniform())) ** 3),
      { q: 0.9 },
    )
    assert.ok(estimate.ok)
    promised = estimate.coverage
    const truth = Math.log(10) ** 3
    if (estimate.low <= truth && truth <= estimate.high) held += 1
  }
  assert.ok(promised >= 0.95)
  assert.ok(held / runs >= promised - 4 * Math.sqrt((promised * (1 - promised)) / runs), `${held} of ${runs}`)
})

test('quantiles by interpolation keep within the values and rise with q', () => {
  const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 40 })
  const q = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(values, q, q, (all, a, b) => {
      const sorted = all.toSorted((x, y) => x - y)
      const [low, high] = [quantileOf(sorted, Math.min(a, b)), quantileOf(sorted, Math.max(a, b))]
      assert.ok((sorted[0] ?? 0) <= low && low <= high + 1e-9 && high <= (sorted.at(-1) ?? 0))
    }),
  )
  assert.ok(Number.isNaN(quantileOf([], 0.5)))
  assert.throws(() => quantileOf([1], 1.1), RangeError)
})

test('an effect on a quantile', () => {
  const effect = quantileEffect(
    { stable: { estimate: 100, low: 96, high: 104 }, canary: { estimate: 110, low: 107, high: 113 } },
    { difference: 'relative' },
  )
  assert.ok(effect.ok && Math.abs(effect.estimate - 0.1) < 1e-15)
  // Half-widths 4 and 3 (times 1.1 for the unit it is told in) add up as squares.
  assert.ok(Math.abs(effect.standardError - Math.hypot(4 * 1.1, 3) / 1.959963984540054 / 100) < 1e-12)
  for (const stable of [
    { estimate: 1, low: 1, high: 1 },
    { estimate: 1, low: Number.NaN, high: 2 },
  ])
    assert.ok(!quantileEffect({ stable, canary: { estimate: 1, low: 0, high: 2 } }).ok)
  const wild = quantileEstimate([1, Infinity], { q: 0.5 })
  assert.ok(!wild.ok && wild.reason === 'invalid')
})

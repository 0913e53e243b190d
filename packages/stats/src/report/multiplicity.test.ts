import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LOG_ZERO } from '../numeric/log-space.ts'
import { normalSurvival } from '../numeric/normal.ts'
import { normal, xoshiro } from '../seeded/xoshiro.ts'
import { adjustedInterval, benjaminiHochberg, eBenjaminiHochberg, holm } from './multiplicity.ts'

function adjusted(result: ReturnType<typeof holm>): readonly number[] {
  assert.ok(result.ok)
  return result.adjusted
}

const pValues = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 12 })

test('adjusting never makes a p-value smaller, keeps the order, and Holm is never below Benjamini-Hochberg', () => {
  fc.assert(
    fc.property(pValues, (p) => {
      const [strict, loose] = [adjusted(holm(p)), adjusted(benjaminiHochberg(p))]
      for (const [i, own] of p.entries()) {
        assert.ok((loose[i] ?? 0) >= own - 1e-15 && (strict[i] ?? 0) >= (loose[i] ?? 0) - 1e-12)
        assert.ok((strict[i] ?? 2) <= 1)
        for (const [j, other] of p.entries())
          if (own < other) assert.ok((strict[i] ?? 0) <= (strict[j] ?? 0) && (loose[i] ?? 0) <= (loose[j] ?? 0))
      }
    }),
  )
})

test('e-BH rejects the k largest for the greatest k whose k-th is at least K / (q k)', () => {
  const reading = eBenjaminiHochberg([120, 3, 0.4, 60, 1.1].map(Math.log), 0.1)
  // K / q = 50: 120 >= 50 and 60 >= 25, but 3 < 16.7.
  assert.ok(reading.ok)
  assert.deepEqual(reading.rejected, [true, false, false, true, false])
  const wanted = [5 / 120, 5 / 9, 1, 5 / 120, 1]
  for (const [i, value] of reading.adjusted.entries()) assert.ok(Math.abs(value - (wanted[i] ?? 0)) < 1e-12)
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 10 }),
      fc.constantFrom(0.05, 0.1, 0.25),
      (e, q) => {
        const read = eBenjaminiHochberg(
          e.map((value) => (value === 0 ? LOG_ZERO : Math.log(value))),
          q,
        )
        assert.ok(read.ok)
        const sorted = e.toSorted((a, b) => b - a)
        let most = 0
        for (let k = 1; k <= e.length; k += 1) if ((sorted[k - 1] ?? 0) >= e.length / (q * k) - 1e-9) most = k
        const least = most === 0 ? Infinity : (sorted[most - 1] ?? 0)
        assert.deepEqual(
          read.rejected,
          e.map((value) => value >= least),
        )
      },
    ),
  )
})

test('e-BH keeps its share of false reports under dependence (seeded)', () => {
  const uniform = xoshiro(0xeb4)
  const runs = 1500
  let share = 0
  for (let run = 0; run < runs; run += 1) {
    const shared = normal(uniform)
    // Twelve slices, three with an effect; e-values of a likelihood ratio for a shift of 3, strongly dependent.
    const logE = Array.from({ length: 12 }, (_, i) => {
      const x = (i < 3 ? 3.5 : 0) + 0.8 * shared + 0.6 * normal(uniform)
      return 3 * x - 4.5
    })
    const read = eBenjaminiHochberg(logE, 0.2)
    assert.ok(read.ok)
    const reported = read.rejected.filter(Boolean).length
    const wrong = read.rejected.filter((rejected, i) => rejected && i >= 3).length
    share += reported === 0 ? 0 : wrong / reported
  }
  assert.ok(share / runs <= 0.2, `${share / runs}`)
})

test('Holm keeps the chance of any false report (seeded)', () => {
  const uniform = xoshiro(0x401)
  const runs = 1500
  let any = 0
  for (let run = 0; run < runs; run += 1) {
    const shared = normal(uniform)
    const p = Array.from({ length: 8 }, () => normalSurvival(0.5 * shared + Math.sqrt(0.75) * normal(uniform)))
    if (adjusted(holm(p)).some((value) => value <= 0.05)) any += 1
  }
  assert.ok(any / runs <= 0.05 + 4 * Math.sqrt((0.05 * 0.95) / runs), `${any} of ${runs}`)
})

test('what is no p-value or e-value is refused', () => {
  for (const result of [holm([0.5, 1.2]), benjaminiHochberg([Number.NaN]), eBenjaminiHochberg([Infinity], 0.1)])
    assert.ok(!result.ok && result.reason === 'invalid')
  assert.throws(() => eBenjaminiHochberg([1], 0), RangeError)
  assert.ok(!adjustedInterval(Number.NaN, { pValue: 0.5 }).ok && !adjustedInterval(1, { pValue: 0 }).ok)
  assert.deepEqual(adjustedInterval(1, { pValue: 1 }), { ok: true, low: null, high: null })
  assert.deepEqual(adjusted(holm([])), [])
})

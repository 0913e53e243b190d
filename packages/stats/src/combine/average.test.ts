import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LOG_ZERO } from '../numeric/log-space.ts'
import { anytimePValue, closedAverage, combineEvidence } from './average.ts'

const logE = fc.oneof(fc.double({ min: -50, max: 50, noNaN: true }), fc.constantFrom(0, LOG_ZERO))
const entries = fc
  .array(fc.record({ weight: fc.double({ min: 0.01, max: 100, noNaN: true }), logE }), { minLength: 1, maxLength: 8 })
  .map((all) => all.map((each, i) => ({ ...each, name: `m${i}` })))

test('the average lies between the least and the greatest, and does not depend on the order', () => {
  fc.assert(
    fc.property(entries, (all) => {
      const combined = combineEvidence(all)
      const values = all.map((each) => each.logE)
      assert.ok(combined.logE <= Math.max(...values) + 1e-9)
      assert.ok(combined.logE >= Math.min(...values) - 1e-9)
      const reversed = combineEvidence(all.toReversed())
      assert.ok(Math.abs(reversed.logE - combined.logE) <= 1e-9 * Math.max(1, Math.abs(combined.logE)))
    }),
  )
})

test('contributions are sorted, and their parts add up to all of it', () => {
  fc.assert(
    fc.property(entries, (all) => {
      const { contributions, logE: total } = combineEvidence(all)
      for (const [i, each] of contributions.slice(1).entries()) assert.ok((contributions[i]?.logE ?? 0) >= each.logE)
      const sum = contributions.reduce((part, each) => part + each.share, 0)
      assert.ok(total <= LOG_ZERO ? sum === 0 : Math.abs(sum - 1) < 1e-9)
    }),
  )
})

test('one metric that reaches its own threshold decides for all of them', () => {
  const alone = combineEvidence([
    { name: 'a', weight: 1, logE: Math.log(200) },
    { name: 'b', weight: 1, logE: LOG_ZERO },
  ])
  assert.ok(Math.abs(alone.logE - Math.log(100)) < 1e-12)
  assert.equal(alone.contributions[0]?.name, 'a')
})

test('nothing to combine is no evidence, and nonsense is an error of the programmer', () => {
  assert.deepEqual(combineEvidence([]), { logE: 0, contributions: [] })
  for (const wrong of [
    { name: 'a', weight: 0, logE: 0 },
    { name: 'a', weight: Infinity, logE: 0 },
    { name: 'a', weight: 1, logE: Number.NaN },
    { name: 'a', weight: 1, logE: Infinity },
  ])
    assert.throws(() => combineEvidence([wrong]), RangeError)
})

test('closed testing never makes an e-value larger, and keeps the order', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: 1, maxLength: 8 }), (all) => {
      const adjusted = closedAverage(all)
      for (const [i, own] of all.entries()) assert.ok((adjusted[i] ?? 0) <= own + 1e-12)
      const best = all.indexOf(Math.max(...all))
      assert.ok(adjusted.every((value) => value <= (adjusted[best] ?? 0) + 1e-12))
    }),
  )
})

test('an anytime p-value is a probability', () => {
  assert.deepEqual([anytimePValue(-3), anytimePValue(0)], [1, 1])
  assert.ok(Math.abs(anytimePValue(Math.log(20)) - 0.05) < 1e-15)
})

import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addLog, LOG_ZERO, logAddExp, logSumExp } from './log-space.ts'

const log = fc.oneof(fc.double({ min: -800, max: 800, noNaN: true }), fc.constantFrom(LOG_ZERO, -1e200, 0))

test('sums of exponentials, whatever their size, and JSON can hold them', () => {
  fc.assert(
    fc.property(fc.array(log, { maxLength: 20 }), (values) => {
      const sum = logSumExp(values)
      const high = Math.max(LOG_ZERO, ...values)
      assert.ok(sum >= high && sum <= high + Math.log(Math.max(1, values.length)) + 1e-12)
      assert.equal(JSON.parse(JSON.stringify(sum)), sum)
    }),
  )
  assert.equal(logSumExp([]), LOG_ZERO)
  assert.ok(Math.abs(logSumExp([Math.log(1), Math.log(2), Math.log(3)]) - Math.log(6)) < 1e-15)
})

test('a pair is a sum of two, and what is lost stays lost', () => {
  fc.assert(
    fc.property(log, log, (a, b) => {
      assert.ok(Math.abs(logAddExp(a, b) - logSumExp([a, b])) <= 1e-12 * Math.max(1, Math.abs(a), Math.abs(b)))
    }),
  )
  assert.equal(addLog(LOG_ZERO, -5), LOG_ZERO)
  assert.equal(addLog(3, LOG_ZERO), LOG_ZERO)
})

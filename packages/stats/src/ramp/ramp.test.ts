import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { test } from 'node:test'
import { xoshiro } from '../seeded/xoshiro.ts'
import { expectedEventsUpTo } from './expected-events.ts'
import { rampShares, riskOf } from './risk.ts'

test('the bound on what was due holds at all times together, while the chances drift', () => {
  const alpha = 0.1
  let missed = 0
  const runs = 400
  const bounds = Array.from({ length: 600 }, (_, events) => expectedEventsUpTo(events, alpha))
  for (let run = 0; run < runs; run += 1) {
    const random = xoshiro(0x7a000000 + run)
    let [events, due, wrong] = [0, 0, false]
    for (let trial = 0; trial < 4_000 && !wrong; trial += 1) {
      const chance = 0.05 + 0.04 * Math.sin(trial / 300)
      due += chance
      if (random() < chance) events += 1
      wrong = due > (bounds[events] ?? Infinity)
    }
    if (wrong) missed += 1
  }
  assert.ok(missed <= runs * alpha, `missed in ${missed} of ${runs} runs`)
  assert.ok(missed > 0, 'a bound that is never reached says little')
})

test('no event bounds what was due by a few, and many by themselves and a little more', () => {
  const none = expectedEventsUpTo(0, 0.05)
  assert.ok(none > 3 && none < 7, String(none))
  const many = expectedEventsUpTo(10_000, 0.05)
  assert.ok(many > 10_000 && many < 10_500, String(many))
  assert.throws(() => expectedEventsUpTo(-1, 0.05), RangeError)
  assert.throws(() => expectedEventsUpTo(Number.NaN, 0.05), RangeError)
})

test('a smaller alpha and more events are never due for less', () => {
  fc.assert(
    fc.property(fc.nat(100_000), fc.nat(1_000), fc.double({ min: 1e-6, max: 0.5, noNaN: true }), (n, more, alpha) => {
      const at = expectedEventsUpTo(n, alpha)
      assert.ok(at > n && expectedEventsUpTo(n + more, alpha) >= at && expectedEventsUpTo(n, alpha / 2) >= at)
    }),
    { numRuns: 200 },
  )
})

test('what the shares allow is never more than what is left, and a spent budget allows nothing', () => {
  const number = (max: number) => fc.double({ min: 0, max, noNaN: true })
  fc.assert(
    fc.property(number(1e4), number(1e4), number(1), number(1e6), (events, spent, harmUpTo, trialsAhead) => {
      const { grow, stay } = rampShares({ events, spent, harmUpTo, trialsAhead })
      assert.ok(grow >= 0 && grow <= stay && stay <= 1)
      if (spent < events) assert.ok(spent + stay * trialsAhead * harmUpTo <= events * (1 + 1e-9))
      else assert.equal(stay, 0)
    }),
  )
  assert.throws(() => rampShares({ events: 1, spent: 0, harmUpTo: Number.NaN, trialsAhead: 1 }), RangeError)
})

test('before any evidence the first share is a quarter of the budget in an interval', () => {
  assert.deepEqual(rampShares({ events: 300, spent: 0, harmUpTo: 1, trialsAhead: 3_000 }), { grow: 0.025, stay: 0.1 })
})

test('risk falls with evidence for no difference and rises with evidence for one', () => {
  const at = (difference: number, standardError: number) => riskOf({ difference, standardError, margin: 0.01 })
  assert.equal(at(0, 0.01).probability, 0.5)
  assert.ok(at(0, 0.001).beyondMargin < at(0, 0.01).beyondMargin)
  assert.ok(at(0.03, 0.002).beyondMargin > 0.99)
  const sure = at(0.02, 1e-5)
  assert.ok(Math.abs(sure.impact - 0.02) < 1e-4, String(sure.impact))
  const better = at(-0.02, 0.002)
  assert.ok(better.probability < 1e-6 && better.impact >= 0 && better.impact < 0.001)
})

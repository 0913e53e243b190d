import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { normal, binomial, xoshiro } from '../seeded/xoshiro.ts'
import { compareProportions, fisherMidP, wilsonInterval } from './proportions.ts'
import type { ProportionReading } from './proportions.ts'

const near = (actual: number | null, wanted: number, allowed = 1e-12): boolean =>
  actual !== null && Math.abs(actual - wanted) <= allowed

function read(...args: Parameters<typeof compareProportions>): ProportionReading {
  const reading = compareProportions(...args)
  assert.ok(reading.ok, JSON.stringify(reading))
  return reading
}

test('Wilson’s interval, at the edge too', () => {
  const z = 1.959963984540054
  const few = wilsonInterval({ units: 50, events: 3 }, z)
  assert.ok(near(few.low, 0.020614970348973957) && near(few.high, 0.1621709168883817))
  const none = wilsonInterval({ units: 10, events: 0 }, z)
  assert.ok(none.low === 0 && near(none.high, 0.27753279986288926))
  assert.equal(wilsonInterval({ units: 10, events: 10 }, z).high, 1)
})

test('Newcombe’s own example (1998, method 10)', () => {
  const reading = read({ stable: { units: 80, events: 48 }, canary: { units: 70, events: 56 } })
  assert.ok(near(reading.difference, 0.2) && near(reading.low, 0.0524, 5e-5) && near(reading.high, 0.3339, 5e-5))
  const rare = read({ stable: { units: 10, events: 0 }, canary: { units: 10, events: 0 } })
  assert.ok(near(rare.low, -0.2775, 5e-5) && near(rare.high, 0.2775, 5e-5) && rare.pValue === 1 && rare.ratio === null)
})

test('rare events are judged by Fisher’s mid-p', () => {
  const arms = { stable: { units: 1000, events: 5 }, canary: { units: 120, events: 4 } }
  const reading = read(arms)
  assert.ok(reading.method === 'fisher mid-p' && reading.z === null && near(reading.pValue, 0.01146478489318563))
  assert.ok(near(fisherMidP(arms, 'greater'), 0.005732392446592815))
  assert.ok(near(read(arms, { alternative: 'less' }).pValue, 0.9942676075534073))
})

test('a million units and a tail of 1e-100', () => {
  const reading = read({ stable: { units: 1_000_000, events: 10_000 }, canary: { units: 10_000, events: 320 } })
  assert.ok(reading.method === 'pooled z' && reading.pValue < 1e-90 && reading.pValue > 0)
  const rare = read({ stable: { units: 1_000_000, events: 3 }, canary: { units: 1000, events: 40 } })
  assert.ok(rare.method === 'fisher mid-p' && rare.pValue < 1e-90 && rare.pValue > 0)
})

const arm = fc
  .tuple(fc.integer({ min: 1, max: 3000 }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([units, part]) => ({ units, events: Math.floor(part * units) }))

test('exchanging the arms, or events and their absence, mirrors everything', () => {
  const swap = ({ units, events }: { units: number; events: number }) => ({ units, events: units - events })
  fc.assert(
    fc.property(arm, arm, (stable, canary) => {
      const there = read({ stable, canary })
      const back = read({ stable: canary, canary: stable })
      const other = read({ stable: swap(stable), canary: swap(canary) })
      for (const mirrored of [back, other]) {
        assert.ok(near(mirrored.pValue, there.pValue, 1e-9))
        assert.ok(near(mirrored.low, -(there.high ?? 0), 1e-9) && near(mirrored.high, -(there.low ?? 0), 1e-9))
      }
      assert.ok((there.low ?? 0) <= there.difference && there.difference <= (there.high ?? 0))
      assert.ok((there.low ?? 0) >= -1 - 1e-12 && (there.high ?? 0) <= 1 + 1e-12)
    }),
  )
})

test('what cannot be counts is refused, and what a test needs is said', () => {
  const good = { units: 100, events: 10 }
  for (const wrong of [
    { units: -1, events: 0 },
    { units: 10, events: 11 },
    { units: Number.NaN, events: 0 },
    { units: Infinity, events: 1 },
  ]) {
    const reading = compareProportions({ stable: good, canary: wrong })
    assert.ok(!reading.ok && reading.reason === 'invalid')
  }
  const empty = compareProportions({ stable: good, canary: { units: 0, events: 0 } })
  assert.ok(!empty.ok && empty.reason === 'insufficient')
  const sampled = compareProportions({ stable: good, canary: { units: 20.5, events: 1.5 } })
  assert.ok(!sampled.ok && sampled.message.includes('whole'))
})

test('both tests and the interval keep their promise at one look (seeded)', () => {
  const uniform = xoshiro(0x5e1f)
  assert.ok(Number.isFinite(normal(uniform)))
  let alarms = 0
  let missed = 0
  const runs = 2000
  for (let run = 0; run < runs; run += 1) {
    const stable = { units: 900, events: binomial(uniform, 900, 0.02) }
    const canary = { units: 100, events: binomial(uniform, 100, 0.02) }
    const reading = read({ stable, canary })
    if (reading.pValue <= 0.05) alarms += 1
    if ((reading.low ?? 0) > 0 || (reading.high ?? 0) < 0) missed += 1
  }
  // Five standard errors of 5 % over 2000 runs are 2.4 points; mid-p may exceed its level a little.
  assert.ok(alarms / runs <= 0.074 && missed / runs <= 0.074, `${alarms} alarms, ${missed} missed of ${runs}`)
})

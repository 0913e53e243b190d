import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createUnitHarm,
  unitHarmLogE,
  unitsHarmed,
  updateUnitHarm,
  type UnitHarm,
  type UnitHarmBatch,
} from './unit-harm.ts'

const nobody = { canary: 0, stable: 0 }
const share = fc.double({ min: 0.001, max: 0.999, noNaN: true })
const arrivals = fc.record({ canary: fc.nat(8), stable: fc.nat(60) })
const batch: fc.Arbitrary<UnitHarmBatch> = fc.record({
  whole: fc.option(arrivals),
  recent: arrivals,
  share,
  newEpoch: fc.boolean(),
})

const folded = (batches: readonly UnitHarmBatch[], start = createUnitHarm()): UnitHarm =>
  batches.reduce(updateUnitHarm, start)

test('time and epochs alone win and lose nothing, however many there are', () => {
  let state = createUnitHarm()
  for (let epoch = 0; epoch < 1_000; epoch += 1) {
    assert.ok(Math.abs(unitHarmLogE(state)) < 1e-9, `${epoch}: ${unitHarmLogE(state)}`)
    state = folded([{ whole: nobody, recent: nobody, share: 0.1, newEpoch: true }], state)
  }
})

test('one more first event of a unit among equals is not expected to add capital, whatever came before', () => {
  fc.assert(
    fc.property(fc.array(batch, { maxLength: 8 }), share, fc.boolean(), (past, at, newEpoch) => {
      const state = folded(past)
      const [canary, stable] = [
        { canary: 1, stable: 0 },
        { canary: 0, stable: 1 },
      ].map((one) => unitHarmLogE(folded([{ whole: one, recent: one, share: at, newEpoch }], state)))
      const before = unitHarmLogE(state)
      const expected = at * Math.exp((canary ?? 0) - before) + (1 - at) * Math.exp((stable ?? 0) - before)
      assert.ok(Math.abs(expected - 1) < 1e-9, String(expected))
    }),
  )
})

test('a stored state goes on as if it had not been stored', () => {
  fc.assert(
    fc.property(fc.array(batch, { maxLength: 6 }), fc.array(batch, { maxLength: 6 }), (before, after) => {
      const kept = JSON.parse(JSON.stringify(folded(before))) as UnitHarm
      assert.deepEqual(folded(after, kept), folded([...before, ...after]))
    }),
  )
})

test('harm that begins late is found in an epoch of its own', () => {
  const healthy: UnitHarmBatch = {
    whole: { canary: 1, stable: 19 },
    recent: { canary: 1, stable: 19 },
    share: 0.05,
    newEpoch: true,
  }
  const bad: UnitHarmBatch = {
    whole: { canary: 4, stable: 6 },
    recent: { canary: 4, stable: 6 },
    share: 0.05,
    newEpoch: false,
  }
  const past = Array.from({ length: 12 }, () => healthy)
  const late = folded([...past, { ...bad, newEpoch: true }, bad, bad])
  const alone = folded([bad, bad, bad])
  assert.ok(unitHarmLogE(late) > 4.6, `${unitHarmLogE(late)} after health, ${unitHarmLogE(alone)} without`)
})

test('units are counted in all, or in the epoch when the others are forgotten', () => {
  const state = folded([
    { whole: { canary: 2, stable: 0 }, recent: { canary: 2, stable: 0 }, share: 0.1, newEpoch: false },
    { whole: null, recent: { canary: 3, stable: 0 }, share: 0.1, newEpoch: true },
  ])
  assert.equal(unitsHarmed(state), 3)
})

test('a batch that cannot be true changes nothing', () => {
  const state = folded([
    { whole: { canary: 1, stable: 3 }, recent: { canary: 1, stable: 3 }, share: 0.2, newEpoch: false },
  ])
  for (const wrong of [
    { whole: { canary: -1, stable: 0 }, recent: nobody, share: 0.2 },
    { whole: nobody, recent: { canary: Number.NaN, stable: 2 }, share: 0.2 },
    { whole: { canary: 2, stable: 0 }, recent: { canary: 2, stable: 0 }, share: 0 },
  ])
    assert.deepEqual(folded([{ ...wrong, newEpoch: false }], state), state)
})

import assert from 'node:assert/strict'
import process from 'node:process'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { replayed } from '../testing/arbitraries.ts'
import { xoshiro } from '../seeded/xoshiro.ts'
import {
  createBoundedMean,
  readBoundedMean,
  updateBoundedMean,
  type BoundedBatch,
  type BoundedMeanReading,
  type BoundedMeanState,
} from './empirical-bernstein.ts'

const long = process.env['SERIN_LONG'] === '1'

function play(state: BoundedMeanState, batch: BoundedBatch): BoundedMeanState {
  const updated = updateBoundedMean(state, batch)
  assert.ok(updated.ok, 'message' in updated ? updated.message : '')
  return updated.state
}

function read(state: BoundedMeanState): BoundedMeanReading {
  const reading = readBoundedMean(state)
  assert.ok(reading.ok)
  return reading
}

test('the interval is that of an independent implementation of the paper’s formula', () => {
  // numpy, over whole arrays; alpha 0.05 for both versions together.
  const canary = Array.from({ length: 200 }, (_, i) => (((i + 1) * 37) % 101) / 101)
  const stable = Array.from({ length: 400 }, (_, i) => 0.2 + (0.1 * (((i + 1) * 13) % 7)) / 7)
  const { canary: c, stable: s, ...rest } = read(play(createBoundedMean(), { canary, stable }))
  for (const [got, wanted] of [
    [c.low, 0.41846409083172476],
    [c.high, 0.5748723028542602],
    [s.low, 0.22063728583069941],
    [s.high, 0.2652912855978725],
  ] as const)
    assert.ok(Math.abs(got - wanted) < 1e-12, `${got} instead of ${wanted}`)
  assert.ok(Math.abs(rest.differenceLow - (c.low - s.high)) < 1e-15)
  assert.ok(Math.abs(rest.differenceHigh - (c.high - s.low)) < 1e-15)
})

test('looked at after every unit, it misses the difference at most as often as asked: rare large values included', () => {
  const runs = long ? 1_000 : 120
  for (const [name, draw] of [
    ['one unit in fifty', (u: number) => (u < 0.02 ? 1 : 0)],
    ['anything', (u: number) => u],
    ['mostly the same', (u: number) => (u < 0.9 ? 0.5 : u)],
  ] as const) {
    let missed = 0
    for (let run = 0; run < runs; run += 1) {
      const uniform = xoshiro(0xa3000 + run)
      let state = createBoundedMean({ alpha: 0.1 })
      for (let unit = 0; unit < 300; unit += 1) {
        state = play(state, { canary: [draw(uniform())], stable: [draw(uniform())] })
        const { differenceLow, differenceHigh } = read(state)
        if (differenceLow <= 0 && differenceHigh >= 0) continue
        missed += 1
        break
      }
    }
    assert.ok(missed <= 0.1 * runs, `${name}: ${missed} of ${runs}`)
  }
})

test('a real difference is shown, in the units of the values', () => {
  const uniform = xoshiro(31)
  let state = createBoundedMean({ low: -10, high: 30 })
  for (let unit = 0; unit < 3_000; unit += 1)
    state = play(state, { canary: [4 * uniform()], stable: [6 + 4 * uniform()] })
  const reading = read(state)
  assert.ok(Math.abs(reading.difference + 6) < 0.2 && reading.differenceHigh < -4 && reading.differenceLow > -8)
  assert.equal(reading.canary.units, 3_000)
})

test('batches may be cut anywhere, states may be stored, and units keep their order', () => {
  const uniform = xoshiro(32)
  const values = Array.from({ length: 60 }, () => uniform())
  const whole = play(createBoundedMean(), { canary: values, stable: values })
  let parts = createBoundedMean()
  for (let i = 0; i < 60; i += 7) {
    const some = values.slice(i, i + 7)
    parts = play(replayed(parts), { canary: some, stable: some })
  }
  assert.deepEqual(parts, whole)
})

test('a value outside the range is refused, and so is a range that is none', () => {
  fc.assert(
    fc.property(fc.double(), (value) => {
      const updated = updateBoundedMean(createBoundedMean(), { canary: [0.5, value], stable: [] })
      assert.equal(updated.ok, value >= 0 && value <= 1)
      if (updated.ok) assert.ok(Object.values(updated.state.canary).every(Number.isFinite))
    }),
    { seed: 1 },
  )
  const none = readBoundedMean(createBoundedMean())
  assert.ok(!none.ok && none.reason === 'insufficient')
  for (const range of [
    { low: 1, high: 1 },
    { low: 2, high: 1 },
    { low: -Infinity, high: 1 },
    { low: -1.7e308, high: 1.7e308 },
  ])
    assert.throws(() => createBoundedMean(range), RangeError)
  assert.throws(() => createBoundedMean({ alpha: 0 }), RangeError)
})

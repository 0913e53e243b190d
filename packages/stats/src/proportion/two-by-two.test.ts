import assert from 'node:assert/strict'
import process from 'node:process'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { createHarm, readHarm, updateHarm } from '../count/harm-mixture.ts'
import { replayed } from '../testing/arbitraries.ts'
import { binomial, xoshiro, type Uniform } from '../seeded/xoshiro.ts'
import {
  createTwoByTwo,
  readTwoByTwo,
  updateTwoByTwo,
  type TwoByTwoBatch,
  type TwoByTwoOptions,
  type TwoByTwoState,
} from './two-by-two.ts'

const long = process.env['SERIN_LONG'] === '1'

function batchOf(canary: readonly [number, number], stable: readonly [number, number]): TwoByTwoBatch {
  return {
    canary: { trials: canary[0], events: canary[1] },
    stable: { trials: stable[0], events: stable[1] },
  }
}

function play(state: TwoByTwoState, batch: TwoByTwoBatch): TwoByTwoState {
  const updated = updateTwoByTwo(state, batch)
  assert.ok(updated.ok, 'message' in updated ? updated.message : '')
  return updated.state
}

const logE = (state: TwoByTwoState): number => {
  const reading = readTwoByTwo(state)
  return reading.ok ? reading.logE : 0
}

function choose(n: number, k: number): number {
  let ways = 1
  for (let i = 1; i <= k; i += 1) ways = (ways * (n - k + i)) / i
  return ways
}

test('whatever came before, the expected gain of a slot is at most 1 at every common rate, and less when the canary is better', () => {
  const probability = (trials: number, events: number, p: number): number =>
    choose(trials, events) * p ** events * (1 - p) ** (trials - events)
  const past = [batchOf([5, 4], [40, 3]), batchOf([1, 1], [60, 59])].reduce(play, createTwoByTwo({ restarts: null }))
  const expected = (pCanary: number, pStable: number): number => {
    let sum = 0
    for (let x = 0; x <= 4; x += 1) {
      for (let y = 0; y <= 9; y += 1) {
        const gain = Math.exp(logE(play(past, batchOf([4, x], [9, y]))) - logE(past))
        sum += probability(4, x, pCanary) * probability(9, y, pStable) * gain
      }
    }
    return sum
  }
  for (const p of [0.01, 0.05, 0.3, 0.5, 0.7, 0.95, 0.999]) {
    assert.ok(expected(p, p) <= 1 + 1e-12, `${p}: ${expected(p, p)}`)
    assert.ok(expected(0.7 * p, p) <= expected(p, p), `better than ${p}: ${expected(0.7 * p, p)}`)
  }
  assert.ok(expected(0.9, 0.3) > 1, 'and it does win when the canary is worse')
})

/** Seconds until each test proves harm at 5 %: 200 requests per second, a tenth of them on the canary. */
function race(uniform: Uniform, p0: number, factor: number): { readonly both: number; readonly arrivals: number } {
  let state = createTwoByTwo({ restarts: null })
  let harm = createHarm({ restarts: null, grid: 'exponential-64' })
  let [both, arrivals] = [0, 0]
  for (let second = 1; second <= 1_500 && (both === 0 || arrivals === 0); second += 1) {
    const canary = binomial(uniform, 200, 0.1)
    const [x, y] = [binomial(uniform, canary, p0 * factor), binomial(uniform, 200 - canary, p0)]
    state = play(state, batchOf([canary, x], [200 - canary, y]))
    const updated = updateHarm(harm, { share: canary / 200, canary: x, stable: y })
    assert.ok(updated.ok)
    harm = updated.state
    if (both === 0 && logE(state) >= Math.log(20)) both = second
    if (arrivals === 0 && readHarm(harm).logE >= Math.log(20)) arrivals = second
  }
  return { both: both || Infinity, arrivals: arrivals || Infinity }
}

test('frequent events are judged at least twice as fast as by the arrivals alone', () => {
  const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
  for (const [p0, factor, within] of [
    [0.3, 1.1, 150],
    [0.6, 1.05, 160],
  ] as const) {
    const races = Array.from({ length: long ? 200 : 25 }, (_, run) => race(xoshiro(0xa2000 + run), p0, factor))
    const both = median(races.map((each) => each.both))
    const arrivals = median(races.map((each) => each.arrivals))
    assert.ok(both <= within, `${p0}: ${both} s`)
    assert.ok(1.7 * both <= arrivals, `${p0}: ${both} s against ${arrivals} s`)
  }
})

test('a harmless canary is hardly ever called worse, while rates drift and the share grows', () => {
  const runs = long ? 2_000 : 150
  const options: readonly TwoByTwoOptions[] = [{}, { worse: 'down' }]
  for (const [way, each] of options.entries()) {
    let found = 0
    for (let run = 0; run < runs; run += 1) {
      const uniform = xoshiro(0xa2f00 + 10_000 * way + run)
      let state = createTwoByTwo(each)
      for (let second = 0; second < 300; second += 1) {
        const rate = 0.4 + 0.3 * Math.sin(second / 40)
        const canary = binomial(uniform, 100, second < 150 ? 0.05 : 0.5)
        state = play(
          state,
          batchOf([canary, binomial(uniform, canary, rate)], [100 - canary, binomial(uniform, 100 - canary, rate)]),
        )
        if (logE(state) < Math.log(20)) continue
        found += 1
        break
      }
    }
    assert.ok(found / runs <= 0.05 + 3 * Math.sqrt((0.05 * 0.95) / runs), `${found} of ${runs}`)
  }
})

test('fewer events are harm where they are good', () => {
  let down = createTwoByTwo({ worse: 'down' })
  let up = createTwoByTwo({ worse: 'up' })
  for (let second = 0; second < 60; second += 1) {
    const batch = batchOf([20, 4], [100, 40])
    down = play(down, batch)
    up = play(up, batch)
  }
  assert.ok(logE(down) > Math.log(1_000) && logE(up) < 0)
  const reading = readTwoByTwo(down)
  assert.ok(reading.ok && Math.abs(reading.canaryRate - 0.2) < 1e-12 && Math.abs(reading.stableRate - 0.4) < 1e-12)
})

test('what cannot be true is refused, and nothing finite ever gives a number that is not one', () => {
  const wild = fc.oneof(fc.nat(1_000), fc.double(), fc.constantFrom(-1, NaN, Infinity, 0, 1e15))
  const trials = fc.record({ trials: wild, events: wild })
  fc.assert(
    fc.property(fc.array(fc.record({ canary: trials, stable: trials }), { maxLength: 6 }), (batches) => {
      let state = createTwoByTwo()
      for (const batch of batches) {
        const updated = updateTwoByTwo(state, batch)
        const sane = [batch.canary, batch.stable].every(
          (arm) => arm.events >= 0 && arm.events <= arm.trials && arm.trials <= Number.MAX_SAFE_INTEGER,
        )
        assert.equal(updated.ok, sane)
        if (updated.ok) state = updated.state
      }
      assert.ok(Number.isFinite(state.capital.logE))
      assert.deepEqual(replayed(state), state)
    }),
    { seed: 3, numRuns: 200 },
  )
  // A source that counts in trillions, and an event that always (or never) happens: neither rounding nor a chance of exactly 1 gives NaN.
  for (const events of [0, 1]) {
    for (const [most, few] of [
      [2 ** 53 - 1, 0.1],
      [2 ** 53 - 1, 2 ** 53 - 1],
      [0.3, 2 ** 52 + 0.5],
    ] as const) {
      let state = createTwoByTwo()
      for (let slot = 0; slot < 50; slot += 1) state = play(state, batchOf([few, few * events], [most, most * events]))
      const logEs = [state, play(state, batchOf([3, 3], [4, 0])), play(state, batchOf([3, 0], [4, 4]))].map(logE)
      assert.ok(logEs.every(Number.isFinite), `${events}, ${most}, ${few}: ${logEs.join(', ')}`)
    }
  }
  assert.throws(() => createTwoByTwo({ expectedRate: 1 }), RangeError)
  const empty = readTwoByTwo(createTwoByTwo())
  assert.ok(!empty.ok && empty.reason === 'insufficient')
})

import assert from 'node:assert/strict'
import process from 'node:process'
import { test } from 'node:test'
import { xoshiro } from '../seeded/xoshiro.ts'
import { chanceToReach, exactThreshold } from './exact-threshold.ts'
import { createHarm, readHarm, updateHarm } from './harm-mixture.ts'

const long = process.env['SERIN_LONG'] === '1'
const ville = Math.log(100)

test('at the threshold of Ville the chances are those of the study', () => {
  for (const [share, chance] of [
    [0.01, 0.0028],
    [0.05, 0.0036],
    [0.25, 0.005],
    [0.5, 0.0065],
  ] as const) {
    const got = chanceToReach({ share, horizonEvents: 1_000 }, ville)
    assert.ok(Math.abs(got - chance) <= 0.00005, `${share}: ${got}`)
  }
})

test('thresholds for 300 and 3000 errors are those of the study, and keep their promise exactly', () => {
  for (const [share, alpha, short, far] of [
    [0.01, 0.01, 3.09, 3.6],
    [0.05, 0.01, 3.62, 4.04],
    [0.25, 0.01, 4.07, 4.32],
    [0.5, 0.01, 4.04, 4.45],
    [0.05, 0.05, 1.94, 2.27],
    [0.05, 0.001, 5.61, 6.13],
  ] as const) {
    for (const [horizonEvents, wanted] of [[300, short], ...(long ? [[3_000, far] as const] : [])] as const) {
      const { threshold, chance } = exactThreshold({ share, horizonEvents }, alpha)
      assert.ok(Math.abs(threshold - wanted) <= 0.02, `${share}, ${alpha}, ${horizonEvents}: ${threshold}`)
      assert.ok(chance <= alpha && chance > 0.7 * alpha, `${chance}`)
      assert.ok(chanceToReach({ share, horizonEvents }, threshold - 0.01) > alpha - 1e-4)
    }
  }
})

test('the chance is the one that simulated coins have', () => {
  const horizon = { share: 0.25, horizonEvents: 60 }
  const threshold = 1.5
  const runs = long ? 20_000 : 1_500
  let reached = 0
  for (let run = 0; run < runs; run += 1) {
    const uniform = xoshiro(0xe7000 + run)
    let state = createHarm({ restarts: null })
    for (let event = 0; event < horizon.horizonEvents && readHarm(state).logE < threshold; event += 1) {
      const canary = uniform() < horizon.share ? 1 : 0
      const updated = updateHarm(state, { share: horizon.share, canary, stable: 1 - canary })
      assert.ok(updated.ok)
      state = updated.state
    }
    if (readHarm(state).logE >= threshold) reached += 1
  }
  const chance = chanceToReach(horizon, threshold)
  assert.ok(
    Math.abs(reached / runs - chance) <= 4 * Math.sqrt((chance * (1 - chance)) / runs),
    `${reached / runs}, ${chance}`,
  )
})

test('at the ends: no threshold is always reached, an endless one never, and the least alphas keep their promise', () => {
  const horizon = { share: 0.3, horizonEvents: 200 }
  assert.deepEqual(
    [-1, 0, Infinity].map((threshold) => chanceToReach(horizon, threshold)),
    [1, 1, 0],
  )
  for (const alpha of [1e-12, 1e-30]) {
    const { threshold, chance } = exactThreshold(horizon, alpha)
    assert.ok(chance <= alpha && threshold < Math.log(1 / alpha) - 1, `${alpha}: ${threshold}, ${chance}`)
  }
  // Three events: reached at 3 of 3 only, so the chance is that of three heads.
  const three = { share: 0.1, horizonEvents: 3 }
  assert.ok(Math.abs(chanceToReach(three, 4.5) - 0.001) < 1e-9, `${chanceToReach(three, 4.5)}`)
})

test('a longer horizon needs a higher threshold, and none needs more than for ever', () => {
  const at = (horizonEvents: number): number => exactThreshold({ share: 0.1, horizonEvents }, 0.01).threshold
  const thresholds = [1, 5, 30, 100, 400].map(at)
  for (const [i, threshold] of thresholds.entries()) assert.ok(i === 0 || threshold >= (thresholds[i - 1] ?? 0) - 1e-4)
  assert.ok((thresholds.at(-1) ?? Infinity) <= ville)
  for (const horizonEvents of [0, 1.5, 20_001, Number.NaN])
    assert.throws(() => exactThreshold({ share: 0.1, horizonEvents }, 0.01), RangeError)
  assert.throws(() => exactThreshold({ share: 0, horizonEvents: 10 }, 0.01), RangeError)
  assert.throws(() => chanceToReach({ share: 0.1, horizonEvents: 10 }, Number.NaN), RangeError)
  assert.throws(() => exactThreshold({ share: 0.1, horizonEvents: 10 }, 1), RangeError)
})

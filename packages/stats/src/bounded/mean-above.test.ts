import assert from 'node:assert/strict'
import { test } from 'node:test'
import { xoshiro } from '../seeded/xoshiro.ts'
import { createMeanAbove, updateMeanAbove } from './mean-above.ts'

function peak(values: () => number, slots: number, limit: number): number {
  let state = createMeanAbove({ limit })
  for (let i = 0; i < slots; i += 1) {
    const updated = updateMeanAbove(state, { value: values() })
    assert.ok(updated.ok)
    state = updated.state
  }
  return state.peakLogE
}

test('below the limit it hardly ever says otherwise, however the requests of a slot hang together', () => {
  const random = xoshiro(7)
  let alarms = 0
  // A heavy user fails everything in one slot of fifty: 2 % in the mean, all at once.
  for (let run = 0; run < 400; run += 1)
    if (peak(() => (random() < 0.02 ? 1 : 0), 600, 0.02) >= Math.log(20)) alarms += 1
  assert.ok(alarms <= 400 * 0.05, `${alarms} of 400`)
})

test('above the limit it says so soon', () => {
  const random = xoshiro(8)
  const noisy = (mean: number) => () => Math.min(1, Math.max(0, mean + (random() - 0.5) * 0.02))
  for (let run = 0; run < 50; run += 1) {
    assert.ok(peak(() => 1, 3, 0.02) >= Math.log(100))
    assert.ok(peak(noisy(0.05), 60, 0.02) >= Math.log(100))
  }
})

test('what comes late is found too', () => {
  let state = createMeanAbove({ limit: 0.02 })
  const play = (value: number): number => {
    const updated = updateMeanAbove(state, { value })
    assert.ok(updated.ok)
    state = updated.state
    return state.logE
  }
  for (let i = 0; i < 3_600; i += 1) play(0)
  let slots = 0
  while (play(0.5) < Math.log(100)) slots += 1
  assert.ok(slots < 30, `${slots}`)
})

test('a limit or a value that cannot be is refused', () => {
  assert.throws(() => createMeanAbove({ limit: 0 }), RangeError)
  assert.equal(updateMeanAbove(createMeanAbove({ limit: 0.1 }), { value: 1.1 }).ok, false)
  assert.equal(updateMeanAbove(createMeanAbove({ limit: 0.1 }), { value: Number.NaN }).ok, false)
})

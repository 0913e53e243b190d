import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorWatch } from './error-watch.ts'
import { partOfBoot } from './memory.ts'

/** A small generator with a seed: the same numbers each time. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

for (const sticky of [true, false]) {
  test(`an alike canary is hardly ever pulled back, whatever its share and the epochs do (${sticky ? 'units' : 'requests'})`, () => {
    const alpha = 0.05
    const [runs, errors] = [1_500, 300]
    let alarms = 0
    const random = seeded(7)
    for (let run = 0; run < runs; run += 1) {
      const watch = new ErrorWatch({ sticky, alpha })
      for (let i = 0; i < errors; i += 1) {
        if (i % 60 === 0) watch.share([0.01, 0.05, 0.25, 0.5, 0.9][i / 60] ?? 0.5)
        if (i % 50 === 49) watch.beginEpoch()
        const share = [0.01, 0.05, 0.25, 0.5, 0.9][Math.floor(i / 60)] ?? 0.5
        watch.failed(random() < share ? 'canary' : 'stable', i % 3, i % 3)
        if (random() < 0.5 && watch.look() >= watch.threshold) {
          alarms += 1
          break
        }
      }
    }
    // Three standard deviations above what is promised would be 75 + 25.
    assert.ok(alarms <= runs * alpha, `${alarms} of ${runs}`)
  })
}

test('a canary that alone fails is found after a few errors, at once or after a healthy hour', () => {
  const needed = (late: boolean, share: number): number => {
    const watch = new ErrorWatch({ sticky: true, alpha: 0.002 })
    watch.share(share)
    // An hour in which both fail now and then, each by its share.
    const past = late ? 1_000 : 0
    for (let i = 0; i < past; i += 1) watch.failed(i % Math.round(1 / share) === 0 ? 'canary' : 'stable', 0, 0)
    watch.beginEpoch()
    for (let errors = 1; errors < 100; errors += 1) {
      watch.failed('canary', 0, 0)
      if (watch.look() >= watch.threshold) return errors
    }
    return Infinity
  }
  assert.ok(needed(false, 0.05) <= 5, `${needed(false, 0.05)}`)
  assert.ok(needed(false, 0.5) <= 16, `${needed(false, 0.5)}`)
  assert.ok(needed(true, 0.05) <= 8, `${needed(true, 0.05)}`)
})

test('errors while there is nothing to compare say nothing, and two are never enough', () => {
  const watch = new ErrorWatch({ sticky: false, alpha: 0.5 })
  for (let i = 0; i < 50; i += 1) watch.failed('canary', 0, 0)
  assert.ok(watch.look() <= 0)
  watch.share(0.001)
  watch.failed('canary', 0, 0)
  watch.failed('canary', 0, 0)
  assert.ok(watch.look() <= 0)
  watch.failed('canary', 0, 0)
  assert.ok(watch.look() > watch.threshold)
})

test('what all restarts together may spend is what was promised', () => {
  const parts = Array.from({ length: 10_000 }, (_, boot) => partOfBoot(boot + 1))
  const sum = parts.reduce((total, part) => total + part, 0)
  assert.ok(sum > 0.9999 && sum <= 1)
})

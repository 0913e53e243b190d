import assert from 'node:assert/strict'
import process from 'node:process'
import { test } from 'node:test'
import { answers, calibrations, countOf, keepsPromise, play, sticky, type Case } from './testing/calibration.ts'

/** The gate plays half of the runs of a round, the long form (SERIN_LONG=1) ten rounds; `npm run -s calibrate` prints the rates. */
const times = process.env['SERIN_LONG'] === '1' ? 10 : 0.5

const titles = { harmless: 'is not rolled back', 'at-the-margin': 'is hardly ever called safe', harmful: 'is found' }

for (const calibration of calibrations) {
  test(`${calibration.name}: ${titles[calibration.promise.kind]}`, () => {
    const runs = Math.ceil(calibration.runs * times)
    const count = countOf(calibration, runs)
    assert.ok(keepsPromise(calibration, count, runs), `${count} of ${runs}`)
  })
}

test('the same version twice is proved safe in minutes', () => {
  const same: Case = { ...sticky, users: 4_000, requestsPerSecond: 100, share: () => 5_000, nextBp: 10_000 }
  const found = Array.from({ length: 8 * times }, (_, i) =>
    play({ ...same, v1: answers({ failed: () => false }), v2: answers({ failed: () => false }) }, 0xa7000 + i),
  )
  const proved = (name: string): number => found.filter(({ safe }) => name in safe).length
  assert.ok(proved('errors') >= 0.7 * found.length, `errors: ${proved('errors')} of ${found.length}`)
  assert.ok(proved('latency') >= 0.7 * found.length, `latency: ${proved('latency')} of ${found.length}`)
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { replayed } from '../testing/arbitraries.ts'
import { normal, xoshiro } from '../seeded/xoshiro.ts'
import { seriesDetectors } from './detectors.ts'
import type { SeriesDetector } from './detectors.ts'

/** The readings after each value, a point per minute; through JSON between points when asked. */
function scores<State>(detector: SeriesDetector<State>, values: readonly number[], stored = false) {
  let state = detector.create()
  const all = values.map((value, i) => {
    const next = detector.update(state, { atMs: i * 60_000, value })
    assert.ok(next.ok)
    state = stored ? replayed(next.state) : next.state
    const read = detector.read(state)
    return read.ok ? read.score : null
  })
  return { all, state }
}

const uniform = xoshiro(3)
const noise = Array.from({ length: 700 }, (_, i) => normal(uniform) + (i > 600 ? 8 : 0))

for (const [name, detector] of Object.entries(seriesDetectors) as [string, SeriesDetector<unknown>][]) {
  describe(name, () => {
    test('refuses what is no point, and keeps the state', () => {
      const { state } = scores(detector, [1, 2, 3])
      for (const bad of [
        { atMs: 1e9, value: NaN },
        { atMs: 1e9, value: Infinity },
        { atMs: 1e9, value: -1e200 },
        { atMs: NaN, value: 1 },
        { atMs: 120_000, value: 1 },
        { atMs: 0, value: 1 },
      ]) {
        const next = detector.update(state, bad)
        assert.ok(!next.ok && next.reason === 'invalid', JSON.stringify(bad))
      }
    })

    test('a shift of eight deviations is seen, with or without storing the state between points', () => {
      const { all } = scores(detector, noise)
      assert.ok(all.slice(601).some((score) => (score ?? 0) > 0.5))
      assert.deepEqual(scores(detector, noise, true).all, all)
    })

    test('the unit and its zero do not matter', () => {
      const { all } = scores(detector, noise)
      assert.deepEqual(
        scores(
          detector,
          noise.map((value) => 1024 * value),
        ).all,
        all,
      )
      const moved = scores(
        detector,
        noise.map((value) => value + 1000),
      ).all
      for (const [i, score] of all.entries()) assert.ok(Math.abs((moved[i] ?? 0) - (score ?? 0)) < 1e-6)
    })

    test('memory has a limit', () => {
      const many = Array.from({ length: 4000 }, (_, i) => (i * 7919) % 1009)
      const size = (count: number): number =>
        JSON.stringify(scores(detector, many.slice(0, count)).state).match(/\d+(\.\d+)?/g)?.length ?? 0
      assert.ok(size(4000) <= 2100, `${size(4000)} numbers`)
    })

    test('any finite values give a score from 0 to 1 or a refusal', () => {
      const value = fc.oneof(fc.double({ min: -1e150, max: 1e150, noNaN: true }), fc.integer({ min: -2, max: 2 }))
      fc.assert(
        fc.property(fc.array(value, { minLength: 120, maxLength: 400 }), (values) => {
          for (const score of scores(detector, values).all) assert.ok(score === null || (score >= 0 && score <= 1))
        }),
        { numRuns: 20 },
      )
    })
  })
}

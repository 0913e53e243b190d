import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RolloutPoint } from './history.ts'
import { mostPoints, withPoint } from './trail.ts'

function pointAt(at: number, step = 0): RolloutPoint {
  const rest = { askedBp: 0, inForceBp: 0, splitPercent: null, sentence: '', reason: null, judgement: null }
  return { at, step, phase: 'watching', ...rest }
}

test('however long a rollout lasts, its trail has a limit, both ends, and is in order', () => {
  const gaps = fc.array(fc.integer({ min: -5, max: 5_000 }), { minLength: 1, maxLength: 1_500 })
  fc.assert(
    fc.property(gaps, fc.integer({ min: 1, max: 400 }), (each, stepsOf) => {
      let [trail, at, youngest]: [readonly RolloutPoint[], number, number] = [[], 0, -Infinity]
      for (const [i, gap] of each.entries()) {
        at += gap
        trail = withPoint(trail, pointAt(at, i % stepsOf))
        youngest = Math.max(youngest, at)
      }
      assert.ok(trail.length <= mostPoints + 1)
      assert.equal(trail[0]?.at, each[0])
      assert.equal(trail.at(-1)?.at, youngest)
      for (const [i, point] of trail.entries()) if (i > 0) assert.ok(point.at > (trail[i - 1]?.at ?? 0))
    }),
    { numRuns: 30 },
  )
})

test('what is thinned away is the quiet between, not the turns', () => {
  let trail: readonly RolloutPoint[] = []
  for (let at = 1; at <= 2_000; at += 1) trail = withPoint(trail, pointAt(at, Math.floor(at / 300)))
  assert.deepEqual([...new Set(trail.map(({ step }) => step))], [0, 1, 2, 3, 4, 5, 6])
  assert.ok(trail.some(({ at }) => at === 600))
})

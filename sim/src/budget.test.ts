import assert from 'node:assert/strict'
import { test } from 'node:test'
import { binomialSurvival } from '@serin/stats'
import { mostAllowed } from './budget.ts'

test('the bound is the smallest that a truth within the budget exceeds less than once in a thousand times', () => {
  for (const [runs, most] of [
    [1, 1],
    [50, 4],
    [200, 8],
    [1_000, 21],
  ] as const) {
    assert.equal(mostAllowed(runs, 0.01), most)
    assert.ok(binomialSurvival(most + 1, runs, 0.01) < 0.001)
    assert.ok(most === 1 || binomialSurvival(most, runs, 0.01) >= 0.001)
  }
})

test('a truth far over the budget does not pass', () => {
  const most = mostAllowed(200, 0.01)
  assert.ok(1 - binomialSurvival(most + 1, 200, 0.1) < 0.01)
})

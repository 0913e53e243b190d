import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { campaign, worldNamed } from './campaign.ts'
import { reportOf } from './report.ts'

const runs = {
  'errors-doubled-5': 3,
  'errors-doubled-20': 4,
  'errors-doubled-100': 6,
  'errors-doubled-sticky': 4,
  'slow-tail': 5,
  'slow-tail-sticky': 3,
  'wrong-answers': 3,
  'late-harm': 1,
  'adaptive-dead': 4,
  'adaptive-errors-sticky': 4,
}

describe('a harmful version is rolled back, and never promoted', () => {
  for (const [name, count] of Object.entries(runs)) {
    const world = worldNamed(name)
    test(world.promise, async () => {
      const outcomes = await campaign(world, { from: 1, count })
      assert.deepEqual(reportOf(world, outcomes).failures, [])
      // The order to go back reaches the router at once.
      assert.ok(Math.max(...outcomes.map(({ switchMs }) => switchMs)) < 1_000)
    })
  }
})

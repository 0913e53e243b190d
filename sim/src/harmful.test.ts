import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { campaign, worldNamed } from './campaign.ts'
import { reportOf } from './report.ts'

const runs = {
  'errors-doubled-5': 6,
  'errors-doubled-20': 8,
  'errors-doubled-100': 10,
  'errors-doubled-sticky': 6,
  'slow-tail': 10,
  'slow-tail-sticky': 6,
  'wrong-answers': 5,
  'late-harm': 2,
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

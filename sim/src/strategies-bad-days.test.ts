import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { campaign } from './campaign.ts'
import { reportOf } from './report.ts'
import { strategyWorlds } from './strategy-worlds.ts'

describe('bad days of every strategy', () => {
  for (const world of strategyWorlds.filter(({ name }) => name.includes('bad-day'))) {
    test(`${world.name}: ${world.promise}`, async () => {
      // Those of a harmful version differ in the version alone.
      const outcomes = await campaign(world, { from: 1, count: world.name.endsWith('-harmful') ? 1 : 2 })
      assert.deepEqual(reportOf(world, outcomes).failures, [])
    })
  }
})

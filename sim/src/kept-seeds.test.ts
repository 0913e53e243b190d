import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { campaign, worldNamed } from './campaign.ts'
import { keptSeeds } from './kept-seeds.ts'
import { reportOf } from './report.ts'

describe('what broke a promise once keeps it', () => {
  for (const { world: name, seed, why } of keptSeeds) {
    test(`${name} ${seed}: ${why}`, async () => {
      const world = worldNamed(name)
      const outcomes = await campaign(world, { from: seed, count: 1 })
      assert.deepEqual(reportOf(world, outcomes).failures, [])
    })
  }
})

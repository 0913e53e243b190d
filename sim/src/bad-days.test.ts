import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { campaign, worldNamed } from './campaign.ts'
import { reportOf } from './report.ts'

const runs = {
  'no-traffic': 3,
  bursts: 3,
  'never-ready': 2,
  'exits-at-once': 2,
  'canary-dies': 3,
  'router-trouble': 4,
  'evidence-trouble': 4,
  'full-disk': 4,
  killed: 6,
  'clock-jumps': 4,
  'clock-set-back': 2,
  operator: 6,
  'bad-day': 10,
  'bad-day-harmful': 8,
  'bad-day-sticky': 3,
}

describe('bad days', () => {
  for (const [name, count] of Object.entries(runs)) {
    const world = worldNamed(name)
    test(world.promise, async () => {
      const outcomes = await campaign(world, { from: 1, count })
      assert.deepEqual(reportOf(world, outcomes).failures, [])
    })
  }

  test('a control plane that is killed is started again, and the worlds above did kill it', async () => {
    const outcomes = await campaign(worldNamed('killed'), { from: 1, count: 3 })
    assert.ok(outcomes.every(({ lives }) => lives > 1))
  })
})

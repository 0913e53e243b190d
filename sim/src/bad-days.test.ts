import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { campaign, worldNamed } from './campaign.ts'
import { reportOf } from './report.ts'

const runs = {
  'no-traffic': 2,
  bursts: 1,
  'never-ready': 1,
  'exits-at-once': 1,
  'canary-dies': 2,
  'router-trouble': 3,
  'evidence-trouble': 2,
  'full-disk': 3,
  killed: 4,
  'two-control-planes': 4,
  'clock-jumps': 3,
  'clock-set-back': 1,
  'gateway-restarts': 2,
  'stable-crashes': 2,
  operator: 4,
  'bad-day': 6,
  'bad-day-harmful': 4,
  'bad-day-of-two': 3,
  'bad-day-sticky': 1,
}

describe('bad days', () => {
  for (const [name, count] of Object.entries(runs)) {
    const world = worldNamed(name)
    test(world.promise, async () => {
      const outcomes = await campaign(world, { from: 1, count })
      assert.deepEqual(reportOf(world, outcomes).failures, [])
    })
  }

  test('a control plane that is killed is started again, and the world does kill it', async () => {
    const [outcome] = await campaign(worldNamed('killed'), { from: 1, count: 1 })
    assert.ok((outcome?.lives ?? 0) > 1)
  })

  test('a control plane that stands still is replaced, and finds another in its place', async () => {
    const outcomes = await campaign(worldNamed('two-control-planes'), { from: 1, count: 4 })
    assert.ok(outcomes.some(({ fenced }) => fenced > 0))
  })
})

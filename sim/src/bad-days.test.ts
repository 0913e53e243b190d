import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { campaign, worldNamed } from './campaign.ts'
import { reportOf } from './report.ts'
import type { Outcome } from './scenario.ts'

const long = process.env['SERIN_LONG'] === '1'
/** Those that cost most have fewer in the gate than in the long form (SERIN_LONG=1). */
const runs = {
  'no-traffic': 2,
  bursts: 1,
  'never-ready': 1,
  'exits-at-once': 1,
  'canary-dies': 2,
  'router-trouble': long ? 3 : 2,
  'evidence-trouble': 2,
  'full-disk': 3,
  killed: long ? 4 : 2,
  'two-control-planes': long ? 4 : 2,
  'clock-jumps': 3,
  'clock-set-back': 1,
  'gateway-restarts': 2,
  'stable-crashes': 2,
  operator: 4,
  'bad-day': long ? 6 : 3,
  'bad-day-harmful': long ? 4 : 2,
  'bad-day-of-two': long ? 3 : 2,
  'bad-day-sticky': 1,
}

/** That the worlds do what they are there for. */
const happens: Readonly<Record<string, (outcomes: readonly Outcome[]) => boolean>> = {
  killed: (outcomes) => outcomes.every(({ lives }) => lives > 1),
  'two-control-planes': (outcomes) => outcomes.some(({ fenced }) => fenced > 0),
}

describe('bad days', () => {
  for (const [name, count] of Object.entries(runs)) {
    const world = worldNamed(name)
    test(world.promise, async () => {
      const outcomes = await campaign(world, { from: 1, count })
      assert.deepEqual(reportOf(world, outcomes).failures, [])
      assert.equal(happens[name]?.(outcomes) ?? true, true)
    })
  }

  const late = worldNamed('late-table')
  test(late.promise, async () => {
    // The first and the last of these would give canary more than it may have, did the router not know which control plane is the later one.
    const outcomes = await campaign(late, { from: 27, count: 4 })
    assert.deepEqual(reportOf(late, outcomes).failures, [])
    assert.ok(outcomes.some(({ fenced }) => fenced > 0))
  })
})

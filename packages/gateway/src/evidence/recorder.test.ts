import type { RoutingTable } from '@serin/core'
import type { Decision } from '@serin/core/assignment'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tableOf } from '../testing/servers.ts'
import { Recorder } from './recorder.ts'

const none = { v1: [], v2: [] }

function world(more: Partial<RoutingTable> = {}) {
  let now = 1_000
  const recorder = new Recorder({ boot: 'b', clocks: { epochMs: () => now, steadyMs: () => now } })
  recorder.change(tableOf(1, 5_000, none, more))
  const one = (decision: Partial<Decision>, status: number | 'failed' | 'abandoned', tookMs = 10): void => {
    const ticket = recorder.start({ version: 'v2', by: 'hash', unit: 'u', ...decision })
    now += tookMs
    if (status === 'failed') recorder.failed(ticket)
    else if (status === 'abandoned') recorder.abandoned(ticket)
    else recorder.answered(ticket, status, true)
    recorder.left(ticket)
  }
  const pass = (ms: number): void => {
    now += ms
  }
  return { recorder, one, pass }
}

test('a unit is scored at its first, third and tenth error and never again in the rollout', () => {
  const { recorder, one } = world()
  for (let i = 0; i < 50; i += 1) one({}, 500)
  const arm = recorder.cut()?.arms['v2']
  assert.deepEqual(arm?.events['error'], [1, 1, 1])
  assert.deepEqual(
    [arm?.requests, arm?.errors, arm?.randomised, arm?.randomisedErrors, arm?.newUnits],
    [50, 50, 50, 50, 1],
  )
  one({ unit: 'other' }, 'failed')
  assert.deepEqual(recorder.cut()?.arms['v2']?.events['error'], [1, 0, 0])
})

test('each depth is charged to the version that served the unit at that moment', () => {
  const { recorder, one } = world()
  one({ version: 'v1' }, 500)
  one({ version: 'v1' }, 500)
  recorder.change(tableOf(2, 6_000, none))
  one({ version: 'v2' }, 500)
  const slot = recorder.cut()
  assert.deepEqual(
    [slot?.arms['v1']?.events['error'], slot?.arms['v2']?.events['error']],
    [
      [0, 0, 0],
      [0, 1, 0],
    ],
  )
})

test('another rollout begins with units nobody knows', () => {
  const { recorder, one } = world()
  one({}, 500)
  recorder.change(tableOf(2, 5_000, none, { measurement: { rollout: 'r2', latencyCutsMs: [], latencyFrom: 0 } }))
  one({}, 500)
  const arm = recorder.cut()?.arms['v2']
  assert.deepEqual([arm?.newUnits, arm?.events['error']], [1, [1, 0, 0]])
})

test('requests by rule or override count as requests and errors, never as evidence', () => {
  const { recorder, one } = world({ measurement: { rollout: 'r', latencyCutsMs: [1], latencyFrom: 0 } })
  one({ by: 'rule' }, 500)
  one({ by: 'override' }, 200)
  const arm = recorder.cut()?.arms['v2']
  assert.deepEqual([arm?.requests, arm?.errors, arm?.statusClasses], [2, 1, [0, 0, 1, 0, 0, 1]])
  assert.deepEqual([arm?.randomised, arm?.newUnits, arm?.latencyScored, arm?.latency], [0, 0, 0, []])
  assert.deepEqual(arm?.events, { error: [0, 0, 0], slow0: [0, 0, 0] })
})

test('requests without a unit are units of their own, scored in the first place', () => {
  const { recorder, one } = world({ unit: [] })
  for (let i = 0; i < 20; i += 1) one({ unit: null }, 503)
  const slot = recorder.cut()
  assert.equal(slot?.sticky, false)
  assert.deepEqual([slot?.arms['v2']?.newUnits, slot?.arms['v2']?.events['error']], [20, [20, 0, 0]])
})

test('latency is scored for successes after the warm-up, against every cut below it', () => {
  const { recorder, one, pass } = world({
    measurement: { rollout: 'r', latencyCutsMs: [20, 50, 100], latencyFrom: 2_000 },
  })
  one({ unit: 'a' }, 200, 60)
  pass(2_000)
  one({ unit: 'a' }, 200, 60)
  one({ unit: 'b' }, 404, 10)
  one({ unit: 'c' }, 500, 60)
  const arm = recorder.cut()?.arms['v2']
  assert.deepEqual(arm?.events, { error: [1, 0, 0], slow0: [1, 0, 0], slow1: [1, 0, 0], slow2: [0, 0, 0] })
  assert.deepEqual(
    [arm?.latencyScored, arm?.latencySumMs, arm?.latency.reduce((sum, [, count]) => sum + count, 0)],
    [2, 70, 2],
  )
})

test('what straddles a change of weights is no evidence for either side; a change of endpoints alone does not matter', () => {
  const { recorder } = world()
  const before = recorder.start({ version: 'v1', by: 'hash', unit: 'u' })
  recorder.change(tableOf(2, 5_000, { v1: ['http://127.0.0.1:2'], v2: [] }))
  recorder.answered(before, 500, true)
  assert.equal(recorder.cut()?.arms['v1']?.randomised, 1)
  const across = recorder.start({ version: 'v1', by: 'hash', unit: 'u' })
  recorder.change(tableOf(3, 7_000, none))
  recorder.answered(across, 500, true)
  const arm = recorder.cut()?.arms['v1']
  assert.deepEqual([arm?.requests, arm?.errors, arm?.randomised], [1, 1, 0])
})

test('slots follow each other without a gap and carry the table they were counted under', () => {
  const { recorder, one, pass } = world()
  pass(400)
  one({}, 200)
  const atChange = recorder.change(
    tableOf(2, 100, none, { measurement: { rollout: 'r2', latencyCutsMs: [], latencyFrom: 0 } }),
  )
  pass(1_000)
  const next = recorder.cut()
  assert.deepEqual([atChange?.seq, atChange?.revision, atChange?.durationMs, atChange?.rollout], [1, 1, 410, 'r1'])
  assert.deepEqual([next?.seq, next?.revision, next?.durationMs, next?.rollout], [2, 2, 1_000, 'r2'])
  assert.deepEqual(next?.weights, { v2: 100, v1: 9_900 })
})

test('a client that leaves charges nobody, and nothing stays in flight', () => {
  const { recorder, one } = world()
  one({}, 'abandoned')
  const arm = recorder.cut()?.arms['v2']
  assert.deepEqual([arm?.requests, arm?.errors, arm?.inFlight], [0, 0, 0])
  assert.equal(recorder.activity()['v2']?.abandoned, 1)
})

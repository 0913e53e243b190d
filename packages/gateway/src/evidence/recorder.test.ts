import type { RoutingTable } from '@serin/core'
import type { Decision } from '@serin/core/assignment'
import { upperEdgeMs } from '@serin/stats'
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

test('canary is slow only beyond what is tolerated, the larger of a ratio and a time; stable as it is', () => {
  const slowOf = (version: 'v1' | 'v2', ms: number): number | undefined => {
    const latencyTolerance = { ratio: 0.1, ms: 5 }
    const { recorder, one } = world({
      measurement: { rollout: 'r', latencyCutsMs: [20, 100], latencyFrom: 0, latencyTolerance },
    })
    one({ unit: 'a', version }, 200, ms)
    const { events } = recorder.cut()?.arms[version] ?? {}
    return (events?.['slow0']?.[0] ?? 0) + (events?.['slow1']?.[0] ?? 0)
  }
  assert.deepEqual([slowOf('v1', 21), slowOf('v2', 21), slowOf('v2', 25), slowOf('v2', 26)], [1, 0, 0, 1])
  assert.deepEqual([slowOf('v1', 101), slowOf('v2', 109), slowOf('v2', 112)], [2, 1, 2])
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

test('counting begins with the first canary traffic: whom stable served before is new to the comparison', () => {
  const { recorder, one } = world()
  recorder.change(tableOf(2, 0, none, { measurement: { rollout: 'r2', latencyCutsMs: [], latencyFrom: 0 } }))
  one({ version: 'v1' }, 500)
  assert.deepEqual(recorder.cut()?.arms['v1']?.events['error'], [1, 0, 0])
  recorder.change(tableOf(3, 500, none, { measurement: { rollout: 'r2', latencyCutsMs: [], latencyFrom: 0 } }))
  one({ version: 'v1' }, 500)
  const arm = recorder.cut()?.arms['v1']
  assert.deepEqual([arm?.newUnits, arm?.events['error']], [1, [1, 0, 0]])
  recorder.change(tableOf(4, 0, none, { measurement: { rollout: 'r2', latencyCutsMs: [], latencyFrom: 0 } }))
  recorder.change(tableOf(5, 500, none, { measurement: { rollout: 'r2', latencyCutsMs: [], latencyFrom: 0 } }))
  one({ version: 'v1' }, 500)
  const later = recorder.cut()?.arms['v1']
  assert.deepEqual(
    [later?.newUnits, later?.events['error']],
    [0, [0, 0, 0]],
    'but not begun again after an interruption',
  )
})

test('a unit that moves to canary is no new unit, but one that canary serves for the first time', () => {
  const { recorder, one } = world()
  one({ version: 'v1' }, 200)
  one({ version: 'v1' }, 200)
  recorder.change(tableOf(2, 9_000, none))
  one({ version: 'v2' }, 200)
  one({ version: 'v2' }, 200)
  const slot = recorder.cut()
  assert.deepEqual([slot?.arms['v2']?.newUnits, slot?.arms['v2']?.servedUnits], [0, 1])
})

test('the first request of a unit is a trial, once in a rollout and whatever becomes of the later ones', () => {
  const { recorder, one } = world()
  one({ unit: 'a' }, 200)
  one({ unit: 'a' }, 500)
  one({ unit: 'b' }, 'failed')
  one({ unit: 'b' }, 200)
  one({ unit: null }, 500)
  one({ by: 'rule', unit: 'c' }, 500)
  const arm = recorder.cut()?.arms['v2']
  assert.deepEqual([arm?.firstRequests, arm?.firstErrors, arm?.randomised, arm?.randomisedErrors], [3, 2, 5, 3])
})

test('after a minute units are scored anew in the recent counts, and slots say in which epoch they lie', () => {
  const { recorder, one, pass } = world()
  one({}, 500)
  const first = recorder.cut()
  assert.deepEqual([first?.epoch, first?.arms['v2']?.recentEvents['error']], [0, [1, 0, 0]])
  pass(60_000)
  one({}, 500)
  const last = recorder.cut()
  assert.deepEqual([last?.epoch, last?.arms['v2']?.recentEvents['error']], [0, [0, 0, 0]], 'the second error, no depth')
  one({}, 500)
  const next = recorder.cut()
  assert.deepEqual([next?.epoch, next?.arms['v2']?.recentEvents['error']], [1, [1, 0, 0]])
  assert.deepEqual(next?.arms['v2']?.events['error'], [0, 1, 0], 'the third in all')
})

test('sums per bucket of units add up to the sums of the slot', () => {
  const { recorder, one } = world({ measurement: { rollout: 'r', latencyCutsMs: [20, 50], latencyFrom: 0 } })
  for (let i = 0; i < 300; i += 1) one({ unit: `u${i % 90}` }, i % 7 === 0 ? 500 : 200, i % 3 === 0 ? 60 : 30)
  const arm = recorder.cut()?.arms['v2']
  const column = (at: number): number => (arm?.buckets ?? []).reduce((sum, counts) => sum + (counts[at] ?? 0), 0)
  assert.deepEqual(
    [column(1), column(2), column(3), column(4), column(5)],
    [
      arm?.randomised,
      arm?.randomisedErrors,
      arm?.latencyScored,
      arm?.latencyScored,
      arm?.latency.reduce((sum, [bin, count]) => sum + (upperEdgeMs(bin) > 50 ? count : 0), 0),
    ],
  )
  const buckets = (arm?.buckets ?? []).map(([bucket]) => bucket)
  assert.deepEqual(
    buckets,
    [...new Set(buckets)].sort((a = 0, b = 0) => a - b),
  )
  assert.deepEqual(recorder.cut()?.arms['v2']?.buckets, [], 'empty afterwards')
})

test('between rollouts and without units there are no sums per bucket', () => {
  const idle = world({ measurement: { rollout: 'idle', latencyCutsMs: [], latencyFrom: 0 } })
  idle.one({}, 200)
  assert.deepEqual(idle.recorder.cut()?.arms['v2']?.buckets, [])
  const loose = world({ unit: [] })
  loose.one({ unit: null }, 500)
  const arm = loose.recorder.cut()?.arms['v2']
  assert.deepEqual([arm?.buckets, arm?.recentEvents, arm?.firstRequests, arm?.firstErrors], [[], {}, 1, 1])
})

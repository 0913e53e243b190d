import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EvidenceSlot } from '../evidence.ts'
import { eventHarmLogE } from './event-harm.ts'
import { createAnalysis, foldObservations, foldSlot, type AnalysisState } from './fold.ts'
import { totalsOf } from './clusters.ts'
import { errors, observed, setupOf, slotOf } from './testing/setups.ts'
import { createTraffic } from './testing/traffic.ts'
import { unitHarmLogE } from './unit-harm.ts'

const setup = setupOf({})
const both = { v1: { randomised: 95 }, v2: { randomised: 5 } }

function folded(slots: readonly EvidenceSlot[], start = createAnalysis(setup), askedBp = 500): AnalysisState {
  return slots.reduce((state, slot) => foldSlot(setup, state, slot, { bp: askedBp }).state, start)
}

function credits(slots: readonly EvidenceSlot[], askedBp = 500): readonly number[] {
  let state = createAnalysis(setup)
  return slots.map((slot) => {
    const { state: next, creditMs } = foldSlot(setup, state, slot, { bp: askedBp })
    state = next
    return creditMs
  })
}

test('a slot is worth its length when both versions had samples', () => {
  assert.deepEqual(credits([slotOf(both), slotOf(both, { durationMs: 400 })]), [1_000, 400])
  for (const slot of [
    slotOf({ v1: { randomised: 95 } }),
    slotOf({ v2: { randomised: 5 } }),
    slotOf({}),
    slotOf({ v1: { requests: 95 }, v2: { requests: 5 } }),
  ])
    assert.deepEqual(credits([slot]), [0])
})

test('time without a canary sample counts once the next one comes, ten seconds at most and only while stable is busy', () => {
  const quiet = slotOf({ v1: { randomised: 20 } })
  assert.deepEqual(credits([quiet, quiet, slotOf(both)]), [0, 0, 3_000])
  assert.deepEqual(credits([...Array.from({ length: 60 }, () => quiet), slotOf(both)]).at(-1), 11_000)
  assert.deepEqual(credits([quiet, slotOf({}), slotOf(both)]), [0, 0, 1_000], 'a dead second in between ends it')
})

test('a slot at another share than the step asks for is worth nothing to the step, and so is the wait in it', () => {
  assert.deepEqual(credits([slotOf(both)], 2_500), [0])
  const quiet = slotOf({ v1: { randomised: 20 } })
  assert.deepEqual(credits([quiet, quiet, slotOf(both, { canaryBp: 2_500 })], 2_500), [0, 0, 1_000])
  assert.deepEqual(credits([slotOf(both, { canaryBp: 0 })], 0), [0])
})

test('a slot in which users went elsewhere than its weights send them is no evidence, and no silence either', () => {
  const bad = { v1: { randomised: 95 }, v2: { randomised: 5, randomisedErrors: 5, requests: 5, servedUnits: 4 } }
  const before = folded([slotOf(both)])
  const { state: after, creditMs } = foldSlot(
    setup,
    before,
    { ...slotOf(bad, { at: 9_000 }), strayed: true },
    { bp: 500 },
  )
  assert.equal(creditMs, 0)
  const { requests, units } = before.canary
  assert.deepEqual(after.canary, { ...before.canary, requests: requests + 5, units: units + 4 })
  assert.deepEqual([after.lastSlotAt, after.lastCanaryAt], [9_000, 9_000])
  assert.deepEqual(
    [after.tests, after.allocation, after.watchedMs],
    [before.tests, before.allocation, before.watchedMs],
  )
})

test('with all traffic the samples of canary are worth their time', () => {
  assert.deepEqual(credits([slotOf({ v2: { randomised: 20 } }, { canaryBp: 10_000 })], 10_000), [1_000])
  assert.deepEqual(credits([slotOf({ v1: { randomised: 20 } }, { canaryBp: 10_000 })], 10_000), [0])
})

test('a schedule goes on while canary was not due a request, and stops when its silence has no such reason', () => {
  let state = createAnalysis(setup)
  const second = (more: Parameters<typeof slotOf>[0], canaryBp: number): number => {
    const folded = foldSlot(setup, state, slotOf(more, { canaryBp }), { bp: 3, scheduleAboveBp: 2 })
    state = folded.state
    return folded.creditMs
  }
  const busy = { v1: { randomised: 100 } }
  assert.equal(second({}, 10), 0, 'no traffic at all')
  for (let i = 0; i < 50; i += 1) assert.equal(second(busy, 10), 1_000)
  assert.equal(second(busy, 10), 0, 'five requests were due and none came')
  assert.equal(second({ ...busy, v2: { randomised: 1 } }, 10), 1_000)
  assert.equal(second(busy, 10), 1_000)
  assert.equal(second({ ...busy, v2: { randomised: 1 } }, 2), 0, 'seen before the schedule began')
})

test('what is seen at another share is still evidence', () => {
  const state = folded(
    [slotOf({ v2: { events: { error: [5, 0, 0] }, recentEvents: { error: [5, 0, 0] } } })],
    undefined,
    2_500,
  )
  assert.ok(state.tests !== null && eventHarmLogE(state.tests.errors) > 5)
})

test('at 0 % and 100 % nothing is compared', () => {
  for (const canaryBp of [0, 10_000]) {
    const state = folded([slotOf({ v2: { events: { error: [9, 0, 0] }, randomised: 9 } }, { canaryBp })])
    assert.equal(state.tests, null)
    assert.equal(state.canary.randomised, 9, 'but it is counted')
  }
})

test('for sticky units the share is that of the hash, whoever sends more requests', () => {
  const one = { events: { error: [1, 0, 0] as const }, recentEvents: { error: [1, 0, 0] as const } }
  const busy = folded([slotOf({ v1: { ...one, randomised: 1 }, v2: { ...one, randomised: 999 } })])
  const idle = folded([slotOf({ v1: { ...one, randomised: 999 }, v2: { ...one, randomised: 1 } })])
  assert.deepEqual(busy.tests?.errors, idle.tests?.errors)
})

test('without units the share is the one that came about in the slot, and a slot without canary changes nothing', () => {
  const loose = (v1: number, v2: number): AnalysisState =>
    folded([
      slotOf(
        { v1: { randomised: v1, events: { error: [0, 0, 0] } }, v2: { randomised: v2, events: { error: [4, 0, 0] } } },
        { sticky: false },
      ),
    ])
  const [rare, usual] = [loose(99, 1), loose(50, 50)].map((state) =>
    state.tests === null ? 0 : eventHarmLogE(state.tests.errors),
  )
  assert.ok((rare ?? 0) > (usual ?? 0) + 5)
  const before = loose(50, 50)
  const after = folded([slotOf({ v1: { randomised: 50, events: { error: [7, 0, 0] } } }, { sticky: false })], before)
  assert.deepEqual(after.tests?.errors, before.tests?.errors)
})

test('a gateway that starts again scores units anew: in a new epoch, and never in the same process', () => {
  const events = { error: [2, 1, 0] as const }
  const slot = slotOf({ v2: { events, recentEvents: events, newUnits: 5 }, v1: { newUnits: 95 } })
  const first = folded([slot])
  const again = folded([{ ...slot, boot: 'another' }], first)
  const [before, after] = [first.tests?.errors, again.tests?.errors]
  assert.ok(before?.kind === 'units' && after?.kind === 'units')
  for (const [d, state] of after.harm.entries()) {
    assert.deepEqual(state.whole, before.harm[d]?.whole)
    assert.equal(state.epochs, 2)
  }
  assert.deepEqual(again.allocation, first.allocation, 'nor are units counted twice for the split')
})

test('an epoch begins when the gateway says so', () => {
  const quiet = slotOf(both)
  const state = folded([quiet, { ...quiet, epoch: 1 }, { ...quiet, epoch: 1 }, { ...quiet, epoch: 2 }])
  const tests = state.tests?.errors
  assert.ok(tests?.kind === 'units')
  assert.deepEqual(
    tests.harm.map(({ epochs }) => epochs),
    [3, 3, 3],
  )
})

test('other units than before cannot go on in the same test', () => {
  const events = { error: [3, 0, 0] as const }
  const slot = slotOf({ v2: { events, recentEvents: events, randomised: 9 }, v1: { randomised: 9 } })
  const state = folded([slot, { ...slotOf(both), sticky: false }])
  assert.equal(state.tests?.errors.kind, 'requests')
  assert.ok(Math.abs(eventHarmLogE(state.tests.errors)) < 1e-9)
})

test('first requests are trials of the absolute limit, and later errors of the same units are not', () => {
  const spotless = slotOf({ v1: { firstRequests: 950 }, v2: { firstRequests: 50 } })
  const later = slotOf({ v2: { events: { error: [30, 0, 0] }, recentEvents: { error: [30, 0, 0] } } })
  const limits = (slots: readonly EvidenceSlot[]) => folded(slots).tests?.errors.limits
  assert.deepEqual(limits([spotless, later]), limits([spotless]))
  const failing = slotOf({ v1: { firstRequests: 950 }, v2: { firstRequests: 50, firstErrors: 1 } })
  assert.ok((limits([failing])?.['10000']?.capital.logE ?? 0) < (limits([spotless])?.['10000']?.capital.logE ?? 0))
})

test('sums per bucket are kept per share, and only where safety is judged', () => {
  const slot = slotOf({
    v1: { buckets: [[3, 10, 1, 9, 4, 2]] },
    v2: {
      buckets: [
        [3, 4, 2, 2, 1, 1],
        [9, 1, 0, 0, 0, 0],
      ],
    },
  })
  const { tests } = folded([slot, slot, { ...slot, weights: { v2: 2_500, v1: 7_500 } }])
  assert.ok(tests?.errors.kind === 'units' && tests.errors.clusters !== null)
  assert.deepEqual(
    tests.errors.clusters.stages.map(({ stage, canary, stable, nonZero }) => [stage, canary, stable, nonZero]),
    [
      [
        '500',
        [
          [3, 4, 8],
          [9, 0, 2],
        ],
        [[3, 2, 20]],
        { canary: 4, stable: 2 },
      ],
      [
        '2500',
        [
          [3, 2, 4],
          [9, 0, 1],
        ],
        [[3, 1, 10]],
        { canary: 2, stable: 1 },
      ],
    ],
  )
  const [median, guard] = tests.slow
  assert.ok(median?.kind === 'units' && guard?.kind === 'units')
  assert.equal(median.clusters, null)
  assert.deepEqual(guard.clusters?.stages[0]?.canary, [[3, 2, 4]])
})

test('new units are counted per share for the split', () => {
  const seen = (v2: number, v1: number, canaryBp: number) =>
    slotOf({ v1: { newUnits: v1 }, v2: { newUnits: v2 } }, { canaryBp })
  const { allocation } = folded([seen(5, 95, 500), seen(6, 94, 500), seen(20, 60, 2_500)])
  assert.deepEqual(allocation.totals, [31, 249])
  assert.ok(allocation.logE < 1)
  const loose = folded([{ ...seen(50, 50, 500), sticky: false }])
  assert.deepEqual(loose.allocation.totals, [], 'requests are no units')
})

test('a label that comes late counts for the version and the share that served', () => {
  const watched = setupOf({ metrics: { errors, wrong: observed, wronger: { ...observed, observation: 'wrong' } } })
  const label = { metric: 'wrong', arm: 'canary', stage: '500', bucket: 3, value: 1 } as const
  let state = foldObservations(watched, createAnalysis(watched), [label, { ...label, arm: 'stable', value: 0 }])
  state = foldSlot(watched, state, slotOf(both, { canaryBp: 2_500 }), { bp: 2_500 }).state
  state = foldObservations(watched, state, [label, { ...label, metric: 'unwatched' }, { ...label, stage: '2500' }])
  for (const name of ['wrong', 'wronger']) {
    const sums = state.observed[name]
    assert.ok(sums)
    assert.deepEqual(
      [totalsOf(sums, 'canary'), totalsOf(sums, 'stable')],
      [
        { num: 3, den: 3 },
        { num: 0, den: 1 },
      ],
    )
    assert.deepEqual(
      sums.stages.map(({ stage, canary }) => [stage, canary]),
      [
        ['500', [[3, 2, 2]]],
        ['2500', [[3, 1, 1]]],
      ],
    )
  }
})

test('a slot that does not know the versions changes nothing but the time', () => {
  const other = { ...slotOf({}), arms: {} }
  const { state, creditMs } = foldSlot(setup, createAnalysis(setup), other, { bp: 500 })
  assert.deepEqual([creditMs, state.tests, state.lastSlotAt, state.lastCanaryAt], [0, null, 1_000, 0])
})

test('a stored analysis goes on bit by bit as if it had not been stored', () => {
  const traffic = createTraffic({
    seed: 4,
    users: 200,
    requestsPerSecond: 60,
    cuts: setup.cuts,
    versions: {
      v1: { failed: (uniform) => uniform() < 0.05, ms: (uniform) => 200 * uniform() },
      v2: { failed: (uniform) => uniform() < 0.1, ms: (uniform) => 250 * uniform() },
    },
  })
  const slots = Array.from({ length: 30 }, (_, second) => {
    if (second % 7 === 6) traffic.beginEpoch()
    if (second === 20) traffic.restart('second')
    return traffic.second(second < 15 ? 500 : 2_500)
  })
  const whole = folded(slots)
  fc.assert(
    fc.property(fc.nat(30), (at) => {
      const kept = JSON.parse(JSON.stringify(folded(slots.slice(0, at)))) as AnalysisState
      assert.deepEqual(folded(slots.slice(at), kept), whole)
    }),
    { numRuns: 20 },
  )
  assert.ok(
    whole.tests?.errors.kind === 'units' &&
      whole.tests.errors.harm.every((state) => Number.isFinite(unitHarmLogE(state))),
  )
})

test('silence is counted from the latest slot, also after the wall clock was set back', () => {
  const state = folded([slotOf(both, { at: 9_000_000 }), slotOf(both, { at: 1_000_000 })])
  assert.deepEqual([state.lastSlotAt, state.lastCanaryAt], [1_000_000, 1_000_000])
})

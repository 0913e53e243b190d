import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AnalysisSetup } from '@serin/core'
import { binOf, upperEdgeMs } from '@serin/stats'
import { xoshiro } from '@serin/stats/seeded'
import { levelsOf } from './levels.ts'
import { setupOf } from './policy.ts'
import { policy, short, world } from './testing/policies.ts'
import { looseTraffic, type SlotAsk, type Traffic } from './traffic.ts'
import { userTraffic } from './users.ts'

const crowd = world('users: { count: 500 }')
const setup: AnalysisSetup = setupOf(policy(short), crowd, xoshiro(1))
const levels = levelsOf(setup, crowd.stable)
const cuts = setup.cuts.length
const ask: SlotAsk = {
  requests: 20_000,
  weightBp: 2_000,
  stable: crowd.stable,
  canary: { ...crowd.stable, errorRatio: 0.1, medianMs: 30 },
  scored: true,
}
const traffics: Readonly<Record<string, () => Traffic>> = {
  users: () => userTraffic(xoshiro(5), { levels, cuts, users: { count: 500, spread: 1 } }),
  loose: () => looseTraffic(xoshiro(5), levels, cuts),
}

for (const [name, create] of Object.entries(traffics)) {
  test(`${name}: the counts of a slot are those of one traffic`, () => {
    const traffic = create()
    const { stable, canary } = traffic.slot(ask)
    assert.equal(stable.requests + canary.requests, ask.requests)
    for (const tally of [stable, canary]) {
      const arm = tally.slot(traffic.sticky, levels.bins)
      const inHistogram = arm.latency.reduce((sum, [, count]) => sum + count, 0)
      assert.deepEqual([arm.requests - arm.errors, inHistogram], [arm.latencyScored, arm.latencyScored])
      assert.deepEqual([arm.firstRequests, arm.newUnits], [arm.servedUnits, arm.servedUnits])
      if (!traffic.sticky) continue
      const column = (at: number) => arm.buckets.reduce((sum, row) => sum + (row[at] ?? 0), 0)
      assert.deepEqual([column(1), column(2), column(3)], [arm.requests, arm.errors, arm.latencyScored])
      // In the first slot everything is recent.
      assert.deepEqual(arm.recentEvents, arm.events)
      assert.ok(arm.servedUnits <= 500)
    }
  })

  test(`${name}: canary is as slow and fails as often as it is said to`, () => {
    const { canary, stable } = create().slot({ ...ask, requests: 200_000 })
    assert.ok(Math.abs(canary.errors / canary.requests - 0.1) < 0.01)
    assert.ok(Math.abs(stable.errors / stable.requests - 0.004) < 0.001)
    const [cut] = setup.cuts
    assert.ok(cut !== undefined)
    const above = canary.slot(false, levels.bins).latency.filter(([bin]) => bin > cut.bin)
    const share = above.reduce((sum, [, count]) => sum + count, 0) / canary.scored
    // Stable's median is 20 ms, canary's 30 ms, with σ = ln 4 / 1.645.
    assert.ok(Math.abs(share - 0.685) < 0.04, String(share))
  })
}

test('users keep their version while its share grows, and events of one user count at three depths', () => {
  const traffic = userTraffic(xoshiro(5), { levels, cuts, users: { count: 500, spread: 0 } })
  const first = traffic.slot({ ...ask, weightBp: 2_000 })
  const second = traffic.slot({ ...ask, weightBp: 5_000 })
  // All were seen in the first slot; only those who change are new to canary.
  assert.equal(first.stable.newUnits + first.canary.newUnits, 500)
  assert.deepEqual([second.stable.newUnits, second.canary.newUnits, second.stable.servedUnits], [0, 0, 0])
  assert.ok(second.canary.servedUnits > 100 && second.canary.servedUnits < 200)
  const [one = 0, third = 0, tenth = 0] = first.canary.events
  assert.ok(one >= third && third >= tenth && one <= first.canary.servedUnits)
  traffic.beginEpoch()
  const later = traffic.slot(ask)
  assert.ok((later.canary.recent[0] ?? 0) > (later.canary.events[0] ?? 0))
  traffic.begin()
  const anew = traffic.slot(ask)
  assert.equal(anew.stable.newUnits + anew.canary.newUnits, 500)
})

test('canary counts as slow only beyond what is tolerated', () => {
  const [cut] = setup.cuts
  assert.ok(cut !== undefined)
  const level = levels.edgesMs.findIndex((ms) => ms === cut.cutMs) + 1
  assert.deepEqual([levels.slow.stable[level], levels.slow.canary[level]], [1, 0])
  assert.equal(upperEdgeMs(binOf(cut.cutMs)), cut.cutMs)
  assert.ok((levels.bins[level] ?? 0) > cut.bin && (levels.bins[0] ?? 0) <= cut.bin)
})

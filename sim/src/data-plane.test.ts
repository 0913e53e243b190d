import type { EvidenceSlot, RoutingTable } from '@serin/core'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DataPlane } from './data-plane.ts'
import { Fleet } from './fleet.ts'
import { passed } from './stage.ts'
import type { Behaviour, Surroundings } from './traffic.ts'
import { createVirtualClock } from './virtual-clock.ts'

const steady: Behaviour = {
  errorRatio: 0.05,
  fragileErrorRatio: 0.05,
  medianMs: 50,
  sigma: 0,
  slowRatio: 0,
  slowFactor: 1,
  wrongRatio: null,
  coldMs: 0,
  replicaSigma: 0,
}
const calm: Surroundings = { requestsPerSecond: 200, population: null, drift: null, bursts: null, labels: null }

function tableOf(revision: number, canaryBp: number): RoutingTable {
  return {
    service: 'shop',
    revision,
    salt: 'shop/',
    unit: [],
    arms: [
      { version: 'v2', endpoints: ['memory://v2/0'], weightBp: canaryBp },
      { version: 'v1', endpoints: ['memory://v1/0'], weightBp: 10_000 - canaryBp },
    ],
    stable: 'v1',
    canary: 'v2',
    rules: [],
    overrideHeader: null,
    measurement: { rollout: 'r1', latencyCutsMs: [40, 60], latencyFrom: 0 },
  }
}

async function world(surroundings: Partial<Surroundings> = {}, v2: Partial<Behaviour> = {}) {
  const clock = createVirtualClock(1_000_000)
  const fleet = new Fleet(clock, { v1: { readyAfterMs: 0 }, v2: { readyAfterMs: 0 } })
  for (const version of ['v1', 'v2']) fleet.workload.ensure(version, {})
  const dataPlane = new DataPlane({
    seed: 3,
    clock,
    fleet,
    surroundings: { ...calm, ...surroundings },
    behaviours: { v1: steady, v2: { ...steady, ...v2 } },
    label: () => undefined,
  })
  const slots: EvidenceSlot[] = []
  dataPlane.onSlot.add((slot) => slots.push(slot))
  void dataPlane.run(new AbortController().signal)
  const until = async (ms: number): Promise<void> => {
    void clock.sleep(ms - clock.steadyMs())
    while (clock.steadyMs() < ms) await clock.step()
  }
  const apply = async (table: RoutingTable): Promise<void> => {
    await passed(clock, dataPlane.port().apply(table, new AbortController().signal))
  }
  const sum = (version: string, field: 'requests' | 'errors' | 'randomised') =>
    slots.reduce((total, slot) => total + (slot.arms[version]?.[field] ?? 0), 0)
  return { clock, fleet, dataPlane, slots, until, apply, sum }
}

test('requests arrive at the rate, are split by the table, and fail as often as their version does', async () => {
  const { apply, until, sum, slots } = await world({}, { errorRatio: 0.2 })
  await apply(tableOf(1, 2_500))
  await until(300_000)
  const [canary, stable] = [sum('v2', 'requests'), sum('v1', 'requests')]
  assert.ok(Math.abs((canary + stable) / 300 - 200) < 5, `${canary + stable} requests in 300 s`)
  assert.ok(Math.abs(canary / (canary + stable) - 0.25) < 0.01, `${canary} of ${canary + stable}`)
  assert.ok(Math.abs(sum('v2', 'errors') / canary - 0.2) < 0.015)
  assert.ok(Math.abs(sum('v1', 'errors') / stable - 0.05) < 0.005)
  // All successful requests take 50 ms: above the first cut, below the second.
  const events = slots.at(-1)?.arms['v1']?.events
  assert.ok((events?.['slow0']?.[0] ?? 0) > 0)
  assert.equal(events?.['slow1']?.[0], 0)
})

test('a request is decided by the table of its own moment, within the second', async () => {
  const { apply, until, slots, clock } = await world()
  await apply(tableOf(1, 0))
  await until(10_400)
  await apply(tableOf(2, 10_000))
  const changedAt = clock.steadyMs()
  await until(12_000)
  const [before, after] = [slots.filter((slot) => slot.revision === 1), slots.filter((slot) => slot.revision === 2)]
  assert.ok(before.every((slot) => slot.arms['v2']?.requests === 0))
  // What began before the change and ends after it is no evidence.
  assert.ok(after.every((slot) => slot.arms['v1']?.randomised === 0))
  const sinceCut = before.at(-1)?.durationMs ?? 0
  assert.ok(Math.abs(sinceCut - (changedAt - 10_000)) < 1, 'the slot is cut when the table changes')
})

test('nobody answers for a version of which nothing runs', async () => {
  const { apply, until, sum, fleet } = await world({}, { errorRatio: 0 })
  await apply(tableOf(1, 5_000))
  await until(2_000)
  assert.equal(sum('v2', 'errors'), 0)
  fleet.workload.script('v2', { readyAfterMs: 0, backOffMs: 60_000 })
  fleet.crash('v2')
  await until(2_500)
  const [requests, errors] = [sum('v2', 'requests'), sum('v2', 'errors')]
  await until(10_000)
  assert.equal(sum('v2', 'errors') - errors, sum('v2', 'requests') - requests)
})

test('a router that is deaf says yes and does nothing; one that is lossy does it and says nothing', async () => {
  const { apply, dataPlane } = await world()
  await apply(tableOf(1, 0))
  dataPlane.break({ mode: 'deaf' })
  await apply(tableOf(2, 500))
  assert.equal(dataPlane.table?.revision, 1)
  dataPlane.break({ mode: 'lossy' })
  await assert.rejects(apply(tableOf(3, 500)), /lost/)
  assert.equal(dataPlane.table?.revision, 3)
  dataPlane.break({ mode: 'down' })
  await assert.rejects(apply(tableOf(4, 500)), /does not answer/)
  assert.equal(dataPlane.table?.revision, 3)
})

test('a router that lies says it did what it did not; one that is partial takes a table with the shares of before', async () => {
  const { apply, dataPlane, clock } = await world()
  const observe = () => passed(clock, dataPlane.port().observe(new AbortController().signal))
  await apply(tableOf(1, 1_000))
  dataPlane.break({ mode: 'lying' })
  await apply(tableOf(2, 5_000))
  assert.deepEqual([(await observe()).weights['v2'], (await observe()).revision], [5_000, 2])
  assert.equal(dataPlane.table?.revision, 1)
  dataPlane.break({ mode: 'partial' })
  assert.deepEqual([(await observe()).weights['v2'], (await observe()).revision], [1_000, 1])
  await apply(tableOf(3, 5_000))
  assert.deepEqual([(await observe()).weights['v2'], (await observe()).revision], [1_000, 3])
})

test('slots come twice or in another order when they are asked to', async () => {
  const { apply, dataPlane, until } = await world()
  await apply(tableOf(1, 5_000))
  const seen: number[] = []
  const reader = async (): Promise<void> => {
    for await (const { seq } of dataPlane.port().slots(null, new AbortController().signal)) seen.push(seq)
  }
  void reader()
  dataPlane.break({ evidence: 'doubled' })
  await until(3_500)
  const doubled = [...seen]
  dataPlane.break({ evidence: 'shuffled' })
  await until(6_500)
  const [first] = doubled
  assert.ok(first !== undefined)
  assert.deepEqual(doubled, [first, first, first + 1, first + 1, first + 2, first + 2])
  assert.deepEqual(seen.slice(6), [first + 3, first + 4, first + 3, first + 5, first + 4])
})

test('a replica turns away what it has no room for, and only replicas of the table are asked', async () => {
  const { apply, dataPlane, until, sum } = await world({ capacityPerSecond: 150 }, { errorRatio: 0 })
  let turnedAway = 0
  dataPlane.onTurnedAway.add((version) => {
    assert.equal(version, 'v2')
    turnedAway += 1
  })
  // Two replicas run; the table knows one of them, which has room for three requests of four.
  await apply(tableOf(1, 10_000))
  await until(60_000)
  const ratio = turnedAway / sum('v2', 'requests')
  assert.ok(Math.abs(ratio - 0.25) < 0.02, `${ratio} were turned away`)
  assert.ok(Math.abs(sum('v2', 'errors') - turnedAway) < 20)
})

test('copies go to the version that is asked for, and are counted apart from requests', async () => {
  const { apply, until, sum, slots } = await world({}, { errorRatio: 0.1, differentRatio: 0.2 })
  const mirror = {
    version: 'v2',
    endpoints: ['memory://v2/0'],
    shareBp: 5_000,
    methods: ['GET'],
    body: 'json',
    ignored: [],
    tolerance: 0,
    timeoutMs: 1_000,
  } as const
  await apply({ ...tableOf(1, 0), mirror })
  await until(100_000)
  const total = (field: 'sent' | 'compared' | 'differentStatus' | 'differentBody' | 'onlyCanaryFailed') =>
    slots.reduce((all, slot) => all + (slot.mirror?.[field] ?? 0), 0)
  assert.equal(sum('v2', 'requests'), 0)
  assert.ok(Math.abs(total('sent') / sum('v1', 'requests') - 0.5) < 0.02)
  assert.ok(total('sent') - total('compared') < 30)
  // Stable fails 5 in 100, canary 10: in 95 × 10 + 5 × 90 of 10000 pairs one fails and the other does not.
  assert.ok(Math.abs(total('onlyCanaryFailed') / total('compared') - 0.095) < 0.01)
  assert.ok(Math.abs(total('differentStatus') / total('compared') - 0.14) < 0.01)
  assert.ok(Math.abs(total('differentBody') / total('compared') - 0.86 * 0.2) < 0.015)
})

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

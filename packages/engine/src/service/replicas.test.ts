import type { RoutingTable } from '@serin/core'
import { openMemoryRouter } from '@serin/drivers/router/memory'
import { openMemoryWorkload } from '@serin/drivers/workload/memory'
import type { RoutingObservation } from '@serin/kit'
import { Service } from '@serin/spec'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { newService } from '../documents.ts'
import { createVirtualClock } from '../testing/virtual-clock.ts'
import { Replicas, runsOtherwise, versionsOf } from './replicas.ts'

const drainMs = 5_000
const never = new AbortController().signal
const [first, second] = ['memory://v1/0', 'memory://v1/1']

/** Two replicas of v1 that serve; each look at the router is a new one. */
async function openWorld() {
  const clock = createVirtualClock(1_700_000_000_000)
  const workload = openMemoryWorkload({ clock, script: { v1: { stopAfterMs: 100 } } })
  const router = openMemoryRouter({ now: () => clock.now() })
  const replicas = new Replicas(workload, clock)
  let revision = 0
  const world = {
    clock,
    router,
    replicas,
    workload,
    scale: (count: number) => replicas.ensure(['v1'], { v1: { replicas: count } }),
    look: () => router.observe(never),
    /** Puts these addresses in force. */
    route: async (endpoints: readonly string[]) => await router.apply(tableOf((revision += 1), endpoints), never),
    /** What the actor does at every tick. */
    tick: (routing: RoutingObservation | null, count = 1) => {
      world.scale(count)
      replicas.dismissUnused(routing, drainMs)
    },
    states: () => workload.observe('v1').replicas.map(({ id, state }) => `${id} ${state}`),
  }
  world.scale(2)
  await world.route([first, second])
  return world
}

function tableOf(revision: number, endpoints: readonly string[]): RoutingTable {
  return {
    service: 'shop',
    revision,
    salt: '',
    unit: [],
    arms: [{ version: 'v1', endpoints, weightBp: 10_000 }],
    stable: 'v1',
    canary: null,
    rules: [],
    overrideHeader: null,
    measurement: { rollout: 'idle', latencyCutsMs: [], latencyFrom: 0 },
  }
}

const leaving = ['v1/0 ready', 'v1/1 leaving']
const dismissed = ['v1/0 ready', 'v1/1 stopping']

void describe('replicas that leave', () => {
  void it('get no new requests, and go once the router does not know them any more', async () => {
    const { replicas, scale, tick, look, route, states, clock } = await openWorld()
    assert.deepEqual(replicas.endpoints('v1'), [first, second])
    scale(1)
    assert.deepEqual(replicas.endpoints('v1'), [first])
    assert.deepEqual(replicas.lastResort('v1'), [first])
    for (let i = 0; i < 3; i += 1) {
      tick(await look())
      await clock.pass(drainMs)
      assert.deepEqual(states(), leaving, 'the table in force still has it')
    }
    await route([first])
    tick(await look())
    assert.deepEqual(states(), dismissed)
    await clock.pass(100)
    assert.deepEqual(states(), ['v1/0 ready'])
  })

  void it('stay while they answer, and not beyond the drain time', async () => {
    const { router, tick, look, route, states, clock } = await openWorld()
    router.inFlightByEndpoint.set(second, 1)
    tick(await look())
    await clock.pass(60_000)
    await route([first])
    tick(await look())
    await clock.pass(drainMs - 1)
    tick(await look())
    assert.deepEqual(states(), leaving, 'the time counts from the table that left it out')
    await clock.pass(1)
    tick(await look())
    assert.deepEqual(states(), dismissed)
  })

  void it('go with their last answer', async () => {
    const { router, tick, look, route, states } = await openWorld()
    router.inFlightByEndpoint.set(second, 1)
    tick(null)
    await route([first])
    tick(await look())
    assert.deepEqual(states(), leaving)
    router.inFlightByEndpoint.delete(second)
    tick(await look())
    assert.deepEqual(states(), dismissed)
  })

  void it('stay while the router says nothing, however long', async () => {
    const { tick, look, route, states, clock } = await openWorld()
    tick(await look())
    await route([first])
    for (let i = 0; i < 3; i += 1) {
      tick(null)
      await clock.pass(drainMs)
    }
    assert.deepEqual(states(), leaving)
  })

  void it('stay until the router was asked once more: a table may be on its way', async () => {
    const { tick, look, route, states } = await openWorld()
    await route([first])
    // Ready a moment ago: the table that was made with it is still to come.
    const before = await look()
    tick(before)
    tick(before)
    assert.deepEqual(states(), leaving)
    await route([first, second])
    tick(await look())
    assert.deepEqual(states(), leaving)
    await route([first])
    tick(await look())
    assert.deepEqual(states(), dismissed)
  })

  void it('have the whole drain time when nobody counts their requests', async () => {
    const { tick, look, route, states, clock } = await openWorld()
    const uncounted = async (): Promise<RoutingObservation> => {
      const { inFlightByEndpoint: _, ...rest } = await look()
      return rest
    }
    tick(await uncounted())
    await route([first])
    tick(await uncounted())
    await clock.pass(drainMs - 1)
    tick(await uncounted())
    assert.deepEqual(states(), leaving)
    await clock.pass(1)
    tick(await uncounted())
    assert.deepEqual(states(), dismissed)
  })

  void it('begin anew when they were wanted in between', async () => {
    const { tick, look, route, states } = await openWorld()
    await route([first])
    tick(await look())
    const seen = await look()
    tick(seen, 2)
    assert.deepEqual(states(), ['v1/0 ready', 'v1/1 ready'])
    tick(seen, 1)
    assert.deepEqual(states(), leaving, 'what the router said before says nothing of now')
    tick(await look(), 1)
    assert.deepEqual(states(), dismissed)
  })
})

const serviceOf = (workload: Record<string, unknown>, versions: Record<string, unknown> = { v1: {} }): Service =>
  Service.decode({ listen: 0, workload, versions, stable: 'v1' } as never)

void describe('how many copies run', () => {
  void it('is said by the version or the workload, and for what others run by nobody', () => {
    const versions = { v1: {}, v2: { replicas: 3 } }
    const counts = (service: Service) => Object.values(versionsOf(service)).map(({ replicas }) => replicas)
    assert.deepEqual(counts(serviceOf({ kind: 'process', command: ['serve'], replicas: 2 }, versions)), [2, 3])
    assert.deepEqual(counts(serviceOf({ kind: 'model', model: 'm' }, { v1: { uri: 'm.onnx' } })), [1])
    assert.deepEqual(counts(serviceOf({ kind: 'model', model: 'm', server: 'http://127.0.0.1:1' })), [undefined])
    assert.deepEqual(counts(serviceOf({ kind: 'endpoints' }, { v1: { endpoints: ['http://127.0.0.1:1'] } })), [
      undefined,
    ])
  })

  void it('is nothing that another runner is needed for', () => {
    const of = (more: Record<string, unknown>, directory = '/a') =>
      newService('shop', serviceOf({ kind: 'process', command: ['serve'], ...more }), directory)
    assert.equal(runsOtherwise(of({ replicas: 2 }), of({ replicas: 5 })), false)
    assert.equal(runsOtherwise(of({}), of({ env: { MORE: '1' } })), true)
    assert.equal(runsOtherwise(of({}), of({}, '/b')), true)
  })
})

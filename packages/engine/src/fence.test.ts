import { openMemoryRouter } from '@serin/drivers/router/memory'
import { createMemoryMedium, openMemoryStore } from '@serin/drivers/store/memory'
import { openMemoryWorkload } from '@serin/drivers/workload/memory'
import type { Store } from '@serin/kit'
import type { SerinError } from '@serin/spec'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Engine } from './engine.ts'
import { createVirtualClock } from './testing/virtual-clock.ts'
import { asker, fileOf } from './testing/world.ts'

const taken = { code: 'store.taken' } satisfies Partial<SerinError>
const here = { baseDirectory: '/', name: 'serin.yaml' }

/** A router, replicas and a store that several control planes reach, and everything that they were asked to do. */
function shared() {
  const clock = createVirtualClock(1_700_000_000_000)
  const medium = createMemoryMedium()
  const router = openMemoryRouter({ now: () => clock.now() })
  const workload = openMemoryWorkload({ clock })
  const one = () => {
    const told: string[] = []
    const defects: unknown[] = []
    const ends = { taken: 0 }
    const tell = (what: string): void => void told.push(what)
    const store: Store = openMemoryStore(medium)
    const engine = new Engine({
      store,
      clock,
      openRouter: async () => ({
        capabilities: router.capabilities,
        observe: (signal) => router.observe(signal),
        apply: async (table, signal) => {
          tell(`table ${table.epoch}`)
          await router.apply(table, signal)
        },
        release: async (signal) => {
          tell('release')
          await router.release(signal)
        },
        slots: (after, signal) => router.slots(after, signal),
      }),
      openWorkload: () => ({
        ...workload,
        ensure: (version, spec) => {
          tell(`ensure ${version}`)
          workload.ensure(version, spec)
        },
        dismiss: (version, replica) => {
          tell(`dismiss ${version}`)
          workload.dismiss(version, replica)
        },
        stop: async (version, signal) => {
          tell(`stop ${version}`)
          await workload.stop(version, signal)
        },
      }),
      gates: {
        ask: async () => {
          tell('ask')
          return { outcome: 'waiting', why: 'Nobody has said anything.' }
        },
        tell: async () => tell('tell'),
      },
      stateDirectory: (service) => `/nowhere/${service}`,
      onTaken: () => (ends.taken += 1),
      onDefect: (error) => defects.push(error),
    })
    return { engine, store, told, defects, ends }
  }
  return { clock, router, workload, one }
}

/** A control plane in mid-rollout: v2 has a tenth, and the next step waits for somebody's yes. */
async function inMidRollout(world: ReturnType<typeof shared>) {
  const first = world.one()
  const text = fileOf({
    strategy: `{ kind: canary, steps: [{ weight: 10%, gates: [{ kind: http, url: 'http://nowhere/' }] }, { weight: 50% }] }`,
  })
  await first.engine.start()
  await world.clock.settle()
  await first.engine.apply({ text, ...here }, asker)
  await world.clock.pass(3_000)
  first.engine.release('shop', { to: 'v2' }, asker)
  for (let turn = 0; turn < 30 && first.engine.rollout('shop').inForceBp !== 1_000; turn += 1)
    await world.clock.pass(1_000)
  assert.equal(first.engine.rollout('shop').inForceBp, 1_000)
  return first
}

test('an engine whose store was taken over does nothing more, says so once, and has no defect', async () => {
  const world = shared()
  const first = await inMidRollout(world)
  assert.ok(first.told.includes('ensure v2'))
  first.told.length = 0
  const { store } = world.one()
  await world.clock.pass(120_000)
  assert.deepEqual([first.told, first.defects, first.ends.taken], [[], [], 1])
  assert.equal(first.engine.started, false)
  assert.deepEqual([store.verify().ok, world.router.table?.epoch], [true, 1])
})

test('whoever asks an engine whose store was taken over is told so, and nothing is written', async () => {
  const world = shared()
  const first = await inMidRollout(world)
  const { store } = world.one()
  const before = store.journal({}).length
  assert.throws(() => first.engine.command('shop', { type: 'abort', by: 'tester', why: 'late' }), taken)
  assert.throws(() => first.engine.release('shop', { to: 'v3', onActive: 'supersede' }, asker), taken)
  await assert.rejects(first.engine.apply({ text: fileOf({ drain: '9s' }), ...here }, asker), taken)
  await world.clock.pass(10_000)
  assert.deepEqual([store.journal({}).length, first.ends.taken, first.defects], [before, 1, []])
})

test('the later control plane goes on with the rollout, and the router obeys it alone', async () => {
  const world = shared()
  const first = await inMidRollout(world)
  const late = world.router.table
  const second = world.one()
  await second.engine.start()
  await world.clock.pass(5_000)
  second.engine.command('shop', { type: 'abort', by: 'tester', why: 'enough' })
  await world.clock.pass(10_000)
  assert.deepEqual([second.engine.rollout('shop').phase, world.router.table?.epoch], ['rolled-back', 2])
  // A table that had left the first before it was taken over, with a revision from a clock that was ahead.
  assert.ok(late !== null)
  await world.router.apply({ ...late, revision: late.revision + 86_400_000 }, new AbortController().signal)
  assert.equal(world.router.table?.arms.find(({ version }) => version === 'v2')?.weightBp ?? 0, 0)
  assert.deepEqual([first.ends.taken, first.defects, second.defects, second.ends.taken], [1, [], [], 0])
  const stopping = second.engine.stop({ keep: true })
  await world.clock.pass(1_000)
  await stopping
})

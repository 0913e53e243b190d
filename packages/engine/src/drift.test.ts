import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asker, fileOf, World } from './testing/world.ts'

test('a router that somebody changes by hand is put right, and the journal tells it once', async () => {
  await using world = new World()
  const { router } = world.place()
  const observe = router.observe.bind(router)
  let changed = false
  Object.assign(router, {
    observe: async (signal: AbortSignal) => {
      const seen = await observe(signal)
      const found = changed ? { ...seen, revision: 0, weights: { v1: 6_000, v2: 4_000 } } : seen
      changed = false
      return found
    },
  })
  const engine = await world.start()
  await engine.apply({ text: fileOf(), baseDirectory: '/files', name: 'serin.yaml' }, asker)
  await world.until('stable serves', () => world.weight('v1') === 10_000)
  await world.pass(5_000)
  assert.deepEqual(world.journal('routing.drifted'), [])
  const { revision } = await observe(AbortSignal.any([]))
  changed = true
  await world.pass(10_000)
  const told = world.journal('routing.drifted').map(({ data }) => data)
  const weights = { v1: 6_000, v2: 4_000 }
  assert.equal(told.length, 1)
  assert.deepEqual(told[0], {
    asked: { revision, weights: { v1: 10_000 } },
    seen: { revision: 0, weights },
    left: false,
  })
  assert.ok(((await observe(AbortSignal.any([]))).revision ?? 0) > (revision ?? 0), 'a new table was sent')
})

const change = { revision: 0, weights: { v1: 6_000, v2: 4_000 } }

/** Somebody holds the router at other shares until `release`; how many tables it was sent meanwhile. */
function hold(world: World): { readonly release: () => void; readonly sent: () => number } {
  const { router } = world.place()
  const observe = router.observe.bind(router)
  const apply = router.apply.bind(router)
  let held = true
  let sent = 0
  Object.assign(router, {
    observe: async (signal: AbortSignal) => ({ ...(await observe(signal)), ...(held ? change : {}) }),
    apply: async (table: Parameters<typeof apply>[0], signal: AbortSignal) => {
      sent += 1
      held = false
      await apply(table, signal)
    },
  })
  return { release: () => (held = false), sent: () => sent }
}

/** A release at its first share, of a service that leaves changes by hand. */
async function releasedIn(world: World) {
  const engine = await world.start()
  await engine.apply({ text: fileOf({ onDrift: 'report' }), baseDirectory: '/files', name: 'serin.yaml' }, asker)
  await world.until('stable serves', () => world.weight('v1') === 10_000)
  engine.release('shop', { to: 'v2' }, asker)
  await world.until('canary has its share', () => world.weight('v2') === 1_000)
  return engine
}

test('with "onDrift: report" a change by hand is told once and left, and nothing goes forward until it is gone', async () => {
  await using world = new World()
  const engine = await releasedIn(world)
  await world.pass(1_500)
  const hand = hold(world)
  await world.pass(30_000)
  assert.equal(hand.sent(), 0, 'nothing was sent')
  const told = world.journal('routing.drifted').map(({ data }) => data)
  assert.deepEqual(
    told.map(({ seen, left }) => [seen, left]),
    [[change, true]],
  )
  const { phase, step, inForceBp } = engine.rollout('shop')
  assert.deepEqual([phase, step, inForceBp], ['watching', 0, 4_000], 'a step of three seconds is not over')
  const { trouble } = engine.service('shop')
  assert.match(trouble.join(), /Somebody changed the router: it gives v1 60 %, v2 40 %, not v2 10 %, v1 90 %\./)
  hand.release()
  await world.until('the next step', () => world.weight('v2') === 5_000)
  assert.equal(world.journal('routing.settled').length, 1)
  assert.deepEqual(engine.service('shop').trouble, [])
})

test('what people ask for, and a way back, is sent over a change that was left', async () => {
  await using world = new World()
  const engine = await releasedIn(world)
  const hand = hold(world)
  await world.until('it is told', () => world.journal('routing.drifted').length === 1)
  engine.command('shop', { type: 'abort', ...asker })
  await world.until('stable has everything', () => engine.rollout('shop').phase === 'rolled-back')
  assert.ok(hand.sent() > 0)
  assert.deepEqual(engine.service('shop').trouble, [])
})

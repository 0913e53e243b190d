import { assign, formatRequestMark, type RoutingTable } from '@serin/core'
import type { Observation } from '@serin/spec'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asker, fileOf, World } from './testing/world.ts'

const observed = {
  unit: '[{ header: x-user }]',
  metrics: '{ errors: { kind: errors }, wrong: { kind: observation, role: monitor, observation: label } }',
  strategy: '{ kind: canary, steps: [{ weight: 10%, hold: 5s }, { weight: 50%, hold: 1h }] }',
}

async function watched(more: Readonly<Record<string, string>> = {}, weightBp = 1_000): Promise<World> {
  const world = new World()
  await world.start()
  await world.engine.apply({ text: fileOf({ ...observed, ...more }), baseDirectory: '/', name: 'f' }, asker)
  await world.until('stable serves', () => world.weight('v1') === 10_000)
  await world.pass(3_000)
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('v2 has traffic', () => world.rollout().inForceBp === weightBp)
  return world
}

/** Users the hash sends to a version under a table. */
function usersOf(table: RoutingTable, version: string, count: number): readonly string[] {
  const users = Array.from({ length: 2_000 }, (_, i) => `user-${i}`)
  return users.filter((user) => assign(table, user) === version).slice(0, count)
}

/** How many labels of stable and canary have counted. */
function counted(world: World): readonly [number, number] {
  const reading = world.rollout().judgement?.metrics.find(({ name }) => name === 'wrong')
  return [reading?.counts.stable ?? 0, reading?.counts.canary ?? 0]
}

const label = (about: Partial<Observation>): Observation => ({ metric: 'label', value: 1, ...about })

function tableAt(world: World, weightBp: number): RoutingTable {
  const table = world.tables.findLast((one) =>
    one.arms.some((arm) => arm.version === 'v2' && arm.weightBp === weightBp),
  )
  assert.ok(table !== undefined)
  return table
}

test('a label about a unit counts for the version that had it then, however late it comes', async () => {
  await using world = await watched()
  await world.pass(1_000)
  const then = world.clock.now()
  await world.until('the next share is in force', () => world.rollout().inForceBp === 5_000)
  await world.pass(60_000)
  const [few, many] = [tableAt(world, 1_000), tableAt(world, 5_000)]
  // Who was stable's at 10 % and is canary's at 50 %: the time decides.
  const moved = usersOf(few, 'v1', 2_000)
    .filter((user) => assign(many, user) === 'v2')
    .slice(0, 30)
  assert.equal(moved.length, 30)
  const early = moved.map((unit) => label({ unit, time: then }))
  assert.deepEqual(world.engine.observe(early), { accepted: 30, ignored: 0 })
  assert.deepEqual(counted(world), [30, 0])
  const late = moved.slice(0, 7).map((unit) => label({ unit, time: world.clock.now() - 1_000 }))
  assert.deepEqual(world.engine.observe(late), { accepted: 7, ignored: 0 })
  assert.deepEqual(counted(world), [30, 7])
  // Without a time it is about now.
  world.engine.observe(usersOf(many, 'v2', 5).map((unit) => label({ unit })))
  assert.deepEqual(counted(world), [30, 12])
})

test('a label about a request counts for the version that answered it, whatever is in force by now', async () => {
  await using world = await watched()
  const mark = (version: string, by: 'hash' | 'rule', rollout = 'shop-1#1', canaryBp = 1_000) =>
    label({ request: formatRequestMark('0a1b2c', { version, by, bucket: 17, canaryBp, rollout }) })
  await world.until('the next share is in force', () => world.rollout().inForceBp === 5_000)
  assert.deepEqual(world.engine.observe([mark('v2', 'hash'), mark('v1', 'hash'), mark('v2', 'hash')]), {
    accepted: 3,
    ignored: 0,
  })
  assert.deepEqual(counted(world), [1, 2])
  const others = [
    mark('v2', 'rule'),
    mark('v2', 'hash', 'shop-1#2'),
    mark('v2', 'hash', 'idle'),
    mark('v1', 'hash', 'shop-1#1', 0),
    label({ request: 'made up by somebody' }),
  ]
  assert.deepEqual(world.engine.observe(others), { accepted: 0, ignored: 5 })
  assert.deepEqual(counted(world), [1, 2])
})

test('what cannot be placed is ignored, and said to be', async () => {
  await using world = await watched()
  await world.pass(2_000)
  const now = world.clock.now()
  const { startedAt } = world.rollout()
  assert.deepEqual(
    world.engine.observe([
      label({ unit: 'u', time: startedAt - 1_000 }),
      label({ unit: 'u', time: 0 }),
      { metric: 'other', value: 1, unit: 'u', time: now },
      { metric: 'wrong', value: 1, unit: 'u', time: now },
    ]),
    { accepted: 0, ignored: 4 },
  )
  world.engine.command('shop', { type: 'abort', by: 'tester', why: '' })
  await world.until('it is back', () => world.rollout().phase === 'rolled-back')
  assert.deepEqual(world.engine.observe([label({ unit: 'u', time: now })]), { accepted: 0, ignored: 1 })
})

test('a label of an earlier attempt does not count for the next', async () => {
  await using world = await watched()
  await world.pass(2_000)
  const then = world.clock.now() - 500
  world.engine.command('shop', { type: 'abort', by: 'tester', why: '' })
  await world.until('it is back', () => world.rollout().phase === 'rolled-back')
  world.engine.command('shop', { type: 'retry', by: 'tester', why: '' })
  await world.until('v2 has traffic again', () => world.rollout().inForceBp === 1_000)
  await world.pass(2_000)
  const units = usersOf(tableAt(world, 1_000), 'v2', 3)
  const now = world.clock.now()
  assert.deepEqual(world.engine.observe(units.map((unit) => label({ unit, time: then }))), { accepted: 0, ignored: 3 })
  assert.deepEqual(world.engine.observe(units.map((unit) => label({ unit, time: now }))), { accepted: 3, ignored: 0 })
})

test('while a table is on its way either version may have served, so nothing is counted for either', async () => {
  await using world = await watched()
  const units = usersOf(tableAt(world, 1_000), 'v1', 20)
  await world.pass(1_000)
  const before = world.clock.now() - 500
  world.place().faults.applyAfterMs = 3_000
  world.engine.command('shop', { type: 'promote', by: 'tester', why: '', full: false, seenStep: 0 })
  await world.clock.pass(1_500)
  const during = world.clock.now()
  await world.clock.pass(4_000)
  assert.equal(world.rollout().inForceBp, 5_000)
  const at = (time: number) => world.engine.observe(units.map((unit) => label({ unit, time }))).accepted
  assert.deepEqual([at(before), at(during), at(world.clock.now())], [20, 0, 20])
})

test('a control plane that dies between sending a table and hearing of it does not guess', async () => {
  await using world = await watched()
  await world.pass(1_000)
  const before = world.clock.now() - 500
  // The next share is written down and sent; then nobody is there to hear that it is in force.
  world.place().faults.diesAtApply = true
  world.engine.command('shop', { type: 'promote', by: 'tester', why: '', full: false, seenStep: 0 })
  await world.clock.pass(1_000)
  assert.equal(world.dead, true)
  assert.equal(world.weight('v2'), 5_000)
  const unknown = world.clock.now()
  world.kill()
  await world.clock.pass(20_000)
  await world.start()
  await world.pass(3_000)
  const units = usersOf(tableAt(world, 5_000), 'v2', 20).filter((user) => assign(tableAt(world, 1_000), user) === 'v1')
  const at = (time: number) => world.engine.observe(units.map((unit) => label({ unit, time }))).accepted
  assert.ok(units.length > 5)
  assert.deepEqual([at(before), at(unknown), at(world.clock.now())], [units.length, 0, units.length])
  assert.deepEqual(counted(world), [units.length, units.length])
})

test('labels are traced after a restart as before it', async () => {
  await using world = await watched()
  await world.pass(2_000)
  const then = world.clock.now()
  const units = usersOf(tableAt(world, 1_000), 'v2', 4)
  world.kill()
  await world.pass(5_000)
  await world.start()
  await world.pass(2_000)
  assert.deepEqual(world.engine.observe(units.map((unit) => label({ unit, time: then }))), { accepted: 4, ignored: 0 })
  assert.deepEqual(counted(world), [0, 4])
})

test('with several services each label names its own, and one bad label leaves a batch uncounted', async () => {
  await using world = await watched()
  await world.pass(2_000)
  const [unit = ''] = usersOf(tableAt(world, 1_000), 'v2', 1)
  const good = label({ unit, time: world.clock.now() })
  assert.equal(world.engine.observe([good]).accepted, 1)
  await world.engine.apply({ text: fileOf(observed, ['bar']), baseDirectory: '/', name: 'f' }, asker)
  const before = counted(world)
  assert.throws(() => world.engine.observe([good]), { code: 'observation.invalid', message: /has to name its own/ })
  assert.throws(
    () =>
      world.engine.observe([
        { ...good, service: 'shop' },
        { ...good, service: 'shpo' },
      ]),
    {
      code: 'service.not-found',
    },
  )
  for (const value of [1e13, -Infinity, Number.NaN])
    assert.throws(
      () =>
        world.engine.observe([
          { ...good, service: 'shop' },
          { ...good, service: 'shop', value },
        ]),
      {
        code: 'observation.invalid',
      },
    )
  assert.deepEqual(counted(world), before)
  assert.deepEqual(world.engine.observe([{ ...good, service: 'shop' }]), { accepted: 1, ignored: 0 })
})

test('bad labels on canary alone take it back', async () => {
  await using world = await watched(
    {
      metrics: '{ wrong: { kind: observation, observation: label } }',
      strategy: '{ kind: canary, steps: [{ weight: 50%, hold: 1h }] }',
    },
    5_000,
  )
  const table = tableAt(world, 5_000)
  for (let round = 0; round < 40 && world.rollout().phase === 'watching'; round += 1) {
    await world.pass(1_000)
    const users = Array.from({ length: 100 }, (_, i) => `round-${round}-${i}`)
    const time = world.clock.now()
    world.engine.observe(
      users.map((unit, i) => label({ unit, time, value: assign(table, unit) === 'v2' ? 1 : i % 10 === 0 ? 1 : 0 })),
    )
  }
  await world.until('it is back', () => world.rollout().phase === 'rolled-back')
  assert.deepEqual([world.rollout().reason, world.rollout().judgement?.harm.leading], ['harmful', 'wrong'])
})

import { assign, type RoutingTable } from '@serin/core'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asker, fileOf, World } from './testing/world.ts'

const why = { by: 'ann', why: '' }

/** A world with an experiment about `bought`, under way. */
async function experiment(rivals: readonly string[], units = 20_000): Promise<World> {
  const world = new World()
  await world.start()
  const file = fileOf({
    versions: '{ v1: {}, v2: {}, v3: {}, v4: {} }',
    metrics: '{ errors: { kind: errors }, bought: { kind: observation, role: goal, better: higher } }',
    strategy: `{ kind: ab, share: 60%, goal: bought, units: ${units}, bake: 0s }`,
  })
  await world.engine.apply({ text: file, baseDirectory: '/files', name: 'serin.yaml' }, asker)
  await world.until('stable serves', () => world.weight('v1') === 10_000)
  world.traffic.perSecond = 600
  world.engine.release('shop', { to: 'v2', rivals }, asker)
  await world.until('the experiment begins', () => world.weight('v2') > 0)
  return world
}

/** A second in which so many new people decide, each as the version that serves them makes them. */
async function second(world: World, chances: Readonly<Record<string, number>>, people = 150): Promise<void> {
  await world.pass(1_000)
  const table: RoutingTable | null = world.place().router.table
  if (table === null) return
  const from = Math.round(world.clock.now())
  const observations = Array.from({ length: people }, (_, i) => {
    const unit = `${from}-${i}`
    const chance = chances[assign(table, unit)] ?? 0
    // Spread evenly, so that the rate is what it is.
    return { metric: 'bought', unit, value: ((i * 61) % 100) / 100 < chance ? 1 : 0 }
  })
  world.engine.observe(observations)
}

async function until(world: World, chances: Readonly<Record<string, number>>, done: () => boolean): Promise<void> {
  for (let turn = 0; turn < 400; turn += 1) {
    if (done()) return
    await second(world, chances)
  }
  assert.fail(`not done: ${world.rollout().sentence}`)
}

const arms = (world: World): readonly string[] =>
  world.journal('rollout.arm').map(({ data }) => `${String(data['version'])} ${String(data['what'])}`)

test('the share is divided evenly among the challengers, and stable keeps the rest', async () => {
  await using world = await experiment(['v3', 'v4'])
  assert.deepEqual(
    ['v2', 'v3', 'v4', 'v1'].map((version) => world.weight(version)),
    [2_000, 2_000, 2_000, 4_000],
  )
  assert.deepEqual(
    world.rollout().rivals.map(({ version, askedBp }) => [version, askedBp]),
    [
      ['v3', 2_000],
      ['v4', 2_000],
    ],
  )
})

test('the best of those that are better takes everything; a harmful one loses its traffic at once', async () => {
  await using world = await experiment(['v3', 'v4'])
  world.traffic.errorRatio['v4'] = 0.1
  const chances = { v1: 0.1, v2: 0.2, v3: 0.4, v4: 0.1 }
  await until(world, chances, () => arms(world).length > 0)
  assert.equal(arms(world)[0], 'v4 dropped')
  await until(world, chances, () => world.weight('v4') === 0)
  assert.equal(world.rollout().phase, 'watching', 'the others go on')
  await until(world, chances, () => world.rollout().phase === 'promoted')
  assert.equal(world.status().stable, 'v3')
  assert.ok(arms(world).includes('v3 chosen'))
  assert.deepEqual(world.defects, [])
})

test('when the canary is the harmful one, another challenger takes its place', async () => {
  await using world = await experiment(['v3'])
  world.traffic.errorRatio['v2'] = 0.2
  const chances = { v1: 0.1, v2: 0.1, v3: 0.4 }
  await until(world, chances, () => arms(world).includes('v3 chosen'))
  assert.equal(world.rollout().canary, 'v3')
  await until(world, chances, () => world.weight('v2') === 0)
  await until(world, chances, () => world.rollout().phase === 'promoted')
  assert.equal(world.status().stable, 'v3')
})

test('challengers that are no better are given up when the planned units have been seen', async () => {
  await using world = await experiment(['v3'], 30_000)
  await until(world, { v1: 0.2, v2: 0.2, v3: 0.2 }, () => world.rollout().phase === 'rolled-back')
  const { reason, sentence } = world.rollout()
  assert.equal(reason, 'no-gain')
  assert.match(sentence, /have not shown/)
  assert.equal(world.weight('v1'), 10_000)
})

test('an engine that starts again goes on with every challenger', async () => {
  await using world = await experiment(['v3'])
  const chances = { v1: 0.1, v2: 0.1, v3: 0.4 }
  for (let turn = 0; turn < 3; turn += 1) await second(world, chances)
  world.kill()
  await world.start()
  await until(world, chances, () => world.rollout().phase === 'promoted')
  assert.equal(world.status().stable, 'v3')
})

test('several challengers need an experiment, and each is another version', async () => {
  await using world = await experiment([])
  assert.throws(() => world.engine.release('shop', { to: 'v3', rivals: ['v3'] }, asker), /another version/)
  assert.throws(() => world.engine.release('shop', { to: 'v3', rivals: ['v5'] }, asker), { code: 'version.not-found' })
  await using other = new World()
  await other.start()
  await other.engine.apply({ text: fileOf(), baseDirectory: '/files', name: 'serin.yaml' }, asker)
  assert.throws(() => other.engine.release('shop', { to: 'v2', rivals: ['v3'] }, why), /Only an experiment/)
})

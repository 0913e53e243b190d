import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SerinError, type Release } from '@serin/spec'
import { asker, fileOf, World } from '../testing/world.ts'

const baseDirectory = '/files'
const strategy = '{ kind: canary, steps: [{ weight: 50%, hold: 2s }] }'
const both = [
  { service: 'api', to: 'v2' },
  { service: 'web', to: 'v3' },
]

async function open(more: Readonly<Record<string, string>> = {}): Promise<World> {
  const world = new World()
  await world.start()
  await world.engine.apply({ text: fileOf({ strategy, ...more }, ['api', 'web']), baseDirectory, name: 'f' }, asker)
  await world.until('v1 serves', () => ['api', 'web'].every((name) => world.weight('v1', name) === 10_000))
  return world
}

const begin = (world: World, order: Release['order'] = 'sequence', hotfix = false): Release =>
  world.engine.releases.start({ members: both, order, hotfix, why: 'spring' }, { by: 'ann', why: 'spring' })
const now = (world: World): Release => world.engine.releases.get('release:1')
const stages = (world: World): readonly string[] => now(world).members.map(({ stage }) => stage)
const stables = (world: World): readonly string[] => ['api', 'web'].map((name) => world.status(name).stable)
const ends = (world: World, state: Release['state']): Promise<void> =>
  world.until(`it is ${state}`, () => now(world).state === state)
const abort = { type: 'abort', by: 'bob', why: 'no' } as const

/** What the journal of the release tells: `out api`, `reversing`. */
const told = (world: World): readonly string[] =>
  world.kept
    .journal({ stream: 'release/release:1', limit: 1_000 })
    .map(({ kind, data }) =>
      kind === 'release.moved'
        ? String(data['to'])
        : kind === 'release.member'
          ? `${String(data['service'])} ${String(data['to'])}`
          : kind.replace('release.', ''),
    )

test('in a sequence the second starts when the first is promoted, and the journal tells it', async () => {
  await using world = await open()
  assert.deepEqual(
    begin(world).members.map(({ rollout }) => rollout?.id),
    ['api-1', undefined],
  )
  await world.until('the second starts', () => stages(world)[1] === 'out')
  assert.deepEqual(stables(world), ['v2', 'v1'])
  await ends(world, 'done')
  assert.deepEqual(stables(world), ['v2', 'v3'])
  assert.deepEqual(told(world), ['started', 'api out', 'api promoted', 'web out', 'web promoted', 'done'])
  const { startedBy, endedAt, sentence } = now(world)
  assert.deepEqual([startedBy, endedAt === null, sentence], ['ann', false, 'All promoted: api v2, web v3.'])
  assert.equal(world.journal('rollout.started').at(-1)?.data['why'], 'release:1: spring')
})

test('together both start at once', async () => {
  await using world = await open()
  assert.deepEqual(
    begin(world, 'together').members.map(({ rollout }) => rollout?.id),
    ['api-1', 'web-1'],
  )
  await ends(world, 'done')
})

test('a second member that does harm takes the promoted first one back', async () => {
  await using world = await open()
  world.traffic.errorRatio['v3'] = 0.5
  begin(world)
  await ends(world, 'reversed')
  assert.deepEqual(stables(world), ['v1', 'v1'])
  await world.until('v1 has everything', () => ['api', 'web'].every((name) => world.weight('v1', name) === 10_000))
  assert.match(now(world).sentence, /^All back: api v1, web v1; by serin: web: v3 was rolled back \(harmful\)/)
  assert.deepEqual(
    now(world).members.map(({ rollout, back }) => [rollout?.id, back?.id]),
    [
      ['api-1', 'api-2'],
      ['web-1', undefined],
    ],
  )
  assert.deepEqual(told(world), [
    'started',
    'api out',
    'api promoted',
    'web out',
    'web going-back',
    'reversing',
    'api going-back',
    'web back',
    'api back',
    'reversed',
  ])
})

test('abort in the middle: what is under way goes back at once, what was promoted after it', async () => {
  await using world = await open()
  begin(world)
  await world.until('the second is on its way', () => world.weight('v3', 'web') === 5_000)
  const asked = world.engine.releases.command('release:1', abort)
  assert.deepEqual([asked.state, asked.by, asked.members[1]?.rollout?.phase], ['reversing', 'bob', 'rolling-back'])
  assert.equal(asked.members[0]?.back, null, 'the first waits for the second')
  await ends(world, 'reversed')
  assert.deepEqual(stables(world), ['v1', 'v1'])
  assert.throws(() => world.engine.releases.command('release:1', abort), { code: 'release.refused' })
})

test('held, its member is held and no other starts; resumed, it comes to its end', async () => {
  await using world = await open()
  begin(world)
  await world.until('the first has traffic', () => world.weight('v2', 'api') === 5_000)
  world.engine.releases.command('release:1', { type: 'pause', by: 'bob', why: 'lunch' })
  assert.deepEqual([world.rollout('api').phase, world.rollout('api').by], ['holding', 'bob'])
  await world.pass(20_000)
  assert.deepEqual(stages(world), ['out', 'waiting'])
  world.engine.releases.command('release:1', { type: 'resume', by: 'bob', why: '' })
  await ends(world, 'done')
})

test('nothing starts when one of them could not, and the sentence says which', async () => {
  await using world = await open()
  const start = (members: typeof both) =>
    world.engine.releases.start({ members, order: 'sequence', hotfix: false, why: '' }, asker)
  const api = { service: 'api', to: 'v2' }
  assert.throws(() => start([api, { service: 'web', to: 'v9' }]), { code: 'version.not-found' })
  assert.throws(() => start([api, { service: 'nope', to: 'v2' }]), { code: 'service.not-found' })
  assert.throws(() => start([api, { service: 'web', to: 'v1' }]), { code: 'rollout.refused' })
  assert.throws(() => start([api, { service: 'api', to: 'v3' }]), { code: 'release.refused' })
  assert.equal(world.journal('release.started').length, 0)
  world.engine.release('web', { to: 'v2' }, asker)
  assert.throws(() => begin(world), { code: 'rollout.active' })
  world.engine.command('web', abort)
  await world.until('web is back', () => world.rollout('web').phase === 'rolled-back')
  begin(world)
  assert.throws(() => begin(world), { message: 'api belongs to release:1, which is going.' })
  assert.throws(() => world.engine.releases.get('release:7'), { code: 'release.not-found' })
})

test('another version of a member by hand: that member is let alone, the other goes back', async () => {
  await using world = await open()
  begin(world)
  await world.until('the second is on its way', () => world.weight('v3', 'web') === 5_000)
  world.engine.release('web', { to: 'v2', onActive: 'supersede' }, { by: 'cid', why: 'fixed' })
  await ends(world, 'reversed')
  assert.match(now(world).why, /^web: v3 was rolled back \(superseded\)/)
  assert.equal(world.status('api').stable, 'v1')
  await world.until('what was released by hand arrives', () => world.status('web').stable === 'v2')
})

test('a freeze that begins on the way lets the next member wait, and turns nothing round', async () => {
  await using world = await open()
  begin(world)
  const from = new Date(world.clock.now()).toISOString()
  const to = new Date(world.clock.now() + 60_000).toISOString()
  const more = { strategy, freeze: `[{ from: '${from}', to: '${to}' }]` }
  const text = fileOf(more, ['web']).replace('serin: v1\nservices:\n', '')
  await world.engine.apply({ text: fileOf({ strategy }, ['api']) + text, baseDirectory, name: 'f' }, asker)
  await world.until('the first is promoted', () => stages(world)[0] === 'promoted')
  await world.pass(10_000)
  assert.deepEqual([now(world).state, stages(world)], ['going', ['promoted', 'waiting']])
  await ends(world, 'done')
})

test('a store that cannot write stops a release where it is; it goes on when it can', async () => {
  await using world = await open()
  begin(world)
  await world.until('the first is promoted', () => stages(world)[0] === 'promoted')
  world.traffic.errorRatio['v3'] = 0.5
  await world.until('the second is on its way', () => stages(world)[1] === 'out')
  world.storeFault = new SerinError('store.full', 'The disk is full.')
  await world.pass(5_000)
  world.storeFault = undefined
  await ends(world, 'reversed')
  assert.deepEqual(stables(world), ['v1', 'v1'])
  assert.deepEqual(world.defects, [])
})

test('a version that cannot come up again: the release says so, and tries again when told to', async () => {
  await using world = await open({ keepWarm: '0s' })
  begin(world)
  await world.until('the second is on its way', () => world.weight('v3', 'web') === 5_000)
  world.place('api').workload.script('v1', { failure: { message: 'It exits.' } })
  world.engine.releases.command('release:1', abort)
  await ends(world, 'stuck')
  assert.match(now(world).sentence, /^Not all are back\. api could not go back to v1: /)
  assert.equal(world.status('api').stable, 'v2')
  await world.pass(10_000)
  assert.equal(world.rollout('api').id, 'api-2', 'it does not try by itself')
  world.place('api').workload.script('v1', {})
  world.engine.releases.command('release:1', abort)
  await ends(world, 'reversed')
  assert.equal(world.status('api').stable, 'v1')
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SerinError } from '@serin/spec'
import { asker, fileOf, World } from './testing/world.ts'

const apply = (world: World, text: string, baseDirectory = '/files') =>
  world.engine.apply({ text, baseDirectory, name: 'serin.yaml' }, asker)

async function started(): Promise<World> {
  const world = new World()
  await world.start()
  return world
}

const portTaken = new SerinError(
  'gateway.port-in-use',
  'The gateway of bar cannot listen on 127.0.0.1:80: something else does.',
)

test('a new service runs its stable version, and says so in the journal', async () => {
  await using world = await started()
  assert.deepEqual(await apply(world, fileOf()), [{ service: 'shop', change: 'created', details: [] }])
  await world.until('it serves', () => world.weight('v1') === 10_000)
  assert.deepEqual(
    world.journal('service.created').map(({ stream, actor, data }) => [stream, actor, data]),
    [['service/shop', 'tester', { stable: 'v1', versions: ['v1', 'v2', 'v3'] }]],
  )
  assert.deepEqual(world.place().workload.versions(), ['v1'])
  assert.equal(world.status().address, 'memory:')
})

test('the same file again changes nothing and writes nothing, also after rollouts', async () => {
  await using world = await started()
  await apply(world, fileOf())
  await world.until('it serves', () => world.weight('v1') === 10_000)
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('v2 serves', () => world.status().stable === 'v2')
  const entries = world.journal().length
  assert.deepEqual(await apply(world, fileOf()), [{ service: 'shop', change: 'unchanged', details: [] }])
  assert.equal(world.journal().length, entries)
  assert.equal(world.status().stable, 'v2')
})

test('versions the file no longer names stay, and their absence is no change', async () => {
  await using world = await started()
  await apply(world, fileOf())
  const fewer = fileOf({ versions: '{ v1: {}, v4: {} }' })
  const [first] = await apply(world, fewer)
  assert.deepEqual([first?.change, first?.details], ['changed', ['versions.v4: nothing → {}']])
  const [second] = await apply(world, fewer)
  assert.equal(second?.change, 'unchanged')
  assert.deepEqual(
    world.status().versions.map(({ name }) => name),
    ['v1', 'v2', 'v3', 'v4'],
  )
})

test('a version never changes: by itself, by its workload, by its directory', async () => {
  await using world = await started()
  const versions = '{ v1: { env: { A: "1", B: "2" } }, v2: { command: [own], cwd: /srv } }'
  await apply(world, fileOf({ versions }))
  const before = world.kept.list('service/')
  const changes: readonly (readonly [string, string, RegExp])[] = [
    [fileOf({ versions: versions.replace('"1"', '"0"') }), '/files', /"v1" of shop.*env\.A: "1" → "0"/],
    [fileOf({ versions: versions.replace('own', 'other') }), '/files', /"v2" of shop.*command/],
    [
      fileOf({ versions, workload: '{ kind: process, command: [other] }' }),
      '/files',
      /"v1" of shop.*command: \["serve"\] → \["other"\]/,
    ],
    [fileOf({ versions, workload: '{ kind: process, command: [serve], env: { C: "3" } }' }), '/files', /env\.C/],
    [fileOf({ versions }), '/elsewhere', /"v1" of shop.*cwd: "\/files" → "\/elsewhere"/],
  ]
  for (const [text, directory, message] of changes)
    await assert.rejects(apply(world, text, directory), { code: 'version.immutable', message })
  assert.deepEqual(world.kept.list('service/'), before)
  // The same content in another order, or said in another place, is the same version.
  const same = '{ v1: { env: { B: "2", A: "1" }, cwd: /files }, v2: { command: [own], cwd: /srv } }'
  const [change] = await apply(world, fileOf({ versions: same.replace(', cwd: /files', '') }))
  assert.equal(change?.change, 'unchanged')
})

test('the port and the kind of workload of a service cannot change', async () => {
  await using world = await started()
  await apply(world, fileOf())
  for (const more of [
    { listen: '8080' },
    { workload: '{ kind: endpoints }', versions: '{ v1: { endpoints: ["http://127.0.0.1:1"] } }' },
  ])
    await assert.rejects(apply(world, fileOf(more)), (error: SerinError) =>
      ['config.invalid', 'version.immutable'].includes(error.code),
    )
})

test('what versions speak is in the table, and cannot change while they run', async () => {
  const h2c = { workload: '{ kind: process, command: [serve], upstream: h2c }' }
  await using world = await started()
  await apply(world, fileOf(h2c))
  await world.until('it serves', () => world.weight('v1') === 10_000)
  assert.equal(world.place().router.table?.upstream, 'h2c')
  await assert.rejects(apply(world, fileOf({ workload: '{ kind: process, command: [serve] }' })), {
    code: 'config.invalid',
    message: /"workload\.upstream"/,
  })
})

test('whom the gateway believes is in the table and may change; which certificates it shows may not', async () => {
  await using world = await started()
  const edge = () => world.place().router.table?.edge
  const withEdge = (gateway: string): string =>
    fileOf().replace('    workload:', `    gateway: ${gateway}\n    workload:`)
  await apply(world, fileOf())
  await world.until('it serves', () => world.weight('v1') === 10_000)
  assert.equal(edge(), undefined)
  await apply(world, withEdge('{ trustProxies: [loopback], versionHeader: false }'))
  await world.until('it is told', () => edge()?.trustProxies[0] === 'loopback')
  assert.equal(edge()?.versionHeader, false)
  const tls = withEdge('{ tls: { certificate: a.pem, key: a.key } }')
  await assert.rejects(apply(world, tls), { code: 'config.invalid', message: /"gateway\.tls", "gateway\.clientCert/ })
})

test('a changed number of replicas is taken up in place: those that stay go on, those that leave go once nobody sends to them', async () => {
  await using world = await started()
  const replicas = () => world.place().workload.observe('v1').replicas
  const served = () => world.place().router.table?.arms.find(({ version }) => version === 'v1')?.endpoints
  await apply(world, fileOf())
  await world.until('it serves', () => world.weight('v1') === 10_000)
  const [before] = replicas()
  const [change] = await apply(world, fileOf({ workload: '{ kind: process, command: [serve], replicas: 3 }' }))
  assert.deepEqual(change?.details, ['workload.replicas: 1 → 3'])
  await world.until('all serve', () => served()?.length === 3)
  assert.deepEqual(replicas()[0], before)
  world.place().router.inFlightByEndpoint.set('memory://v1/2', 1)
  await apply(world, fileOf())
  await world.until('one serves', () => served()?.length === 1)
  await world.until('one more is there', () => replicas().length === 2)
  assert.deepEqual(
    replicas().map(({ id, state }) => `${id} ${state}`),
    ['v1/0 ready', 'v1/2 leaving'],
    'its request is not answered',
  )
  world.place().router.inFlightByEndpoint.clear()
  await world.until('one is there', () => replicas().length === 1)
  assert.deepEqual(replicas()[0], before)
  assert.equal(world.runnersOpened.get('shop')?.length, 1)
})

test('the number of copies is no part of what a version is', async () => {
  await using world = await started()
  await apply(world, fileOf({ versions: '{ v1: { replicas: 2 } }' }))
  const [change] = await apply(world, fileOf({ versions: '{ v1: { replicas: 3 } }' }))
  assert.deepEqual(change?.details, ['versions.v1.replicas: 2 → 3'])
  assert.equal(world.place().workload.observe('v1').replicas.length, 3)
})

test('a typo anywhere leaves everything as it was', async () => {
  await using world = await started()
  const bad = fileOf({}, ['shop']) + fileOf({ stabel: 'v1' }, ['bar']).split('services:\n')[1]
  await assert.rejects(apply(world, bad), (error: SerinError) => error.code === 'config.invalid')
  assert.deepEqual([world.engine.services(), world.kept.list(''), world.journal()], [[], [], []])
})

test('a gateway that cannot open creates nothing, of no service of the file, and changes none', async () => {
  await using world = await started()
  await apply(world, fileOf({}, ['old']))
  world.place('bar').faults.open = portTaken
  await world.until('it serves', () => world.weight('v1', 'old') === 10_000)
  const before = [world.kept.list('service/'), world.journal('service.changed').length]
  const text = fileOf({ drain: '7s' }, ['old', 'shop', 'bar'])
  await assert.rejects(apply(world, text), { code: 'gateway.port-in-use' })
  assert.deepEqual([world.kept.list('service/'), world.journal('service.changed').length], before)
  assert.deepEqual(
    world.engine.services().map(({ name }) => name),
    ['old'],
  )
  assert.equal(world.place('shop').router.table, null)
  assert.deepEqual(world.place('shop').workload.versions(), [])
  world.place('bar').faults.open = undefined
  assert.deepEqual(
    (await apply(world, text)).map(({ change }) => change),
    ['changed', 'created', 'created'],
  )
  await world.until('all serve', () => ['old', 'shop', 'bar'].every((name) => world.weight('v1', name) === 10_000))
})

test('a file that cannot be written creates nothing and leaves no gateway behind', async () => {
  await using world = await started()
  world.storeFault = new SerinError('store.full', 'The disk is full.')
  await assert.rejects(apply(world, fileOf()), { code: 'store.full' })
  assert.deepEqual([world.engine.services(), world.place().opened, world.place().released], [[], 1, 1])
  world.storeFault = undefined
  assert.equal((await apply(world, fileOf()))[0]?.change, 'created')
})

test('two files at once are applied one after the other', async () => {
  await using world = await started()
  const slow = world.place()
  slow.faults.openAfterMs = 5_000
  const both = Promise.all([apply(world, fileOf()), apply(world, fileOf({ drain: '9s' }))])
  await world.pass(10_000)
  assert.deepEqual(
    (await both).map(([change]) => change?.change),
    ['created', 'changed'],
  )
  assert.equal(slow.opened, 1)
  assert.equal(world.journal('service.created').length, 1)
})

test('a rollout that ends while a file is being applied is not undone by it', async () => {
  await using world = await started()
  await apply(world, fileOf())
  await world.until('it serves', () => world.weight('v1') === 10_000)
  world.engine.release('shop', { to: 'v2' }, asker)
  world.place('bar').faults.openAfterMs = 60_000
  const applying = apply(world, fileOf({ drain: '9s' }, ['shop', 'bar']))
  await world.until('v2 serves', () => world.status().stable === 'v2')
  await world.pass(61_000)
  assert.deepEqual(
    (await applying).map(({ change }) => change),
    ['changed', 'created'],
  )
  assert.equal(world.status().stable, 'v2')
  assert.equal(world.rollout().phase, 'promoted')
})

test('a file that is being applied while the engine stops leaves nothing', async () => {
  const world = await started()
  world.place().faults.openAfterMs = 5_000
  const applying = assert.rejects(apply(world, fileOf()), { code: 'control-plane.not-ready' })
  await world.pass(1_000)
  const stopping = world.engine.stop({ keep: false })
  await world.pass(10_000)
  await Promise.all([applying, stopping])
  assert.deepEqual([world.kept.list(''), world.place().released], [[], 1])
})

test('nothing is applied before the engine has started', async () => {
  const world = new World()
  const engine = world.create()
  await assert.rejects(engine.apply({ text: fileOf(), baseDirectory: '/', name: 'f' }, asker), {
    code: 'control-plane.not-ready',
  })
  assert.deepEqual(world.kept.list(''), [])
})

test('a rollout under way keeps the plan it began with', async () => {
  await using world = await started()
  await apply(world, fileOf())
  await world.until('it serves', () => world.weight('v1') === 10_000)
  world.engine.release('shop', { to: 'v2' }, asker)
  const { steps } = world.rollout()
  await apply(world, fileOf({ strategy: '{ kind: canary, steps: [{ weight: 1% }] }' }))
  assert.deepEqual(world.rollout().steps, steps)
  await world.until('v2 serves', () => world.status().stable === 'v2')
  assert.equal(world.engine.release('shop', { to: 'v3' }, asker).steps.length, 1)
})

test('there is a limit to the number of services', async () => {
  await using world = await started()
  const names = Array.from({ length: 201 }, (_, i) => `s${i}`)
  await assert.rejects(apply(world, fileOf({}, names)), {
    code: 'config.invalid',
    message: /201 services; at most 200/,
  })
  assert.equal(world.place('s0').opened, 0)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SerinError } from '@serin/spec'
import { asker, fileOf, World } from './testing/world.ts'

/** A world with a service `shop` whose v1 serves, and v2 on its way or in traffic. */
async function shop(more: Readonly<Record<string, string>> = {}, services = ['shop']): Promise<World> {
  const world = new World()
  const engine = await world.start()
  await engine.apply({ text: fileOf(more, services), baseDirectory: '/files', name: 'serin.yaml' }, asker)
  await world.until('stable serves', () => services.every((name) => world.weight('v1', name) === 10_000))
  return world
}

async function watched(more: Readonly<Record<string, string>> = {}): Promise<World> {
  const world = await shop({ strategy: '{ kind: canary, steps: [{ weight: 10%, hold: 1h }] }', ...more })
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('v2 has traffic', () => world.rollout().inForceBp === 1_000)
  return world
}

const full = new SerinError('store.full', 'The disk of /data is full; nothing was written.')
const rolledBack = (world: World) => () => world.rollout().phase === 'rolled-back'

for (const [what, behaviour, why] of [
  ['exits at once', { failure: { message: 'v2 exited with code 3 at once.' } }, /exited with code 3/],
  ['never gets ready', { readyAfterMs: 'never' }, /not ready within 60 s/],
] as const) {
  test(`a version that ${what} fails its rollout with one sentence, and stable keeps everything`, async () => {
    await using world = await shop()
    world.place().workload.script('v2', behaviour)
    world.engine.release('shop', { to: 'v2' }, asker)
    await world.until('it is rolled back', rolledBack(world))
    const { reason, why: said, exposedRequests, firstTrafficAt } = world.rollout()
    assert.equal(reason, 'failed')
    assert.match(said ?? '', why)
    assert.deepEqual([exposedRequests, firstTrafficAt], [0, null])
    assert.ok(world.tables.every((table) => table.arms.every((arm) => arm.version === 'v1')))
    assert.match(String(world.journal('rollout.moved').at(0)?.data['why']), why)
    await world.pass(10_000)
    assert.equal(world.place().workload.observe('v2').state, 'absent')
  })
}

test('a version that failed once gets a fresh try at the next release', async () => {
  await using world = await shop()
  const { workload } = world.place()
  workload.script('v2', { failure: { message: 'no database' }, stopAfterMs: 2_000 })
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('it is rolled back', rolledBack(world))
  workload.script('v2', { stopAfterMs: 2_000 })
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('it has traffic', () => world.weight('v2') > 0)
  assert.equal(world.rollout().id, 'shop-2')
})

test('a canary without any replica loses its traffic at once, and its rollout after ten seconds', async () => {
  await using world = await watched()
  world.place().workload.script('v2', { backOffMs: 600_000 })
  world.place().workload.crash('v2', 0)
  await world.pass(2_000)
  assert.deepEqual([world.weight('v2'), world.rollout().phase], [0, 'watching'])
  await world.until('it is rolled back', rolledBack(world))
  assert.match(world.rollout().why ?? '', /No replica of v2 has been ready for 10 s/)
})

test('a canary that is back soon goes on with its share', async () => {
  await using world = await watched()
  world.place().workload.script('v2', { backOffMs: 5_000 })
  world.place().workload.crash('v2', 0)
  await world.pass(3_000)
  assert.equal(world.weight('v2'), 0)
  await world.pass(10_000)
  assert.deepEqual([world.weight('v2'), world.rollout().phase], [1_000, 'watching'])
})

test('a stable version in trouble is said to be', async () => {
  await using world = await shop()
  assert.deepEqual(world.status().trouble, [])
  world.place().workload.script('v1', { backOffMs: 600_000 })
  world.place().workload.crash('v1', 0)
  await world.pass(2_000)
  assert.match(world.status().trouble.join(), /Stable v1 has only 0 of 1 replicas ready/)
})

test('a router that refuses is asked again, its words are passed on, and nothing is believed meanwhile', async () => {
  await using world = await shop()
  const place = world.place()
  place.faults.refuse = new SerinError('gateway.failed', 'The gateway refused PUT /routing: no.')
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.pass(30_000)
  assert.match(world.status().trouble.join(), /does not take orders: The gateway refused PUT \/routing: no\./)
  assert.deepEqual([world.rollout().phase, world.rollout().firstTrafficAt], ['watching', null])
  assert.ok(place.asked > 5 && place.asked < 200, `asked ${place.asked} times`)
  place.faults.refuse = undefined
  await world.until('it has its share', () => world.rollout().inForceBp === 1_000)
  assert.deepEqual(world.status().trouble, [])
})

test('a promotion the router does not follow is none, and can be taken back', async () => {
  await using world = await watched()
  world.place().faults.refuse = new Error('no')
  world.engine.command('shop', { type: 'promote', by: 'tester', why: '', full: true, seenStep: 0 })
  await world.pass(30_000)
  assert.deepEqual([world.rollout().phase, world.status().stable, world.weight('v2')], ['promoting', 'v1', 1_000])
  assert.equal(world.rollout().askedBp, 10_000)
  world.engine.command('shop', { type: 'abort', by: 'tester', why: '' })
  world.place().faults.refuse = undefined
  await world.until('it is back', rolledBack(world))
  assert.deepEqual([world.status().stable, world.weight('v1')], ['v1', 10_000])
  assert.ok(world.tables.every((table) => table.stable === 'v1'))
})

test('a router that was changed by somebody else is set right', async () => {
  await using world = await watched()
  const { router } = world.place()
  const { table } = router
  assert.ok(table !== null)
  const arms = table.arms.map((arm) => ({ ...arm, weightBp: arm.version === 'v2' ? 9_000 : 1_000 }))
  await router.apply({ ...table, arms, revision: table.revision + 1e9 }, new AbortController().signal)
  assert.equal(world.weight('v2'), 9_000)
  await world.pass(3_000)
  assert.equal(world.weight('v2'), 1_000)
  assert.equal(world.rollout().inForceBp, 1_000)
})

test('a router that says yes and does nothing is not believed, and not hurried', async () => {
  await using world = await shop()
  world.place().faults.deaf = true
  const before = world.place().asked
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.pass(60_000)
  assert.deepEqual([world.rollout().firstTrafficAt, world.rollout().inForceBp], [null, 0])
  const asked = world.place().asked - before
  assert.ok(asked > 10 && asked < 400, `asked ${asked} times in a minute`)
  world.place().faults.deaf = false
  await world.until('it has its share', () => world.rollout().inForceBp === 1_000)
})

test('a router that does not answer is shown as that, and the rollout waits', async () => {
  await using world = await watched()
  const { router } = world.place()
  router.failure = new SerinError('gateway.unreachable', 'The gateway does not answer.')
  await world.pass(20_000)
  const { rollout, trouble, versions, address } = world.status()
  assert.match(trouble.join(), /The gateway does not answer/)
  assert.match(trouble.join(), /last heard 20 s ago/)
  assert.deepEqual([rollout?.phase, rollout?.inForceBp, rollout?.judgement?.health], ['watching', null, 'source-down'])
  assert.deepEqual([versions.map(({ inForceBp }) => inForceBp), address], [[null, null, null], 'memory:'])
  router.failure = undefined
  await world.pass(5_000)
  assert.deepEqual([world.status().trouble, world.rollout().judgement?.health], [[], 'ok'])
})

test('a full store in mid-rollout: stable takes all traffic, the rollout goes back, the journal says so', async () => {
  await using world = await watched()
  world.storeFault = full
  await world.pass(5_000)
  assert.deepEqual([world.weight('v2'), world.weight('v1')], [0, 10_000])
  assert.match(world.status().trouble.join(), /The disk of \/data is full.*Stable keeps all traffic/)
  assert.throws(() => world.engine.command('shop', { type: 'pause', by: 'tester', why: '' }), { code: 'store.full' })
  assert.throws(() => world.engine.release('shop', { to: 'v3', onActive: 'supersede' }, asker), { code: 'store.full' })
  assert.deepEqual([world.rollout().id, world.rollout().phase], ['shop-1', 'watching'])
  const entries = world.journal().length
  world.storeFault = undefined
  await world.until('it is back', rolledBack(world))
  const news = world.journal().slice(entries)
  assert.deepEqual(news.map(({ kind }) => kind).slice(0, 2), ['store.recovered', 'rollout.moved'])
  assert.deepEqual([news[0]?.data['message'], news[1]?.data['to']], [full.message, 'rolling-back'])
  assert.match(world.rollout().why ?? '', /The store could not write for \d+ s; stable took all traffic/)
  assert.deepEqual(world.status().trouble, [])
})

test('a full store while nothing is released only says so, and is over when it is over', async () => {
  await using world = await shop()
  world.storeFault = full
  await world.pass(5_000)
  assert.match(world.status().trouble.join(), /is full/)
  assert.equal(world.weight('v1'), 10_000)
  world.storeFault = undefined
  await world.pass(2_000)
  assert.deepEqual(world.status().trouble, [])
  assert.equal(world.journal('store.recovered').length, 1)
})

test('a store that fails in a way nobody foresaw stops the canary all the same', async () => {
  await using world = await watched()
  world.storeFault = new Error('cosmic ray')
  await world.pass(3_000)
  assert.deepEqual([world.weight('v2'), world.weight('v1')], [0, 10_000])
  assert.match(world.status().trouble.join(), /a defect in Serin/)
  assert.ok(world.defects.includes(world.storeFault))
  world.storeFault = undefined
  await world.until('it is back', rolledBack(world))
})

test('a store that is damaged under way stops the canary, too', async () => {
  await using world = await watched()
  world.storeFault = new SerinError('store.corrupt', 'The database in /data is damaged.')
  await world.pass(3_000)
  assert.deepEqual([world.weight('v2'), world.weight('v1')], [0, 10_000])
  assert.match(world.status().trouble.join(), /is damaged/)
})

test('an engine starts with a store that cannot write, and goes on when it can', async () => {
  await using world = await watched()
  world.kill()
  world.storeFault = full
  await world.start()
  await world.pass(5_000)
  assert.equal(world.weight('v1'), 10_000)
  assert.match(world.status().trouble.join(), /is full/)
  world.storeFault = undefined
  await world.until('it is back', rolledBack(world))
  assert.deepEqual(world.status().trouble, [])
})

test('a service whose gateway cannot open keeps no other from starting, says so, and comes up when it can', async () => {
  await using world = await shop({}, ['bad', 'good'])
  world.kill()
  world.place('bad').router.failure = new Error('gone')
  world.place('bad').faults.open = new SerinError('gateway.port-in-use', 'Something else listens on 127.0.0.1:80.')
  const before = world.place('bad').opened
  const engine = await world.start()
  assert.equal(engine.started, true)
  engine.release('good', { to: 'v2' }, asker)
  await world.until('the other is released', () => world.status('good').stable === 'v2')
  const { trouble, address } = world.status('bad')
  assert.match(trouble.join(), /Something else listens on 127\.0\.0\.1:80/)
  assert.equal(address, null)
  await world.pass(60_000)
  const tries = world.place('bad').opened - before
  assert.ok(tries > 10 && tries < 200, `opened ${tries} times`)
  world.place('bad').faults.open = undefined
  world.place('bad').router.failure = undefined
  await world.pass(5_000)
  assert.deepEqual(world.status('bad').trouble, [])
  engine.release('bad', { to: 'v2' }, asker)
  await world.until('it is released, too', () => world.status('bad').stable === 'v2')
})

test('a service whose workload cannot open keeps no other from starting, and says so', async () => {
  await using world = await shop({}, ['bad', 'good'])
  world.kill()
  world.place('bad').faults.workload = new SerinError('driver.unknown', 'No workload is of kind "steam".')
  await world.start()
  await world.pass(60_000)
  assert.match(world.status('bad').trouble.join(), /Stable v1 does not run: No workload is of kind "steam"/)
  assert.deepEqual(world.status('good').trouble, [])
  // What its gateway sends to is somebody's; nobody is turned away because of a driver.
  assert.equal(world.place('bad').router.table?.arms[0]?.endpoints.length, 1)
})

test('whoever listens badly keeps nobody from acting', async () => {
  await using world = await shop()
  const bad = new Error('bad listener')
  world.engine.subscribe(() => {
    throw bad
  })
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('it is promoted', () => world.rollout().phase === 'promoted')
  assert.ok(world.defects.includes(bad))
})

test('evidence nobody can read is reported, and what comes after it counts', async () => {
  await using world = await watched()
  const { table } = world.place().router
  const before = world.kept.evidence('service/shop', 0, 1e15).length
  const { clock } = world
  for (const bad of [{ at: Number.NaN, durationMs: 1 }, { at: clock.now() }, { at: clock.now(), durationMs: 1_000 }])
    world.place().router.emit({ boot: 'boot-1', seq: 1e6, ...bad } as never)
  await world.pass(3_000)
  assert.equal(world.defects.filter((defect) => String(defect).includes('another form')).length, 3)
  assert.equal(world.status().versions[0]?.live.successPercent, 100)
  world.newBoot()
  await world.pass(5_000)
  assert.ok(world.kept.evidence('service/shop', 0, 1e15).length >= before + 5)
  assert.ok(table !== null)
})

test('stopping leaves nothing behind, even of a service whose router does not end', async () => {
  await using world = await shop({}, ['bad', 'good'])
  const stuck = new SerinError('gateway.failed', 'The gateway does not end.')
  world.place('bad').router.failure = stuck
  const told: string[] = []
  let failed: unknown
  const stopping = world.engine
    .stop({ keep: false, told: (sentence) => told.push(sentence) })
    .catch((error: unknown) => (failed = error))
  await world.pass(2_000)
  await stopping
  assert.equal(failed, stuck)
  for (const name of ['bad', 'good']) assert.deepEqual(world.place(name).workload.versions(), [], name)
  assert.equal(world.place('good').router.table, null)
  assert.ok(told.includes('The gateway of good has stopped.') && told.includes('v1 of bad has stopped.'))
})

test('stopping with keep leaves everything as it is', async () => {
  await using world = await watched()
  const { revision } = world.place().router.table ?? {}
  const stopping = world.engine.stop({ keep: true })
  await world.pass(2_000)
  await stopping
  world.kill()
  await world.pass(60_000)
  assert.deepEqual([world.place().router.table?.revision, world.weight('v2')], [revision, 1_000])
  assert.deepEqual(world.place().workload.versions(), ['v1', 'v2'])
})

test('a start sends no table before it has found the replicas that run', async () => {
  await using world = await watched()
  const { table } = world.place().router
  for (const observeAfterMs of [0, 3_500]) {
    world.kill()
    Object.assign(world.place().faults, { findAfterMs: 3_000, observeAfterMs })
    const before = world.tables.length
    await world.start()
    await world.pass(2_000)
    assert.equal(world.tables.length, before)
    await world.pass(8_000)
    assert.ok(world.tables.length > before)
  }
  assert.ok(table !== null && world.tables.every((sent) => sent.arms.length === 2 || sent.revision < table.revision))
  assert.ok(world.tables.every((sent) => sent.arms.every((arm) => arm.endpoints.length > 0)))
  assert.deepEqual([world.weight('v2'), world.rollout().phase], [1_000, 'watching'])
})

test('a start waits for no replica that is known to be down', async () => {
  await using world = await watched()
  world.kill()
  for (const version of ['v1', 'v2']) {
    world.place().workload.script(version, { readyAfterMs: 'never' })
    world.place().workload.crash(version, 0)
  }
  await world.start()
  await world.pass(8_000)
  assert.deepEqual(
    world.place().router.table?.arms.map(({ version, endpoints }) => [version, endpoints]),
    [['v1', []]],
  )
})

test('old evidence goes, a slice at a time, while new evidence comes', async () => {
  await using world = await shop()
  const now = world.clock.now()
  const old = Array.from({ length: 1_700 }, (_, i) => ({ series: 'service/shop', at: now - 7_300_000 - i, value: {} }))
  world.kept.commit({ at: now, evidence: old })
  await world.pass(65_000)
  const kept = world.kept.evidence('service/shop', 0, 1e15)
  assert.ok(kept.length >= 60 && kept.every(({ at }) => at > now - 60_000), String(kept.length))
})

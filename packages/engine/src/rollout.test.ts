import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asker, fileOf, World } from './testing/world.ts'

/** A world with a service `shop` whose v1 serves. */
async function shop(more: Readonly<Record<string, string>> = {}): Promise<World> {
  const world = new World()
  const engine = await world.start()
  await engine.apply({ text: fileOf(more), baseDirectory: '/files', name: 'serin.yaml' }, asker)
  await world.until('stable serves', () => world.weight('v1') === 10_000)
  return world
}

const refused = { code: 'rollout.refused' }

test('a harmless version is promoted step by step, each step on evidence', async () => {
  await using world = await shop()
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('v2 is promoted', () => world.rollout().phase === 'promoted')
  assert.deepEqual(world.moves(), ['watching 0', 'watching 1', 'promoting', 'promoted'])
  for (const { data } of world.journal('rollout.moved').slice(1, 3)) {
    const judgement = data['judgement'] as { verdict: string; metrics: unknown[] }
    assert.deepEqual([data['event'], judgement.verdict, judgement.metrics.length], ['judged', 'safe', 1])
  }
  assert.deepEqual([world.status().stable, world.weight('v2')], ['v2', 10_000])
  assert.deepEqual(
    world.tables.map((table) => table.arms.find((arm) => arm.version === 'v2')?.weightBp ?? 0),
    [0, 1_000, 5_000, 10_000, 10_000],
  )
  assert.ok(world.tables.every((table, i) => table.revision > (world.tables[i - 1]?.revision ?? 0)))
  const { firstTrafficAt, decidedAt, endedAt, exposedRequests, startedAt } = world.rollout()
  assert.ok(startedAt <= (firstTrafficAt ?? 0) && (firstTrafficAt ?? 0) < (decidedAt ?? 0))
  assert.ok((decidedAt ?? 0) <= (endedAt ?? 0))
  assert.ok(exposedRequests > 1_000)
  assert.deepEqual(world.defects, [])
})

test('a harmful version is sent back at once, and the judgement that decided stands in the journal', async () => {
  await using world = await shop()
  world.traffic.errorRatio['v2'] = 0.05
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('v2 is rolled back', () => world.rollout().phase === 'rolled-back')
  const { reason, judgement, inForceBp, askedBp, sentence } = world.rollout()
  assert.deepEqual([reason, judgement?.verdict, inForceBp, askedBp], ['harmful', 'harmful', null, 0])
  assert.match(sentence, /v2 was rolled back \(harmful\)/)
  assert.deepEqual(world.moves(), ['watching 0', 'rolling-back', 'rolled-back'])
  const decided = world.journal('rollout.moved').find(({ data }) => data['to'] === 'rolling-back')
  assert.deepEqual(decided?.data['judgement'], judgement)
  assert.deepEqual([world.weight('v2'), world.weight('v1'), world.status().stable], [0, 10_000, 'v1'])
})

test('a step does not pass without evidence, however long it takes', async () => {
  await using world = await shop()
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('v2 is watched', () => world.rollout().phase === 'watching')
  world.traffic.perSecond = 0
  const { evidenceMs } = world.rollout()
  await world.pass(120_000)
  assert.deepEqual([world.rollout().phase, world.rollout().step], ['watching', 0])
  assert.equal(world.rollout().evidenceMs, evidenceMs)
  assert.equal(world.rollout().judgement?.health, 'no-data')
})

test('a step that stays undecided is held for a person at its deadline', async () => {
  await using world = await shop({
    strategy: '{ kind: canary, steps: [{ weight: 10%, hold: 3s }], deadline: 30s }',
  })
  world.traffic.perSecond = 1
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('it is held', () => world.rollout().phase === 'holding')
  assert.equal(world.rollout().reason, 'deadline')
  assert.equal(world.weight('v2'), 1_000)
})

test('a pause step waits for a person, and resume goes on to the next', async () => {
  await using world = await shop({
    strategy: '{ kind: canary, steps: [{ weight: 10%, hold: 2s, pause: true }, { weight: 50%, hold: 600s }] }',
  })
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('it is held', () => world.rollout().phase === 'holding')
  await world.pass(60_000)
  assert.deepEqual([world.rollout().reason, world.weight('v2')], ['pause-step', 1_000])
  world.engine.command('shop', { type: 'resume', by: 'tester', why: 'looks good' })
  await world.until('the next share is in force', () => world.weight('v2') === 5_000)
  assert.equal(world.journal('rollout.resume')[0]?.data['why'], 'looks good')
})

test('pause holds the share, evidence of harm still takes it back', async () => {
  await using world = await shop()
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('v2 is watched', () => world.weight('v2') === 1_000)
  world.engine.command('shop', { type: 'pause', by: 'tester', why: 'lunch' })
  await world.pass(60_000)
  assert.deepEqual([world.rollout().phase, world.rollout().by, world.weight('v2')], ['holding', 'tester', 1_000])
  world.traffic.errorRatio['v2'] = 0.2
  await world.until('it is taken back', () => world.rollout().phase === 'rolled-back')
  assert.equal(world.rollout().reason, 'harmful')
})

test('a rollout held before any traffic waits for a slow version instead of failing it', async () => {
  await using world = await shop()
  world.place().workload.script('v2', { readyAfterMs: 40_000 })
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.pass(2_000)
  world.engine.command('shop', { type: 'pause', by: 'tester', why: 'not yet' })
  await world.pass(60_000)
  assert.deepEqual([world.rollout().phase, world.rollout().step, world.weight('v2')], ['holding', null, 0])
  world.engine.command('shop', { type: 'resume', by: 'tester', why: '' })
  await world.until('it goes on', () => world.weight('v2') === 1_000)
})

test('promote goes one step, promote --full to the end, and a stale click is refused', async () => {
  await using world = await shop({
    strategy:
      '{ kind: canary, steps: [{ weight: 10%, hold: 1h }, { weight: 20%, hold: 1h }, { weight: 50%, hold: 1h }] }',
  })
  const promote = (full: boolean, seenStep: number | null) =>
    world.engine.command('shop', { type: 'promote', by: 'tester', why: 'sure', full, seenStep })
  world.place().workload.script('v2', { readyAfterMs: 3_000 })
  world.engine.release('shop', { to: 'v2' }, asker)
  assert.throws(() => promote(false, null), refused)
  await world.until('v2 is watched', () => world.weight('v2') === 1_000)
  assert.equal(promote(false, 0).step, 1)
  assert.throws(() => promote(false, 0), { ...refused, message: /at step 2, not at step 1/ })
  await world.until('the second share is in force', () => world.weight('v2') === 2_000)
  promote(true, 1)
  assert.throws(() => promote(true, null), refused)
  await world.until('it is promoted', () => world.rollout().phase === 'promoted')
  assert.equal(world.status().stable, 'v2')
  assert.throws(() => promote(true, null), refused)
})

test('abort sends everything back, in every phase before the end', async () => {
  for (const phase of ['preparing', 'watching', 'holding', 'promoting'] as const) {
    await using world = await shop()
    world.place().workload.script('v2', { readyAfterMs: 3_000 })
    world.engine.release('shop', { to: 'v2' }, asker)
    if (phase !== 'preparing') await world.until('v2 has traffic', () => world.weight('v2') > 0)
    if (phase === 'holding') world.engine.command('shop', { type: 'pause', by: 'tester', why: '' })
    if (phase === 'promoting')
      world.engine.command('shop', { type: 'promote', by: 'tester', why: '', full: true, seenStep: null })
    assert.equal(world.rollout().phase, phase)
    const seen = world.engine.command('shop', { type: 'abort', by: 'ann', why: 'changed my mind' })
    assert.deepEqual([seen.phase, seen.by, seen.why], ['rolling-back', 'ann', 'changed my mind'])
    await world.until('it is back', () => world.rollout().phase === 'rolled-back')
    assert.deepEqual([world.rollout().reason, world.weight('v2'), world.weight('v1')], ['aborted', 0, 10_000])
    assert.throws(() => world.engine.command('shop', { type: 'abort', by: 'ann', why: '' }), refused)
  }
})

test('retry starts a rolled-back rollout with new evidence, a fresh version and other people', async () => {
  await using world = await shop()
  world.traffic.errorRatio['v2'] = 0.2
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('it is rolled back', () => world.rollout().phase === 'rolled-back')
  const salts = new Set(world.tables.map((table) => table.salt))
  const before = world.place().workload.observe('v2').replicas[0]?.readySince
  world.traffic.errorRatio['v2'] = 0
  const seen = world.engine.command('shop', { type: 'retry', by: 'tester', why: 'fixed the database' })
  assert.deepEqual(
    [seen.phase, seen.attempt, seen.judgement, seen.exposedRequests, seen.endedAt],
    ['preparing', 2, null, 0, null],
  )
  await world.until('it is promoted', () => world.rollout().phase === 'promoted')
  assert.ok((world.place().workload.observe('v2').replicas[0]?.readySince ?? 0) > (before ?? Infinity))
  assert.ok(world.tables.some((table) => table.measurement.rollout === 'shop-1#2' && !salts.has(table.salt)))
})

test('retry is refused when the version it would come from is stable no more', async () => {
  await using world = await shop()
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('v2 serves', () => world.rollout().phase === 'promoted')
  world.engine.undo('shop', undefined, asker)
  await world.until('v1 serves again', () => world.status().stable === 'v1')
  assert.throws(() => world.engine.command('shop-1', { type: 'retry', by: 'tester', why: '' }), refused)
})

test('the same version cannot be released twice at once, nor while it goes back, nor when it is stable', async () => {
  await using world = await shop()
  world.engine.release('shop', { to: 'v2' }, asker)
  for (const supersede of [false, true])
    assert.throws(
      () => world.engine.release('shop', { to: 'v2', onActive: supersede ? 'supersede' : 'refuse' }, asker),
      {
        code: 'rollout.active',
        message: /v2 is already being released \(shop-1\)/,
      },
    )
  world.place().faults.refuse = new Error('not now')
  await world.until('v2 waits for its share', () => world.rollout().phase === 'watching')
  world.engine.command('shop', { type: 'abort', by: 'tester', why: '' })
  assert.throws(() => world.engine.release('shop', { to: 'v2', onActive: 'supersede' }, asker), {
    code: 'rollout.active',
    message: /shop-1 .*going back/,
  })
  world.place().faults.refuse = undefined
  await world.until('it is back', () => world.rollout().phase === 'rolled-back')
  assert.throws(() => world.engine.release('shop', { to: 'v1' }, asker), refused)
  assert.equal(world.engine.release('shop', { to: 'v2' }, asker).id, 'shop-2')
})

test('an unknown version or service is refused with the nearest name', async () => {
  await using world = await shop()
  assert.throws(() => world.engine.release('shop', { to: 'v22' }, asker), {
    code: 'version.not-found',
    message: /Known: v1, v2, v3\. Did you mean v2\?/,
  })
  assert.throws(() => world.engine.release('shap', { to: 'v2' }, asker), {
    code: 'service.not-found',
    message: /Did you mean shop\?/,
  })
  assert.throws(() => world.engine.rollout('shop'), { code: 'rollout.not-found' })
  assert.throws(() => world.engine.command('shop', { type: 'abort', by: 'x', why: '' }), { code: 'rollout.not-found' })
  assert.throws(() => world.engine.rollout('nothing-1'), { code: 'rollout.not-found' })
})

test('another version is refused during a rollout, or takes its place when asked', async () => {
  await using world = await shop()
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('v2 has traffic', () => world.weight('v2') > 0)
  assert.throws(() => world.engine.release('shop', { to: 'v3', onActive: 'refuse' }, asker), { code: 'rollout.active' })
  world.engine.release('shop', { to: 'v3', onActive: 'supersede' }, { by: 'ann', why: 'better' })
  await world.until('v3 has traffic', () => world.weight('v3') > 0)
  assert.deepEqual([world.rollout('shop-1').phase, world.rollout('shop-1').reason], ['rolled-back', 'superseded'])
  assert.throws(() => world.engine.command('shop-1', { type: 'retry', by: 'tester', why: '' }), {
    ...refused,
    message: /not the latest/,
  })
  await world.until('v3 serves', () => world.status().stable === 'v3')
  assert.ok(world.tables.every((table) => table.arms.length <= 2))
})

test('a version that takes the place of another does not keep it from its end', async () => {
  await using world = await shop()
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('v2 has traffic', () => world.weight('v2') > 0)
  world.place().faults.refuse = new Error('not now')
  world.engine.release('shop', { to: 'v3', onActive: 'supersede' }, asker)
  await world.pass(2_000)
  world.engine.release('shop', { to: 'v2', onActive: 'supersede' }, asker)
  await world.pass(2_000)
  world.place().faults.refuse = undefined
  await world.until('v2 serves', () => world.status().stable === 'v2')
  for (const id of ['shop-1', 'shop-2']) assert.equal(world.rollout(id).phase, 'rolled-back', id)
})

test('going back to stable during a rollout is an abort, whatever it is called', async () => {
  for (const go of [
    (world: World) => world.engine.release('shop', { to: 'v1' }, asker),
    (world: World) => world.engine.undo('shop', undefined, asker),
    (world: World) => world.engine.undo('shop', 'v1', asker),
  ]) {
    await using world = await shop()
    world.engine.release('shop', { to: 'v2' }, asker)
    await world.until('v2 has traffic', () => world.weight('v2') > 0)
    assert.equal(go(world).reason, 'aborted')
    await world.until('it is back', () => world.rollout().phase === 'rolled-back')
    assert.equal(world.engine.rollouts('shop', 10).length, 1)
  }
})

test('undo goes back at once to the version before, and again to the one before that', async () => {
  await using world = await shop()
  assert.throws(() => world.engine.undo('shop', undefined, asker), refused)
  for (const version of ['v2', 'v3']) {
    world.engine.release('shop', { to: version }, asker)
    await world.until(`${version} serves`, () => world.status().stable === version)
  }
  assert.throws(() => world.engine.undo('shop', 'v3', asker), refused)
  assert.throws(() => world.engine.undo('shop', 'v9', asker), { code: 'version.not-found' })
  const seen = world.engine.undo('shop', undefined, { by: 'ann', why: 'too slow' })
  assert.deepEqual([seen.strategy, seen.canary, seen.steps], ['instant', 'v2', []])
  // The version before is warm: no evidence is waited for, and nothing has to start.
  await world.pass(2_000)
  assert.deepEqual([world.status().stable, world.weight('v2')], ['v2', 10_000])
  world.engine.undo('shop', 'v1', asker)
  await world.until('v1 serves', () => world.status().stable === 'v1')
})

test('a version that never was stable is not undone to', async () => {
  await using world = await shop()
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('v2 serves', () => world.status().stable === 'v2')
  assert.throws(() => world.engine.undo('shop', 'v3', asker), {
    ...refused,
    message: /never stable.*Stable before: v1/,
  })
})

test('the version before is kept warm after promotion, then stopped', async () => {
  await using world = await shop({ keepWarm: '30s' })
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('v2 serves', () => world.status().stable === 'v2')
  const { workload } = world.place()
  await world.pass(20_000)
  assert.equal(workload.observe('v1').state, 'ready')
  assert.equal(world.status().versions.find(({ name }) => name === 'v1')?.role, 'warm')
  await world.pass(20_000)
  assert.equal(workload.observe('v1').state, 'absent')
  assert.equal(world.status().versions.find(({ name }) => name === 'v1')?.role, 'idle')
  // Undo still works; the version has to start first.
  workload.script('v1', { readyAfterMs: 5_000 })
  world.engine.undo('shop', undefined, asker)
  await world.pass(3_000)
  assert.equal(world.weight('v2'), 10_000)
  await world.until('v1 serves', () => world.weight('v1') === 10_000)
})

test('a version is stopped only when it is out of the table and its last request is answered', async () => {
  await using world = await shop({ drain: '20s' })
  const { router, workload, faults } = world.place()
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('v2 has traffic', () => world.weight('v2') > 0)
  router.take({ headers: { 'serin-version': 'v2' } }, () => 'x')
  // As long as the router sends requests there, it runs, however long that takes.
  faults.refuse = new Error('no')
  world.engine.release('shop', { to: 'v3', onActive: 'supersede' }, asker)
  await world.pass(60_000)
  assert.deepEqual([world.weight('v2'), workload.observe('v2').state], [1_000, 'ready'])
  router.failure = new Error('no answer')
  await world.pass(60_000)
  assert.equal(workload.observe('v2').state, 'ready')
  router.failure = undefined
  faults.refuse = undefined
  await world.until('v2 is out of the table', () => world.weight('v2') === 0)
  await world.pass(10_000)
  assert.equal(workload.observe('v2').state, 'ready')
  router.finish('v2')
  await world.pass(3_000)
  assert.equal(workload.observe('v2').state, 'absent')
})

test('a request that never ends keeps its version for the drain time', async () => {
  await using world = await shop({ drain: '20s' })
  const { router, workload } = world.place()
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('v2 has traffic', () => world.weight('v2') > 0)
  router.take({ headers: { 'serin-version': 'v2' } }, () => 'x')
  world.engine.command('shop', { type: 'abort', by: 'tester', why: '' })
  await world.pass(15_000)
  assert.equal(workload.observe('v2').state, 'ready')
  await world.pass(10_000)
  assert.equal(workload.observe('v2').state, 'absent')
})

test('rollouts are listed newest first, of one service or of all', async () => {
  await using world = await shop()
  await world.engine.apply({ text: fileOf({}, ['shop', 'bar']), baseDirectory: '/files', name: 'f' }, asker)
  for (const [service, version] of [
    ['shop', 'v2'],
    ['bar', 'v2'],
    ['shop', 'v3'],
  ] as const) {
    world.engine.release(service, { to: version, onActive: 'supersede' }, asker)
    await world.pass(1_000)
  }
  const ids = (service: string | undefined, limit: number) => world.engine.rollouts(service, limit).map(({ id }) => id)
  assert.deepEqual(ids(undefined, 10), ['shop-2', 'bar-1', 'shop-1'])
  assert.deepEqual(ids('shop', 1), ['shop-2'])
  assert.throws(() => ids('nobody', 1), { code: 'service.not-found' })
})

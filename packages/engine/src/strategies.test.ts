import { SerinError } from '@serin/spec'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asker, fileOf, World } from './testing/world.ts'

/** A world with a service `shop` whose v1 serves with four copies. */
async function shop(more: Readonly<Record<string, string>> = {}): Promise<World> {
  const world = new World()
  const engine = await world.start()
  const file = fileOf({ workload: '{ kind: process, command: [serve], replicas: 4 }', ...more })
  await engine.apply({ text: file, baseDirectory: '/files', name: 'serin.yaml' }, asker)
  await world.until('stable serves', () => world.weight('v1') === 10_000)
  await world.pass(20_000)
  return world
}

const person = (by: string) => ({ type: 'approve', by, why: '' }) as const
const copies = (world: World, version: string): number =>
  world
    .place()
    .workload.observe(version)
    .replicas.filter(({ state }) => state === 'ready').length
/** Second by second with traffic, looked at four times in each, until it is done. */
async function watched(world: World, done: () => boolean): Promise<void> {
  for (let quarter = 1; quarter < 2_400; quarter += 1) {
    if (done()) return
    await world.clock.pass(250)
    if (quarter % 4 === 0) world.emit()
    await world.clock.settle()
  }
  assert.fail(`not done after ten minutes: ${world.rollout().sentence}`)
}
/** Every share that was in force, in order. */
const shares = (world: World): readonly number[] =>
  world.tables.map((table) => table.arms.find(({ version }) => version === 'v2')?.weightBp ?? 0)

test('blue-green: green has no traffic before its gates have passed, takes all at once, and blue stays warm', async () => {
  await using world = await shop({
    strategy:
      '{ kind: blue-green, gates: [{ kind: command, command: [test] }, { kind: approval, people: 2 }], bake: 20s }',
  })
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('the command is asked', () => world.rollout().gate?.kind === 'command')
  assert.equal(world.asked[0]?.context.preview, 'memory://v2/0')
  await world.pass(30_000)
  assert.deepEqual([world.rollout().step, world.weight('v2')], [0, 0])
  assert.throws(() => world.engine.command('shop', person('ann')), /The gate "command" comes first/)
  world.says['command'] = { outcome: 'passed', why: 'All 12 tests passed.' }
  await world.until('people are asked', () => world.rollout().gate?.kind === 'approval')
  world.engine.command('shop', person('ann'))
  assert.throws(() => world.engine.command('shop', person('ann')), /ann has approved "approval" already; 1 more/)
  assert.deepEqual(world.rollout().gate?.approvals, ['ann'])
  assert.equal(world.weight('v2'), 0)
  world.engine.command('shop', person('bob'))
  await world.until('green has everything', () => world.weight('v2') === 10_000)
  assert.deepEqual([world.rollout().phase, world.rollout().step], ['watching', 1])
  await world.until('it is promoted', () => world.rollout().phase === 'promoted')
  assert.deepEqual([copies(world, 'v1'), copies(world, 'v2')], [4, 4])
  assert.deepEqual(
    world.journal('rollout.gate').map(({ data }) => [data['gate'], data['outcome']]),
    [
      ['command', 'passed'],
      ['approval', 'passed'],
    ],
  )
  assert.deepEqual(new Set(shares(world)), new Set([0, 10_000]))
  assert.deepEqual(world.defects, [])
})

test('blue-green: a test that passed a version which has gone is asked again, and evidence is not missed where there can be none', async () => {
  await using world = await shop({
    strategy: '{ kind: blue-green, gates: [{ kind: command, command: [test] }], bake: 20s }',
  })
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('the command is asked', () => world.rollout().gate?.kind === 'command')
  await world.pass(30_000)
  assert.deepEqual(
    world.journal('rollout.judged').filter(({ data }) => JSON.stringify(data).includes('no-data')),
    [],
  )
  const { workload } = world.place()
  workload.script('v2', { backOffMs: 5_000 })
  for (const replica of workload.observe('v2').replicas.keys()) workload.crash('v2', replica)
  world.says['command'] = { outcome: 'passed', why: 'All 12 tests passed.' }
  await world.until('it says so', () => world.rollout().gate?.says === 'No replica of v2 is ready any more.')
  await world.until('it is there again and has all', () => world.weight('v2') === 10_000)
  assert.equal(world.journal('rollout.gate').length, 1)
  assert.deepEqual(world.defects, [])
})

test('blue-green: harm with all traffic is found against what stable had before, and blue takes over', async () => {
  await using world = await shop({ strategy: '{ kind: blue-green, bake: 10m }' })
  world.traffic.errorRatio['v1'] = 0.002
  await world.pass(60_000)
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('green has everything', () => world.weight('v2') === 10_000)
  await world.pass(30_000)
  assert.equal(world.rollout().phase, 'watching')
  world.traffic.errorRatio['v2'] = 0.05
  await world.until('blue has everything', () => world.rollout().phase === 'rolled-back')
  assert.deepEqual([world.rollout().reason, world.weight('v1')], ['harmful', 10_000])
  assert.match(world.rollout().sentence, /With all traffic/)
})

test('a validation that fails ends it without any traffic; one that holds waits for a person and is asked again', async () => {
  await using world = await shop({
    strategy: '{ kind: blue-green, gates: [{ kind: command, command: [test] }] }',
  })
  world.says['command'] = { outcome: 'failed', why: '3 of 12 tests failed.' }
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('it is rolled back', () => world.rollout().phase === 'rolled-back')
  assert.deepEqual([world.rollout().reason, Math.max(...shares(world))], ['gate', 0])
  await using other = await shop({
    strategy: '{ kind: blue-green, gates: [{ kind: command, command: [test], onFailure: hold }] }',
  })
  other.says['command'] = { outcome: 'failed', why: 'No connection.' }
  other.engine.release('shop', { to: 'v2' }, asker)
  await other.until('it is held', () => other.rollout().phase === 'holding')
  const asked = other.asked.length
  await other.pass(60_000)
  assert.equal(other.asked.length, asked, 'a gate that failed is not asked while it is held')
  other.says['command'] = { outcome: 'passed', why: '' }
  other.engine.command('shop', { type: 'resume', by: 'ann', why: '' })
  await other.until('it goes on', () => other.weight('v2') === 10_000)
})

test('a gate that does not pass in its time has failed, and says what it heard last', async () => {
  await using world = await shop({
    strategy: '{ kind: blue-green, gates: [{ kind: http, url: "{preview}/ready", within: 30s }] }',
  })
  world.says['http'] = { outcome: 'waiting', why: 'It answers 503.' }
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('it is rolled back', () => world.rollout().phase === 'rolled-back')
  assert.match(world.rollout().why ?? '', /has not passed within 30s\. It answers 503/)
})

test('a switch over a time follows its schedule within a tick, and stops while it is held', async () => {
  await using world = await shop({ strategy: '{ kind: blue-green, over: 100s, bake: 0s }' })
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('it begins', () => world.weight('v2') > 0, 1_000)
  // It began in the second before it was seen.
  const begun = world.clock.now() - 1_000
  for (let second = 0; second < 60; second += 1) {
    await world.pass(1_000)
    const due = (world.clock.now() - begun) / 100_000
    assert.ok(Math.abs(world.weight('v2') / 10_000 - due) <= 0.0101, `${world.weight('v2')} after ${due}`)
  }
  world.engine.command('shop', { type: 'pause', by: 'ann', why: '' })
  await world.pass(2_000)
  const held = world.weight('v2')
  await world.pass(20_000)
  assert.equal(world.weight('v2'), held)
  world.engine.command('shop', { type: 'resume', by: 'ann', why: '' })
  await world.until('it is promoted', () => world.rollout().phase === 'promoted')
  assert.deepEqual(
    [...shares(world)].sort((a, b) => a - b),
    shares(world),
  )
})

test('rolling: copy by copy, never more than allowed, never less than the traffic needs', async () => {
  await using world = await shop({ strategy: '{ kind: rolling, hold: 3s }' })
  world.place().workload.script('v2', { readyAfterMs: 2_000 })
  world.engine.release('shop', { to: 'v2' }, asker)
  const seen = new Set<string>()
  await watched(world, () => {
    const [one, two] = [copies(world, 'v1'), copies(world, 'v2')]
    const running = ['v1', 'v2'].flatMap((version) => world.place().workload.observe(version).replicas).length
    assert.ok(running <= 5, `${running} copies run`)
    const share = world.weight('v2') / 10_000
    assert.ok(one >= Math.floor(4 * (1 - share)), `${one} copies of v1 for ${1 - share}`)
    assert.ok(two >= 4 * share - 1e-3, `${two} copies of v2 for ${share}`)
    seen.add(`${world.weight('v2')}`)
    return world.rollout().phase === 'promoted'
  })
  assert.deepEqual([...seen], ['0', '2500', '5000', '7500', '10000'])
  assert.deepEqual([copies(world, 'v2'), world.status().stable], [4, 'v2'])
  assert.deepEqual(world.defects, [])
})

test('rolling: on the way back stable gets no more traffic than its copies can take', async () => {
  await using world = await shop({ strategy: '{ kind: rolling, hold: 10s }' })
  world.engine.release('shop', { to: 'v2' }, asker)
  await watched(world, () => world.weight('v2') === 7_500 && copies(world, 'v1') === 1)
  world.place().workload.script('v1', { readyAfterMs: 5_000 })
  world.engine.command('shop', { type: 'abort', by: 'ann', why: 'no' })
  let before = 7_500
  await world.until(
    'it is back',
    () => {
      const weight = world.weight('v2')
      assert.ok(weight <= before, 'canary never gets more')
      before = weight
      assert.ok(copies(world, 'v1') >= Math.floor((4 * (10_000 - weight)) / 10_000 - 1e-9))
      return world.rollout().phase === 'rolled-back'
    },
    250,
  )
  assert.deepEqual([world.weight('v1'), copies(world, 'v1')], [10_000, 4])
})

test('rolling: another version takes its turn once stable has its copies back', async () => {
  for (const ask of ['release', 'undo'] as const) {
    await using world = await shop({ strategy: '{ kind: rolling, hold: 10s }', rollbackWindow: '0' })
    if (ask === 'undo') {
      // v3 was stable before v1 is again.
      world.engine.release('shop', { to: 'v3' }, asker)
      await watched(world, () => world.rollout().phase === 'promoted')
      world.engine.undo('shop', 'v1', asker)
      await watched(world, () => world.rollout().canary === 'v1' && world.rollout().phase === 'promoted')
    }
    world.engine.release('shop', { to: 'v2' }, asker)
    await watched(world, () => world.weight('v2') === 7_500 && copies(world, 'v1') === 1)
    const { id } = world.rollout()
    world.place().workload.script('v1', { readyAfterMs: 5_000 })
    const going =
      ask === 'undo' ? world.engine.undo('shop', 'v3', asker) : world.engine.release('shop', { to: 'v3' }, asker)
    assert.deepEqual([going.id, going.phase], [id, 'rolling-back'])
    await watched(world, () => {
      assert.ok(copies(world, 'v1') >= Math.floor((4 * world.weight('v1')) / 10_000 - 1e-9), `${world.weight('v1')}`)
      return world.rollout().canary === 'v3'
    })
    assert.equal(world.engine.rollout(id).reason, 'superseded')
    await watched(world, () => world.rollout().phase === 'promoted')
    assert.deepEqual([world.weight('v3'), world.rollout().steps.length === 0], [10_000, ask === 'undo'])
    assert.deepEqual(world.defects, [])
  }
})

test('rolling: while the store cannot write, stable gets its copies back, and no more traffic than they can take', async () => {
  await using world = await shop({ strategy: '{ kind: rolling, hold: 10s }' })
  world.engine.release('shop', { to: 'v2' }, asker)
  await watched(world, () => world.weight('v2') === 7_500 && copies(world, 'v1') === 1)
  world.place().workload.script('v1', { readyAfterMs: 5_000 })
  world.storeFault = new SerinError('store.full', 'The disk is full.')
  const room = () => copies(world, 'v1') >= Math.floor((4 * (10_000 - world.weight('v2'))) / 10_000 - 1e-9)
  for (let quarter = 1; world.weight('v2') > 0; quarter += 1) {
    assert.ok(quarter < 120 && room(), `${copies(world, 'v1')} copies of v1 beside ${world.weight('v2')} bp of v2`)
    await world.clock.pass(250)
    if (quarter % 4 === 0) world.emit()
    await world.clock.settle()
  }
  assert.equal(copies(world, 'v1'), 4)
  world.storeFault = undefined
  await world.until('it is back', () => world.rollout().phase === 'rolled-back')
  assert.equal(copies(world, 'v1'), 4)
})

test('a step may run one copy, apart from its share; before everything there are all copies', async () => {
  await using world = await shop({
    strategy:
      '{ kind: canary, steps: [{ weight: 1%, hold: 3s, replicas: 1 }, { weight: 50%, hold: 3s, replicas: 2 }] }',
  })
  world.engine.release('shop', { to: 'v2' }, asker)
  const most = new Map<number, number>()
  await world.until('it is promoted', () => {
    most.set(world.weight('v2'), Math.max(copies(world, 'v2'), most.get(world.weight('v2')) ?? 0))
    if (world.weight('v2') === 10_000) assert.equal(copies(world, 'v2'), 4)
    return world.rollout().phase === 'promoted'
  })
  assert.equal(world.tables.at(-1)?.arms.length, 1)
  assert.ok((most.get(100) ?? 0) >= 1)
})

test('shadow: answers that are alike are found so without any traffic; then a person decides', async () => {
  await using world = await shop({ strategy: '{ kind: shadow, hold: 10s, pairs: 500 }' })
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('a person is asked', () => world.rollout().phase === 'holding')
  const { judgement, reason } = world.rollout()
  assert.deepEqual([reason, judgement?.mirror?.verdict, Math.max(...shares(world))], ['pause-step', 'safe', 0])
  world.engine.command('shop', { type: 'promote', by: 'ann', why: '', full: false, seenStep: 0 })
  await world.until('it is promoted', () => world.rollout().phase === 'promoted')
})

test('shadow: answers that differ too often end it without any traffic', async () => {
  await using world = await shop({ strategy: '{ kind: shadow, hold: 10s }' })
  world.traffic.differentRatio = 0.05
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('it is rolled back', () => world.rollout().phase === 'rolled-back')
  assert.deepEqual([world.rollout().reason, Math.max(...shares(world))], ['harmful', 0])
  assert.match(world.rollout().sentence, /mirrored answers differ/)
})

test('a freeze keeps everything where it is, except hotfixes and the way back', async () => {
  const strategy = '{ kind: canary, steps: [{ weight: 10%, hold: 90s }] }'
  const at = (minutes: number) => new Date(1_700_000_000_000 + minutes * 60_000).toISOString()
  await using world = await shop({ strategy, freeze: `[{ from: "${at(1)}", to: "${at(60)}", why: Christmas }]` })
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('it is watched', () => world.rollout().phase === 'watching')
  await world.pass(1_700_000_000_000 + 60_000 - world.clock.now())
  await world.pass(5 * 60_000)
  assert.deepEqual([world.rollout().phase, world.weight('v2')], ['watching', 1_000])
  assert.throws(() => world.engine.release('shop', { to: 'v3' }, asker), { code: 'rollout.frozen' })
  world.engine.release('shop', { to: 'v3', hotfix: true }, asker)
  await world.until('the hotfix is promoted', () => world.rollout().phase === 'promoted')
  assert.equal(world.status().stable, 'v3')
})

test('a release waits behind another when the service says so, and begins when that is over', async () => {
  await using world = await shop({ onNewVersion: 'queue' })
  world.engine.release('shop', { to: 'v2' }, asker)
  const answer = world.engine.release('shop', { to: 'v3' }, { by: 'ann', why: 'next' })
  assert.deepEqual([answer.canary, world.status().queue], ['v2', ['v3']])
  await world.until('v3 is stable', () => world.status().stable === 'v3')
  assert.deepEqual(world.moves('shop-2').slice(0, 1), ['watching 0'])
  assert.deepEqual(world.status().queue, [])
})

test('within the rollback window a version that was stable comes back without steps', async () => {
  await using world = await shop({ rollbackWindow: '1' })
  for (const to of ['v2', 'v3']) {
    world.engine.release('shop', { to }, asker)
    await world.until(`${to} is promoted`, () => world.status().stable === to)
  }
  world.engine.release('shop', { to: 'v2' }, asker)
  assert.deepEqual(world.rollout().steps, [])
  await world.until('v2 is back', () => world.status().stable === 'v2')
  world.engine.release('shop', { to: 'v1' }, asker)
  assert.equal(world.rollout().steps.length, 2)
})

test('old versions stay warm up to a number, a version that was rolled back as long as asked', async () => {
  await using world = await shop({ warmLimit: '1', keepWarm: '10m', keepAborted: '30s' })
  for (const to of ['v2', 'v3']) {
    world.engine.release('shop', { to }, asker)
    await world.until(`${to} is promoted`, () => world.status().stable === to)
  }
  await world.pass(10_000)
  const role = (name: string) => world.status().versions.find((version) => version.name === name)?.role
  assert.deepEqual(['v1', 'v2', 'v3'].map(role), ['idle', 'warm', 'stable'])
  assert.equal(copies(world, 'v1'), 0)
  world.engine.release('shop', { to: 'v1' }, asker)
  await world.until('v1 is watched', () => world.rollout().phase === 'watching')
  world.engine.command('shop', { type: 'abort', by: 'ann', why: '' })
  await world.pass(20_000)
  assert.deepEqual([world.rollout().phase, copies(world, 'v1')], ['rolled-back', 4])
  await world.pass(30_000)
  assert.equal(copies(world, 'v1'), 0)
})

test('when evidence is missing for long, the service says what happens', async () => {
  for (const [action, phase] of [
    ['hold', 'holding'],
    ['rollback', 'rolled-back'],
  ] as const) {
    await using world = await shop({
      analysis: `{ warmUp: 0s, minUnits: 10, noData: { after: 60s, do: ${action} } }`,
    })
    world.engine.release('shop', { to: 'v2' }, asker)
    await world.until('it is watched', () => world.rollout().phase === 'watching')
    world.traffic.perSecond = 0
    await world.pass(40_000)
    assert.equal(world.rollout().phase, 'watching')
    await world.until(phase, () => world.rollout().phase === phase)
    assert.equal(world.rollout().reason, 'no-evidence')
  }
})

test('somebody may go to another step, forward and back, but not on an old look', async () => {
  await using world = await shop()
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('it is watched', () => world.rollout().phase === 'watching')
  const jump = (to: number, seenStep: number | null = null) =>
    world.engine.command('shop', { type: 'jump', to, seenStep, by: 'ann', why: '' })
  assert.equal(jump(1).step, 1)
  await world.until('half', () => world.weight('v2') === 5_000)
  assert.throws(() => jump(0, 0), /is at step 2, not at step 1/)
  assert.equal(jump(0, 1).step, 0)
  await world.until('a tenth', () => world.weight('v2') === 1_000)
  assert.throws(() => jump(7), /no step 8/)
})

test('a service waits for another that is being released', async () => {
  const world = new World()
  await using _ = world
  await world.start()
  const strategy = '{ kind: blue-green, bake: 0s, gates: [{ kind: dependency, service: api, version: v2 }] }'
  const text = `${fileOf({ strategy })}${fileOf({}, ['api']).replace(/^serin: v1\nservices:\n/, '')}`
  await world.engine.apply({ text, baseDirectory: '/files', name: 'serin.yaml' }, asker)
  await world.until('both serve', () => ['shop', 'api'].every((name) => world.weight('v1', name) === 10_000))
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.pass(30_000)
  assert.match(world.rollout('shop').gate?.says ?? '', /api is at v1; waiting for v2/)
  world.engine.release('api', { to: 'v2' }, asker)
  await world.until('the shop follows', () => world.status('shop').stable === 'v2')
  assert.equal(world.status('api').stable, 'v2')
})

test('those who asked to be told are told of every move; what does not arrive is in the journal', async () => {
  await using world = await shop({ notify: '[{ url: "http://chat/hook" }, { url: "http://nowhere/" }]' })
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('it is promoted', () => world.rollout().phase === 'promoted')
  assert.deepEqual(
    world.told.map(({ step, weightBp }) => [step, weightBp]),
    [
      [0, 1_000],
      [1, 5_000],
      [-1, 10_000],
      [-1, 10_000],
    ],
  )
  assert.equal(world.journal('notice.failed').length, 4)
})

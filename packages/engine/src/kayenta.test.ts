import type { Judgement } from '@serin/spec'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asker, fileOf, World } from './testing/world.ts'

/** A world with a service `shop` that is judged as Kayenta does: a point a second, a judgement every ten. */
async function shop(more: Readonly<Record<string, string>> = {}): Promise<World> {
  const world = new World()
  const engine = await world.start()
  const analysis = `{ warmUp: 0s, minUnits: 10, judge: kayenta, kayenta: { interval: 1s, every: 10s, groups: { Errors: 100 },
      metrics: { errors: { groups: [Errors], critical: true, effectSize: { allowedIncrease: 1.1, criticalIncrease: 1.5 } } } } }`
  await engine.apply({ text: fileOf({ analysis, ...more }), baseDirectory: '/files', name: 'serin.yaml' }, asker)
  await world.until('stable serves', () => world.weight('v1') === 10_000)
  world.traffic.errorRatio['v1'] = 0.02
  world.traffic.errorRatio['v2'] = 0.02
  return world
}

test('with judge: kayenta an equal version is promoted, each step on a score of its own', async () => {
  await using world = await shop()
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('v2 is promoted', () => world.rollout().phase === 'promoted')
  assert.deepEqual(world.moves(), ['watching 0', 'watching 1', 'promoting', 'promoted'])
  for (const { data } of world.journal('rollout.moved').slice(1, 3)) {
    const { verdict, kayenta, sentence } = data['judgement'] as Judgement
    assert.deepEqual([verdict, kayenta?.score, kayenta?.looks, kayenta?.points], ['safe', 100, 1, 10])
    assert.deepEqual(
      kayenta?.metrics.map(({ name, label, groups }) => [name, label, groups]),
      [['errors', 'Pass', ['Errors']]],
    )
    assert.match(sentence, /Kayenta score 100 \(pass 95, marginal 75\): errors Pass\./)
    // The hold of three seconds is over long before the judge has looked.
    assert.ok(Number(data['evidenceMs']) >= 9_000)
  }
  assert.deepEqual(world.defects, [])
})

test('with judge: kayenta a version that fails twice as often goes back at the first judgement, and says by which score', async () => {
  await using world = await shop()
  world.traffic.errorRatio['v2'] = 0.04
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('v2 is rolled back', () => world.rollout().phase === 'rolled-back')
  const { reason, judgement, sentence } = world.rollout()
  assert.deepEqual([reason, judgement?.verdict, judgement?.kayenta?.score], ['harmful', 'harmful', 0])
  assert.equal(judgement?.kayenta?.points, 10)
  assert.match(sentence, /Kayenta score 0 .*errors High/)
  assert.deepEqual([world.weight('v2'), world.status().stable], [0, 'v1'])
})

test('between the thresholds the step waits, and every judgement is in the journal', async () => {
  await using world = await shop({
    metrics: '{ errors: { kind: errors }, latency: { kind: latency } }',
    analysis:
      '{ warmUp: 0s, minUnits: 10, judge: kayenta, kayenta: { interval: 1s, every: 10s, groups: { errors: 20, latency: 80 } } }',
  })
  world.traffic.errorRatio['v2'] = 0.04
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('it has looked three times', () => world.rollout().judgement?.kayenta?.looks === 3)
  assert.deepEqual([world.rollout().phase, world.rollout().step, world.weight('v2')], ['watching', 0, 1_000])
  const judged = world.journal('rollout.judged').map(({ data }) => data['judgement'] as Judgement)
  assert.deepEqual(
    judged.flatMap(({ verdict, kayenta }) => (kayenta?.score == null ? [] : [[kayenta.looks, kayenta.score, verdict]])),
    [1, 2, 3].map((look) => [look, 80, 'undecided']),
  )
})

test('points outlive the control plane: a restart in the middle of a period loses none', async () => {
  await using world = await shop()
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('there are points', () => (world.rollout().judgement?.kayenta?.points ?? 0) >= 4)
  const { points = 0 } = world.rollout().judgement?.kayenta ?? {}
  world.kill()
  await world.start()
  await world.until('evidence arrives again', () => (world.rollout().judgement?.kayenta?.points ?? 0) > points)
  await world.until('v2 is promoted', () => world.rollout().phase === 'promoted')
  const first = world.journal('rollout.moved')[1]?.data['judgement'] as Judgement
  assert.deepEqual([first.kayenta?.points, first.kayenta?.looks], [10, 1])
})

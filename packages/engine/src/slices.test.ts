import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asker, fileOf, World } from './testing/world.ts'

const slices = '{ device: { header: user-agent, values: { android: { contains: Android } } } }'

test('slices of the file reach the router while a rollout measures, and what is worse in one is said; the guardrail decides', async () => {
  await using world = new World()
  const engine = await world.start()
  await engine.apply({ text: fileOf({ slices }), baseDirectory: '/files', name: 'serin.yaml' }, asker)
  await world.until('stable serves', () => world.weight('v1') === 10_000)
  assert.equal(world.tables.at(-1)?.measurement.slices, undefined, 'nothing is measured between rollouts')
  world.traffic.errorRatio['v1'] = 0.02
  world.traffic.errorRatio['v2'] = 0.05
  engine.release('shop', { to: 'v2' }, asker)
  await world.until('v2 is rolled back', () => world.rollout().phase === 'rolled-back')
  assert.deepEqual(
    world.tables.flatMap(({ measurement }) => (measurement.slices === undefined ? [] : [measurement.slices]))[0],
    { device: { header: 'user-agent', values: { android: { contains: 'Android' } } } },
  )
  const { judgement, reason } = world.rollout()
  assert.deepEqual([reason, judgement?.verdict], ['harmful', 'harmful'])
  assert.deepEqual(
    judgement?.slices?.map(({ slice, value, flagged }) => [slice, value, flagged]),
    [
      ['device', 'android', true],
      ['device', 'other', false],
    ],
  )
  assert.match(judgement?.sentence ?? '', /^Harm is proved .* Worse on device android\.$/)
  assert.deepEqual(world.defects, [])
})

test('without slices nobody hears of them', async () => {
  await using world = new World()
  const engine = await world.start()
  await engine.apply({ text: fileOf(), baseDirectory: '/files', name: 'serin.yaml' }, asker)
  await world.until('stable serves', () => world.weight('v1') === 10_000)
  engine.release('shop', { to: 'v2' }, asker)
  await world.until('v2 is promoted', () => world.rollout().phase === 'promoted')
  assert.ok(world.tables.every(({ measurement }) => !('slices' in measurement)))
  assert.equal(world.rollout().judgement?.slices, undefined)
})

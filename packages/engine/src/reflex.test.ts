import type { EvidenceSlot, Reflex } from '@serin/core'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { slotOf } from './testing/slots.ts'
import { asker, fileOf, World } from './testing/world.ts'

async function released(more: Readonly<Record<string, string>> = {}): Promise<World> {
  const world = new World()
  const engine = await world.start()
  await engine.apply({ text: fileOf(more), baseDirectory: '/files', name: 'serin.yaml' }, asker)
  await world.until('stable serves', () => world.weight('v1') === 10_000)
  await world.pass(20_000)
  engine.release('shop', { to: 'v2' }, asker)
  await world.until('canary has a share', () => world.weight('v2') === 1_000)
  return world
}

/** A slot of a gateway that has pulled back, in the attempt named or the one it measures. */
function slotWith(world: World, seq: number, rollout?: string): EvidenceSlot {
  const { table } = world.place().router
  assert.ok(table !== null)
  const pulled: Reflex = {
    rollout: rollout ?? table.measurement.rollout,
    at: world.clock.now(),
    logE: 7,
    threshold: Math.log(500),
  }
  const counts = { v1: { requests: 100, errors: 0 }, v2: { requests: 0, errors: 0 } }
  return { ...slotOf(table, counts, { boot: 'other', seq, at: world.clock.now() }), reflex: pulled }
}

test('what the gateway decided by itself is a rollback of the attempt, with its reason', async () => {
  await using world = await released()
  world.place().router.emit(slotWith(world, 1))
  await world.until('it is rolled back', () => world.rollout().phase === 'rolled-back')
  const { sentence, reason } = world.rollout()
  assert.equal(reason, 'harmful')
  assert.match(sentence, /The gateway sent the traffic of v2 back to v1 by itself: errors are more frequent on v2/)
  assert.match(sentence, /the evidence is 1,096 to 1; for the gateway 500 to 1 is enough/)
  assert.deepEqual([world.weight('v1'), world.weight('v2')], [10_000, 0])
})

test('what it decided for another attempt says nothing about this one', async () => {
  await using world = await released()
  world.place().router.emit(slotWith(world, 1, 'shop-0#1'))
  await world.pass(1_000)
  assert.equal(world.rollout().phase, 'watching')
})

test('judge and gateway part the chance of a false rollback; another judge, or no guard on errors, keeps all of it', async () => {
  const parts = async (more: Readonly<Record<string, string>>): Promise<readonly [number, number | undefined]> => {
    await using world = await released(more)
    const reflex = world.place().router.table?.measurement.reflex
    return [Math.exp(-(world.rollout().judgement?.harm.threshold ?? 0)), reflex?.alpha]
  }
  const rounded = (ratio: number | undefined): string => (ratio ?? 0).toFixed(6)
  const [judge, gateway] = await parts({ analysis: '{ warmUp: 0s, minUnits: 10, falseRollback: 2% }' })
  assert.deepEqual([rounded(judge), rounded(gateway)], ['0.016000', '0.004000'])
  const [whole, none] = await parts({ metrics: '{ latency: { kind: latency } }' })
  assert.deepEqual([rounded(whole), none], ['0.010000', undefined])
})

test('the shield is on unless the file says otherwise', async () => {
  await using on = await released()
  assert.equal(on.place().router.table?.shield, undefined)
  await using off = await released({ shield: 'false' })
  assert.equal(off.place().router.table?.shield, false)
})

import { assign } from '@serin/core/assignment'
import type { RoutingTable } from '@serin/core'
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask, never, split } from '../../testing/world.ts'
import type { ProxyWorld } from './installed.ts'

const slotMs = 1_000
const users = Array.from({ length: 60 }, (_, i) => `user-${i}`)

/**
 * At 25 % somebody makes it 40 % by hand. Until that is measured slots say that they compare nothing; from then on they name the shares that hold,
 * and when the table is put right those of the table.
 */
export async function assertStraysTold(world: ProxyWorld, byHand: () => Promise<void>): Promise<void> {
  const router = await world.open()
  const measurement = { rollout: 'shop#1', latencyCutsMs: [], latencyFrom: 0 }
  const table: RoutingTable = { ...split(2_500, 1, world), measurement }
  const changed = split(4_000, 1, world)
  const between = users.find((user) => assign(table, user) === 'v1' && assign(changed, user) === 'v2') ?? ''
  await router.apply(table, never)
  const { address } = await router.observe(never)
  let asked = 0
  const versionOf = async (unit: string): Promise<string> => {
    asked += 1
    return (await ask(address, { unit })).body
  }
  const askAll = async (): Promise<void> => {
    for (const user of users) await versionOf(user)
    await router.observe(never)
  }
  await askAll()
  const cut = new AbortController()
  for await (const { arms } of router.slots(null, cut.signal)) if ((arms['v2']?.requests ?? 0) > 0) cut.abort()
  await byHand()
  for (let attempt = 0; (await versionOf(between)) === 'v1'; attempt += 1) {
    assert.ok(attempt < 500, 'the change by hand takes effect')
    await sleep(20)
  }
  // An nginx that was told to reload answers in both ways for a moment.
  for (let attempt = 0; (await router.observe(never)).weights['v2'] !== 4_000; attempt += 1) {
    assert.ok(attempt < 500, 'the change by hand is measured')
    await sleep(20)
  }
  // What strayed in this second marks the whole of it; the next one is clean.
  await sleep(slotMs + 200)
  await askAll()
  await router.apply(table, never)
  await askAll()

  const stop = new AbortController()
  const told: string[] = []
  const counted = { requests: 0, randomised: 0 }
  for await (const { weights, strayed, arms } of router.slots(null, stop.signal)) {
    const requests = (arms['v1']?.requests ?? 0) + (arms['v2']?.requests ?? 0)
    counted.requests += requests
    counted.randomised += (arms['v1']?.randomised ?? 0) + (arms['v2']?.randomised ?? 0)
    const said = `${weights['v2']}${strayed === true ? ' strayed' : ''}`
    if (requests > 0 && told.at(-1) !== said) told.push(said)
    if (counted.requests >= asked) stop.abort()
  }
  // The second in which the change was measured may name either share, and compares nothing.
  assert.deepEqual(
    told.filter((said) => said !== '4000 strayed'),
    ['2500', '2500 strayed', '4000', '2500'],
  )
  assert.deepEqual(counted, { requests: asked, randomised: asked })
}

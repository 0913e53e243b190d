import { assign } from '@serin/core/assignment'
import type { RoutingTable } from '@serin/core'
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Gateway } from '../gateway.ts'
import { evidenceOf, openWorld, send, tableOf, until } from '../testing/servers.ts'
import type { World } from '../testing/servers.ts'

const attempt = 'shop-1#1'
const measured = (rollout = attempt, alpha = 0.002): Pick<RoutingTable, 'measurement'> => ({
  measurement: { rollout, latencyCutsMs: [], latencyFrom: 0, reflex: { alpha } },
})

interface Given {
  readonly gateway: Gateway
  readonly endpoints: { readonly v1: string[]; readonly v2: string[] }
  /** What each version answers. */
  readonly status: { v1: number; v2: number }
}

async function given(world: World): Promise<Given> {
  const status = { v1: 200, v2: 200 }
  const serve = async (version: 'v1' | 'v2'): Promise<string[]> => [
    await world.upstream((_request, response) => response.writeHead(status[version]).end(version)),
  ]
  return { gateway: await world.gateway(), endpoints: { v1: await serve('v1'), v2: await serve('v2') }, status }
}

/** Users who are canary's at this table, one after another. */
function* canaryUsers(table: RoutingTable): Generator<string, never> {
  for (let i = 0; ; i += 1) if (assign(table, `u${i}`) === 'v2') yield `u${i}`
}

/** Sends users of canary until one of them is answered by stable; how many saw an error. */
async function failUntilPulled({ gateway }: Given, table: RoutingTable): Promise<number> {
  const users = canaryUsers(table)
  for (let errors = 0; errors < 100; errors += 1) {
    if (gateway.report().reflex !== null) return errors
    const answer = await send(gateway.identity.address, { headers: { 'x-user': users.next().value } })
    assert.equal(answer.status, 500)
    // Slower than the gateway looks: what is counted is what the evidence needs.
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
  return Infinity
}

const statusOf = async (gateway: Gateway, headers: Record<string, string>, path = '/'): Promise<number> =>
  (await send(gateway.identity.address, { headers, path })).status

test('a canary that begins to fail loses its share within a few errors, with nobody there to ask', async () => {
  await using world = await openWorld()
  const it = await given(world)
  const { gateway, endpoints, status } = it
  const rules = [{ name: 'staff', query: { staff: { equals: '1' } }, to: 'canary' as const }]
  const table = tableOf(1, 1_000, endpoints, { ...measured(), rules })
  await gateway.apply(table)
  for (let i = 0; i < 100; i += 1) assert.equal(await statusOf(gateway, { 'x-user': `u${i}` }), 200)
  assert.equal(gateway.report().reflex, null)
  status.v2 = 500
  const errors = await failUntilPulled(it, table)
  assert.ok(errors >= 3 && errors <= 6, `${errors} errors`)
  assert.deepEqual(gateway.report().weights, { v2: 0, v1: 10_000 })
  for (let i = 0; i < 200; i += 1) assert.equal(await statusOf(gateway, { 'x-user': `u${i}` }), 200)
  assert.equal(await statusOf(gateway, {}, '/?staff=1'), 200, 'a rule sends nobody to it')
  assert.equal(await statusOf(gateway, { 'serin-version': 'v2' }), 500, 'who names it still gets it')
  const slots = await evidenceOf(gateway, (all) => all.some(({ reflex }) => reflex !== undefined))
  const told = slots.find(({ reflex }) => reflex !== undefined)?.reflex
  assert.deepEqual(told, gateway.report().reflex)
  assert.ok(told?.rollout === attempt && told.logE >= told.threshold)
})

test('newer tables of the attempt do not bring canary back; one of another attempt does, and is watched anew', async () => {
  await using world = await openWorld()
  const it = await given(world)
  const { gateway, endpoints, status } = it
  await gateway.apply(tableOf(1, 1_000, endpoints, measured()))
  status.v2 = 500
  await failUntilPulled(it, tableOf(1, 1_000, endpoints, measured()))
  const answer = await gateway.apply(tableOf(2, 5_000, endpoints, measured()))
  assert.ok(typeof answer === 'object' && answer.applied)
  assert.deepEqual(gateway.report().weights, { v2: 0, v1: 10_000 })
  const retry = tableOf(3, 1_000, endpoints, measured('shop-1#2'))
  await gateway.apply(retry)
  assert.deepEqual([gateway.report().weights['v2'], gateway.report().reflex], [1_000, null])
  assert.ok((await failUntilPulled(it, retry)) < 10)
  await gateway.apply(tableOf(4, 0, endpoints, { canary: null, ...measured('idle') }))
  assert.equal(gateway.report().reflex, null)
})

test('a gateway that starts again keeps canary out, and tells so', async () => {
  await using world = await openWorld()
  const it = await given(world)
  const table = tableOf(1, 1_000, it.endpoints, measured())
  await it.gateway.apply(table)
  it.status.v2 = 500
  await failUntilPulled(it, table)
  const before = it.gateway.report().reflex
  await it.gateway.drain(0)
  const again = await world.gateway()
  assert.deepEqual([again.report().weights['v2'], again.report().reflex], [0, before])
  await again.apply(tableOf(2, 2_000, it.endpoints, measured()))
  assert.equal(again.report().weights['v2'], 0)
  const slots = await evidenceOf(again, (all) => all.length > 0)
  assert.deepEqual(slots[0]?.reflex, before)
})

test('a restart in the middle of an attempt asks for more evidence than the first process did', async () => {
  await using world = await openWorld()
  const it = await given(world)
  await it.gateway.apply(tableOf(1, 1_000, it.endpoints, measured()))
  const file = join(world.directory, 'reflex.json')
  await until('it is remembered', () => existsSync(file))
  await it.gateway.drain(0)
  const again = await world.gateway()
  it.status.v2 = 500
  assert.ok((await failUntilPulled({ ...it, gateway: again }, tableOf(1, 1_000, it.endpoints, measured()))) < 10)
  assert.ok(Math.abs(Number(again.report().reflex?.threshold) - Math.log(1 / (0.002 * 0.05))) < 1e-9)
  await again.drain(0)
  assert.match(readFileSync(file, 'utf8'), /"boots":2/)
})

test('when stable fails as well, and when nobody asked for it, canary keeps its share', async () => {
  await using world = await openWorld()
  const { gateway, endpoints, status } = await given(world)
  Object.assign(status, { v1: 500, v2: 500 })
  await gateway.apply(tableOf(1, 5_000, endpoints, measured()))
  for (let i = 0; i < 200; i += 1) await statusOf(gateway, { 'x-user': `u${i}` })
  assert.equal(gateway.report().weights['v2'], 5_000)
  status.v1 = 200
  const { reflex: _none, ...measurement } = measured('shop-2#1').measurement
  await gateway.apply(tableOf(2, 5_000, endpoints, { measurement }))
  for (let i = 0; i < 200; i += 1) await statusOf(gateway, { 'x-user': `u${i}` })
  await new Promise((resolve) => setTimeout(resolve, 60))
  assert.deepEqual([gateway.report().weights['v2'], gateway.report().reflex], [5_000, null])
  const problem = await gateway.apply(tableOf(3, 0, endpoints, measured('x', 1)))
  assert.equal(problem, '"measurement.reflex" must hold an alpha between 0 and 1.')
})

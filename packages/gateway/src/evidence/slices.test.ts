import type { EvidenceSlot, RoutingTable } from '@serin/core'
import { assign } from '@serin/core/assignment'
import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { test } from 'node:test'
import { evidenceOf, openWorld, send, sumOf, tableOf } from '../testing/servers.ts'
import type { World } from '../testing/servers.ts'
import { Recorder } from './recorder.ts'

const slices = {
  country: { header: 'x-country' },
  device: { header: 'user-agent', values: { android: { contains: 'Android' } } },
  route: { path: { depth: 1 } },
}
const measured = (more: Partial<RoutingTable['measurement']> = {}): Partial<RoutingTable> => ({
  measurement: { rollout: 'r1', latencyCutsMs: [], latencyFrom: 0, slices, ...more },
})

async function failing(world: World): Promise<string[]> {
  return [
    await world.upstream((request, response) => {
      request.resume().on('end', () => {
        response.writeHead(request.url?.endsWith('/fail') === true ? 500 : 200).end()
      })
    }),
  ]
}

type Cells = Record<string, [number, number, number]>

/** Sums of a slice over slots and both versions. */
function sums(slots: readonly EvidenceSlot[], slice: string, versions: readonly string[] = ['v1', 'v2']): Cells {
  const cells: Cells = {}
  for (const slot of slots) {
    for (const version of versions) {
      for (const [value, counts] of Object.entries(slot.arms[version]?.slices?.[slice] ?? {})) {
        const cell = (cells[value] ??= [0, 0, 0])
        for (const i of [0, 1, 2] as const) cell[i] += counts[i]
      }
    }
  }
  return cells
}

const requestsOf = (slots: readonly EvidenceSlot[]): number =>
  sumOf(slots, 'v1', (arm) => arm.requests) + sumOf(slots, 'v2', (arm) => arm.requests)

test('requests and errors are counted per slice and version, and a unit once per value', async () => {
  await using world = await openWorld()
  const endpoints = await failing(world)
  const gateway = await world.gateway()
  const table = tableOf(1, 5_000, { v1: endpoints, v2: endpoints }, measured())
  await gateway.apply(table)
  const agent = new Agent({ keepAlive: true })
  const expected: Record<string, Cells> = { v1: {}, v2: {} }
  let sent = 0
  for (let user = 0; user < 20; user += 1) {
    const country = user % 2 === 0 ? 'NO' : 'SE'
    const version = assign(table, `user-${user}`)
    const cell = ((expected[version] ??= {})[country] ??= [0, 0, 0])
    for (const path of ['/cart/1', '/cart/fail', '/cart/fail', '/search/fail']) {
      const headers = { 'x-user': `user-${user}`, 'x-country': country, 'user-agent': 'Mozilla (Android 15)' }
      await send(gateway.identity.address, { agent, path, headers })
      sent += 1
    }
    cell[0] += 4
    cell[1] += 3
    cell[2] += 1
  }
  // Chosen by a person: no evidence, in no slice.
  await send(gateway.identity.address, { agent, path: '/fail', headers: { 'serin-version': 'v2', 'x-country': 'NO' } })
  agent.destroy()
  const slots = await evidenceOf(gateway, (all) => requestsOf(all) > sent)
  for (const version of ['v1', 'v2']) assert.deepEqual(sums(slots, 'country', [version]), expected[version])
  assert.deepEqual(sums(slots, 'device'), { android: [80, 60, 20] })
  // The same user may fail once on each route: each is a value of its own.
  assert.deepEqual(sums(slots, 'route'), { '/cart': [60, 40, 20], '/search': [20, 20, 20] })
})

test('after 32 values the others are one, and hostile values arrive clean', async () => {
  await using world = await openWorld()
  const endpoints = await failing(world)
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 5_000, { v1: endpoints, v2: endpoints }, measured()))
  const agent = new Agent({ keepAlive: true })
  const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')
  const hostile = [utf8('\u202eevil\u2066'), '__proto__', 'x'.repeat(5_000), '\t']
  const values = [...hostile, ...Array.from({ length: 40 }, (_, i) => `c${i}`)]
  for (const [i, value] of values.entries()) {
    await send(gateway.identity.address, { agent, headers: { 'x-user': `u${i}`, 'x-country': value } })
  }
  agent.destroy()
  const slots = await evidenceOf(gateway, (all) => requestsOf(all) >= values.length)
  const seen = new Map<string, number>()
  for (const slot of slots) {
    for (const arm of Object.values(slot.arms)) {
      for (const [value, [requests]] of Object.entries(arm.slices?.['country'] ?? {}))
        seen.set(value, (seen.get(value) ?? 0) + requests)
    }
  }
  assert.equal(seen.size, 33)
  assert.equal(seen.get('other'), values.length - 32)
  for (const value of ['evil', '__proto__', 'x'.repeat(64), 'none', 'c0', 'c27'])
    assert.equal(seen.get(value), 1, value)
})

test('nothing is counted by slices when none are asked for or nothing is measured; a bad table is refused', async () => {
  await using world = await openWorld()
  const endpoints = await failing(world)
  const gateway = await world.gateway()
  const at = { v1: endpoints, v2: endpoints }
  await gateway.apply(tableOf(1, 5_000, at))
  await send(gateway.identity.address, { headers: { 'x-country': 'NO' } })
  await gateway.apply(tableOf(2, 5_000, at, measured({ rollout: 'idle' })))
  await send(gateway.identity.address, { headers: { 'x-country': 'NO' } })
  const slots = await evidenceOf(gateway, (all) => requestsOf(all) >= 2)
  assert.deepEqual(sums(slots, 'country'), {})
  assert.ok(slots.filter(({ revision }) => revision === 1).every(({ arms }) => arms['v1']?.slices === undefined))
  const { adminPort, token } = gateway.identity
  const bad = tableOf(3, 5_000, at, measured({ slices: { a: { header: 'x', path: { depth: 1 } } } }))
  const answer = await fetch(`http://127.0.0.1:${adminPort}/routing`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(bad),
  })
  assert.ok(answer.status >= 400, String(answer.status))
  assert.match(await answer.text(), /slices/)
})

test('without units each error counts; a full table of units takes no further first error; another rollout forgets', () => {
  let now = 0
  const clocks = { epochMs: () => (now += 1), steadyMs: () => now }
  const recorder = new Recorder({ boot: 'b', clocks, unitCapacity: 3 })
  const none = { v1: [], v2: [] }
  const fail = (unit: string | null, country: string): void => {
    const ticket = recorder.start({ version: 'v2', by: 'hash', unit }, [country, 'other', '/'])
    recorder.failed(ticket)
    recorder.left(ticket)
  }
  recorder.change(tableOf(1, 5_000, none, measured()))
  for (let i = 0; i < 5; i += 1) fail(null, 'NO')
  assert.deepEqual(recorder.cut()?.arms['v2']?.slices?.['country'], { NO: [5, 5, 5] })
  fail('a', 'NO')
  fail('a', 'NO')
  for (let i = 0; i < 9; i += 1) fail(`u${i}`, 'SE')
  // Room for three first errors: those of a in its three values.
  assert.deepEqual(recorder.cut()?.arms['v2']?.slices?.['country'], { NO: [2, 2, 1], SE: [9, 9, 0] })
  recorder.change(tableOf(2, 5_000, none, measured({ rollout: 'r2' })))
  fail('a', 'NO')
  assert.deepEqual(recorder.cut()?.arms['v2']?.slices?.['country'], { NO: [1, 1, 1] })
  assert.deepEqual(recorder.cut()?.arms['v2']?.slices?.['country'], {}, 'a slot is emptied')
})

import { parseRequestMark } from '@serin/core/assignment'
import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { test } from 'node:test'
import type { Gateway, GatewayOptions } from './gateway.ts'
import { evidenceOf, openWorld, send, sendRaw, sumOf, tableOf } from './testing/servers.ts'
import type { World } from './testing/servers.ts'

interface Given {
  readonly gateway: Gateway
  readonly endpoints: { readonly v1: string[]; readonly v2: string[] }
  readonly main: string
  readonly preview: string
}

async function given(world: World, options: Partial<GatewayOptions> = {}): Promise<Given> {
  const serve = async (name: string): Promise<string[]> => [
    await world.upstream(
      (request, response) => request.resume().on('end', () => response.end(name)),
      (server) =>
        server.on('upgrade', (_request, socket) => {
          socket.end(`HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n${name} here`)
        }),
    ),
  ]
  const gateway = await world.gateway({ preview: { host: '127.0.0.1', port: 0 }, ...options })
  const { address, previewAddress } = gateway.identity
  assert.ok(previewAddress !== null && previewAddress !== address)
  return {
    gateway,
    endpoints: { v1: await serve('v1'), v2: await serve('v2') },
    main: address,
    preview: previewAddress,
  }
}

const rules = [{ name: 'staff', query: { staff: { equals: '1' } }, to: 'stable' as const }]

test('canary answers at the preview address whatever its share, the rules, the override and the hash say', async () => {
  await using world = await openWorld()
  const { gateway, endpoints, main, preview } = await given(world)
  const measurement = { rollout: 'shop-1#1', latencyCutsMs: [], latencyFrom: 0 }
  await gateway.apply(tableOf(1, 0, endpoints, { rules, measurement }))
  const agent = new Agent({ keepAlive: true })
  for (let i = 0; i < 20; i += 1) {
    const asked = { agent, path: '/?staff=1', headers: { 'x-user': `u${i}`, 'serin-version': 'v1' } }
    assert.equal((await send(preview, asked)).body.toString(), 'v2')
    assert.equal((await send(main, asked)).body.toString(), 'v1')
  }
  const { headers } = await send(preview, { agent, headers: { 'x-user': 'a' } })
  assert.equal(headers['serin-version'], 'v2')
  assert.equal(parseRequestMark(String(headers['serin-request']))?.by, 'override')
  agent.destroy()
})

test('a kept connection to the preview follows the table: stable answers when there is no canary', async () => {
  await using world = await openWorld()
  const { gateway, endpoints, preview } = await given(world)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  for (let revision = 1; revision <= 10; revision += 1) {
    const canary = revision % 2 === 0 ? 'v2' : null
    await gateway.apply(tableOf(revision, canary === null ? 0 : 1, endpoints, { canary }))
    assert.equal((await send(preview, { agent })).body.toString(), canary ?? 'v1')
  }
  agent.destroy()
})

test('a canary without addresses is not answered for by stable', async () => {
  await using world = await openWorld()
  const { gateway, endpoints, preview } = await given(world)
  await gateway.apply(tableOf(1, 0, { ...endpoints, v2: [] }))
  const { status, headers } = await send(preview)
  assert.deepEqual([status, headers['serin-version']], [503, 'v2'])
})

test('requests at the preview address are counted, and are evidence of nothing', async () => {
  await using world = await openWorld()
  const { gateway, endpoints, main, preview } = await given(world)
  await gateway.apply(tableOf(1, 5_000, endpoints))
  for (let i = 0; i < 30; i += 1) {
    await send(preview, { headers: { 'x-user': `u${i}` } })
    await send(main, { headers: { 'x-user': `u${i}` } })
  }
  const total = (slots: Parameters<typeof sumOf>[0], of: Parameters<typeof sumOf>[2]): number =>
    sumOf(slots, 'v1', of) + sumOf(slots, 'v2', of)
  const slots = await evidenceOf(gateway, (all) => total(all, (arm) => arm.requests) >= 60)
  assert.equal(
    total(slots, (arm) => arm.requests),
    60,
  )
  assert.equal(
    total(slots, (arm) => arm.randomised),
    30,
  )
  assert.equal(
    total(slots, (arm) => arm.newUnits),
    30,
  )
})

test('an upgrade at the preview address reaches canary', async () => {
  await using world = await openWorld()
  const { gateway, endpoints, preview } = await given(world)
  await gateway.apply(tableOf(1, 0, endpoints))
  const text = await sendRaw(preview, 'GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n')
  assert.match(text, /^HTTP\/1\.1 101 .*v2 here$/s)
})

test('the preview address has the same limits, and goes with the gateway', async () => {
  await using world = await openWorld()
  const { gateway, endpoints, preview } = await given(world, { limits: { headers: 3 } })
  assert.equal((await send(preview)).status, 503, 'before the first table')
  await gateway.apply(tableOf(1, 0, endpoints))
  assert.equal((await send(preview, { headers: { a: '1', b: '2', c: '3', d: '4' } })).status, 431)
  const smuggled = 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'
  assert.match(await sendRaw(preview, smuggled), /^HTTP\/1\.1 400 /)
  assert.equal(gateway.report().previewAddress, preview)
  await gateway.drain()
  await assert.rejects(send(preview), { code: 'ECONNREFUSED' })
})

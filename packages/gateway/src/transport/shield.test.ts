import { assign, parseRequestMark } from '@serin/core/assignment'
import type { EvidenceSlot, RoutingTable } from '@serin/core'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, request as httpRequest } from 'node:http'
import type { RequestListener, ServerResponse } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import type { Gateway, GatewayOptions } from '../gateway.ts'
import { evidenceOf, openWorld, send, sendRaw, sumOf, tableOf, until } from '../testing/servers.ts'
import type { World } from '../testing/servers.ts'

const tcpServers = new Set<{ close(): unknown }>()
after(() => tcpServers.forEach((server) => server.close()))

/** A server without manners: what it does with each request, on the bare connection. */
async function bare(world: World, answer: (write: (text: string) => void, cut: () => void) => void): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', () =>
      answer(
        (text) => socket.write(text),
        () => socket.resetAndDestroy(),
      ),
    )
  }).listen(0, '127.0.0.1')
  tcpServers.add(server)
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object' && world.directory !== '')
  return `http://127.0.0.1:${address.port}`
}

interface Given {
  readonly gateway: Gateway
  readonly address: string
  readonly table: RoutingTable
  /** What stable was asked: methods. */
  readonly asked: string[]
}

interface How extends Partial<GatewayOptions> {
  readonly stable?: RequestListener
  readonly canaryBp?: number
  readonly more?: Partial<RoutingTable>
}

/** A gateway before a good stable and the canary at the address. */
async function given(world: World, canary: readonly string[], how: How = {}): Promise<Given> {
  const { stable, canaryBp = 5_000, more = {}, ...options } = how
  const asked: string[] = []
  const v1 = await world.upstream((request, response) => {
    asked.push(request.method ?? '')
    if (stable === undefined) response.end('v1')
    else stable(request, response)
  })
  const gateway = await world.gateway(options)
  const table = tableOf(1, canaryBp, { v1: [v1], v2: canary }, more)
  await gateway.apply(table)
  return { gateway, address: gateway.identity.address, table, asked }
}

/** Evidence once so many requests of canary are in it. */
async function evidence(gateway: Gateway, canaryRequests: number): Promise<readonly EvidenceSlot[]> {
  return await evidenceOf(gateway, (all) => sumOf(all, 'v2', (arm) => arm.requests) >= canaryRequests)
}

const canaries: Record<string, (world: World) => Promise<readonly string[]>> = {
  'refuses the connection': async () => ['http://127.0.0.1:1'],
  'has no ready endpoint': async () => [],
  'resets at once': async (world) => [await bare(world, (_write, cut) => cut())],
  'resets in the middle of its head': async (world) => [
    await bare(world, (write, cut) => {
      write('HTTP/1.1 200 OK\r\nContent-Le')
      setTimeout(cut, 5)
    }),
  ],
  'speaks no HTTP': async (world) => [await bare(world, (write) => write('SSH-2.0-no\r\n\r\n'))],
  'answers 503': async (world) => [
    await world.upstream((_request, response) => response.writeHead(503, { 'retry-after': '9' }).end('no')),
  ],
  'answers 502 on and on': async (world) => [
    await world.upstream((_request, response) => {
      response.writeHead(502)
      const pump = (): boolean => {
        while (!response.destroyed && response.write(Buffer.alloc(64_000)));
        return response.once('drain', pump).destroyed
      }
      pump()
    }),
  ],
  'answers 504 without an end': async (world) => [
    await world.upstream((_request, response) => response.writeHead(504, { 'content-length': '5' }).flushHeaders()),
  ],
}

describe('nobody sees that canary', () => {
  for (const [what, open] of Object.entries(canaries)) {
    test(`${what}: stable answers, canary is charged with all, and the split stays as asked`, async () => {
      await using world = await openWorld()
      const { gateway, address, table } = await given(world, await open(world))
      const agent = new Agent({ keepAlive: true, maxSockets: 4 })
      const units = Array.from({ length: 120 }, (_, i) => `u${i}`)
      const toCanary = units.filter((unit) => assign(table, unit) === 'v2').length
      const answers = await Promise.all(
        units.map(async (unit) => await send(address, { agent, headers: { 'x-user': unit } })),
      )
      agent.destroy()
      assert.ok(toCanary > 30)
      assert.ok(answers.every(({ status, body }) => status === 200 && body.toString() === 'v1'))
      assert.equal(answers.filter(({ headers }) => headers['serin-shielded'] === 'v2').length, toCanary)
      assert.ok(answers.every(({ headers }) => headers['serin-version'] === 'v1'))
      const slots = await evidence(gateway, toCanary)
      const sum = (version: string, count: Parameters<typeof sumOf>[2]): number => sumOf(slots, version, count)
      const canary = ['requests', 'errors', 'randomised', 'randomisedErrors', 'firstErrors', 'shielded'] as const
      for (const name of canary)
        assert.equal(
          sum('v2', (arm) => arm[name] ?? 0),
          toCanary,
          name,
        )
      assert.equal(
        sum('v2', (arm) => arm.events['error']?.[0] ?? 0),
        toCanary,
      )
      assert.equal(
        sum('v2', (arm) => arm.latencyScored),
        0,
      )
      const stable = ['requests', 'randomised', 'newUnits', 'servedUnits', 'latencyScored'] as const
      for (const name of stable)
        assert.equal(
          sum('v1', (arm) => arm[name]),
          units.length - toCanary,
          name,
        )
      assert.equal(
        sum('v1', (arm) => arm.errors + (arm.shielded ?? 0)),
        0,
      )
      assert.deepEqual(gateway.report().inFlight, { v2: 0, v1: 0 })
      assert.deepEqual(gateway.report().inFlightByEndpoint, {})
    })
  }
})

/** An upstream that keeps what it is asked waiting. */
function holding(): { readonly listener: RequestListener; readonly held: ServerResponse[] } {
  const held: ServerResponse[] = []
  return { held, listener: (_request, response) => held.push(response) }
}

describe('a canary that takes its time', () => {
  const limits = { shieldMs: 100, connectMs: 200, answerMs: 3_000 }

  test('is not waited for; when it answers after all it is judged by that, and by how long it took', async () => {
    await using world = await openWorld()
    const { listener, held } = holding()
    const canary = await world.upstream(listener)
    const { gateway, address } = await given(world, [canary], { canaryBp: 10_000, limits })
    assert.equal((await send(address)).headers['serin-shielded'], 'v2')
    assert.deepEqual(gateway.report().inFlight, { v2: 1, v1: 0 })
    held[0]?.end('late')
    const slots = await evidence(gateway, 1)
    const counts = [sumOf(slots, 'v2', (arm) => arm.errors), sumOf(slots, 'v2', (arm) => arm.latencyScored)]
    assert.deepEqual(counts, [0, 1])
    assert.ok(sumOf(slots, 'v2', (arm) => arm.latencySumMs) >= 100)
    assert.equal(
      sumOf(slots, 'v2', (arm) => arm.shielded ?? 0),
      1,
    )
  })

  test('and never answers, or breaks off, is charged once the time of any version is over', async () => {
    await using world = await openWorld()
    const { listener, held } = holding()
    const canary = await world.upstream(listener)
    const { gateway, address } = await given(world, [canary], {
      canaryBp: 10_000,
      limits: { ...limits, answerMs: 400 },
    })
    assert.equal((await send(address)).status, 200)
    assert.equal((await send(address)).status, 200)
    held[1]?.write('half')
    await until('the half is there', () => gateway.report().inFlight['v2'] === 1)
    held[1]?.destroy()
    const slots = await evidence(gateway, 2)
    assert.equal(
      sumOf(slots, 'v2', (arm) => arm.randomisedErrors),
      2,
    )
    assert.equal(gateway.report().inFlight['v2'], 0)
  })

  test('is not charged when its client leaves before anybody has answered', async () => {
    await using world = await openWorld()
    const [canary, stable] = [holding(), holding()]
    const url = await world.upstream(canary.listener)
    const { gateway, address } = await given(world, [url], { canaryBp: 10_000, limits, stable: stable.listener })
    const request = httpRequest(address).on('error', () => {})
    request.end()
    await until('both are asked', () => stable.held.length === 1)
    request.destroy()
    await until('both are left', () => JSON.stringify(gateway.report().inFlight) === '{"v2":0,"v1":0}')
    assert.equal(gateway.report().abandoned['v2'], 1)
  })

  test('does not keep a gateway from leaving, and has cut nobody off', async () => {
    await using world = await openWorld()
    const events: string[] = []
    const canary = await world.upstream(holding().listener)
    const log = (event: string, fields: unknown): number => events.push(`${event} ${JSON.stringify(fields)}`)
    const { gateway, address } = await given(world, [canary], { canaryBp: 10_000, limits, log })
    assert.equal((await send(address)).status, 200)
    await gateway.drain(10_000)
    assert.ok(events.includes('gateway.left {"cutOff":0}'))
  })
})

describe('who sees the failure of canary', () => {
  const unavailable = async (world: World): Promise<readonly string[]> => [
    await world.upstream((request, response) => {
      request.resume()
      response.writeHead(503).end('v2')
    }),
  ]

  test('is what may not be sent twice, or has a body', async () => {
    await using world = await openWorld()
    const { address, asked } = await given(world, await unavailable(world), { canaryBp: 10_000 })
    for (const sent of [
      { method: 'POST' },
      { method: 'PATCH' },
      { method: 'POST', body: 'x' },
      { method: 'PUT', body: 'x' },
      { method: 'GET', headers: { 'transfer-encoding': 'chunked' }, body: 'x' },
    ]) {
      const { status, headers } = await send(address, sent)
      assert.deepEqual([status, headers['serin-version'], headers['serin-shielded']], [503, 'v2', undefined])
    }
    assert.deepEqual(asked, [])
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])
      assert.equal((await send(address, { method })).status, 200, method)
    assert.deepEqual(asked, ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])
  })

  test('is who asked for canary by name, and nobody whom a rule sends there', async () => {
    await using world = await openWorld()
    const rules = [{ name: 'staff', query: { staff: { equals: '1' } }, to: 'canary' as const }]
    const preview = { host: '127.0.0.1', port: 0 }
    const more = { rules, measurement: { rollout: 'shop-1#1', latencyCutsMs: [], latencyFrom: 0 } }
    const { gateway, address } = await given(world, await unavailable(world), { canaryBp: 0, preview, more })
    assert.equal((await send(address, { headers: { 'serin-version': 'v2' } })).status, 503)
    assert.equal((await send(String(gateway.identity.previewAddress))).status, 503)
    const { status, headers } = await send(address, { path: '/?staff=1' })
    assert.deepEqual([status, headers['serin-shielded']], [200, 'v2'])
    assert.equal(parseRequestMark(String(headers['serin-request']))?.by, 'override', 'evidence of nothing')
  })

  test('is everybody when the shield is off, when stable has no address, and when canary says 500', async () => {
    await using world = await openWorld()
    const { gateway, address, table } = await given(world, await unavailable(world), { canaryBp: 10_000 })
    const endpoints = { v1: table.arms[1]?.endpoints ?? [], v2: table.arms[0]?.endpoints ?? [] }
    await gateway.apply(tableOf(2, 10_000, endpoints, { shield: false }))
    assert.equal((await send(address)).status, 503)
    await gateway.apply(tableOf(3, 10_000, { ...endpoints, v1: [] }))
    assert.equal((await send(address)).status, 503)
    const broken = await world.upstream((_request, response) => response.writeHead(500).end())
    await gateway.apply(tableOf(4, 10_000, { ...endpoints, v2: [broken] }))
    assert.equal((await send(address)).status, 500)
    assert.equal(await gateway.apply({ ...table, revision: 5, shield: 'on' }), '"shield" must be false or absent.')
  })

  test('is who got a part of its answer already', async () => {
    await using world = await openWorld()
    const canary = await world.upstream((_request, response) => {
      response.writeHead(200, { 'content-length': '10' }).write('half')
      setTimeout(() => response.destroy(), 20)
    })
    const { gateway, address, asked } = await given(world, [canary], { canaryBp: 10_000 })
    await assert.rejects(send(address))
    assert.deepEqual(asked, [])
    const slots = await evidence(gateway, 1)
    const counts = [sumOf(slots, 'v2', (arm) => arm.randomisedErrors), sumOf(slots, 'v2', (arm) => arm.shielded ?? 0)]
    assert.deepEqual(counts, [1, 0])
  })

  test('is an upgrade', async () => {
    await using world = await openWorld()
    const { address, asked } = await given(world, await unavailable(world), { canaryBp: 10_000 })
    const head = 'GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'
    assert.match(await sendRaw(address, head), /^HTTP\/1\.1 503 /)
    assert.deepEqual(asked, [])
  })
})

test('when stable fails too, its failure is what the client gets: once, and nobody asks again', async () => {
  await using world = await openWorld()
  let canaryAsked = 0
  const canary = await world.upstream((_request, response) => {
    canaryAsked += 1
    response.writeHead(503).end('v2')
  })
  const stable: RequestListener = (request, response) => {
    if (request.url === '/cut') response.destroy()
    else response.writeHead(503).end('v1')
  }
  const { gateway, address, asked } = await given(world, [canary], { canaryBp: 10_000, stable })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const busy = await send(address, { agent })
  assert.deepEqual([busy.status, busy.body.toString(), busy.headers['serin-shielded']], [503, 'v1', 'v2'])
  assert.deepEqual([canaryAsked, asked.length], [1, 1])
  const cut = await send(address, { agent, path: '/cut' })
  assert.deepEqual([cut.status, cut.headers['serin-version'], cut.headers['serin-shielded']], [502, 'v1', 'v2'])
  agent.destroy()
  const slots = await evidence(gateway, 2)
  assert.equal(
    sumOf(slots, 'v2', (arm) => arm.errors),
    2,
  )
  assert.equal(
    sumOf(slots, 'v1', (arm) => arm.errors + arm.requests),
    0,
  )
})

test('stable streams, its large answer comes whole, and the connections of all three stay usable', async () => {
  await using world = await openWorld()
  const connections = { canary: 0, client: new Set<unknown>() }
  const canary = await world.upstream(
    (_request, response) => response.writeHead(503).end('no'),
    (server) => server.on('connection', () => (connections.canary += 1)),
  )
  const streams: ServerResponse[] = []
  const { gateway, address } = await given(world, [canary], {
    canaryBp: 10_000,
    stable: (request, response) => {
      if (request.url !== '/stream') {
        response.end(Buffer.alloc(5_000_000, 'x'))
        return
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: 1\n\n')
      streams.push(response)
    },
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const request = httpRequest(`${address}/stream`, { agent })
  request.on('socket', (socket) => connections.client.add(socket)).end()
  let text = ''
  const ended = new Promise<void>((resolve, reject) => {
    request.on('error', reject)
    request.on('response', (answer) => {
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.on('error', reject).on('end', resolve)
    })
  })
  await until('the first part is there', () => text === 'data: 1\n\n')
  assert.deepEqual(gateway.report().inFlight, { v2: 0, v1: 1 })
  for (const response of streams) response.end('data: 2\n\n')
  await ended
  assert.equal(text, 'data: 1\n\ndata: 2\n\n')
  for (let i = 0; i < 5; i += 1) {
    const { status, body } = await send(address, { agent })
    assert.deepEqual([status, body.length], [200, 5_000_000])
  }
  agent.destroy()
  assert.equal(connections.canary, 1, 'an answer that was thrown away leaves its connection')
  assert.equal(connections.client.size, 1)
})

test('pipelined requests are answered in order, shielded or not', async () => {
  await using world = await openWorld()
  const canary = await bare(world, (_write, cut) => setTimeout(cut, 20))
  const { address, table } = await given(world, [canary])
  const units = Array.from({ length: 12 }, (_, i) => `u${i}`)
  const raw = units.map((unit) => `GET /?${unit} HTTP/1.1\r\nhost: a\r\nx-user: ${unit}\r\n\r\n`).join('')
  const last = 'GET / HTTP/1.1\r\nhost: a\r\nx-user: u0\r\nconnection: close\r\n\r\n'
  const heads = (await sendRaw(address, raw + last)).split('HTTP/1.1 ').slice(1)
  const shielded = heads.map((head) => head.includes('serin-shielded: v2'))
  assert.deepEqual(
    shielded,
    [...units, 'u0'].map((unit) => assign(table, unit) === 'v2'),
  )
  assert.ok(heads.every((head) => head.startsWith('200')))
})

test('copies go on as they did, and none is made of an answer that stands in', async () => {
  await using world = await openWorld()
  let copies = 0
  const canary = await world.upstream((request, response) => {
    if (request.headers['serin-mirror'] === '1') copies += 1
    response.writeHead(503).end()
  })
  const mirror = {
    version: 'v2',
    endpoints: [canary],
    shareBp: 10_000,
    methods: ['GET'],
    body: 'exact',
    ignored: [],
    tolerance: 0,
    timeoutMs: 1_000,
  } as const
  const { gateway, address, table } = await given(world, [canary], { more: { mirror } })
  const units = Array.from({ length: 40 }, (_, i) => `u${i}`)
  for (const unit of units) assert.equal((await send(address, { headers: { 'x-user': unit } })).status, 200)
  const toStable = units.filter((unit) => assign(table, unit) === 'v1').length
  const sent = (all: readonly EvidenceSlot[]): number => all.reduce((sum, slot) => sum + (slot.mirror?.sent ?? 0), 0)
  await evidenceOf(gateway, (all) => sent(all) >= toStable)
  assert.equal(copies, toStable)
})

test('the access log says who answered for whom, one line per request', async () => {
  await using world = await openWorld()
  const accessLogFile = join(world.directory, 'access.log')
  const { gateway, address } = await given(world, ['http://127.0.0.1:1'], { canaryBp: 10_000, accessLogFile })
  await send(address)
  await send(address, { method: 'POST', body: 'x' })
  await gateway.drain(0)
  assert.match(readFileSync(accessLogFile, 'utf8'), /^\d{13} v1 200 v2\n\d{13} v2 0\n$/)
})

test('a version that left the table and was shielded has cut nobody off', async () => {
  await using world = await openWorld()
  const { listener, held } = holding()
  const canary = await world.upstream(listener)
  const { gateway, address, table } = await given(world, [canary], { canaryBp: 10_000 })
  const waiting = send(address)
  await until('it waits', () => held.length === 1)
  await gateway.apply(tableOf(2, 0, { v1: table.arms[1]?.endpoints ?? [], v2: [] }, { canary: null }))
  held[0]?.destroy()
  assert.equal((await waiting).headers['serin-shielded'], 'v2')
  assert.deepEqual(gateway.report().cutOff, {})
})

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Agent, request as httpRequest } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { describe, test } from 'node:test'
import { heldBytes } from '../../testing/collect.ts'
import { openMirror } from '../../testing/mirrors.ts'
import type { MirrorWorld } from '../../testing/mirrors.ts'
import { send, until } from '../../testing/servers.ts'

const ok: RequestListener = (_request, response) => response.end('ok')
const hanging = (): { readonly listener: RequestListener; readonly held: ServerResponse[] } => {
  const held: ServerResponse[] = []
  return {
    listener: (request, response) => {
      request.resume()
      held.push(response)
    },
    held,
  }
}

/** All originals come back whole while canary does what it does. */
async function allAnswered({ address }: MirrorWorld, count: number): Promise<void> {
  const agent = new Agent({ keepAlive: true })
  for (let i = 0; i < count; i += 1) {
    const { status, body, headers } = await send(address, { agent })
    assert.deepEqual([status, body.toString(), headers['serin-version']], [200, 'ok', 'v1'])
  }
  agent.destroy()
}

const inFlight = ({ gateway }: MirrorWorld): number => gateway.report().inFlight['v2'] ?? 0

describe('originals are not harmed when canary', () => {
  test('hangs; its copies are in flight until they are given up, and then failures of its own', async () => {
    const { listener, held } = hanging()
    await using mirror = await openMirror(ok, listener, { mirror: { timeoutMs: 1_500 } })
    await allAnswered(mirror, 20)
    await until('all copies are there', () => held.length === 20)
    assert.equal(inFlight(mirror), 20)
    assert.equal(mirror.gateway.report().inFlightByEndpoint[mirror.endpoints.v2[0] ?? ''], 20)
    const sums = await mirror.counts(({ compared }) => compared === 20)
    assert.deepEqual([sums.sent, sums.onlyCanaryFailed, sums.differentStatus, sums.timed], [20, 20, 20, [0, 0]])
    assert.equal(inFlight(mirror), 0)
    assert.deepEqual(mirror.gateway.report().inFlightByEndpoint, {})
    await until('the connections are closed', () => held.every((response) => response.destroyed))
  })

  test('refuses the connection', async () => {
    await using mirror = await openMirror(ok, 'http://127.0.0.1:1')
    await allAnswered(mirror, 10)
    const sums = await mirror.counts(({ compared }) => compared === 10)
    assert.deepEqual([sums.sent, sums.onlyCanaryFailed], [10, 10])
  })

  test('resets, before its head or in the middle of its body', async () => {
    await using mirror = await openMirror(ok, (request, response) => {
      if (request.url === '/early') request.socket.destroy()
      else response.writeHead(200, { 'content-length': '100' }).write('half', () => request.socket.destroy())
    })
    for (const path of ['/early', '/late', '/early', '/late'])
      assert.equal((await send(mirror.address, { path })).status, 200)
    const sums = await mirror.counts(({ compared }) => compared === 4)
    assert.deepEqual([sums.onlyCanaryFailed, sums.onlyStableFailed], [4, 0])
  })

  test('answers without an end: it is cut off and differs', async () => {
    let open = 0
    await using mirror = await openMirror(ok, (_request, response) => {
      open += 1
      response.on('close', () => (open -= 1))
      const chunk = Buffer.alloc(64_000)
      const pump = (): void => {
        while (!response.destroyed) {
          if (!response.write(chunk)) {
            response.once('drain', pump)
            return
          }
        }
      }
      pump()
    })
    await allAnswered(mirror, 5)
    const sums = await mirror.counts(({ compared }) => compared === 5)
    assert.deepEqual([sums.differentBody, sums.onlyCanaryFailed, sums.timed], [5, 0, [0, 0]])
    await until('nothing is read any more', () => open === 0)
  })

  test('speaks no HTTP', async () => {
    await using mirror = await openMirror(ok, (request) => request.socket.end('nonsense\r\n\r\n'))
    await allAnswered(mirror, 3)
    assert.equal((await mirror.counts(({ compared }) => compared === 3)).onlyCanaryFailed, 3)
  })

  test('is slow: latency is told of both', async () => {
    const waiting: (() => void)[] = []
    await using mirror = await openMirror(ok, (_request, response) => waiting.push(() => response.end('ok')))
    await allAnswered(mirror, 3)
    await until('the copies wait', () => waiting.length === 3)
    await new Promise((resolve) => setTimeout(resolve, 200))
    for (const answer of waiting) answer()
    const sums = await mirror.counts(({ compared }) => compared === 3)
    assert.deepEqual([sums.different, sums.timed], [0, [3, 3]])
  })

  test('closes connections that are kept: that is no failure, and nothing unsafe is sent twice', async () => {
    const used = new WeakSet<Socket>()
    let closed = 0
    const arrived = { GET: 0, POST: 0 }
    await using mirror = await openMirror(
      ok,
      ({ method, socket }, response) => {
        arrived[method === 'POST' ? 'POST' : 'GET'] += 1
        if (used.has(socket)) {
          closed += 1
          socket.destroy()
        } else response.end('ok')
        used.add(socket)
      },
      { mirror: { methods: ['GET', 'POST'] } },
    )
    await allAnswered(mirror, 10)
    const sums = await mirror.counts(({ compared }) => compared === 10)
    assert.ok(closed > 0, 'connections were used again')
    assert.equal(sums.different, 0)
    assert.equal(arrived.GET, 10 + closed)
    for (let i = 0; i < 5; i += 1) await send(mirror.address, { method: 'POST', body: 'x' })
    assert.equal((await mirror.counts(({ compared }) => compared === 15)).different, 0)
    assert.equal(arrived.POST, 5)
  })
})

describe('copies', () => {
  test('beyond the limit are dropped and counted, and there is room again later', async () => {
    const { listener, held } = hanging()
    await using mirror = await openMirror(ok, listener, { limits: { mirrorCopies: 2 } })
    await allAnswered(mirror, 7)
    await until('two are there', () => held.length === 2)
    for (const response of held) response.end('ok')
    const sums = await mirror.counts(({ compared }) => compared === 2)
    assert.deepEqual([sums.sent, sums.dropped], [2, 5])
    await allAnswered(mirror, 1)
    await until('the next is there', () => held.length === 3)
  })

  test('keep no more than they may, whatever bodies pass by', async () => {
    const { listener, held } = hanging()
    const mirrorBytes = 4_000_000
    await using mirror = await openMirror((request, response) => request.pipe(response), listener, {
      mirror: { methods: ['POST'], body: 'exact' },
      limits: { mirrorBytes },
    })
    const body = randomBytes(900_000)
    const before = await heldBytes()
    for (let i = 0; i < 30; i += 1) {
      const answer = await send(mirror.address, { method: 'POST', body })
      assert.ok(answer.body.equals(body))
    }
    // Chunked and longer than may be kept: its length is not known before.
    const long = await send(mirror.address, {
      method: 'POST',
      body: randomBytes(1_500_000),
      headers: { 'transfer-encoding': 'chunked' },
    })
    assert.equal(long.body.length, 1_500_000)
    const sums = await mirror.counts(({ sent, dropped }) => sent + dropped === 31)
    assert.ok(sums.sent >= 2 && sums.sent <= 4, `${sums.sent} of 30 bodies found room`)
    // What is kept, and what hangs in sockets; all bodies together are 28 MB each way.
    const grown = (await heldBytes()) - before
    assert.ok(grown < 3 * mirrorBytes, `${grown} bytes`)
    await until('those with room are there', () => held.length === sums.sent)
    for (const response of held) response.end(body)
    assert.equal((await mirror.counts(({ compared }) => compared === sums.sent)).different, 0)
    await send(mirror.address, { method: 'POST', body })
    await until('there is room again', () => held.length === sums.sent + 1)
  })

  test('of another rollout are thrown away', async () => {
    const { listener, held } = hanging()
    await using mirror = await openMirror(ok, listener)
    await allAnswered(mirror, 3)
    await until('they are there', () => held.length === 3)
    await mirror.apply({ shareBp: 10_000 })
    assert.equal(inFlight(mirror), 3)
    await mirror.apply({}, { measurement: { rollout: 'r2', latencyCutsMs: [], latencyFrom: 0 } })
    assert.equal(inFlight(mirror), 0)
    await until('they are given up', () => held.every((response) => response.destroyed))
    await allAnswered(mirror, 1)
    await until('the next is there', () => held.length === 4)
    held[3]?.end('ok')
    const sums = await mirror.counts(({ compared }) => compared > 0)
    assert.deepEqual([sums.sent, sums.compared, sums.different], [4, 1, 0])
  })

  test('say nothing when the client leaves, or stable takes as long as canary may', async () => {
    const { listener, held } = hanging()
    const originals: [IncomingMessage, ServerResponse][] = []
    await using mirror = await openMirror((request, response) => originals.push([request, response]), listener, {
      mirror: { timeoutMs: 400 },
    })
    const { hostname, port } = new URL(mirror.address)
    const client = connect(Number(port), hostname)
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await until('both are there', () => held.length === 1 && originals.length === 1)
    client.destroy()
    await until('the copy is given up', () => held[0]?.destroyed === true)
    const answer = send(mirror.address)
    await until('both are there', () => held.length === 2 && originals.length === 2)
    await until('the copy is given up', () => held[1]?.destroyed === true)
    originals[1]?.[1].end('ok')
    assert.equal((await answer).status, 200)
    const sums = await mirror.counts(({ sent }) => sent === 2)
    assert.deepEqual([sums.compared, inFlight(mirror)], [0, 0])
  })

  test('of bodies that never end take no room for ever', async () => {
    await using mirror = await openMirror((_request, response) => response.end('no thanks'), ok, {
      mirror: { methods: ['GET', 'POST'] },
      limits: { mirrorCopies: 1 },
    })
    const half = httpRequest(mirror.address, { method: 'POST', headers: { 'content-length': '10' } })
    half.on('error', () => {})
    half.write('12345')
    await new Promise((resolve) => half.on('response', (answer) => answer.resume().on('end', resolve)))
    await send(mirror.address)
    const sums = await mirror.counts(({ compared }) => compared === 1)
    assert.deepEqual([sums.sent, sums.dropped], [1, 0])
    half.destroy()
  })

  test('do not hold up a gateway that leaves', async () => {
    const { listener, held } = hanging()
    const world = await openMirror(ok, listener)
    await allAnswered(world, 3)
    await until('they are there', () => held.length === 3)
    await world.gateway.drain(60_000)
    await until('they are given up', () => held.every((response) => response.destroyed))
    assert.equal(inFlight(world), 0)
    await world[Symbol.asyncDispose]()
  })

  test('need an address, and a mirror that makes sense', async () => {
    await using mirror = await openMirror(ok, ok)
    await mirror.apply({ endpoints: [] })
    await allAnswered(mirror, 2)
    assert.equal((await mirror.counts(({ dropped }) => dropped === 2)).sent, 0)
    for (const [wrong, about] of [
      [{ version: 'v1' }, /another version than stable/],
      [{ endpoints: ['ftp://a'] }, /mirror\.endpoints/],
      [{ shareBp: 10_001 }, /mirror\.shareBp/],
      [{ methods: ['get'] }, /mirror\.methods/],
      [{ methods: ['CONNECT'] }, /mirror\.methods/],
      [{ ignored: ['at'] }, /mirror\.ignored/],
      [{ tolerance: -1 }, /mirror\.tolerance/],
      [{ timeoutMs: 0 }, /mirror\.timeoutMs/],
    ] as const)
      await assert.rejects(mirror.apply(wrong), about)
  })
})

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import type { IncomingHttpHeaders, RequestListener } from 'node:http'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { openMirror } from '../../testing/mirrors.ts'
import { evidenceOf, openWorld, send, sendRaw, sumOf } from '../../testing/servers.ts'

const json =
  (value: unknown, space = 0): RequestListener =>
  (_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(value, null, space))
  }

const ok: RequestListener = (_request, response) => response.end('ok')

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly trailers: unknown
}

/** Notes every request with its whole body. */
function record(into: Seen[]): RequestListener {
  return (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers, trailers } = request
      into.push({ method, url, headers, body: Buffer.concat(chunks).toString(), trailers: { ...trailers } })
      response.end('ok')
    })
  }
}

describe('copies', () => {
  test('arrive as the original did, with a mark, are compared, and are no traffic of users', async () => {
    const [originals, copies]: [Seen[], Seen[]] = [[], []]
    const log = await openWorld()
    const accessLogFile = join(log.directory, 'access.log')
    await using mirror = await openMirror(record(originals), record(copies), { accessLogFile })
    for (let i = 0; i < 5; i += 1) {
      await send(mirror.address, {
        path: `/p?i=${i}`,
        headers: { 'x-custom': 'kept', connection: 'x-hop', 'x-hop': 'gone', 'x-forwarded-for': '1.2.3.4' },
      })
    }
    const sums = await mirror.counts(({ compared }) => compared === 5)
    assert.deepEqual(sums, {
      sent: 5,
      dropped: 0,
      compared: 5,
      different: 0,
      differentStatus: 0,
      differentBody: 0,
      onlyCanaryFailed: 0,
      onlyStableFailed: 0,
      originals: 5,
      timed: [5, 5],
    })
    for (const [i, copy] of copies.sort((one, other) => one.url.localeCompare(other.url)).entries()) {
      // Which connection it came over is the only other thing that may differ.
      const { 'serin-mirror': mark, connection: _own, ...headers } = copy.headers
      const { connection: _its, ...original } = originals[i]?.headers ?? {}
      assert.equal(mark, '1')
      assert.deepEqual(headers, original)
      assert.equal(copy.url, originals[i]?.url)
      assert.deepEqual([headers['x-custom'], headers['x-hop']], ['kept', undefined])
      assert.equal(headers['x-forwarded-for'], '127.0.0.1')
    }
    const slots = await evidenceOf(mirror.gateway, (all) => sumOf(all, 'v1', (arm) => arm.requests) === 5)
    assert.equal(
      sumOf(slots, 'v2', (arm) => arm.requests + arm.randomised + arm.servedUnits),
      0,
    )
    await mirror.gateway.drain(0)
    assert.equal((await readFile(accessLogFile, 'utf8')).trim().split('\n').length, 5)
    await log[Symbol.asyncDispose]()
  })

  test('of other methods are sent only when those are named, with body and trailers in either framing', async () => {
    const copies: Seen[] = []
    await using mirror = await openMirror(record([]), record(copies))
    await send(mirror.address, { method: 'POST', body: 'first' })
    await send(mirror.address, { method: 'DELETE' })
    await mirror.apply({ methods: ['POST'] })
    await send(mirror.address, { method: 'POST', body: 'second' })
    await send(mirror.address, { method: 'POST' })
    await send(mirror.address)
    await sendRaw(
      mirror.address,
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nthird\r\n0\r\nX-Sum: 7\r\n\r\n',
      'ok',
    )
    const sums = await mirror.counts(({ compared }) => compared === 3)
    assert.deepEqual([sums.sent, sums.different, sums.dropped], [3, 0, 0])
    assert.deepEqual(
      copies.map(({ method, body }) => `${method} ${body}`),
      ['POST second', 'POST ', 'POST third'],
    )
    assert.deepEqual(copies[2]?.trailers, { 'x-sum': '7' })
    assert.equal(copies[0]?.headers['content-length'], '6')
    assert.equal(copies[1]?.headers['content-length'], '0')
    assert.equal(copies[2]?.headers['transfer-encoding'], 'chunked')
  })

  test('are of requests that stable answers, for whatever reason, and never of conditions, copies or what is more than a request', async () => {
    const copies: Seen[] = []
    await using mirror = await openMirror(record([]), record(copies), { mirror: { methods: ['GET', 'POST'] } })
    await mirror.apply(
      {},
      {
        rules: [
          { name: 'to-stable', path: { prefix: '/by-rule' }, to: 'stable' },
          { name: 'to-canary', path: { prefix: '/canary' }, to: 'canary' },
        ],
      },
    )
    await send(mirror.address, { path: '/by-rule' })
    await send(mirror.address, { path: '/by-header', headers: { 'serin-version': 'v1' } })
    await send(mirror.address, { path: '/by-hash' })
    for (const [name, value] of [
      ['serin-version', 'v2'],
      ['if-none-match', '"1"'],
      ['if-modified-since', 'x'],
      ['serin-mirror', '1'],
    ] as const)
      await send(mirror.address, { path: '/not', headers: { [name]: value } })
    await send(mirror.address, { path: '/canary' })
    await send(mirror.address, { path: '/not', method: 'POST', body: 'x', headers: { expect: '100-continue' } })
    await mirror.counts(({ compared }) => compared === 3)
    const marked = copies.filter(({ url, headers }) => headers['serin-mirror'] === '1' && url !== '/not')
    assert.deepEqual(marked.map(({ url }) => url).sort(), ['/by-hash', '/by-header', '/by-rule'])
    assert.equal((await mirror.counts(() => true)).dropped, 0)
  })

  test('are of all requests of a unit or of none, at the share that is asked for', async () => {
    const copies: Seen[] = []
    await using mirror = await openMirror(ok, record(copies), { mirror: { shareBp: 3_000, body: 'ignore' } })
    const agent = new Agent({ keepAlive: true, maxSockets: 4 })
    for (let unit = 0; unit < 120; unit += 1) {
      for (let i = 0; i < 3; i += 1)
        await send(mirror.address, { path: `/${unit}`, headers: { 'x-user': `u${unit}` }, agent })
    }
    const before = await mirror.counts(({ originals, sent, compared }) => originals === 360 && sent === compared)
    const byUnit = new Map<string, number>()
    for (const { url } of copies) byUnit.set(url, (byUnit.get(url) ?? 0) + 1)
    assert.deepEqual([...new Set(byUnit.values())], [3])
    assert.ok(byUnit.size > 18 && byUnit.size < 56, `${byUnit.size} of 120 units`)
    assert.equal(before.sent, byUnit.size * 3)
    for (let i = 0; i < 120; i += 1) await send(mirror.address, { agent })
    const after = await mirror.counts(({ originals, sent, compared }) => originals === 480 && sent === compared)
    const loose = after.sent - before.sent
    assert.ok(loose > 15 && loose < 60, `${loose} of 120 requests without a unit`)
    agent.destroy()
  })

  test('nothing at all is different without a mirror', async () => {
    let reached = 0
    await using mirror = await openMirror(ok, () => (reached += 1))
    await mirror.apply(null)
    const slots = evidenceOf(mirror.gateway, (all) => sumOf(all, 'v1', (arm) => arm.requests) === 3)
    for (let i = 0; i < 3; i += 1) assert.equal((await send(mirror.address)).body.toString(), 'ok')
    assert.deepEqual(
      (await slots).filter(({ revision, mirror: slot }) => revision === 2 && slot !== undefined),
      [],
    )
    assert.equal(reached, 0)
  })
})

describe('answers', () => {
  test('differ by status, or by values however they are written, but not where they may', async () => {
    let canary: RequestListener = json({ b: [1, { c: 2 }], a: 'x', at: 5, p: 0.7 }, 2)
    await using mirror = await openMirror(json({ a: 'x', b: [1, { c: 2 }], at: 4, p: 0.71 }), (request, response) =>
      canary(request, response),
    )
    const expectCounts = async (expected: Partial<Awaited<ReturnType<typeof mirror.counts>>>): Promise<void> => {
      const sums = await mirror.counts(({ compared }) => compared === expected.compared)
      assert.deepEqual({ ...sums, ...expected }, sums)
    }
    await send(mirror.address)
    await expectCounts({ compared: 1, differentBody: 1, different: 1, differentStatus: 0 })
    await mirror.apply({ ignored: ['/at'], tolerance: 0.02 })
    await send(mirror.address)
    await send(mirror.address, { method: 'HEAD' })
    await expectCounts({ compared: 3, different: 1 })
    await mirror.apply({ body: 'exact' })
    await send(mirror.address)
    await expectCounts({ compared: 4, different: 2, differentBody: 2 })
    await mirror.apply({ body: 'ignore' })
    await send(mirror.address)
    await expectCounts({ compared: 5, different: 2 })
    canary = (_request, response) => response.writeHead(404).end()
    await send(mirror.address)
    await expectCounts({ compared: 6, different: 3, differentStatus: 1, onlyCanaryFailed: 0, timed: [6, 6] })
    canary = (_request, response) => response.writeHead(503).end()
    await send(mirror.address)
    await expectCounts({ compared: 7, different: 4, differentStatus: 2, onlyCanaryFailed: 1, timed: [6, 6] })
  })

  test('do not differ by their content encoding', async () => {
    const body = Buffer.from(JSON.stringify({ list: Array.from({ length: 500 }, (_, i) => `item ${i}`) }))
    const encodings = [
      ['gzip', gzipSync(body)],
      ['br', brotliCompressSync(body)],
      [null, body],
    ] as const
    const encoded = (parameter: string): RequestListener => {
      return (request, response) => {
        const query = new URL(request.url ?? '', 'http://a').searchParams
        const [name, bytes] = encodings[Number(query.get(parameter))] ?? [null, body]
        if (name !== null) response.setHeader('content-encoding', name)
        response.end(query.has('broken') && parameter === 'v2' ? 'broken' : bytes)
      }
    }
    await using mirror = await openMirror(encoded('v1'), encoded('v2'), { mirror: { body: 'exact' } })
    for (const v1 of [0, 1, 2]) for (const v2 of [0, 1, 2]) await send(mirror.address, { path: `/?v1=${v1}&v2=${v2}` })
    assert.equal((await mirror.counts(({ compared }) => compared === 9)).different, 0)
    await send(mirror.address, { path: '/?v1=0&v2=1&broken' })
    assert.equal((await mirror.counts(({ compared }) => compared === 10)).differentBody, 1)
  })

  test('of stable that fail count against stable alone, and failures of both are alike', async () => {
    const failing: RequestListener = (request, response) => {
      if (request.url === '/reset') request.socket.destroy()
      else response.writeHead(500).end()
    }
    let canary: RequestListener = ok
    await using mirror = await openMirror(failing, (request, response) => canary(request, response))
    await send(mirror.address)
    await send(mirror.address, { path: '/reset' })
    const one = await mirror.counts(({ compared }) => compared === 2)
    assert.deepEqual([one.onlyStableFailed, one.onlyCanaryFailed, one.differentStatus], [2, 0, 2])
    canary = failing
    await send(mirror.address)
    await send(mirror.address, { path: '/reset' })
    const both = await mirror.counts(({ compared }) => compared === 4)
    assert.deepEqual([both.onlyStableFailed, both.onlyCanaryFailed, both.different], [2, 0, 2])
  })

  test('that are streams of events or too large to keep are compared by their status, and reach the client whole', async () => {
    const answer = (letter: string): RequestListener => {
      return (request, response) => {
        if (request.url === '/large') response.end(Buffer.alloc(3_000_000, letter))
        else response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`data: ${letter}\n\n`)
      }
    }
    await using mirror = await openMirror(answer('a'), answer('b'))
    const { body } = await send(mirror.address, { path: '/large' })
    assert.equal(body.length, 3_000_000)
    const stream = sendRaw(mirror.address, 'GET /events HTTP/1.1\r\nHost: a\r\n\r\n', 'data: a')
    const sums = await mirror.counts(({ compared }) => compared === 2)
    assert.deepEqual([sums.sent, sums.different, sums.timed], [2, 0, [0, 0]])
    assert.match(await stream, /data: a/)
  })
})

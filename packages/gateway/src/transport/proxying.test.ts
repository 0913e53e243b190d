import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request as httpRequest } from 'node:http'
import { connect, createServer as createTcpServer } from 'node:net'
import { testBothLanes } from '../testing/lanes.ts'
import { openWorld, send, sendRaw, tableOf, until } from '../testing/servers.ts'

testBothLanes(
  'a request passes with its method, path, query, body and end-to-end headers, and no header of one connection',
  async () => {
    await using world = await openWorld()
    const v1 = await world.upstream((request, response) => {
      const chunks: Buffer[] = []
      request
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('end', () => {
          response.setHeader('X-Answer', 'yes')
          response.setHeader('Connection', 'keep-alive, X-Private')
          response.setHeader('X-Private', 'no')
          response.setHeader('Set-Cookie', ['a=1', 'b=2'])
          response.end(
            JSON.stringify({
              method: request.method,
              url: request.url,
              headers: request.headers,
              body: Buffer.concat(chunks).toString(),
            }),
          )
        })
    })
    const gateway = await world.gateway()
    await gateway.apply(tableOf(1, 0, { v1: [`${v1}/base/`], v2: [] }))
    const answer = await send(gateway.identity.address, {
      method: 'POST',
      path: '/p%20q?x=1',
      body: 'hello',
      headers: {
        Host: 'shop.example',
        'X-Custom': 'kept',
        Connection: 'X-Hop',
        'X-Hop': 'gone',
        'Keep-Alive': 'x',
        TE: 'trailers, deflate',
        'X-Forwarded-For': '1.2.3.4',
      },
    })
    const seen: { method: string; url: string; body: string; headers: Record<string, string> } = JSON.parse(
      answer.body.toString(),
    )
    assert.equal(answer.status, 200)
    assert.deepEqual([seen.method, seen.url, seen.body], ['POST', '/base/p%20q?x=1', 'hello'])
    assert.equal(seen.headers['host'], 'shop.example')
    assert.equal(seen.headers['x-custom'], 'kept')
    assert.equal(seen.headers['x-hop'], undefined)
    assert.equal(seen.headers['te'], 'trailers')
    assert.equal(seen.headers['x-forwarded-for'], '127.0.0.1', 'nobody is believed unless told so')
    assert.equal(seen.headers['x-forwarded-proto'], 'http')
    assert.equal(seen.headers['x-forwarded-host'], 'shop.example')
    assert.equal(answer.headers['serin-version'], 'v1')
    assert.equal(answer.headers['x-answer'], 'yes')
    assert.equal(answer.headers['x-private'], undefined)
    assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2'])
    assert.equal(answer.headers['x-request-id'], seen.headers['x-request-id'])
    const given = await send(gateway.identity.address, { headers: { 'x-request-id': 'mine-1' } })
    assert.equal(given.headers['x-request-id'], 'mine-1')
  },
)

testBothLanes('large bodies pass byte by byte in both directions at once, in either framing', async () => {
  await using world = await openWorld()
  const v1 = await world.upstream((request, response) => {
    request.pipe(response)
  })
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  const body = randomBytes(12_000_000)
  for (const headers of [{}, { 'Transfer-Encoding': 'chunked' }]) {
    const answer = await send(gateway.identity.address, { method: 'POST', body, headers })
    assert.equal(
      createHash('sha256').update(answer.body).digest('hex'),
      createHash('sha256').update(body).digest('hex'),
    )
  }
})

testBothLanes('a client that does not read holds the upstream back instead of filling memory', async () => {
  await using world = await openWorld()
  let written = 0
  const v1 = await world.upstream((_request, response) => {
    const chunk = Buffer.alloc(64_000)
    const pump = (): void => {
      while (written < 100_000_000 && !response.destroyed) {
        written += chunk.length
        if (!response.write(chunk)) {
          response.once('drain', pump)
          return
        }
      }
    }
    pump()
  })
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  const { hostname, port } = new URL(gateway.identity.address)
  const client = connect(Number(port), hostname)
  client.pause()
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  let before = -1
  await until('the upstream stands still', async () => {
    const still = written > 0 && written === before
    before = written
    await new Promise((resolve) => setTimeout(resolve, 100))
    return still
  })
  // What fits into the kernel's socket buffers of two connections is some MB; the rest must wait at the upstream.
  assert.ok(written < 40_000_000, `${written} bytes were taken`)
  client.destroy()
})

testBothLanes('upstream connections are used again', async () => {
  await using world = await openWorld()
  let connections = 0
  const v1 = await world.upstream(
    (_request, response) => response.end('ok'),
    (server) => server.on('connection', () => (connections += 1)),
  )
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  for (let i = 0; i < 20; i += 1) await send(gateway.identity.address, i % 2 === 0 ? {} : { method: 'POST', body: 'x' })
  assert.equal(connections, 1)
})

testBothLanes('a kept connection that the upstream closed is replaced without the client noticing', async () => {
  await using world = await openWorld()
  let requests = 0
  const server = createTcpServer((socket) => {
    let served = 0
    socket.on('error', () => {})
    socket.on('data', () => {
      served += 1
      requests += 1
      // Every second request on a connection meets a closed door, as with an idle time that just ran out.
      if (served === 2) socket.destroy()
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [`http://127.0.0.1:${address.port}`], v2: [] }))
  for (let i = 0; i < 7; i += 1) assert.equal((await send(gateway.identity.address)).status, 200)
  assert.ok(requests > 7, 'some were replayed')
  const post = await send(gateway.identity.address, { method: 'POST', body: 'pay' })
  assert.equal(post.status, 502, 'what is not idempotent is never sent twice')
  server.close()
})

testBothLanes('trailers, HEAD, 204 and 304 keep their form', async () => {
  await using world = await openWorld()
  const v1 = await world.upstream((request, response) => {
    if (request.url === '/trailers') {
      request.resume().on('end', () => {
        response.writeHead(200, { Trailer: 'X-Sum' })
        response.write('body')
        response.addTrailers({ 'X-Sum': request.trailers['x-in'] ?? 'none' })
        response.end()
      })
    } else if (request.url === '/304') response.writeHead(304, { ETag: '"a"', 'Content-Length': '5' }).end()
    else if (request.url === '/204') response.writeHead(204).end()
    else response.writeHead(200, { 'Content-Length': '1234' }).end()
  })
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  const { address } = gateway.identity
  const trailers = await sendRaw(
    address,
    'POST /trailers HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-In\r\nTE: trailers\r\nConnection: close\r\n\r\n1\r\nx\r\n0\r\nX-In: 42\r\n\r\n',
  )
  assert.match(trailers, /\r\n0\r\nX-Sum: 42\r\n\r\n$/i)
  const head = await send(address, { method: 'HEAD' })
  assert.deepEqual([head.status, head.headers['content-length'], head.body.length], [200, '1234', 0])
  assert.deepEqual((await send(address, { path: '/204' })).status, 204)
  const unchanged = await send(address, { path: '/304' })
  assert.deepEqual([unchanged.status, unchanged.headers.etag, unchanged.body.length], [304, '"a"', 0])
})

testBothLanes('the body of an Expect: 100-continue request waits for the upstream to want it', async () => {
  await using world = await openWorld()
  const v1 = await world.upstream(
    (_request, response) => response.end(),
    (server) =>
      server.on('checkContinue', (request, response) => {
        if (request.url === '/no') {
          response.writeHead(413).end()
          return
        }
        response.writeContinue()
        request.pipe(response)
      }),
  )
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  const ask = async (path: string): Promise<{ continued: boolean; status: number; body: string }> =>
    await new Promise((resolve, reject) => {
      let continued = false
      const outgoing = httpRequest(`${gateway.identity.address}${path}`, {
        method: 'PUT',
        headers: { Expect: '100-continue', 'Content-Length': '4' },
      })
      outgoing.on('continue', () => {
        continued = true
        outgoing.end('data')
      })
      outgoing.on('error', reject)
      outgoing.on('response', (answer) => {
        let body = ''
        answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
        answer.on('end', () => {
          resolve({ continued, status: answer.statusCode ?? 0, body })
          outgoing.destroy()
        })
      })
      outgoing.flushHeaders()
    })
  assert.deepEqual(await ask('/yes'), { continued: true, status: 200, body: 'data' })
  assert.deepEqual(await ask('/no'), { continued: false, status: 413, body: '' })
})

testBothLanes('an event stream arrives event by event, its head before the first of them', async () => {
  await using world = await openWorld()
  const steps: (() => void)[] = []
  const v1 = await world.upstream((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders()
    steps.push(
      () => response.write('data: 1\n\n'),
      () => response.end('data: 2\n\n'),
    )
  })
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  const response = await fetch(gateway.identity.address)
  assert.equal(response.headers.get('serin-version'), 'v1', 'the head came while nothing was written')
  const reader = response.body?.getReader()
  steps[0]?.()
  assert.equal(Buffer.from((await reader?.read())?.value ?? []).toString(), 'data: 1\n\n')
  steps[1]?.()
  assert.equal(Buffer.from((await reader?.read())?.value ?? []).toString(), 'data: 2\n\n')
  assert.equal((await reader?.read())?.done, true)
})

testBothLanes('an answer that breaks off breaks off at the client too', async () => {
  await using world = await openWorld()
  const v1 = await world.upstream((_request, response) => {
    response.writeHead(200, { 'Content-Length': '100' })
    response.write('half', () => response.destroy())
  })
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  await assert.rejects(send(gateway.identity.address), /aborted|reset|hang up/)
  await until('it is charged', () => gateway.report().inFlight['v1'] === 0)
})

testBothLanes('a WebSocket upgrade becomes a tunnel that echoes and is counted in flight until it closes', async () => {
  await using world = await openWorld()
  const accept = (key: string): string =>
    createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  const v1 = await world.upstream(
    (_request, response) => response.writeHead(426).end('upgrade'),
    (server) =>
      server.on('upgrade', (request, socket) => {
        if (request.url === '/refuse') {
          socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')
          return
        }
        const key = request.headers['sec-websocket-key'] ?? ''
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept(key)}\r\n\r\n`,
        )
        socket.pipe(socket)
      }),
  )
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  const key = randomBytes(16).toString('base64')
  const head = (path: string): string =>
    `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`
  const { hostname, port } = new URL(gateway.identity.address)
  const socket = connect(Number(port), hostname).setEncoding('latin1')
  let text = ''
  socket.on('data', (chunk: string) => (text += chunk))
  // A masked text frame "hi" in the same packet as the head must not be lost.
  const frame = '\x81\x82\x00\x00\x00\x00hi'
  socket.write(head('/') + frame, 'latin1')
  await until('the echo', () => text.endsWith(frame))
  assert.match(text, /^HTTP\/1\.1 101 /)
  assert.match(text, new RegExp(`Sec-WebSocket-Accept: ${accept(key).replaceAll(/[+/]/g, '\\$&')}\r\n`))
  assert.match(text, /serin-version: v1\r\n/)
  const large = randomBytes(300_000).toString('latin1')
  socket.write(large, 'latin1')
  await until('the large echo', () => text.endsWith(large))
  assert.equal(gateway.report().inFlight['v1'], 1)
  socket.destroy()
  await until('the tunnel is gone', () => gateway.report().inFlight['v1'] === 0)
  assert.match(await sendRaw(gateway.identity.address, head('/refuse')), /^HTTP\/1\.1 403 [^]*\r\n\r\nno$/)
  await until('the refused one is gone', () => gateway.report().inFlight['v1'] === 0)
})

testBothLanes(
  'without a table there is a 503, without an endpoint a 503 of that version, without anybody there a 502',
  async () => {
    await using world = await openWorld()
    const gone = await world.upstream(() => {})
    const gateway = await world.gateway()
    const { address } = gateway.identity
    const early = await send(address)
    assert.deepEqual([early.status, early.headers['content-type']], [503, 'application/problem+json'])
    assert.deepEqual(Object.keys(JSON.parse(early.body.toString())), ['type', 'title', 'status', 'detail'])
    await gateway.apply(tableOf(1, 0, { v1: [], v2: [gone] }))
    const none = await send(address)
    assert.deepEqual([none.status, none.headers['serin-version']], [503, 'v1'])
    await gateway.apply(tableOf(2, 0, { v1: ['http://127.0.0.1:1'], v2: [gone] }))
    const refused = await send(address)
    assert.deepEqual([refused.status, refused.headers['serin-version']], [502, 'v1'])
  },
)

testBothLanes('an endpoint that refuses is passed over, also for a request with a body', async () => {
  await using world = await openWorld()
  const v1 = await world.upstream((request, response) => {
    request.pipe(response)
  })
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: ['http://127.0.0.1:1', v1], v2: [] }))
  const agent = new Agent({ keepAlive: true })
  for (let i = 0; i < 10; i += 1) {
    const answer = await send(gateway.identity.address, { method: 'POST', body: `body ${i}`, agent })
    assert.deepEqual([answer.status, answer.body.toString()], [200, `body ${i}`])
  }
  agent.destroy()
})

testBothLanes('an upstream that keeps silent is a 504 after the time limit', async () => {
  await using world = await openWorld()
  const v1 = await world.upstream(() => {})
  const gateway = await world.gateway({ limits: { answerMs: 200 } })
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  assert.equal((await send(gateway.identity.address)).status, 504)
})

testBothLanes('endpoints of a version take turns', async () => {
  await using world = await openWorld()
  const replicas = await Promise.all(
    [1, 2, 3].map(async (i) => await world.upstream((_request, response) => response.end(String(i)))),
  )
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: replicas, v2: [] }))
  const served: string[] = []
  for (let i = 0; i < 6; i += 1) served.push((await send(gateway.identity.address)).body.toString())
  assert.deepEqual(served, ['1', '2', '3', '1', '2', '3'])
})

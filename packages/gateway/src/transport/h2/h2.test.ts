import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { answerOn, h2Upstream, openSession, sendOn } from '../../testing/h2.ts'
import { evidenceOf, openWorld, send, sumOf, tableOf, until } from '../../testing/servers.ts'

const path = { ':path': '/' }

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}

for (const transport of ['http', 'net'] as const) {
  test(`one port speaks both versions of HTTP, and users get the same version by either (${transport})`, async () => {
    await using world = await openWorld()
    const v1 = await world.upstream((_request, response) => response.end('v1'))
    const v2 = await world.upstream((_request, response) => response.end('v2'))
    const gateway = await world.gateway({ transport })
    await gateway.apply(tableOf(1, 5_000, { v1: [v1], v2: [v2] }))
    const { address } = gateway.identity
    using session = await openSession(address)
    const seen = new Set<string>()
    for (let i = 0; i < 40; i += 1) {
      const headers = { 'x-user': `user-${i}` }
      const [one, other] = await Promise.all([send(address, { headers }), sendOn(session, { ...path, ...headers })])
      assert.equal(String(other.body), String(one.body))
      assert.equal(other.headers['serin-version'], String(one.body))
      seen.add(String(one.body))
    }
    assert.deepEqual([...seen].toSorted(), ['v1', 'v2'])
    const slots = await evidenceOf(
      gateway,
      (all) => sumOf(all, 'v1', (arm) => arm.requests) + sumOf(all, 'v2', (arm) => arm.requests) >= 80,
    )
    assert.equal(
      sumOf(slots, 'v2', (arm) => arm.errors),
      0,
    )
  })
}

test('a request of HTTP/2 reaches HTTP/1.1 whole: host, cookies, body and trailers, and so does the answer', async () => {
  await using world = await openWorld()
  const v1 = await world.upstream((request, response) => {
    const answer = async (): Promise<void> => {
      const body = await bodyOf(request)
      response.writeHead(201, { 'set-cookie': ['a=1', 'b=2'], trailer: 'x-sum' })
      response.write(JSON.stringify({ headers: request.headers, trailers: request.trailers, url: request.url, body }))
      response.addTrailers({ 'x-sum': 'seven' })
      response.end()
    }
    void answer()
  })
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  using session = await openSession(gateway.identity.address)
  const stream = session.request(
    { ':method': 'POST', ':path': '/buy?n=1', ':authority': 'shop.test', cookie: ['a=1', 'b=2'] },
    { waitForTrailers: true },
  )
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-check': 'five' }))
  stream.write('hello ')
  stream.end('there')
  const { status, headers, trailers, body } = await answerOn(stream)
  const { headers: asked, ...rest } = JSON.parse(String(body))
  assert.deepEqual([status, headers['set-cookie'], trailers['x-sum']], [201, ['a=1', 'b=2'], 'seven'])
  assert.deepEqual(rest, { trailers: { 'x-check': 'five' }, url: '/buy?n=1', body: 'hello there' })
  assert.deepEqual([asked.host, asked.cookie], ['shop.test', 'a=1; b=2'])
})

test('answers without a body, of HEAD and 204, and those that are large come through', async () => {
  await using world = await openWorld()
  const large = Buffer.alloc(3_000_000, 'x')
  const v1 = await world.upstream((request, response) => {
    if (request.url === '/none') response.writeHead(204).end()
    else response.writeHead(200, { 'content-length': large.length }).end(large)
  })
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  using session = await openSession(gateway.identity.address)
  const answers = await Promise.all([
    sendOn(session, { ':path': '/none' }),
    sendOn(session, { ...path, ':method': 'HEAD' }),
    sendOn(session, path),
  ])
  assert.deepEqual(
    answers.map(({ status, body }) => [status, body.length]),
    [
      [204, 0],
      [200, 0],
      [200, large.length],
    ],
  )
})

test('a truncated answer is seen as such, and counts against its version', async () => {
  await using world = await openWorld()
  const v1 = await world.upstream((_request, response) => {
    response.write('half')
    setTimeout(() => response.destroy(), 20)
  })
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  using session = await openSession(gateway.identity.address)
  await assert.rejects(sendOn(session, path), /INTERNAL_ERROR|reset/)
  const slots = await evidenceOf(gateway, (all) => sumOf(all, 'v1', (arm) => arm.requests) > 0)
  assert.equal(
    sumOf(slots, 'v1', (arm) => arm.errors),
    1,
  )
})

test('a stream that its client resets ends the request to the version, and counts against nobody', async () => {
  await using world = await openWorld()
  let left = false
  const v1 = await world.upstream((request) => request.on('close', () => (left = true)))
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  using session = await openSession(gateway.identity.address)
  const stream = session.request(path)
  stream.on('error', () => {})
  await until('the request is there', () => gateway.report().inFlight['v1'] === 1)
  stream.close(8)
  await until('the version is left alone', () => left)
  await until('it is abandoned', () => gateway.report().abandoned['v1'] === 1)
})

test('stable answers a stream that canary refuses, and canary is charged', async () => {
  await using world = await openWorld()
  const v1 = await world.upstream((_request, response) => response.end('v1'))
  const v2 = await world.upstream((_request, response) => response.writeHead(503).end())
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 10_000, { v1: [v1], v2: [v2] }))
  using session = await openSession(gateway.identity.address)
  const { status, headers } = await sendOn(session, { ...path, 'x-user': 'a' })
  assert.deepEqual([status, headers['serin-version'], headers['serin-shielded']], [200, 'v1', 'v2'])
  const slots = await evidenceOf(gateway, (all) => sumOf(all, 'v2', (arm) => arm.errors) > 0)
  assert.equal(
    sumOf(slots, 'v2', (arm) => arm.errors),
    1,
  )
})

test('what is not sound is refused on its stream, and the connection goes on', async () => {
  await using world = await openWorld()
  const v1 = await world.upstream((_request, response) => response.end('v1'))
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  using session = await openSession(gateway.identity.address)
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`x-${i}`, '1']))
  const asked = [
    { ...path, ':authority': 'a', host: 'b' },
    { ...path, ...many },
  ]
  const statuses = await Promise.all(asked.map(async (headers) => (await sendOn(session, headers)).status))
  assert.deepEqual(statuses, [400, 431])
  assert.equal((await sendOn(session, path)).status, 200)
})

test('a gateway that goes serves what is under way, and says that it takes no more', async () => {
  await using world = await openWorld()
  let answer: () => void = () => assert.fail('not asked')
  const v1 = await world.upstream((_request, response) => (answer = () => response.end('late')))
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  using session = await openSession(gateway.identity.address)
  const asked = sendOn(session, path)
  await until('the request is there', () => gateway.report().inFlight['v1'] === 1)
  const told = once(session, 'goaway')
  const left = gateway.drain(10_000)
  await told
  answer()
  assert.equal(String((await asked).body), 'late')
  await left
})

test('curl speaks HTTP/2 with the gateway', async () => {
  await using world = await openWorld()
  const v1 = await world.upstream((_request, response) => response.end('v1'))
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  const form = ['-sS', '--http2-prior-knowledge', '-w', ' %{http_version} %{http_code}', gateway.identity.address]
  const { stdout } = await promisify(execFile)('curl', form)
  assert.equal(stdout, 'v1 2 200')
})

test('upstreams of HTTP/2 share a connection, and clients of either version are served', async () => {
  await using world = await openWorld()
  await using v1 = await h2Upstream((stream, headers) => {
    stream.respond({ ':status': 200, 'x-authority': headers[':authority'] ?? '', 'x-path': headers[':path'] ?? '' })
    stream.pipe(stream)
  })
  const gateway = await world.gateway()
  await gateway.apply({ ...tableOf(1, 0, { v1: [v1.url], v2: [] }), upstream: 'h2c' })
  const { address } = gateway.identity
  using session = await openSession(address)
  const asked = Array.from({ length: 20 }, async (_, i) => {
    const body = `body ${i}`
    const sent = { ':method': 'POST', ':path': '/echo', ':authority': 'shop' }
    const [one, other] = await Promise.all([
      send(address, { method: 'POST', path: '/echo', body, headers: { host: 'shop' } }),
      sendOn(session, sent, body),
    ])
    assert.deepEqual([String(one.body), String(other.body)], [body, body])
    assert.deepEqual([one.headers['x-authority'], other.headers['x-path']], ['shop', '/echo'])
  })
  await Promise.all(asked)
  assert.equal(v1.sessions(), 1)
})

test('an upstream of HTTP/2 that refuses, resets or breaks off is a failure', async () => {
  await using world = await openWorld()
  await using v1 = await h2Upstream((stream, headers) => {
    if (headers[':path'] === '/reset') stream.close(2)
    else if (headers[':path'] === '/gone') stream.session?.destroy()
    else {
      stream.respond({ ':status': 200 })
      stream.write('half')
      const breaksOff = headers[':path'] === '/half' ? stream : stream.session
      setTimeout(() => breaksOff?.destroy(new Error('on purpose')), 20)
    }
  })
  const gateway = await world.gateway()
  await gateway.apply({ ...tableOf(1, 0, { v1: [v1.url], v2: [] }), upstream: 'h2c' })
  const { address } = gateway.identity
  assert.equal((await send(address, { path: '/reset' })).status, 502)
  assert.equal((await send(address, { path: '/gone' })).status, 502)
  await assert.rejects(send(address, { path: '/half' }))
  await assert.rejects(send(address, { path: '/lost' }))
  await gateway.apply({ ...tableOf(2, 0, { v1: ['http://127.0.0.1:1'], v2: [] }), upstream: 'h2c' })
  assert.equal((await send(address)).status, 502)
  const slots = await evidenceOf(gateway, (all) => sumOf(all, 'v1', (arm) => arm.requests) >= 5)
  assert.equal(
    sumOf(slots, 'v1', (arm) => arm.errors),
    5,
  )
})

test('a body that its client breaks off does not look whole to an upstream of HTTP/2', async () => {
  await using world = await openWorld()
  let seen = ''
  await using v1 = await h2Upstream((stream) => {
    stream.resume()
    stream.on('close', () => (seen = `reset ${stream.rstCode}`))
  })
  const gateway = await world.gateway()
  await gateway.apply({ ...tableOf(1, 0, { v1: [v1.url], v2: [] }), upstream: 'h2c' })
  using session = await openSession(gateway.identity.address)
  const stream = session.request({ ':method': 'POST', ':path': '/' })
  stream.on('error', () => {})
  stream.write('half')
  await until('the request is there', () => gateway.report().inFlight['v1'] === 1)
  stream.close(8)
  await until('the upstream has heard', () => seen !== '')
  assert.equal(seen, 'reset 8')
})

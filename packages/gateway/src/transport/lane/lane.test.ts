import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer as createTcpServer } from 'node:net'
import type { Socket } from 'node:net'
import { testFastLane } from '../../testing/lanes.ts'
import { openWorld, send, sendRaw, tableOf, until } from '../../testing/servers.ts'
import type { World } from '../../testing/servers.ts'
import type { Gateway } from '../../gateway.ts'

/** A gateway with the fast lane before an upstream that answers with these bytes. */
async function laneTo(world: World, answer: (socket: Socket, served: number) => void): Promise<Gateway> {
  let served = 0
  const server = createTcpServer((socket) => {
    socket.on('error', () => {}).on('data', () => answer(socket, (served += 1)))
  }).listen(0, '127.0.0.1')
  server.unref()
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [`http://127.0.0.1:${address.port}`], v2: [] }))
  return gateway
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`

testFastLane('bodies pass byte by byte in every framing and size, however the answer is cut', async () => {
  await using world = await openWorld()
  const body = randomBytes(3_000_000)
  const v1 = await world.upstream((request, response) => {
    const url = new URL(request.url ?? '/', 'http://a')
    const wanted = body.subarray(0, Number(url.searchParams.get('size')))
    if (url.pathname === '/length') response.setHeader('Content-Length', wanted.length)
    if (url.pathname === '/close') response.useChunkedEncodingByDefault = false
    const step = 1 + Math.floor(Math.random() * 100_000)
    for (let at = 0; at < wanted.length; at += step) response.write(wanted.subarray(at, at + step))
    response.end()
  })
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  for (const form of ['/length', '/chunked', '/close'])
    for (const size of [0, 1, 20_000, 3_000_000]) {
      const answer = await send(gateway.identity.address, { path: `${form}?size=${size}` })
      assert.ok(answer.body.equals(body.subarray(0, size)), `${form} ${size}`)
    }
})

testFastLane('surplus bytes behind an answer reach nobody, and the connection is not used again', async () => {
  await using world = await openWorld()
  const sockets = new Set<Socket>()
  const gateway = await laneTo(world, (socket) => {
    sockets.add(socket)
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil')
  })
  const text = await sendRaw(
    gateway.identity.address,
    get('/1') + get('/2').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'),
  )
  assert.doesNotMatch(text, /evil/)
  assert.equal(text.match(/HTTP\/1\.1 200/g)?.length, 2)
  assert.equal(sockets.size, 2)
})

testFastLane('a truncated answer ends the connection, and an unsound one is a 502', async () => {
  await using world = await openWorld()
  const gateway = await laneTo(world, (socket, served) => {
    if (served === 1) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhal')
    else socket.write('HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n')
  })
  const cut = await sendRaw(gateway.identity.address, get('/') + get('/smuggled'))
  assert.match(cut, /\r\n\r\nhal$/)
  assert.match(await sendRaw(gateway.identity.address, get('/'), '502'), /^HTTP\/1\.1 502 /)
  await until('nothing is in flight', () => gateway.report().inFlight['v1'] === 0)
})

testFastLane(
  'ordinary and other requests on one connection are answered in order, whichever lane serves them',
  async () => {
    await using world = await openWorld()
    const v1 = await world.upstream((request, response) => {
      request.resume().on('end', () => response.end(`<${request.url ?? ''}>`))
    })
    const gateway = await world.gateway()
    await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
    const post = 'POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello'
    const text = await sendRaw(gateway.identity.address, get('/1') + post + get('/3'), '</3>')
    assert.deepEqual(text.match(/<\/\d>/g), ['</1>', '</2>', '</3>'])
  },
)

testFastLane('an answer that only the end of its connection ends becomes chunks', async () => {
  await using world = await openWorld()
  const gateway = await laneTo(world, (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nrest'))
  const text = await sendRaw(gateway.identity.address, get('/'), '0\r\n\r\n')
  assert.match(text, /Transfer-Encoding: chunked\r\n[^]*\r\n\r\n4\r\nrest\r\n0\r\n\r\n$/)
})

testFastLane('who leaves or ends its side before the answer is counted as such, and a slow head is a 408', async () => {
  await using world = await openWorld()
  const gateway = await laneTo(world, () => {})
  const { hostname, port } = new URL(gateway.identity.address)
  for (const [i, leave] of [(socket: Socket) => socket.destroy(), (socket: Socket) => socket.end()].entries()) {
    const client = connect(Number(port), hostname)
    client.on('error', () => {}).write(get('/'))
    await until('it is in flight', () => gateway.report().inFlight['v1'] === 1)
    leave(client)
    await until('it has left', () => gateway.report().abandoned['v1'] === i + 1)
    assert.equal(gateway.report().inFlight['v1'], 0)
  }
  const other = await world.gateway({ limits: { headMs: 200 } })
  assert.match(await sendRaw(other.identity.address, 'GET / HTTP/1.1\r\n'), /^HTTP\/1\.1 408 /)
})

testFastLane('trailers pass in both directions', async () => {
  await using world = await openWorld()
  const v1 = await world.upstream((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, { Trailer: 'X-Sum' }).write('body')
      response.addTrailers({ 'X-Sum': request.trailers['x-in'] ?? 'none' })
      response.end()
    })
  })
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  const head = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-In\r\n\r\n'
  const text = await sendRaw(gateway.identity.address, `${head}1\r\nx\r\n0\r\nX-In: 42\r\n\r\n`, '42\r\n\r\n')
  assert.match(text, /\r\n4\r\nbody\r\n0\r\nX-Sum: 42\r\n\r\n$/)
})

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { testFastLane } from '../../testing/lanes.ts'
import { openWorld, tableOf, until } from '../../testing/servers.ts'

const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
const upTo = (most: number): number => Math.floor(Math.random() * (most + 1))
const sizes = [0, 1, 100, 5_000, 70_000, 400_000]

/** A request with a body in either framing, cut into chunks anywhere. */
function requestOf(body: Buffer, chunked: boolean): Buffer {
  const head = `POST /${sha(body)} HTTP/1.1\r\nHost: a\r\n`
  if (!chunked) return Buffer.concat([Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`), body])
  const parts: Buffer[] = [Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n`)]
  for (let at = 0; at < body.length;) {
    const piece = body.subarray(at, at + 1 + upTo(20_000))
    parts.push(Buffer.from(`${piece.length.toString(16).toUpperCase()}\r\n`), piece, Buffer.from('\r\n'))
    at += piece.length
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')])
}

/** The bodies of answers that come one after another, all with a length. */
function bodiesOf(bytes: Buffer): Buffer[] {
  const bodies: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf('\r\n\r\n', at) + 4
    const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(bytes.toString('latin1', at, end))?.[1])
    bodies.push(bytes.subarray(end, end + length))
    at = end + length
  }
  return bodies
}

testFastLane('pipelined requests with bodies pass byte by byte, however either side cuts them', async () => {
  await using world = await openWorld()
  const v1 = await world.upstream((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const body = Buffer.concat(parts)
      const right = request.url === `/${sha(body)}`
      response.writeHead(right ? 200 : 500, { 'Content-Length': body.length })
      for (let at = 0; at < body.length;) at += writeSome(body.subarray(at, at + 1 + upTo(60_000)))
      response.end()
    })
    const writeSome = (part: Buffer): number => {
      response.write(part)
      return part.length
    }
  })
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  const { hostname, port } = new URL(gateway.identity.address)
  for (let round = 0; round < 12; round += 1) {
    const bodies = Array.from({ length: 6 }, () => randomBytes(sizes[upTo(sizes.length - 1)] ?? 0))
    const all = Buffer.concat([
      ...bodies.map((body) => requestOf(body, upTo(1) === 1)),
      Buffer.from('GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
    ])
    const socket = connect(Number(port), hostname)
    const came: Buffer[] = []
    socket.on('data', (part) => came.push(part))
    const most = [10, 1_000, 100_000][round % 3] ?? 10
    for (let at = 0; at < all.length;) {
      const piece = all.subarray(at, at + 1 + upTo(at < 2_000 ? most : 100_000))
      at += piece.length
      socket.write(piece)
      if (upTo(3) === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await once(socket, 'close')
    const got = bodiesOf(Buffer.concat(came)).slice(0, bodies.length)
    assert.deepEqual(got.map(sha), bodies.map(sha))
  }
})

testFastLane('a client that asks on and on and never reads is not served on and on', async () => {
  await using world = await openWorld()
  const body = Buffer.alloc(1_000_000)
  let served = 0
  const v1 = await world.upstream((_request, response) => {
    served += 1
    response.end(body)
  })
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  const { hostname, port } = new URL(gateway.identity.address)
  const client = connect(Number(port), hostname)
  client.on('error', () => {}).pause()
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(80))
  let before = -1
  await until('nobody is served', async () => {
    const still = served > 0 && served === before
    before = served
    await new Promise((resolve) => setTimeout(resolve, 200))
    return still
  })
  // Some MB fit into the kernel's socket buffers.
  assert.ok(served < 40, `${served} were served`)
  client.resume()
  await until('all are served when it reads', () => served === 80)
  client.destroy()
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Gateway } from '../gateway.ts'
import { testBothLanes } from '../testing/lanes.ts'
import { openWorld, send, tableOf, until } from '../testing/servers.ts'
import type { World } from '../testing/servers.ts'

const upgrade = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'

/** An upstream that answers `/stream` by half, keeps silent otherwise, and takes WebSockets; `end` is what happens to all of its connections. */
async function openUpstream(world: World) {
  const sockets = new Set<Socket>()
  const tunnels = new Set<{ end(bytes: Buffer): unknown }>()
  let requests = 0
  const url = await world.upstream(
    (request, response) => {
      requests += 1
      if (request.url === '/stream') response.write('half')
    },
    (server) => {
      server.on('connection', (socket) => sockets.add(socket))
      server.on('upgrade', (_request, socket) => {
        tunnels.add(socket)
        socket.on('error', () => {}).on('end', () => socket.end())
        socket.resume()
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
      })
    },
  )
  /** Destroys the connections once so many requests have come over them: in flight at the gateway is not there yet. */
  const cut = async (expected: number): Promise<void> => {
    await until(`${expected} requests are there`, () => requests === expected)
    for (const socket of sockets) socket.destroy()
  }
  return { url, tunnels, cut }
}

async function tunnelTo({
  identity,
}: Gateway): Promise<{ readonly socket: Socket; readonly closed: Promise<unknown> }> {
  const { hostname, port } = new URL(identity.address)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  socket.write(upgrade)
  const closed = once(socket, 'close')
  await once(socket, 'data')
  return { socket, closed }
}

const inFlight = (gateway: Gateway, count: number) => async () =>
  await until(`${count} in flight`, () => (gateway.report().inFlight['v1'] ?? 0) === count)

testBothLanes(
  'what a version ends unfinished after it left the table is counted: a waiting request, a stream, a tunnel',
  async () => {
    await using world = await openWorld()
    const [old, other] = [await openUpstream(world), await openUpstream(world)]
    const gateway = await world.gateway()
    await gateway.apply(tableOf(1, 0, { v1: [old.url], v2: [] }))
    const waiting = send(gateway.identity.address, { path: '/silent' })
    const stream = assert.rejects(send(gateway.identity.address, { path: '/stream' }), /aborted|reset|hang up/)
    const tunnel = await tunnelTo(gateway)
    await inFlight(gateway, 3)()
    await gateway.apply(tableOf(2, 0, { v1: [other.url], v2: [] }))
    assert.deepEqual(gateway.report().cutOff, {}, 'leaving the table ends nothing')
    await old.cut(2)
    assert.equal((await waiting).status, 502)
    await stream
    await tunnel.closed
    await inFlight(gateway, 0)()
    assert.deepEqual(gateway.report().cutOff, { v1: 3 })
  },
)

testBothLanes('who is still in the table, who says goodbye and whose client leaves has cut nobody off', async () => {
  await using world = await openWorld()
  const [old, other] = [await openUpstream(world), await openUpstream(world)]
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [old.url], v2: [] }))
  const stream = assert.rejects(send(gateway.identity.address, { path: '/stream' }), /aborted|reset|hang up/)
  await inFlight(gateway, 1)()
  await old.cut(1) // A crash: the evidence has it as an error.
  await stream
  const [polite, leaving] = [await tunnelTo(gateway), await tunnelTo(gateway)]
  await inFlight(gateway, 2)()
  await gateway.apply(tableOf(2, 0, { v1: [other.url], v2: [] }))
  leaving.socket.destroy()
  await inFlight(gateway, 1)()
  for (const tunnel of old.tunnels) tunnel.end(Buffer.from([0x88, 2, 0x03, 0xe9]))
  await polite.closed
  await inFlight(gateway, 0)()
  assert.deepEqual(gateway.report().cutOff, {})
})

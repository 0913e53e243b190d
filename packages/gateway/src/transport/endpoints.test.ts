import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { defaultLimits } from '../limits.ts'
import { testBothLanes } from '../testing/lanes.ts'
import { openWorld, send, tableOf, until } from '../testing/servers.ts'
import type { World } from '../testing/servers.ts'
import { Endpoints } from './endpoints.ts'

/** An upstream that answers at once, and `/slow` when it is told to. */
async function openUpstream(world: World) {
  const connections = new Set<Socket>()
  const waiting: ServerResponse[] = []
  const url = await world.upstream(
    (request, response) => {
      if (request.url === '/slow') waiting.push(response)
      else response.end('done')
    },
    (server) => {
      server.keepAliveTimeout = 60_000
      server.on('connection', (socket) => {
        connections.add(socket)
        socket.on('close', () => connections.delete(socket))
      })
    },
  )
  return { url, connections, answer: () => waiting.splice(0).forEach((response) => response.end('done')) }
}

testBothLanes(
  'requests in flight are told by address, and an address that left keeps its connections until its last answer',
  async () => {
    await using world = await openWorld()
    const [leaving, staying] = [await openUpstream(world), await openUpstream(world)]
    const gateway = await world.gateway()
    const { address } = gateway.identity
    await gateway.apply(tableOf(1, 0, { v1: [leaving.url], v2: [] }))
    assert.equal((await send(address)).status, 200)
    assert.deepEqual(gateway.report().inFlightByEndpoint, {})
    const slow = [send(address, { path: '/slow' }), send(address, { path: '/slow' })]
    await until('two in flight', () => gateway.report().inFlightByEndpoint[leaving.url] === 2)
    await gateway.apply(tableOf(2, 0, { v1: [staying.url], v2: [] }))
    const later = send(address, { path: '/slow' })
    await until('one at the other', () => gateway.report().inFlightByEndpoint[staying.url] === 1)
    assert.equal(gateway.report().inFlightByEndpoint[leaving.url], 2)
    assert.ok(leaving.connections.size >= 2, 'they are not closed under a request')
    leaving.answer()
    for (const answer of await Promise.all(slow)) assert.equal(answer.body.toString(), 'done')
    await until('no connection is left', () => leaving.connections.size === 0)
    assert.deepEqual(gateway.report().inFlightByEndpoint, { [staying.url]: 1 })
    staying.answer()
    await later
    assert.deepEqual(gateway.report().inFlightByEndpoint, {})
    assert.ok(staying.connections.size > 0, 'those of the table are kept')
  },
)

testBothLanes('idle connections are closed with the table that leaves their address out', async () => {
  await using world = await openWorld()
  const [leaving, staying] = [await openUpstream(world), await openUpstream(world)]
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [leaving.url], v2: [] }))
  await send(gateway.identity.address)
  assert.equal(leaving.connections.size, 1)
  await gateway.apply(tableOf(2, 0, { v1: [staying.url], v2: [] }))
  await until('it is closed', () => leaving.connections.size === 0)
})

test('both lanes together have no more connections to an address than it may have and one, and neither waits for ever', async () => {
  await using world = await openWorld()
  const { url, connections, answer } = await openUpstream(world)
  const gateway = await world.gateway({ transport: 'net', limits: { connectionsPerEndpoint: 3 } })
  const { address } = gateway.identity
  await gateway.apply(tableOf(1, 0, { v1: [url], v2: [] }))
  const ask = async (i: number, path = '/'): Promise<string> => {
    // What is to be expected is seen to by the full lane.
    const headers = i % 2 === 0 ? { expect: '100-continue' } : {}
    return (await send(address, { path, headers, method: 'POST', body: 'x' })).body.toString()
  }
  const slow = [1, 2, 3, 4, 5, 6, 7, 8].map(async (i) => await ask(i, '/slow'))
  await until('all are there', () => gateway.report().inFlight['v1'] === 8 && connections.size >= 3)
  // Those that are too many would come now.
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.ok(connections.size <= 4, `${connections.size} connections`)
  await until('all are answered', () => {
    answer()
    return gateway.report().inFlight['v1'] === 0
  })
  assert.deepEqual([...new Set(await Promise.all(slow))], ['done'])
  // Idle connections of one lane give way to the other.
  for (let i = 0; i < 4; i += 1) {
    const together = await Promise.all([0, 2, 4].map(async (n) => await ask(n + (i % 2))))
    assert.deepEqual(together, ['done', 'done', 'done'])
  }
  const many = await Promise.all(Array.from({ length: 100 }, async (_, i) => await ask(i)))
  assert.deepEqual([...new Set(many)], ['done'])
  await until('what is too many is gone', () => connections.size <= 4)
})

test('a request of an older table that comes to an address that has left does not bring it back', () => {
  const endpoints = new Endpoints(defaultLimits)
  const [old, now] = ['http://127.0.0.1:1', 'http://127.0.0.1:2']
  endpoints.keepOnly(tableOf(1, 0, { v1: [now], v2: [] }))
  const late = endpoints.acquire('v1', [old], new Set())
  assert.ok(late !== null)
  assert.deepEqual([late.retired, endpoints.inFlight()], [true, { [old]: 1 }])
  endpoints.release(late)
  assert.notEqual(endpoints.acquire('v1', [old], new Set()), late, 'its connections were dropped')
  endpoints.close()
})

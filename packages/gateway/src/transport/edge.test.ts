import type { RoutingTable } from '@serin/core'
import { EdgeSettings } from '@serin/spec'
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openSession, sendOn } from '../testing/h2.ts'
import { testBothLanes } from '../testing/lanes.ts'
import { openWorld, send, sendRaw, tableOf, until } from '../testing/servers.ts'
import type { World } from '../testing/servers.ts'
import type { Gateway, GatewayOptions } from '../gateway.ts'

type Headers = Record<string, string | undefined>

/** What an upstream saw of a request, and what its client saw of the answer. */
interface Seen {
  readonly status: number
  readonly up: Headers
  readonly down: NodeJS.Dict<string | string[]>
}

interface Way {
  readonly name: string
  readonly ask: (headers: Record<string, string>) => Promise<Seen>
}

/** A gateway with an edge, and the ways to it: each lane has its own, HTTP/2 the full one's. */
async function given(
  world: World,
  edge: Partial<EdgeSettings>,
  more: Partial<RoutingTable> = {},
  options: Partial<GatewayOptions> = {},
): Promise<{ readonly gateway: Gateway; readonly ways: readonly Way[] }> {
  const v1 = await world.upstream((request, response) => {
    response.setHeader('serin-version', 'forged')
    response.setHeader('x-version', 'forged')
    response.end(JSON.stringify(request.headers))
  })
  const gateway = await world.gateway(options)
  const settings = { ...EdgeSettings.parse({}), ...edge }
  const applied = await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }, { edge: settings, ...more }))
  assert.notEqual(typeof applied, 'string', JSON.stringify(applied))
  const { address } = gateway.identity
  const host = 'shop.example:81'
  return {
    gateway,
    ways: [
      {
        name: 'HTTP/1.1',
        ask: async (headers) => {
          const { status, body, headers: down } = await send(address, { headers: { host, ...headers } })
          return { status, up: JSON.parse(body.toString()), down }
        },
      },
      {
        name: 'HTTP/2',
        ask: async (headers) => {
          using session = await openSession(address)
          const answer = await sendOn(session, { ':path': '/', ':authority': host, ...headers })
          return { status: answer.status, up: JSON.parse(answer.body.toString()), down: answer.headers }
        },
      },
    ],
  }
}

const claims = {
  'x-forwarded-for': '1.2.3.4',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'bank.example',
  'x-forwarded-port': '443',
  'x-forwarded-prefix': '/admin',
  'x-real-ip': '1.2.3.4',
  forwarded: 'for=1.2.3.4;proto=https',
}

testBothLanes('what a client says of itself is not passed on, unless it is a proxy that is believed', async () => {
  await using world = await openWorld()
  const stranger = await given(world, {})
  for (const { name, ask } of stranger.ways) {
    const { up } = await ask(claims)
    assert.deepEqual(
      Object.keys(claims).map((header) => up[header]),
      ['127.0.0.1', 'http', 'shop.example:81', undefined, undefined, undefined, undefined],
      name,
    )
  }
  const believed = await given(
    world,
    { trustProxies: ['loopback'] },
    {},
    { stateDirectory: join(world.directory, 'b') },
  )
  for (const { name, ask } of believed.ways) {
    const { up } = await ask(claims)
    assert.deepEqual(
      Object.keys(claims).map((header) => up[header]),
      ['1.2.3.4, 127.0.0.1', 'https', 'bank.example', '443', '/admin', '1.2.3.4', claims.forwarded],
      name,
    )
    const bare = await ask({})
    assert.deepEqual(
      [bare.up['x-forwarded-for'], bare.up['x-forwarded-proto'], bare.up['x-forwarded-host']],
      ['127.0.0.1', 'http', 'shop.example:81'],
      name,
    )
  }
})

testBothLanes('Forwarded is sent when it is asked for, behind what a believed proxy has said', async () => {
  await using world = await openWorld()
  const own = 'for=127.0.0.1;host="shop.example:81";proto=http'
  const stranger = await given(world, { forwarded: true })
  for (const { name, ask } of stranger.ways) assert.equal((await ask(claims)).up['forwarded'], own, name)
  const edge = { forwarded: true, trustProxies: ['127.0.0.1'] }
  const believed = await given(world, edge, {}, { stateDirectory: join(world.directory, 'b') })
  for (const { name, ask } of believed.ways)
    assert.equal((await ask(claims)).up['forwarded'], `${claims.forwarded}, ${own}`, name)
})

const sound = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

testBothLanes('a trace goes through untouched, an unsound one is begun anew, and its id is in the log', async () => {
  await using world = await openWorld()
  const accessLogFile = join(world.directory, 'access.log')
  const { ways, gateway } = await given(world, {}, {}, { accessLogFile })
  const made: string[] = []
  for (const { name, ask } of ways) {
    const passed = await ask({ traceparent: sound, tracestate: 'a=1,b=2' })
    assert.deepEqual([passed.up['traceparent'], passed.up['tracestate']], [sound, 'a=1,b=2'], name)
    assert.equal((await ask({})).up['traceparent'], undefined, name)
    const { up } = await ask({ traceparent: `${sound}-x`, tracestate: 'a=1' })
    assert.match(up['traceparent'] ?? '', /^00-[\da-f]{32}-[\da-f]{16}-01$/, name)
    assert.notEqual(up['traceparent']?.slice(3, 35), sound.slice(3, 35), name)
    assert.equal(up['tracestate'], undefined, name)
    made.push(up['traceparent']?.slice(3, 35) ?? '')
  }
  await gateway.drain(0)
  const lines = (await readFile(accessLogFile, 'utf8')).trim().split('\n')
  assert.equal(lines.filter((line) => line.endsWith(` v1 200 trace=${sound.slice(3, 35)}`)).length, 2)
  for (const id of made) assert.equal(lines.filter((line) => line.endsWith(` trace=${id}`)).length, 1)
  assert.equal(lines.filter((line) => line.endsWith(' v1 200')).length, 2)
})

testBothLanes('a trace begins here when it is asked for', async () => {
  await using world = await openWorld()
  const { ways } = await given(world, { trace: true })
  const seen = new Set<string | undefined>()
  for (const { name, ask } of ways) {
    const { up } = await ask({ tracestate: 'left=over' })
    assert.match(up['traceparent'] ?? '', /^00-[\da-f]{32}-[\da-f]{16}-01$/, name)
    assert.equal(up['tracestate'], undefined, name)
    seen.add(up['traceparent'])
    assert.equal((await ask({ traceparent: sound })).up['traceparent'], sound, name)
  }
  assert.equal(seen.size, ways.length)
})

testBothLanes(
  'the header that names the version is called as asked, or not there, and no version can forge it',
  async () => {
    const cases = [
      { edge: {}, told: { 'serin-version': 'v1', 'x-version': 'forged', 'server-timing': undefined } },
      {
        edge: { versionHeader: 'X-Version', serverTiming: true },
        told: { 'serin-version': undefined, 'x-version': 'v1', 'server-timing': 'serin;desc="v1"' },
      },
      { edge: { versionHeader: false }, told: { 'serin-version': undefined, 'x-version': 'forged' } },
    ] as const
    for (const { edge, told } of cases) {
      await using world = await openWorld()
      const { ways } = await given(world, edge)
      for (const { name, ask } of ways) {
        const { down } = await ask({})
        for (const [header, value] of Object.entries(told)) assert.equal(down[header], value, `${name}: ${header}`)
        assert.match(String(down['serin-request']), /\.v1$/, name)
      }
    }
  },
)

testBothLanes('refusals and shielded answers tell the version the same way, and tunnels do', async () => {
  await using world = await openWorld()
  const v1 = await world.upstream((_request, response) => response.end('v1'))
  const gateway = await world.gateway()
  const edge = (more: Partial<EdgeSettings>): Partial<RoutingTable> => ({
    edge: { ...EdgeSettings.parse({}), ...more },
  })
  const gone = 'http://127.0.0.1:1'
  const { address } = gateway.identity
  await gateway.apply(tableOf(1, 10_000, { v1: [v1], v2: [gone] }, edge({ versionHeader: 'x-version' })))
  const stoodIn = await send(address)
  assert.deepEqual([stoodIn.headers['x-version'], stoodIn.headers['serin-shielded']], ['v1', 'v2'])
  await gateway.apply(tableOf(2, 10_000, { v1: [v1], v2: [gone] }, edge({ versionHeader: false })))
  const silent = await send(address)
  assert.deepEqual([silent.status, silent.headers['serin-shielded']], [200, undefined])
  await gateway.apply(tableOf(3, 0, { v1: [gone], v2: [] }, edge({ versionHeader: 'x-version', serverTiming: true })))
  const refused = await send(address)
  assert.deepEqual([refused.status, refused.headers['x-version']], [502, 'v1'])
  assert.equal(refused.headers['server-timing'], 'serin;desc="v1"')
  const tunnel = await sendRaw(
    address,
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  )
  assert.match(tunnel, /^HTTP\/1\.1 502 [^]*\r\nx-version: v1\r\nserver-timing: serin;desc="v1"\r\n\r\n\{/)
})

testBothLanes(
  'the id of a request: a well-formed one stays, another is made, and it is answered unless told not to',
  async () => {
    await using world = await openWorld()
    for (const [i, answers] of [true, false].entries()) {
      const stateDirectory = join(world.directory, String(i))
      const { ways } = await given(world, { answerRequestId: answers }, {}, { stateDirectory })
      for (const { name, ask } of ways) {
        const kept = await ask({ 'x-request-id': 'mine-1' })
        assert.equal(kept.up['x-request-id'], 'mine-1', name)
        assert.equal(kept.down['x-request-id'], answers ? 'mine-1' : undefined, name)
        const made = await ask({ 'x-request-id': 'two words' })
        assert.notEqual(made.up['x-request-id'], 'two words', name)
        assert.equal(made.down['x-request-id'], answers ? made.up['x-request-id'] : undefined, name)
      }
    }
  },
)

testBothLanes('another edge holds from the next request on', async () => {
  await using world = await openWorld()
  const { gateway, ways } = await given(world, {})
  const [first] = ways
  assert.equal((await first?.ask(claims))?.up['x-forwarded-for'], '127.0.0.1')
  const { table } = gateway.report()
  assert.ok(table !== null)
  await gateway.apply({ ...table, revision: 2, edge: EdgeSettings.parse({ trustProxies: ['loopback'] }) })
  assert.equal((await first?.ask(claims))?.up['x-forwarded-for'], '1.2.3.4, 127.0.0.1')
  assert.match(
    JSON.stringify(await gateway.apply({ ...table, revision: 3, edge: { trustProxies: ['moon'] } })),
    /edge.{1,2} must say/,
  )
  await until('it is still there', () => gateway.report().revision === 2)
})

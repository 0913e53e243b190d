import type { RoutingTable } from '@serin/core'
import { assign } from '@serin/core/assignment'
import type { TrafficRouter } from '@serin/kit'
import { EdgeSettings } from '@serin/spec'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import type { TestContext } from 'node:test'

/** Everything that may be said of a client and its way. */
const names = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
  'x-forwarded-scheme',
  'x-forwarded-server',
  'x-forwarded-ssl',
  'x-real-ip',
] as const
const claimed: OutgoingHttpHeaders = {
  forwarded: 'for=1.2.3.4;proto=https',
  'x-forwarded-host': 'bank.example:81',
  'x-forwarded-port': '443',
  'x-forwarded-prefix': '/admin',
  'x-forwarded-proto': 'https',
  'x-forwarded-scheme': 'https',
  'x-forwarded-server': 'edge',
  'x-forwarded-ssl': 'on',
  'x-real-ip': '1.2.3.4',
}
const [stranger, proxy] = ['127.0.0.1', '127.0.0.2']
/** What comes as `X-Forwarded-For`, and who asks then, if 127.0.0.2 and 10.0.0.0/8 are believed. */
const chains: readonly (readonly [forwardedFor: string | string[] | undefined, client: string])[] = [
  [undefined, proxy],
  ['1.2.3.4', '1.2.3.4'],
  ['9.9.9.9, 1.1.1.1,10.0.0.2 , 10.0.0.3', '1.1.1.1'],
  ['10.0.0.2, 10.0.0.3', '10.0.0.2'],
  ['11.0.0.1, 10.0.0.3', '11.0.0.1'],
  ['1.1.1.1:4711', '1.1.1.1'],
  ['[2001:db8::7]:4711, 10.9.9.9', '2001:db8::7'],
  ['2001:db8:1::7', '2001:db8:1::7'],
  ['8.8.8.8, fd00:aa::1, fd00:bb::1', 'fd00:bb::1'],
  ['8.8.8.8, fd00:bb::1, fd00:aa:1::1', 'fd00:bb::1'],
  ['::ffff:1.1.1.2', '1.1.1.2'],
  ['1.1.1.1, ::ffff:10.0.0.1', '1.1.1.1'],
  ['1.1.1.1, rubbish', proxy],
  ['1.1.1.1, rubbish, 10.0.0.2', '10.0.0.2'],
  ['1.1.1.1, 10.0.0.256', proxy],
  ['unknown', proxy],
  [['6.6.6.6', '7.7.7.7'], '7.7.7.7'],
]

/** A request as a version got it. */
interface Got {
  readonly version: string
  readonly told: Readonly<Record<string, string | undefined>>
}

/**
 * Whom a router believes what is said of a client: what reaches versions, and whose address is the unit, are with each router what they are with the first
 * one, Serin's own gateway.
 */
export async function assertForwards(
  t: TestContext,
  routers: readonly { readonly name: string; readonly router: TrafficRouter }[],
  from: Pick<RoutingTable, 'service' | 'revision'>,
): Promise<void> {
  const [v1, v2] = [await openEcho(t, 'v1'), await openEcho(t, 'v2')]
  for (const [i, believed] of [[], [proxy, '10.0.0.0/8', 'fd00:aa::/32']].entries()) {
    const table = { ...tableOf({ v1, v2 }, believed), ...from, revision: from.revision + i }
    const seen = await Promise.all(
      routers.map(async ({ name, router }) => [name, await played(router, table)] as const),
    )
    const [, wanted = []] = seen[0] ?? []
    for (const [name, got] of seen)
      for (const [at, { label, client, got: one }] of got.entries()) {
        const said = `${name}, ${believed.length} believed: ${label}`
        assert.deepEqual(one, wanted[at]?.got, said)
        assert.equal(one.version, assign(table, client), said)
      }
  }
}

interface Played {
  readonly label: string
  readonly client: string
  readonly got: Got
}

async function played(router: TrafficRouter, table: RoutingTable): Promise<readonly Played[]> {
  const never = new AbortController().signal
  await router.apply(table, never)
  const { address } = await router.observe(never)
  const believes = (table.edge?.trustProxies ?? []).length > 0
  const ways = [stranger, proxy].flatMap((peer) =>
    chains.flatMap(([chain, client]) => [{}, claimed].map((more) => ({ peer, chain, client, more }))),
  )
  return await Promise.all(
    ways.map(async ({ peer, chain, client, more }) => {
      const headers = { ...more, ...(chain === undefined ? {} : { 'x-forwarded-for': chain }) }
      return {
        label: `from ${peer} ${JSON.stringify(headers)}`,
        client: believes && peer === proxy ? client : peer,
        got: await ask(address, peer, headers),
      }
    }),
  )
}

async function ask(address: string, localAddress: string, headers: OutgoingHttpHeaders): Promise<Got> {
  const outgoing = request(address, { agent: false, localAddress, headers: { ...headers, host: 'shop.example' } }).end()
  const [answer] = await once(outgoing, 'response')
  let text = ''
  for await (const chunk of answer.setEncoding('utf8')) text += chunk
  assert.equal(answer.statusCode, 200, text)
  return JSON.parse(text)
}

/** A version that answers with what it was told of the client. */
async function openEcho(t: TestContext, version: string): Promise<string> {
  const told = (headers: IncomingHttpHeaders): Got['told'] =>
    Object.fromEntries(names.map((name) => [name, headers[name]?.toString()]))
  const server = createServer(({ headers }, response) => response.end(JSON.stringify({ version, told: told(headers) })))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `http://127.0.0.1:${address.port}`
}

function tableOf(
  { v1, v2 }: Readonly<Record<'v1' | 'v2', string>>,
  trustProxies: readonly string[],
): Omit<RoutingTable, 'service' | 'revision'> {
  return {
    salt: 'forwarding/',
    unit: [{ address: true }],
    arms: [
      { version: 'v2', endpoints: [v2], weightBp: 5_000 },
      { version: 'v1', endpoints: [v1], weightBp: 5_000 },
    ],
    stable: 'v1',
    canary: 'v2',
    rules: [],
    overrideHeader: null,
    measurement: { rollout: 'forwarding', latencyCutsMs: [], latencyFrom: 0 },
    ...(trustProxies.length === 0 ? {} : { edge: EdgeSettings.parse({ trustProxies }) }),
  }
}

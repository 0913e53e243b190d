/** What Envoy is told, beside the schema that Envoy publishes and beside files that people can read. No Envoy is run here. */
import type { RoutingTable } from '@serin/core'
import { EdgeSettings } from '@serin/spec'
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { cluster, endpoints } from './clusters.ts'
import type { Host } from './clusters.ts'
import { discovery } from './discovery.ts'
import { bootstrap, listeners } from './listeners.ts'
import { routeConfiguration } from './routes.ts'
import { tableLua } from './table-lua.ts'
import { Schema } from './testing/schema.ts'

const schema = Schema.load()
const response = 'envoy.service.discovery.v3.DiscoveryResponse'
const directory = '/var/lib/serin/services/shop/envoy'

const table: RoutingTable = {
  service: 'shop',
  revision: 7,
  salt: 'shop/"r1"/',
  unit: [{ header: 'X-User' }, { cookie: 'sid' }, { address: true }],
  arms: [
    { version: 'v2', endpoints: ['http://127.0.0.1:3002'], weightBp: 1 },
    { version: 'v1.0', endpoints: ['http://127.0.0.1:3001'], weightBp: 9_999 },
  ],
  stable: 'v1.0',
  canary: 'v2',
  segments: { staff: { cookie: { role: { equals: 'staff' } } } },
  rules: [
    { name: 'staff', segment: 'staff', query: { try: { present: true } }, to: 'canary' },
    { name: 'pay', path: { prefix: '/pay' }, to: 'stable' },
    { name: 'plan', header: { 'X-Plan': { in: ['gold', 'argent é'] } }, to: 'canary' },
  ],
  overrideHeader: 'serin-version',
  edge: EdgeSettings.parse({ trustProxies: ['loopback', '192.0.2.0/24'] }),
  measurement: {
    rollout: 'shop#1',
    latencyCutsMs: [],
    latencyFrom: 0,
    slices: { route: { path: { depth: 1 } }, country: { header: 'X-Country' } },
  },
}
const hosts: readonly Host[] = [
  { version: 'v2', endpoint: 'http://127.0.0.1:3002', address: '127.0.0.1', port: 3_002, leaving: false },
  { version: 'v2', endpoint: 'http://127.0.0.1:3003', address: '::1', port: 3_003, leaving: true },
]
/** The deciding part is the same for every table, and is tested where it is run. */
const script = `${tableLua(table)}-- here follows decide.lua`

const golden: Readonly<Record<string, object>> = {
  lds: responseOf(listeners({ listen: '0.0.0.0:8080', preview: '[::1]:8081' }, directory)),
  rds: responseOf([routeConfiguration(table, script)]),
  'rds-before': responseOf([routeConfiguration(null, tableLua(null))]),
  cds: responseOf([cluster('v2', `${directory}/xds/eds-v2.json`)]),
  eds: responseOf([endpoints('v2', hosts)]),
}

for (const [name, json] of Object.entries(golden))
  test(`${name} is by the schema, and what is kept beside this test`, async () => {
    assert.deepEqual(schema.roundTrip(response, json), json)
    await assertKept(name, json)
  })

test('bootstrap is by the schema, and what is kept beside this test', async () => {
  const json = bootstrap('shop', directory)
  assert.deepEqual(schema.roundTrip('envoy.config.bootstrap.v3.Bootstrap', json), json)
  await assertKept('bootstrap', json)
})

test('a version without a copy, and one with a name of every sign, is by the schema too', () => {
  const odd = 'v2.0_rc-1'
  const empty = responseOf([endpoints(odd, []), cluster(odd, `${directory}/xds/eds-${odd}.json`)])
  assert.deepEqual(schema.roundTrip(response, empty), empty)
})

test('what says the same has the same version, and another says another', () => {
  const one = discovery([endpoints('v2', hosts)])
  assert.equal(discovery([endpoints('v2', [...hosts])]).version, one.version)
  assert.notEqual(discovery([endpoints('v2', hosts.slice(1))]).version, one.version)
})

test('the schema is no formality: what it does not know, or forbids, is refused', () => {
  const refused = (change: (json: string) => string, why: RegExp, name = 'rds'): void => {
    const changed = change(JSON.stringify(golden[name]))
    assert.notEqual(changed, JSON.stringify(golden[name]), `nothing was changed for ${why}`)
    assert.throws(() => schema.roundTrip(response, JSON.parse(changed)), why)
  }
  refused((json) => json.replace('"retry_on"', '"retries_on"'), /"retries_on" is no field of .*RetryPolicy/)
  refused((json) => json.replace('"num_retries":1', '"num_retries":"one"'), /num_retries/)
  refused((json) => json.replace('OVERWRITE_IF_EXISTS_OR_ADD', 'OVERWRITE'), /"OVERWRITE" is none of/)
  refused((json) => json.replace('"timeout":"0s"', '"timeout":"none"'), /timeout is a duration/)
  refused((json) => json.replace('"cluster":"serin_v2"', '"cluster":"serin_v2","cluster_header":"x"'), /only one of/)
  refused((json) => json.replace('"prefix":"/",', ''), /one of prefix, .* has to be/)
  refused((json) => json.replace('"prefix_len":32', '"prefix_len":-1'), /prefix_len|is against/, 'lds')
  refused(
    (json) => json.replace('"stat_prefix":"serin"', '"stat_prefix":""'),
    /"stat_prefix" is against min_len/,
    'lds',
  )
  refused((json) => json.replace('"default_source_code":{"inline_string"', '"inline_code":{"x"'), /deprecated/, 'lds')
  refused((json) => json.replace('extensions.filters.http.lua.v3.Lua"', 'extensions.lua.v3.Lua"'), /no such/, 'lds')
})

function responseOf(resources: readonly object[]): object {
  return JSON.parse(discovery(resources).text)
}

/** Written anew with SERIN_GOLDEN=1. */
async function assertKept(name: string, json: object): Promise<void> {
  const file = new URL(`testing/golden/${name}.json`, import.meta.url)
  const text = `${JSON.stringify(json, null, 2)}\n`
  if (process.env['SERIN_GOLDEN'] === '1') await writeFile(file, text)
  assert.equal(await readFile(file, 'utf8'), text)
}

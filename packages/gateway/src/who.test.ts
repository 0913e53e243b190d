import type { RoutingTable } from '@serin/core'
import { assign } from '@serin/core/assignment'
import { EdgeSettings } from '@serin/spec'
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Gateway } from './gateway.ts'
import { openIssuer } from './testing/jwks.ts'
import { countryDatabase } from './testing/mmdb.ts'
import { evidenceOf, openWorld, send, sumOf, tableOf, until } from './testing/servers.ts'
import type { World } from './testing/servers.ts'

const keyTimes = { fetchMs: 200, refreshMs: 60_000, restMs: 50 }

interface Seen {
  readonly version: string
  readonly headers: NodeJS.Dict<string | string[]>
}

async function served(
  world: World,
  transport: 'raw' | 'net' | 'http',
  more: Partial<RoutingTable>,
): Promise<{ gateway: Gateway; table: RoutingTable; heard: NodeJS.Dict<string | string[]>[] }> {
  const heard: NodeJS.Dict<string | string[]>[] = []
  const upstream = async (): Promise<string> =>
    await world.upstream((request, response) => {
      heard.push(request.headers)
      response.end('ok')
    })
  const gateway = await world.gateway({ transport, keyTimes })
  const table = tableOf(1, 0, { v1: [await upstream()], v2: [await upstream()] }, more)
  const applied = await gateway.apply(table)
  assert.notEqual(typeof applied, 'string', JSON.stringify(applied))
  return { gateway, table, heard }
}

async function ask({ identity }: Gateway, headers: Record<string, string> = {}, body?: string): Promise<Seen> {
  const answer = await send(identity.address, { headers, ...(body === undefined ? {} : { method: 'POST', body }) })
  return { version: String(answer.headers['serin-version']), headers: answer.headers }
}

/** Who sends the requests of these tests is believed. */
const believing = EdgeSettings.parse({ trustProxies: ['loopback'] })

const problemsOf = (gateway: Gateway): readonly string[] => gateway.report().problems ?? []

const half = (table: RoutingTable): RoutingTable => ({
  ...table,
  revision: table.revision + 1,
  arms: table.arms.map((arm) => ({ ...arm, weightBp: 5_000 })),
})

for (const transport of ['raw', 'net', 'http'] as const) {
  describe(`by the lane "${transport}"`, () => {
    test('who comes without an id gets a cookie, comes back with it to the same version, and is one unit', async () => {
      await using world = await openWorld()
      const { gateway, table } = await served(world, transport, {
        sticky: { cookie: 'sid', maxAgeS: 3_600 },
        edge: believing,
      })
      await gateway.apply(half(table))
      const versions = new Set<string>()
      for (let i = 0; i < 16; i += 1) {
        const first = await ask(
          gateway,
          i % 2 === 0 ? {} : { 'x-forwarded-proto': 'https' },
          i % 4 === 3 ? 'body' : undefined,
        )
        const [cookie = '', ...others] = first.headers['set-cookie'] ?? []
        assert.deepEqual(others, [])
        const [, id = '', secure] =
          /^sid=([A-Za-z0-9_-]{22}); Path=\/; Max-Age=3600; HttpOnly; SameSite=Lax(; Secure)?$/.exec(cookie) ?? []
        assert.equal(secure !== undefined, i % 2 === 1, cookie)
        assert.equal(first.version, assign(half(table), id))
        versions.add(first.version)
        for (let again = 0; again < 2; again += 1) {
          const later = await ask(gateway, { cookie: `other=1; sid=${id}` })
          assert.deepEqual([later.version, later.headers['set-cookie']], [first.version, undefined])
        }
      }
      assert.equal(versions.size, 2)
      assert.equal((await ask(gateway, { 'x-user': 'ann' })).headers['set-cookie'], undefined)
      const units = (slots: Parameters<typeof sumOf>[0]): number =>
        sumOf(slots, 'v1', (arm) => arm.newUnits) + sumOf(slots, 'v2', (arm) => arm.newUnits)
      assert.equal(units(await evidenceOf(gateway, (slots) => units(slots) >= 17)), 17)
    })

    test('the country is looked up by the address, in a file that may come later and may change', async () => {
      await using world = await openWorld()
      const database = join(world.directory, 'countries.mmdb')
      await writeFile(database, countryDatabase({ '81.2.0.0/16': 'NO', '127.0.0.0/8': 'DK', '2001:db8::/32': 'SE' }))
      const segments = { nordic: { country: ['NO', 'SE'] } }
      const { gateway } = await served(world, transport, {
        segments,
        country: { database, addressHeader: 'x-real-ip' },
        rules: [{ name: 'first', segment: 'nordic', to: 'canary' }],
        edge: believing,
      })
      const versionAt = async (address: string): Promise<string> =>
        (await ask(gateway, { 'x-real-ip': address })).version
      await until('the database is read', async () => (await versionAt('81.2.3.4')) === 'v2')
      const cases = [
        ['9.9.9.9, 81.2.3.4', 'v2'],
        ['81.2.3.4, 9.9.9.9', 'v1'],
        ['81.2.3.4:5000', 'v2'],
        ['[2001:db8::1]:80', 'v2'],
        ['2001:db8:1::', 'v2'],
        ['::ffff:81.2.0.1', 'v2'],
        ['127.0.0.1', 'v1'],
        ['81.3.0.0', 'v1'],
        ['rubbish', 'v1'],
        ['', 'v1'],
      ] as const
      for (const [address, version] of cases) assert.equal(await versionAt(address), version, address)
      assert.deepEqual(problemsOf(gateway), [])
      // Of nobody that is not believed.
      const { edge: _edge, ...table } = gateway.report().table ?? assert.fail()
      await gateway.apply({ ...table, revision: 2 })
      assert.equal(await versionAt('81.2.3.4'), 'v1')
    })

    test('the country is that of the client that a believed proxy forwards, and a unit by address too', async () => {
      await using world = await openWorld()
      const database = join(world.directory, 'countries.mmdb')
      await writeFile(database, countryDatabase({ '81.2.0.0/16': 'NO' }))
      const { gateway, table } = await served(world, transport, {
        unit: [{ address: true }],
        country: { database },
        rules: [{ name: 'first', country: ['NO'], to: 'canary' }],
        edge: believing,
      })
      const versionOf = async (forwarded: string): Promise<string> =>
        (await ask(gateway, { 'x-forwarded-for': forwarded })).version
      await until('the database is read', async () => (await versionOf('81.2.3.4')) === 'v2')
      assert.equal(await versionOf('9.9.9.9, 81.2.3.4'), 'v2')
      assert.equal(await versionOf('81.2.3.4, 9.9.9.9'), 'v1', 'what a client says before it does not count')
      assert.equal(await versionOf('81.2.3.4, 127.0.0.7, 127.0.0.8'), 'v2', 'several believed ones, one after another')
      await gateway.apply({ ...half(table), rules: [] })
      const addresses = Array.from({ length: 16 }, (_, i) => `9.9.9.${i}`)
      for (const address of addresses)
        assert.equal(await versionOf(`1.1.1.1, ${address}`), assign(half(table), address), address)
    })

    test('a token is a unit by its claim when its signature is good', async () => {
      await using world = await openWorld()
      await using issuer = await openIssuer()
      const token = { jwks: issuer.url, unknownKeys: 'ignore' } as const
      const { gateway, table } = await served(world, transport, {
        unit: [{ claim: 'sub' }, { header: 'x-user' }],
        token,
      })
      await gateway.apply(half(table))
      const users = Array.from({ length: 12 }, (_, i) => `user-${i}`)
      const bearer = async (sub: string): Promise<string> => `Bearer ${await issuer.sign({ sub })}`
      const first = await bearer('user-0')
      await until('the keys are there', async () => {
        await ask(gateway, { authorization: first })
        return issuer.fetches() > 0
      })
      for (const user of users)
        await until(`${user} is known`, async () => {
          const { version } = await ask(gateway, { authorization: await bearer(user), 'x-user': 'other' })
          return version === assign(half(table), user)
        })
      const forged = `${first.slice(0, -8)}AAAAAAAA`
      const { version } = await ask(gateway, { authorization: forged, 'x-user': 'other' })
      assert.equal(version, assign(half(table), 'other'))
    })

    test('while the keys hang, a request with a token is refused or taken as configured, at once; one without is served', async () => {
      await using world = await openWorld()
      await using issuer = await openIssuer()
      issuer.hang()
      const token = { jwks: issuer.url, unknownKeys: 'refuse' } as const
      const { gateway, table } = await served(world, transport, { unit: [{ claim: 'sub' }], token })
      const authorization = `Bearer ${await issuer.sign({ sub: 'ann' })}`
      const refused = await send(gateway.identity.address, { headers: { authorization } })
      assert.equal(refused.status, 503)
      assert.match(refused.body.toString(), /keys that verify the token of the request are not known yet/)
      assert.equal((await ask(gateway)).version, 'v1')
      await until('it is told', () => problemsOf(gateway).some((problem) => problem.startsWith('Keys at http')))
      issuer.answer()
      await until('it is served', async () => (await ask(gateway, { authorization })).version === 'v1')
      issuer.hang()
      await gateway.apply({
        ...table,
        revision: 9,
        token: { ...token, jwks: `${issuer.url}/other`, unknownKeys: 'ignore' },
      })
      assert.equal((await ask(gateway, { authorization })).version, 'v1')
    })

    test('an override needs its secret, which no version hears', async () => {
      await using world = await openWorld()
      const overrideKeySha256 = createHash('sha256').update('open sesame').digest('hex')
      const { gateway, heard } = await served(world, transport, { overrideKeySha256 })
      assert.equal((await ask(gateway, { 'serin-version': 'v2' })).version, 'v1')
      assert.equal((await ask(gateway, { 'serin-version': 'v2', 'serin-key': 'guess' })).version, 'v1')
      assert.equal((await ask(gateway, { 'serin-version': 'v2', 'serin-key': 'open sesame' })).version, 'v2')
      assert.equal((await ask(gateway, { 'serin-version': 'v2', 'serin-key': 'open sesame' }, 'body')).version, 'v2')
      assert.equal(heard.length, 4)
      assert.deepEqual(
        heard.map((headers) => headers['serin-key']),
        [undefined, undefined, undefined, undefined],
      )
    })
  })
}

test('a database that cannot be read is told, and one that comes is read', async () => {
  await using world = await openWorld()
  const database = join(world.directory, 'late.mmdb')
  const { gateway } = await served(world, 'net', {
    country: { database },
    rules: [{ name: 'home', country: ['DK'], to: 'canary' }],
  })
  await until('it is told', () => problemsOf(gateway).some((problem) => problem.includes('late.mmdb')))
  assert.equal((await ask(gateway)).version, 'v1')
  await writeFile(`${database}.new`, countryDatabase({ '127.0.0.0/8': 'DK' }))
  await rename(`${database}.new`, database)
  await until('it is read', async () => (await ask(gateway)).version === 'v2')
  assert.deepEqual(problemsOf(gateway), [])
})

test('a table that is unsound is refused in one sentence', async () => {
  await using world = await openWorld()
  const gateway = await world.gateway()
  const refused = async (more: object): Promise<unknown> =>
    await gateway.apply({ ...tableOf(1, 0, { v1: [], v2: [] }), ...more })
  assert.match(String(await refused({ sticky: { cookie: 'a;b', maxAgeS: 1 } })), /^"sticky" must/)
  assert.match(String(await refused({ token: { jwks: 'nowhere' } })), /^"token" must/)
  assert.match(String(await refused({ country: {} })), /^"country" must/)
  assert.match(String(await refused({ overrideKeySha256: 'abc' })), /^"overrideKeySha256" must/)
  assert.match(String(await refused({ segments: { a: {} } })), /^"segments" must/)
  const rules = [{ name: 'r', segment: 'a', to: 'canary' }]
  assert.equal(await refused({ rules }), 'The rule "r" names a segment that is not there.')
})

/** The script that Envoy's Lua filter runs, run by a real LuaJIT: without one every test here says that it is skipped. */
import type { RoutingTable } from '@serin/core'
import { assign, compileRouter, murmurHash2, viewOf } from '@serin/core/assignment'
import { EdgeSettings } from '@serin/spec'
import {
  array,
  assert as check,
  asyncProperty,
  boolean,
  constantFrom,
  ipV4,
  ipV6,
  oneof,
  string,
  tuple,
} from 'fast-check'
import assert from 'node:assert/strict'
import { BlockList, isIP } from 'node:net'
import { test } from 'node:test'
import { missing } from '../proxy/testing/installed.ts'
import { oddRules, oddTargets, oddTexts } from '../proxy/testing/oddities.ts'
import { split } from '../testing/world.ts'
import { luaScript } from './script.ts'
import { LuaHost } from './testing/lua-host.ts'
import type { LuaDid, LuaRequest } from './testing/lua-host.ts'

const skip = missing('luajit', 'luajit')
const world = { endpoints: { v1: ['http://127.0.0.1:1'], v2: ['http://127.0.0.1:2'] } }
/** As it is on the wire: a character for each byte. */
const bytesOf = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')
const get = (target: string, ...headers: LuaRequest['headers'][number][]): LuaRequest => ({
  headers: [[':method', 'GET'], [':path', target], ...headers],
})

test(
  '10,000 users get from the script the version that core assigns them, at 1, 5, 25 and 50 %',
  { skip },
  async () => {
    const units = Array.from({ length: 10_000 }, (_, i) => (i % 10 === 0 ? `Zoë-${i}-日本` : `user-${i * 7_919}`))
    for (const weightBp of [100, 500, 2_500, 5_000]) {
      const table = split(weightBp, 7, world)
      using host = new LuaHost(await luaScript(table))
      const said = await Promise.all(units.map(async (unit) => await host.run(get('/', ['x-user', bytesOf(unit)]))))
      const wrong = units.filter((unit, i) => said[i]?.version !== assign(table, unit) || said[i]?.cleared !== '1')
      assert.deepEqual(wrong, [], `at ${weightBp} bp`)
      assert.equal(said[0]?.decided, `7 hash =${said[0]?.version} =Zo%c3%ab-0-%e6%97%a5%e6%9c%ac`)
    }
  },
)

test('the script hashes any bytes as core does', { skip }, async () => {
  const table = { ...split(1, 1, world), salt: '' }
  using host = new LuaHost(await luaScript(table))
  const hashed = async (unit: string): Promise<LuaDid> =>
    await host.run({ door: 'control', ...get('/split', ['serin-probe', bytesOf(unit)]) })
  // At a hundredth of a percent the bound itself is asked for: a unit just below it, and those that are not.
  const near = Array.from({ length: 60_000 }, (_, i) => `u${i}`).filter((unit) => murmurHash2(unit) < 4_000_000)
  assert.ok(near.length > 20)
  for (const unit of near) assert.equal((await hashed(unit)).body, assign(table, unit), unit)
  await check(
    asyncProperty(string({ unit: 'grapheme', maxLength: 40 }), async (unit) => {
      assert.equal((await hashed(unit)).body, assign(table, unit))
    }),
    { numRuns: 300 },
  )
})

test('the script decides as the gateway does: rules, odd names, hostile values', { skip }, async () => {
  const table: RoutingTable = {
    ...split(5_000, 1, world),
    unit: [{ header: 'X_User.id' }, { cookie: 'sid' }, { query: 'ü u' }],
    overrideHeader: 'serin-version',
    segments: { staff: { cookie: { role: { equals: '"staff"' } }, path: { contains: ']]' } } },
    rules: [...oddRules, { name: 'e', segment: 'staff', header: { 'x-user': { present: false } }, to: 'canary' }],
  }
  using host = new LuaHost(await luaScript(table))
  const decide = compileRouter(table)
  const texts = [...oddTexts, '😀', '$1']
  const raw = ['ÿ', 'í\u00a0\u0080', 'À¯', 'ô\u0090\u0080\u0080', 'à\u0080\u0080', 'ð\u0080\u0080\u0080', 'Ã']
  const targets = [...oddTargets, '/a]]b?x=?']
  const wrong: string[] = []
  for (const value of [...texts.map(bytesOf), ...raw])
    for (const target of targets)
      for (const name of ['x_user.id', 'cookie', 'x_odd.name', 'serin-version', 'x-none', 'x-user']) {
        const sent = name === 'cookie' ? `k=1;  sid=${value}; sid=2; role="staff"` : value.trim()
        const wanted = decide.decide(viewOf({ headers: { [name]: sent }, target, address: '127.0.0.1' }), () => '')
        const { version, decided, problem } = await host.run(get(target, [name, sent]))
        const anybody = wanted.by === 'hash' && wanted.unit === null
        const [, by, , unit = ''] = (decided ?? '').split(' ')
        const same = by === wanted.by && (anybody || version === wanted.version)
        // Who is sent by name or by a rule is told by his unit too; nobody counts it.
        const named = wanted.by !== 'hash' || decodeURIComponent(unit.slice(1)) === (wanted.unit ?? '')
        if (!same || !named) wrong.push(`${target} ${name}: ${value} ${decided} ${problem}`)
      }
  assert.deepEqual(wrong, [])
})

test('several headers of one name are one, and the address is told without its port', { skip }, async () => {
  const table: RoutingTable = {
    ...split(5_000, 3, world),
    unit: [{ header: 'x-user' }, { address: true }],
    measurement: {
      rollout: 'r',
      latencyCutsMs: [],
      latencyFrom: 0,
      slices: { plan: { header: 'X-Plan' }, way: { path: { depth: 1 } } },
    },
  }
  using host = new LuaHost(await luaScript(table))
  const twice = await host.run(get('/a?b', ['x-user', 'a'], ['x-user', 'b'], ['x-plan', 'gold']))
  assert.deepEqual(twice.decided?.split(' ').slice(3), ['=a%2c%20b', '=gold', '=%2fa'])
  for (const [told, address] of [
    ['10.0.0.7:1234', '10.0.0.7'],
    ['[::1]:80', '::1'],
  ] as const) {
    const { decided = '' } = await host.run({ ...get('/'), address: told })
    assert.equal(decodeURIComponent(decided.split(' ')[3] ?? ''), `=${address}`)
  }
})

/** What comes from 127.0.0.2 as `x-forwarded-for`, and who asks then. */
const chains: readonly (readonly [forwardedFor: string, client: string])[] = [
  ['1.2.3.4', '1.2.3.4'],
  ['9.9.9.9, 1.1.1.1,10.0.0.2 , 10.0.0.3', '1.1.1.1'],
  ['10.0.0.2, 10.0.0.3', '10.0.0.2'],
  ['1.1.1.1:4711', '1.1.1.1'],
  ['[2001:db8::7]:4711, ::FFFF:10.0.0.9', '2001:db8::7'],
  ['8.8.8.8, fd00:bb::1, fd00:aa::1', 'fd00:bb::1'],
  ['1.1.1.1, rubbish', '127.0.0.2'],
  ['1.1.1.1, rubbish, 10.0.0.2', '10.0.0.2'],
  [',', '127.0.0.2'],
]

test('what is said of a client is dropped, but of those that are believed', { skip }, async () => {
  const edge = EdgeSettings.parse({ trustProxies: ['127.0.0.2', '10.0.0.0/8', 'fd00:aa::/32'] })
  using host = new LuaHost(await luaScript({ ...split(5_000, 1, world), unit: [{ address: true }], edge }))
  const claims = ['forwarded', 'x-forwarded-host', 'x-forwarded-port', 'x-real-ip'].map((name) => [name, 'x'] as const)
  const sent = async (address: string, chain: string): Promise<readonly string[]> => {
    const told = get('/', ['x-forwarded-proto', 'https'], ['x-forwarded-for', chain], ...claims)
    const { decided = '', sent: headers = '', problem } = await host.run({ ...told, address })
    assert.equal(problem, undefined)
    return [decodeURIComponent(decided.split(' ')[3] ?? ''), ...headers.split('\n').slice(2).toSorted()]
  }
  for (const [chain, client] of chains) {
    assert.deepEqual(await sent('127.0.0.1:1', chain), [
      '=127.0.0.1',
      'x-forwarded-for: 127.0.0.1',
      'x-forwarded-proto: http',
    ])
    const kept = ['x-forwarded-proto: https', ...claims.map(([name, value]) => `${name}: ${value}`)]
    assert.deepEqual(await sent('127.0.0.2:1', chain), [
      `=${client}`,
      ...[`x-forwarded-for: ${chain}, 127.0.0.2`, ...kept].toSorted(),
    ])
  }
})

test('the script reads addresses and networks as Node does', { skip }, async () => {
  const shortened = (address: string): string => {
    const short = address.replace(/(:0)+:/, '::')
    return isIP(short) === 6 ? short : address
  }
  const six = tuple(ipV6(), boolean()).map(([address, short]) => (short ? shortened(address) : address))
  const odd = constantFrom(
    '',
    '1.2.3',
    '01.2.3.4',
    '1.2.3.4.5',
    '1::2::3',
    ':::',
    '::1:',
    '1:2:3:4:5:6:7::',
    '::1.2.3.4',
  )
  const strange = oneof(odd, string({ unit: constantFrom('0', 'a', 'f', ':', '.') }))
  await check(
    asyncProperty(array(oneof(ipV4(), six), { minLength: 1, maxLength: 3 }), array(strange), async (bases, others) => {
      const networks = bases.map((base, i) => `${base}/${base.includes(':') ? 8 + i * 50 : 1 + i * 13}`)
      const list = new BlockList()
      for (const network of networks) {
        const [base = '', bits] = network.split('/')
        list.addSubnet(base, Number(bits), base.includes(':') ? 'ipv6' : 'ipv4')
      }
      const trustProxies = ['192.0.2.7', ...networks]
      const edge = EdgeSettings.parse({ trustProxies })
      using host = new LuaHost(await luaScript({ ...split(1, 1, world), unit: [{ address: true }], edge }))
      for (const address of [...bases, ...others]) {
        const told = get('/', ['x-forwarded-for', `203.0.113.9, ${address}`])
        const { decided = '', problem } = await host.run({ ...told, address: '192.0.2.7:1' })
        assert.equal(problem, undefined)
        const family = isIP(address)
        const known = family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
        const client = family === 0 ? '192.0.2.7' : known ? '203.0.113.9' : address
        assert.equal(decodeURIComponent(decided.split(' ')[3] ?? ''), `=${client}`, `${address} of ${networks.join()}`)
      }
    }),
    { numRuns: 40 },
  )
})

test('preview is canary, and the control door says what is in force', { skip }, async () => {
  const table = split(100, 9, world)
  using host = new LuaHost(await luaScript(table))
  const rounds = await Promise.all(
    Array.from({ length: 20 }, async () => await host.run({ door: 'preview', ...get('/') })),
  )
  assert.ok(rounds.every(({ version }) => version === 'v2'))
  const { body = '', mark, status } = await host.run({ door: 'control', ...get('/table?mark=0a') })
  assert.deepEqual(
    [JSON.parse(body), mark, status],
    [
      {
        revision: 9,
        epoch: 0,
        arms: [
          ['v2', 100],
          ['v1', 9_900],
        ],
      },
      '0a',
      '200',
    ],
  )
  using before = new LuaHost(await luaScript(null))
  assert.deepEqual(JSON.parse((await before.run({ door: 'control', ...get('/table') })).body ?? ''), {
    revision: null,
    arms: [],
  })
  assert.deepEqual(await before.run(get('/')), {}, 'nothing is decided before the first table')
})

test('an Envoy that cannot be told to choose the route anew does so because a header changed', { skip }, async () => {
  using host = new LuaHost(`old_envoy = true\n${await luaScript(split(10_000, 1, world))}`)
  const { version, cleared, problem } = await host.run(get('/', ['x-user', 'u']))
  assert.deepEqual([version, cleared, problem], ['v2', '1', undefined])
})

test('who has no unit is drawn: the share is kept, and two workers do not draw alike', { skip }, async () => {
  const script = await luaScript(split(2_500, 1, world))
  const drawn = await Promise.all(
    [1, 2].map(async () => {
      using host = new LuaHost(script)
      return await Promise.all(Array.from({ length: 4_000 }, async () => (await host.run(get('/'))).version))
    }),
  )
  for (const versions of drawn) {
    const share = versions.filter((version) => version === 'v2').length / versions.length
    // Eight standard errors.
    assert.ok(Math.abs(share - 0.25) < 0.055, `${share}`)
  }
  assert.notDeepEqual(drawn[0], drawn[1])
})

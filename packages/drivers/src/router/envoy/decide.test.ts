/** The script that Envoy's Lua filter runs, run by a real LuaJIT: without one every test here says that it is skipped. */
import type { RoutingTable } from '@serin/core'
import { assign, compileRouter, murmurHash2, viewOf } from '@serin/core/assignment'
import { assert as check, asyncProperty, string } from 'fast-check'
import assert from 'node:assert/strict'
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

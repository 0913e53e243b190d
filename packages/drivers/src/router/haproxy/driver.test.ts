/** Needs a real HAProxy with Lua (Debian's haproxy has it). Without one every test here says that it is skipped. */
import type { RoutingTable } from '@serin/core'
import { compileRouter, viewOf } from '@serin/core/assignment'
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { proxyPromises } from '../proxy/testing/promises.ts'
import { assertCounted } from '../proxy/testing/counted.ts'
import { assertStraysTold } from '../proxy/testing/strays.ts'
import { missing } from '../proxy/testing/installed.ts'
import { oddRules, oddTargets, oddTexts } from '../proxy/testing/oddities.ts'
import { ask, isGone, never, openWorld, spec, split } from '../testing/world.ts'
import type { World } from '../testing/world.ts'
import { openHaproxy } from './driver.ts'
import { RuntimeApi } from './runtime-api.ts'

const skip = missing('haproxy', 'haproxy')

proxyPromises({ product: 'HAProxy', skip, state: 'haproxy.json', open: openHaproxy, pids: pidsOf, all: pidsOf })

test('what the log says becomes slots', { skip }, async () => {
  await using world = await openWorld(openHaproxy, { v2: (_, response) => response.writeHead(500).end('v2') })
  await assertCounted(world, async () => {})
})

async function pidsOf({ directory }: World): Promise<number[]> {
  return [Number(await readFile(join(directory, 'haproxy.pid'), 'utf8'))]
}

test('what somebody changes through the admin socket is seen, and put right by the next table', { skip }, async () => {
  await using world = await openWorld(openHaproxy)
  const router = await world.open()
  const table = split(2_500, 7, world)
  await router.apply(table, never)
  const api = new RuntimeApi(join(world.directory, 'admin.sock'))
  const map = join(world.directory, 'table.map')
  const address = new URL(world.endpoints.v2[0] ?? '').host
  const byHand = [
    `set map ${map} split 0.7,0:4000:v2,1:6000:v1`,
    `set map ${map} salt =other`,
    `set server serin_0/${address} weight 0`,
    `set server serin_0/${address} state drain`,
    'disable frontend serin',
  ]
  for (const [i, command] of byHand.entries()) {
    await api.command(command, /^/, never)
    const seen = await router.observe(never)
    assert.equal(seen.revision, 0, command)
    if (i === 0) assert.deepEqual(seen.weights, { v2: 4_000, v1: 6_000 }, 'measured')
    await router.apply(table, never)
    const after = await router.observe(never)
    assert.deepEqual([after.revision, after.weights], [7, { v2: 2_500, v1: 7_500 }], command)
    assert.equal((await ask(after.address, { headers: { 'x-user': 'anyone' } })).status, 200)
  }
})

test(
  'what is seen under a split that somebody made by hand is not counted as seen under Serin’s',
  { skip },
  async () => {
    await using world = await openWorld(openHaproxy)
    await assertStraysTold(world, async () => {
      const api = new RuntimeApi(join(world.directory, 'admin.sock'))
      await api.command(`set map ${join(world.directory, 'table.map')} split 0.1,0:4000:v2,1:6000:v1`, /^/, never)
    })
  },
)

test(
  'one that another Serin started is taken over from: nobody is turned away, and what is under way ends',
  { skip },
  async () => {
    let answer = (): void => undefined
    let arrived = (): void => undefined
    const reached = new Promise<void>((resolve) => (arrived = resolve))
    await using world = await openWorld(openHaproxy, {
      v1: (request, response) => {
        if (request.url !== '/slow') return response.end('v1')
        answer = () => response.end('slow')
        arrived()
        return response
      },
    })
    const first = await world.open()
    await first.apply(split(0, 1, world), never)
    const { address } = await first.observe(never)
    first.close()
    const slow = ask(`${address}/slow`)
    await reached
    const file = join(world.directory, 'haproxy.json')
    const state: object = JSON.parse(await readFile(file, 'utf8'))
    await writeFile(file, JSON.stringify({ ...state, program: 'of an earlier Serin' }))
    const [before] = await pidsOf(world)
    const ended = new AbortController()
    const lost: string[] = []
    const client = (async () => {
      while (!ended.signal.aborted) await ask(address).catch((error: unknown) => lost.push(String(error)))
    })()
    const second = await world.open({ spec: { ...spec, drain: 60_000 } })
    const seen = await second.observe(never)
    assert.deepEqual([seen.revision, seen.address], [1, address])
    const [after] = await pidsOf(world)
    assert.notEqual(after, before)
    answer()
    assert.equal((await slow).body, 'slow')
    ended.abort()
    await client
    assert.deepEqual(lost, [])
    assert.ok(await isGone(before ?? 0))
  },
)

test('HAProxy decides as the gateway does: rules, odd names, hostile values', { skip }, async () => {
  await using world = await openWorld(openHaproxy)
  const router = await world.open()
  const table: RoutingTable = {
    ...split(5_000, 1, world),
    unit: [{ header: 'X_User.id' }, { cookie: 'sid' }, { query: 'ü u' }],
    overrideHeader: 'serin-version',
    rules: oddRules,
  }
  await router.apply(table, never)
  const { address } = await router.observe(never)
  const decide = compileRouter(table)
  const latin = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')
  const raw = [...oddTexts.map(latin), '\u00ff', '\u00ed\u00a0\u0080', '\u00c0\u00af']
  const wrong: string[] = []
  for (const [i, value] of raw.entries())
    for (const [j, target] of oddTargets.entries()) {
      const kinds = ['X_User.id', 'cookie', 'x_odd.name', 'serin-version', 'x-none']
      const name = kinds[(i + j) % kinds.length] ?? ''
      const headers = { [name]: name === 'cookie' ? `k=1;  sid=${value}; sid=2` : value }
      const lower = Object.fromEntries(Object.entries(headers).map(([key, each]) => [key.toLowerCase(), each.trim()]))
      const wanted = decide.decide(viewOf({ headers: lower, target, address: '127.0.0.1' }), () => '')
      const { headers: answered } = await ask(`${address}${target}`, { headers })
      const anybody = wanted.by === 'hash' && wanted.unit === null
      if (!anybody && answered['serin-version'] !== wanted.version) wrong.push(`${target} ${name}: ${value}`)
    }
  assert.deepEqual(wrong, [])
})

test('what HAProxy cannot do is refused before anything moves', { skip }, async () => {
  await using world = await openWorld(openHaproxy)
  const router = await world.open()
  const table = split(2_500, 1, world)
  await router.apply(table, never)
  const refused = async (endpoint: string, message: RegExp): Promise<void> => {
    const endpoints = { ...world.endpoints, v2: [endpoint] }
    await assert.rejects(router.apply(split(5_000, 2, { endpoints }), never), { code: 'gateway.failed', message })
  }
  await refused('http://127.0.0.1:1/below', /HAProxy is told plain addresses only/)
  await refused('http://nowhere.invalid:1', /cannot be told the address of http:\/\/nowhere\.invalid:1/)
  const { revision, weights } = await router.observe(never)
  assert.deepEqual([revision, weights], [1, { v2: 2_500, v1: 7_500 }])
})

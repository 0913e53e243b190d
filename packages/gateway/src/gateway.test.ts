import { assign, bucketOf, parseRequestMark } from '@serin/core/assignment'
import type { RequestMark } from '@serin/core/assignment'
import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { Agent } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { evidenceOf, openWorld, send, sumOf, tableOf, until } from './testing/servers.ts'
import type { World } from './testing/servers.ts'

async function twoVersions(world: World): Promise<{ v1: string[]; v2: string[] }> {
  const serve = async (name: string): Promise<string[]> => [
    await world.upstream((request, response) => {
      request.resume().on('end', () => {
        if (request.url === '/fail') response.writeHead(500)
        response.end(name)
      })
    }),
  ]
  return { v1: await serve('v1'), v2: await serve('v2') }
}

test('a change of weights holds for the very next request', async () => {
  await using world = await openWorld()
  const endpoints = await twoVersions(world)
  const gateway = await world.gateway()
  const agent = new Agent({ keepAlive: true })
  for (let revision = 1; revision <= 40; revision += 1) {
    const canaryBp = revision % 2 === 0 ? 10_000 : 0
    await gateway.apply(tableOf(revision, canaryBp, endpoints))
    const answer = await send(gateway.identity.address, { agent, headers: { 'x-user': 'a' } })
    assert.equal(answer.body.toString(), canaryBp === 0 ? 'v1' : 'v2')
  }
  agent.destroy()
})

test('the version that answers is the one the hash assigns, an override wins, and a rule wins over it', async () => {
  await using world = await openWorld()
  const endpoints = await twoVersions(world)
  const gateway = await world.gateway()
  const table = tableOf(1, 3_333, endpoints, {
    rules: [{ name: 'staff', query: { staff: { equals: '1' } }, to: 'canary' }],
    measurement: { rollout: 'shop-1#1', latencyCutsMs: [], latencyFrom: 0 },
  })
  await gateway.apply(table)
  const agent = new Agent({ keepAlive: true })
  const ask = async (headers: Record<string, string>, path = '/'): Promise<string | string[] | undefined> =>
    (await send(gateway.identity.address, { agent, headers, path })).headers['serin-version']
  for (let i = 0; i < 100; i += 1) assert.equal(await ask({ 'x-user': `user-${i}` }), assign(table, `user-${i}`))
  assert.equal(await ask({ 'x-user': Buffer.from('Zoë', 'utf8').toString('latin1') }), assign(table, 'Zoë'))
  assert.equal(await ask({ 'serin-version': 'v2' }), 'v2')
  assert.equal(await ask({ 'serin-version': 'v1' }, '/?staff=1'), 'v2')
  const markOf = async (headers: Record<string, string>): Promise<RequestMark | null> => {
    const answer = await send(gateway.identity.address, { agent, headers })
    return parseRequestMark(String(answer.headers['serin-request']))
  }
  const served = { bucket: bucketOf('user-1'), canaryBp: 3_333, rollout: table.measurement.rollout }
  const given = { 'x-user': 'user-1', 'x-request-id': 'mine-1' }
  assert.deepEqual(await markOf(given), { ...served, by: 'hash', version: assign(table, 'user-1') })
  assert.deepEqual(await markOf({ ...given, 'serin-version': 'v2' }), { ...served, by: 'override', version: 'v2' })
  agent.destroy()
})

test('no request fails over 200 changes of weights under load, and evidence adds up to what the clients counted', async () => {
  await using world = await openWorld()
  const endpoints = await twoVersions(world)
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 5_000, endpoints))
  const agent = new Agent({ keepAlive: true, maxSockets: 20 })
  const counted: Record<string, { requests: number; errors: number }> = {
    v1: { requests: 0, errors: 0 },
    v2: { requests: 0, errors: 0 },
  }
  let failed = 0
  const load = { on: true }
  const clients = Array.from({ length: 20 }, async (_, client) => {
    for (let i = 0; load.on; i += 1) {
      const path = i % 10 === 0 ? '/fail' : '/'
      const answer = await send(gateway.identity.address, {
        agent,
        path,
        headers: { 'x-user': `${client}-${i % 50}` },
      }).catch(() => null)
      const counts = counted[String(answer?.headers['serin-version'])]
      if (answer === null || counts === undefined || answer.status !== (path === '/' ? 200 : 500)) failed += 1
      else {
        counts.requests += 1
        if (answer.status === 500) counts.errors += 1
      }
    }
  })
  for (let revision = 2; revision <= 201; revision += 1)
    await gateway.apply(tableOf(revision, (revision * 997) % 10_001, endpoints))
  load.on = false
  await Promise.all(clients)
  agent.destroy()
  assert.equal(failed, 0)
  const total = (counted['v1']?.requests ?? 0) + (counted['v2']?.requests ?? 0)
  const slots = await evidenceOf(
    gateway,
    (all) => sumOf(all, 'v1', (arm) => arm.requests) + sumOf(all, 'v2', (arm) => arm.requests) >= total,
  )
  for (const version of ['v1', 'v2']) {
    assert.equal(
      sumOf(slots, version, (arm) => arm.requests),
      counted[version]?.requests,
    )
    assert.equal(
      sumOf(slots, version, (arm) => arm.errors),
      counted[version]?.errors,
    )
    assert.equal(
      sumOf(slots, version, (arm) => arm.statusClasses[5]),
      counted[version]?.errors,
    )
  }
  assert.deepEqual(
    slots.map((slot) => slot.seq),
    slots.map((_, i) => i + 1),
    'no slot is missing',
  )
})

test('evidence goes on after a cursor, and a cursor of another process gets everything', async () => {
  await using world = await openWorld()
  const endpoints = await twoVersions(world)
  const gateway = await world.gateway()
  for (let revision = 1; revision <= 4; revision += 1) await gateway.apply(tableOf(revision, 0, endpoints))
  const { boot } = gateway.identity
  assert.deepEqual(
    (await evidenceOf(gateway, (all) => all.length >= 2, `?boot=${boot}&after=1`)).slice(0, 2).map((slot) => slot.seq),
    [2, 3],
  )
  assert.equal((await evidenceOf(gateway, (all) => all.length >= 1, '?boot=other&after=2'))[0]?.seq, 1)
})

test('an upstream that is down is charged, a client that leaves is not', async () => {
  await using world = await openWorld()
  const slow = await world.upstream(() => {})
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 10_000, { v1: [slow], v2: ['http://127.0.0.1:1'] }, { shield: false }))
  assert.equal((await send(gateway.identity.address, { headers: { 'x-user': 'a' } })).status, 502)
  const { hostname, port } = new URL(gateway.identity.address)
  const client = connect(Number(port), hostname)
  client.write('GET / HTTP/1.1\r\nHost: a\r\nserin-version: v1\r\n\r\n')
  await until('it is in flight', () => gateway.report().inFlight['v1'] === 1)
  client.destroy()
  await until('it is abandoned', () => gateway.report().abandoned['v1'] === 1)
  assert.equal(gateway.report().inFlight['v1'], 0)
  const slots = await evidenceOf(gateway, (all) => sumOf(all, 'v2', (arm) => arm.requests) > 0)
  const arm = slots.find((slot) => (slot.arms['v2']?.requests ?? 0) > 0)?.arms
  assert.deepEqual(
    [arm?.['v2']?.errors, arm?.['v2']?.statusClasses, arm?.['v2']?.events['error']],
    [1, [1, 0, 0, 0, 0, 0], [1, 0, 0]],
  )
  assert.equal(
    sumOf(slots, 'v1', (one) => one.requests),
    0,
  )
})

test('the table survives a restart, an older one is ignored, the same one does nothing', async () => {
  await using world = await openWorld()
  const endpoints = await twoVersions(world)
  const first = await world.gateway()
  await first.apply(tableOf(7, 10_000, endpoints))
  await first.drain(0)
  const second = await world.gateway()
  assert.notEqual(second.identity.boot, first.identity.boot)
  assert.equal((await send(second.identity.address)).body.toString(), 'v2')
  assert.deepEqual([second.report().revision, second.report().persisted], [7, { revision: 7, problem: null }])
  for (const revision of [6, 7]) {
    const answer = await second.apply(tableOf(revision, 0, endpoints))
    assert.ok(typeof answer === 'object' && !answer.applied && answer.revision === 7)
  }
  assert.equal((await send(second.identity.address)).body.toString(), 'v2')
})

test('a table that cannot be written is in force all the same, and says so', async () => {
  await using world = await openWorld()
  const endpoints = await twoVersions(world)
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, endpoints))
  const { chmod, mkdir, rm } = await import('node:fs/promises')
  // A directory where the file belongs fails for root too, unlike permissions.
  const file = join(world.directory, 'table.json')
  await rm(file)
  await mkdir(join(file, 'x'), { recursive: true })
  const answer = await gateway.apply(tableOf(2, 10_000, endpoints))
  assert.ok(typeof answer === 'object' && answer.applied && answer.problem !== null)
  assert.equal((await send(gateway.identity.address)).body.toString(), 'v2')
  await chmod(file, 0o700)
})

test('what is no table is refused with a sentence and changes nothing', async () => {
  await using world = await openWorld()
  const endpoints = await twoVersions(world)
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, endpoints))
  const good = tableOf(2, 5_000, endpoints)
  const bad: unknown[] = [
    null,
    { ...good, service: 'other' },
    { ...good, revision: -1 },
    { ...good, arms: [{ version: 'v1', endpoints: [], weightBp: 9_999 }] },
    { ...good, arms: [...good.arms, ...good.arms] },
    { ...good, stable: 'v9' },
    { ...good, canary: 'v1' },
    { ...good, rules: [{ name: 'x', to: 'nowhere' }] },
    { ...good, unit: [{ body: 'x' }] },
    { ...good, overrideHeader: 'Upper' },
    { ...good, measurement: { rollout: 'r', latencyFrom: 0, latencyCutsMs: [5, 4] } },
    { ...good, arms: [{ version: 'v1', endpoints: ['ftp://x'], weightBp: 10_000 }] },
  ]
  for (const table of bad) assert.equal(typeof (await gateway.apply(table)), 'string', JSON.stringify(table))
  assert.equal(gateway.report().revision, 1)
})

test('the admin port asks for the token, which only the owner can read', async () => {
  await using world = await openWorld()
  const gateway = await world.gateway()
  const { adminPort, token } = gateway.identity
  const ask = async (path: string, authorization?: string): Promise<number> =>
    (
      await fetch(
        `http://127.0.0.1:${adminPort}${path}`,
        authorization === undefined ? {} : { headers: { authorization } },
      )
    ).status
  assert.equal(await ask('/healthz'), 401)
  assert.equal(await ask('/routing', 'Bearer wrong'), 401)
  assert.equal(await ask('/healthz', `Bearer ${token}`), 200)
  assert.equal(await ask('/nothing', `Bearer ${token}`), 404)
  assert.equal(statSync(join(world.directory, 'gateway.json')).mode & 0o777, 0o600)
})

test('leaving lets requests in flight finish, ends connections politely and then is gone', async () => {
  await using world = await openWorld()
  const answers: (() => void)[] = []
  const v1 = await world.upstream((_request, response) => answers.push(() => response.end('late')))
  const accessLogFile = join(world.directory, 'access.log')
  const gateway = await world.gateway({ accessLogFile, limits: { lingerMs: 50 } })
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  const agent = new Agent({ keepAlive: true })
  const pending = send(gateway.identity.address, { agent })
  await until('it is in flight', () => answers.length === 1)
  const left = gateway.drain()
  await until(
    'nobody is let in any more',
    async () =>
      await send(gateway.identity.address).then(
        () => false,
        () => true,
      ),
  )
  answers[0]?.()
  const answer = await pending
  assert.deepEqual([answer.body.toString(), answer.headers.connection], ['late', 'close'])
  await left
  assert.match(readFileSync(accessLogFile, 'utf8'), /^\d{13} v1 200\n$/)
  assert.ok(!existsSync(join(world.directory, 'gateway.json')))
  agent.destroy()
})

test('a version that leaves the table keeps its requests in flight until they are through', async () => {
  await using world = await openWorld()
  const answers: (() => void)[] = []
  const v2 = await world.upstream((_request, response) => answers.push(() => response.end('late')))
  const gateway = await world.gateway()
  const endpoints = await twoVersions(world)
  await gateway.apply(tableOf(1, 10_000, { ...endpoints, v2: [v2] }))
  const pending = send(gateway.identity.address)
  await until('it is in flight', () => answers.length === 1)
  const gone = { arms: [{ version: 'v1', endpoints: endpoints.v1, weightBp: 10_000 }], canary: null }
  await gateway.apply({ ...tableOf(2, 0, endpoints), ...gone })
  assert.equal(gateway.report().inFlight['v2'], 1)
  answers[0]?.()
  assert.equal((await pending).body.toString(), 'late')
  await until('it is through', () => gateway.report().inFlight['v2'] === 0)
})

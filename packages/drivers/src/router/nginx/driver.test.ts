/** Needs a real nginx with `split_clients` and `realip` (Debian's nginx-light has both). Without one every test here says that it is skipped. */
import { assign } from '@serin/core/assignment'
import { routerContract } from '@serin/kit/contract'
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { allTo, ask, isGone, masterOf, never, noNginx, openWorld, split, workersOf } from './testing/world.ts'

const skip = noNginx
const measured = { rollout: 'shop#1', latencyCutsMs: [], latencyFrom: 0 }

routerContract(
  'nginx',
  async () => {
    const world = await openWorld()
    const router = await world.open()
    const { address } = await router.observe(never)
    const masters = [await masterOf(world, 'front'), await masterOf(world, 'split')]
    return {
      router,
      service: 'shop',
      endpoints: world.endpoints,
      versionOf: async (unit) => (await ask(address, { unit })).body,
      leftovers: async () => [
        ...(await readdir(world.directory)),
        ...(await Promise.all(masters.map(async (pid) => ((await isGone(pid)) ? [] : [`process ${pid}`])))).flat(),
        ...(await ask(address).then(
          () => [`listener ${address}`],
          () => [],
        )),
      ],
      close: async () => await world[Symbol.asyncDispose](),
    }
  },
  skip === false
    ? []
    : [
        {
          reason: skip,
          tests: [
            'what was applied is what is observed',
            'before the first table there is no revision',
            'the same table twice is the same as once',
            'an older table is ignored',
            'a table of an earlier control plane is older, whatever its revision',
            'a hundredth of a percent survives the round trip',
            'each unit is served by the version the hash assigns it',
            'who is in at a weight stays in at a greater one',
            'the next request follows the table',
            'the last request to a version is reported',
            'the addresses that requests may be sent to are observed',
            'release leaves nothing behind',
          ],
        },
      ],
)

/** All 10,000 take half a minute: the long form. */
const users = process.env['SERIN_LONG'] === '1' ? 10_000 : 1_000

test(`${users} users get from nginx the version that core assigns them, at 1, 5, 25 and 50 %`, { skip }, async () => {
  await using world = await openWorld()
  const router = await world.open()
  const { address } = await router.observe(never)
  const units = Array.from({ length: users }, (_, i) => (i % 10 === 0 ? `Zoë-${i}-日本` : `user-${i * 7_919}`))
  for (const [i, weightBp] of [100, 500, 2_500, 5_000].entries()) {
    const table = split(weightBp, i + 1, world)
    await router.apply(table, never)
    const wrong: string[] = []
    let canary = 0
    for (let at = 0; at < units.length; at += 200)
      await Promise.all(
        units.slice(at, at + 200).map(async (unit) => {
          const { body } = await ask(address, { unit, agent: world.agent })
          if (body === 'v2') canary += 1
          if (body !== assign(table, unit)) wrong.push(unit)
        }),
      )
    assert.deepEqual(wrong, [], `at ${weightBp} bp`)
    assert.ok(Math.abs(canary / users - weightBp / 10_000) < 0.06, `${canary} of ${users} at ${weightBp} bp`)
  }
})

test(
  'a weight that somebody writes into the file by hand is measured, and put right by the next table',
  { skip },
  async () => {
    await using world = await openWorld()
    const router = await world.open()
    const table = split(2_500, 7, world)
    await router.apply(table, never)
    const conf = join(world.directory, 'split.conf')
    const text = await readFile(conf, 'utf8')
    await writeFile(conf, text.replace('25.00%', '40.00%'))
    assert.equal((await router.observe(never)).revision, 0, 'the file is not what Serin wrote')
    process.kill(await masterOf(world, 'split'), 'SIGHUP')
    let weights: Readonly<Record<string, number>> = {}
    for (let attempt = 0; attempt < 500 && weights['v2'] !== 4_000; attempt += 1) {
      await sleep(10)
      weights = (await router.observe(never)).weights
    }
    assert.deepEqual(weights, { v2: 4_000, v1: 6_000 })
    await router.apply(table, never)
    const seen = await router.observe(never)
    assert.deepEqual([seen.revision, seen.weights], [7, { v2: 2_500, v1: 7_500 }])
    assert.equal(await readFile(conf, 'utf8'), text)
  },
)

test('a file that nginx refuses moves nothing', { skip }, async () => {
  await using world = await openWorld()
  const router = await world.open()
  await router.apply(allTo('v1', 1, world), never)
  const before = await readFile(join(world.directory, 'split.conf'), 'utf8')
  const workers = await workersOf(world, 'split')
  // A name that cannot be resolved: nginx refuses to start with it.
  const endpoints = { ...world.endpoints, v2: ['http://nowhere.invalid:1'] }
  await assert.rejects(router.apply(allTo('v2', 2, { endpoints }), never), {
    code: 'gateway.failed',
    message: /nginx refuses the configuration of shop: host not found in upstream "nowhere\.invalid:1"/,
  })
  const seen = await router.observe(never)
  assert.deepEqual([seen.revision, seen.weights], [1, { v2: 0, v1: 10_000 }])
  assert.equal(await readFile(join(world.directory, 'split.conf'), 'utf8'), before)
  assert.deepEqual(await workersOf(world, 'split'), workers, 'not even a reload')
  assert.equal((await ask(seen.address)).body, 'v1')
})

test('what nginx cannot do is refused before anything moves', { skip }, async () => {
  await using world = await openWorld()
  const router = await world.open()
  const table = allTo('v1', 1, world)
  await router.apply(table, never)
  const failed = { code: 'gateway.failed' }
  const odd = {
    ...table,
    revision: 2,
    rules: [{ name: 'odd', header: { 'x_odd.name': { equals: '1' } }, to: 'canary' as const }],
  }
  await assert.rejects(router.apply(odd, never), {
    ...failed,
    message: /cannot read a header that is called "x_odd.name"/,
  })
  for (const more of [
    { sticky: { cookie: 'a', maxAgeS: 60 } },
    { unit: [{ claim: 'sub' }] },
    { overrideKeySha256: 'a'.repeat(64) },
    { segments: { phones: { device: ['mobile' as const] } } },
    { rules: [{ name: 'some', path: { present: true }, share: 5, to: 'canary' as const }] },
  ])
    await assert.rejects(router.apply({ ...table, revision: 2, ...more }, never), {
      ...failed,
      message: /nginx cannot tell requests apart by country/,
    })
  const path = allTo('v1', 2, { endpoints: { ...world.endpoints, v1: ['http://127.0.0.1:1/below'] } })
  await assert.rejects(router.apply(path, never), { ...failed, message: /nginx is told plain addresses only/ })
  await assert.rejects(router.apply({ ...table, service: 'other', revision: 2 }, never), {
    ...failed,
    message: /nginx of shop/,
  })
  assert.equal((await router.observe(never)).revision, 1)
})

test('a control plane that comes back adopts the nginx that runs, and its evidence', { skip }, async () => {
  await using world = await openWorld()
  const first = await world.open()
  await first.apply(allTo('v2', 1, world), never)
  const masters = [await masterOf(world, 'front'), await masterOf(world, 'split')]
  first.close()
  const second = await world.open()
  assert.equal((await second.observe(never)).revision, 1)
  assert.deepEqual([await masterOf(world, 'front'), await masterOf(world, 'split')], masters)
  const { address } = await second.observe(never)
  await ask(address)
  assert.ok(((await second.observe(never)).lastRequestAt['v2'] ?? 0) > 0)
})

test(
  'an nginx that was killed comes back on the same address, with its table, at the next verb',
  { skip },
  async () => {
    await using world = await openWorld()
    const router = await world.open()
    await router.apply(allTo('v2', 4, world), never)
    const { address } = await router.observe(never)
    for (const name of ['front', 'split'] as const) {
      const pids = [await masterOf(world, name), ...(await workersOf(world, name))]
      for (const pid of pids) process.kill(pid, 'SIGKILL')
      for (const pid of pids) assert.ok(await isGone(pid))
    }
    let seen = await router.observe(never)
    assert.deepEqual([seen.revision, seen.address], [4, address])
    assert.equal((await ask(address)).body, 'v2')
    seen = await router.observe(never)
    assert.deepEqual(seen.weights, { v2: 10_000, v1: 0 })
  },
)

test('a port that something else holds is said to be in use', { skip }, async () => {
  await using world = await openWorld()
  const port = Number(new URL(world.endpoints.v1[0] ?? '').port)
  await assert.rejects(world.open({ listen: port }), { code: 'gateway.port-in-use' })
  assert.deepEqual(await readdir(world.directory), [], 'nothing stays of what could not be opened')
})

test(
  'rules come before the override header, which comes before the hash; preview is always canary',
  { skip },
  async () => {
    await using world = await openWorld()
    const router = await world.open({ preview: 0 })
    const table = {
      ...allTo('v1', 1, world),
      overrideHeader: 'serin-version',
      segments: { staff: { cookie: { role: { equals: 'staff' } } } },
      rules: [
        {
          name: 'staff',
          segment: 'staff',
          query: { try: { present: true } },
          to: 'canary' as const,
        },
        { name: 'pay', path: { prefix: '/pay' }, to: 'stable' as const },
        { name: 'plan', header: { 'x-plan': { in: ['gold', '$argent'] } }, to: 'canary' as const },
      ],
    }
    await router.apply(table, never)
    const { address, previewAddress = '' } = await router.observe(never)
    const asked = async (path: string, headers: Record<string, string> = {}, at = address): Promise<string> =>
      (await ask(`${at}${path}`, { headers })).body
    assert.equal(await asked('/'), 'v1')
    assert.equal(await asked('/?try', { cookie: 'a=b; role=staff' }), 'v2')
    assert.equal(await asked('/', { cookie: 'role=staff' }), 'v1', 'every condition of a rule has to hold')
    assert.equal(await asked('/', { 'x-plan': '$argent' }), 'v2')
    assert.equal(await asked('/', { 'x-plan': 'GOLD' }), 'v1', 'case counts')
    assert.equal(await asked('/', { 'serin-version': 'v2' }), 'v2')
    assert.equal(await asked('/', { 'serin-version': 'v3' }), 'v1')
    assert.equal(await asked('/pay/now', { 'serin-version': 'v2' }), 'v1', 'a rule comes first')
    assert.equal(await asked('/pay', {}, previewAddress), 'v2')
    // What only the front may say is not taken from a client.
    assert.equal(await asked('/', { 'serin-preview': '1', 'serin-probe': 'x', 'serin-client': '9.9.9.9' }), 'v1')
  },
)

test('what the log says becomes slots, and what somebody else sends to the port does not', { skip }, async () => {
  await using world = await openWorld({ v2: (_, response) => response.writeHead(500).end('v2') })
  const router = await world.open()
  await router.apply({ ...split(5_000, 1, world), measurement: measured }, never)
  const { address } = await router.observe(never)
  const state: { evidencePort: number } = JSON.parse(await readFile(join(world.directory, 'nginx.json'), 'utf8'))
  const forged = { key: 'guessed', version: 'v1', by: 'hash', unit: 'u', status: 500, revision: 1 }
  const line = { ...forged, answerS: '0', headS: '0', requestS: '0', whole: 'OK' }
  const socket = createSocket('udp4')
  await new Promise((resolve) =>
    socket.send(`serin: ${JSON.stringify(line)}`, state.evidencePort, '127.0.0.1', resolve),
  )
  socket.close()
  for (let i = 0; i < 40; i += 1) await ask(address, { unit: `user-${i}` })
  await router.observe(never)
  const stop = new AbortController()
  const seen = { v1: [0, 0, 0], v2: [0, 0, 0] }
  for await (const { arms } of router.slots(null, stop.signal)) {
    for (const version of ['v1', 'v2'] as const) {
      const { requests = 0, errors = 0, newUnits = 0 } = arms[version] ?? {}
      seen[version] = [requests, errors, newUnits].map((count, i) => count + (seen[version][i] ?? 0))
    }
    if ((seen.v1[0] ?? 0) + (seen.v2[0] ?? 0) >= 40) stop.abort()
  }
  const canary = Array.from({ length: 40 }, (_, i) => assign(split(5_000, 1, world), `user-${i}`)).filter(
    (v) => v === 'v2',
  ).length
  assert.deepEqual(seen, { v1: [40 - canary, 0, 40 - canary], v2: [canary, canary, canary] })
})

test(
  'no request of a client that keeps its connections is lost in ten reloads under load, and none is retried',
  { skip },
  async () => {
    await using world = await openWorld()
    const router = await world.open()
    await router.apply(split(5_000, 1, world), never)
    const { address } = await router.observe(never)
    const lost: string[] = []
    let answered = 0
    const ended = new AbortController()
    const client = async (user: number): Promise<void> => {
      while (!ended.signal.aborted) {
        await ask(address, { unit: `user-${user}`, agent: world.agent }).then(
          ({ status }) => (status === 200 ? (answered += 1) : lost.push(`status ${status}`)),
          (error: unknown) => lost.push(String(error)),
        )
      }
    }
    const clients = Array.from({ length: 16 }, async (_, user) => await client(user))
    for (let revision = 2; revision <= 11; revision += 1)
      await router.apply(split(revision * 500, revision, world), never)
    ended.abort()
    await Promise.all(clients)
    assert.deepEqual(lost, [])
    assert.ok(answered > 100, `${answered} answered`)
  },
)

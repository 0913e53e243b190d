import { assign } from '@serin/core/assignment'
import { routerContract } from '@serin/kit/contract'
import type { RouterTest } from '@serin/kit/contract'
import assert from 'node:assert/strict'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ProxyContext, ProxyRouter } from '../driven.ts'
import { allTo, ask, isGone, never, openWorld, split } from '../../testing/world.ts'
import type { ProxyWorld } from './installed.ts'

/** What the promises have to know of a proxy. */
export interface ProxyUnderTest {
  readonly product: string
  /** Why it cannot be run here, or false. */
  readonly skip: string | false
  /** The file in which its driver remembers it. */
  readonly state: string
  readonly open: (context: ProxyContext) => Promise<ProxyRouter>
  /** Its processes that stay as they are while tables change. */
  readonly pids: (world: ProxyWorld) => Promise<readonly number[]>
  /** What has to be killed so that nothing of it runs; absent where Serin does not start it. */
  readonly all?: (world: ProxyWorld) => Promise<readonly number[]>
}

const contract: readonly RouterTest[] = [
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
]

/** All 10,000 take half a minute: the long form. */
const users = process.env['SERIN_LONG'] === '1' ? 10_000 : 1_000

/** Registers as tests what every proxy that Serin drives promises: the contract of routers, and what more is the same for all. */
export function proxyPromises(given: ProxyUnderTest): void {
  const { product, skip, open, pids } = given
  routerContract(
    product,
    async () => {
      const world = await openWorld(open)
      const router = await world.open().catch(async (error: unknown) => {
        await world[Symbol.asyncDispose]()
        throw error
      })
      const { address } = await router.observe(never)
      const running = await pids(world)
      return {
        router,
        service: 'shop',
        endpoints: world.endpoints,
        versionOf: async (unit) => (await ask(address, { unit })).body,
        leftovers: async () => [
          ...(await readdir(world.directory)),
          ...(await Promise.all(running.map(async (pid) => ((await isGone(pid)) ? [] : [`process ${pid}`])))).flat(),
          ...(await ask(address).then(
            () => [`listener ${address}`],
            () => [],
          )),
        ],
        close: async () => await world[Symbol.asyncDispose](),
      }
    },
    skip === false ? [] : [{ reason: skip, tests: contract }],
  )
  void test(
    `${users} users get from ${product} the version that core assigns them, at 1, 5, 25 and 50 %`,
    { skip },
    async () => await sameVersions(given),
  )
  void test(`a control plane that comes back adopts the ${product} that runs, and its evidence`, { skip }, async () => {
    await using world = await openWorld(open)
    const first = await world.open()
    await first.apply(allTo('v2', 1, world), never)
    const running = await pids(world)
    first.close()
    const second = await world.open()
    assert.equal((await second.observe(never)).revision, 1)
    assert.deepEqual(await pids(world), running)
    const { address } = await second.observe(never)
    await ask(address)
    assert.ok(((await second.observe(never)).lastRequestAt['v2'] ?? 0) > 0)
  })
  void test(
    `a later control plane is known by what ${product} runs, also to one that has forgotten it`,
    { skip },
    async () => await knowsTheLater(given),
  )
  const { all } = given
  if (all !== undefined)
    void test(
      `${product} that was killed comes back on the same address, with its table, at the next verb`,
      { skip },
      async () => await survivesKill({ open, all }),
    )
  void test(`a port that something else holds is said to be in use by ${product}`, { skip }, async () => {
    await using world = await openWorld(open)
    const port = Number(new URL(world.endpoints.v1[0] ?? '').port)
    await assert.rejects(world.open({ listen: port }), { code: 'gateway.port-in-use' })
    assert.deepEqual(await readdir(world.directory), [], 'nothing stays of what could not be opened')
  })
  void test(
    `${product}: rules come before the override header, which comes before the hash; preview is always canary`,
    { skip },
    async () => await inOrder(given),
  )
  void test(
    `no request of a client that keeps its connections is lost in ten tables of ${product} under load, and none is retried`,
    { skip },
    async () => await losesNothing(given),
  )
}

async function sameVersions({ open }: ProxyUnderTest): Promise<void> {
  await using world = await openWorld(open)
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
}

async function knowsTheLater({ open, state }: ProxyUnderTest): Promise<void> {
  await using world = await openWorld(open)
  const earlier = await world.open()
  await earlier.apply({ ...allTo('v1', 5, world), epoch: 1 }, never)
  const later = await world.open()
  await later.apply({ ...allTo('v2', 1, world), epoch: 2 }, never)
  // It remembers its own table only, and its revision is greater.
  await earlier.apply({ ...allTo('v1', 6, world), epoch: 1 }, never)
  const { address, revision, weights } = await later.observe(never)
  assert.deepEqual([revision, weights], [1, { v2: 10_000, v1: 0 }])
  assert.equal((await ask(address)).body, 'v2')
  await rm(join(world.directory, state))
  const forgetful = await world.open()
  await forgetful.apply({ ...allTo('v1', 9, world), epoch: 1 }, never)
  assert.equal((await ask(address)).body, 'v2')
  // One that is later still takes over, though it has forgotten too, and though its table looks like one that was there.
  for (const [salt, epoch] of [
    ['one', 3],
    ['other', 4],
  ] as const) {
    const table = { ...split(5_000, 1, world), salt, epoch }
    await forgetful.apply(table, never)
    for (let i = 0; i < 10; i += 1) {
      const unit = `user-${i}`
      assert.equal((await ask(address, { unit })).body, assign(table, unit))
    }
  }
}

async function survivesKill({ open, all }: Required<Pick<ProxyUnderTest, 'open' | 'all'>>): Promise<void> {
  await using world = await openWorld(open)
  const router = await world.open()
  await router.apply(allTo('v2', 4, world), never)
  const { address } = await router.observe(never)
  const running = await all(world)
  for (const pid of running) process.kill(pid, 'SIGKILL')
  for (const pid of running) assert.ok(await isGone(pid))
  let seen = await router.observe(never)
  assert.deepEqual([seen.revision, seen.address], [4, address])
  assert.equal((await ask(address)).body, 'v2')
  seen = await router.observe(never)
  assert.deepEqual(seen.weights, { v2: 10_000, v1: 0 })
}

async function inOrder({ open }: ProxyUnderTest): Promise<void> {
  await using world = await openWorld(open)
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
  // What only Serin may say is not taken from a client.
  assert.equal(await asked('/', { 'serin-preview': '1', 'serin-probe': 'x', 'serin-client': '9.9.9.9' }), 'v1')
}

async function losesNothing({ open }: ProxyUnderTest): Promise<void> {
  await using world = await openWorld(open)
  const router = await world.open()
  await router.apply(split(5_000, 1, world), never)
  const { address } = await router.observe(never)
  const lost: string[] = []
  const counted = { answered: 0 }
  const ended = new AbortController()
  const client = async (user: number): Promise<void> => {
    while (!ended.signal.aborted) {
      await ask(address, { unit: `user-${user}`, agent: world.agent }).then(
        ({ status }) => (status === 200 ? (counted.answered += 1) : lost.push(`status ${status}`)),
        (error: unknown) => lost.push(String(error)),
      )
    }
  }
  const clients = Array.from({ length: 16 }, async (_, user) => await client(user))
  try {
    for (let revision = 2; revision <= 11; revision += 1)
      await router.apply(split(revision * 500, revision, world), never)
    while (counted.answered <= 100 && lost.length === 0) await ask(address, { agent: world.agent })
  } finally {
    // Also when a table fails: clients that nobody ends ask for ever.
    ended.abort()
    await Promise.all(clients)
  }
  assert.deepEqual(lost, [])
}

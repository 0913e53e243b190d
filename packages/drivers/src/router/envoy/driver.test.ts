/**
 * The driver, beside a real Envoy where there is one (its tests say that they are skipped where there is none), and beside a stand-in, which shows that
 * the driver does its part. The stand-in decides by the script that Envoy would run, in a real LuaJIT.
 */
import { assign } from '@serin/core/assignment'
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertCounted } from '../proxy/testing/counted.ts'
import { missing } from '../proxy/testing/installed.ts'
import { proxyPromises } from '../proxy/testing/promises.ts'
import { assertStraysTold } from '../proxy/testing/strays.ts'
import { allTo, ask, isGone, never, openWorld, split } from '../testing/world.ts'
import type { World } from '../testing/world.ts'
import { openEnvoy } from './driver.ts'
import { openStandIn } from './testing/open-stand-in.ts'

const skip = missing('luajit', 'luajit')
/** The whole contract beside the stand-in takes a minute. */
const short = process.env['SERIN_LONG'] === '1' ? false : 'only in the long form (SERIN_LONG=1)'
const standIn = 'stand-in Envoy'

proxyPromises({
  product: 'Envoy',
  skip: missing('envoy', 'it has none: envoyproxy.io'),
  state: 'envoy.json',
  open: openEnvoy,
  pids: pidsOf,
  all: pidsOf,
})
proxyPromises({
  product: standIn,
  skip: short === false ? skip : short,
  state: 'envoy.json',
  open: openStandIn,
  pids: pidsOf,
  all: pidsOf,
})

async function pidsOf({ directory }: World): Promise<number[]> {
  return [Number(await readFile(join(directory, 'envoy.pid'), 'utf8'))]
}

test(
  `${standIn}: what is applied is measured and followed, across tables, a kill and another control plane`,
  { skip },
  async () => {
    await using world = await openWorld(openStandIn)
    const first = await world.open()
    assert.deepEqual([(await first.observe(never)).revision, (await first.observe(never)).weights], [null, {}])
    await first.apply(split(2_500, 3, world), never)
    const { revision, weights, address, endpoints } = await first.observe(never)
    assert.deepEqual([revision, weights], [3, { v2: 2_500, v1: 7_500 }])
    assert.deepEqual(endpoints.toSorted(), [...world.endpoints.v1, ...world.endpoints.v2].toSorted())
    for (let i = 0; i < 50; i += 1) {
      const { body, headers } = await ask(address, { unit: `user-${i}`, agent: world.agent })
      const wanted = assign(split(2_500, 3, world), `user-${i}`)
      assert.deepEqual([body, headers['serin-version']], [wanted, wanted])
    }
    first.close()
    await ask(address, { headers: { 'serin-version': 'v2' } })
    const second = await world.open()
    const { lastRequestAt } = await second.observe(never)
    assert.ok((lastRequestAt['v1'] ?? lastRequestAt['v2'] ?? 0) > 0, 'what was logged while nobody read is read')
    const [pid = 0] = await pidsOf(world)
    process.kill(pid, 'SIGKILL')
    assert.ok(await isGone(pid))
    const after = await second.observe(never)
    assert.deepEqual([after.revision, after.weights, after.address], [3, { v2: 2_500, v1: 7_500 }, address])
  },
)

test(`${standIn}: what the log says becomes slots`, { skip }, async () => {
  await using world = await openWorld(openStandIn, { v2: (_, response) => response.writeHead(500).end('v2') })
  await assertCounted(world, async () => {})
})

test(`${standIn}: what somebody changes by hand is seen, and put right by the next table`, { skip }, async () => {
  await using world = await openWorld(openStandIn)
  const router = await world.open()
  const table = split(2_500, 7, world)
  await router.apply(table, never)
  const port = new URL(world.endpoints.v2[0] ?? '').port
  const changes = [
    ['rds.json', 'weight = 2500', 'weight = 4000'],
    ['rds.json', '"prefix": "/"', '"prefix": "/x"'],
    ['eds-v2.json', `"port_value": ${port}`, '"port_value": 9'],
    ['eds-v2.json', 'HEALTHY', 'DRAINING'],
    ['cds.json', '"connect_timeout": "3s"', '"connect_timeout": "9s"'],
  ] as const
  for (const [name, from, to] of changes) {
    await byHand(join(world.directory, 'xds', name), [[from, to]])
    assert.equal(
      (
        await until(
          async () => await router.observe(never),
          ({ revision }) => revision === 0,
        )
      ).revision,
      0,
      to,
    )
    await router.apply(table, never)
    const { revision, weights } = await router.observe(never)
    assert.deepEqual([revision, weights], [7, { v2: 2_500, v1: 7_500 }], to)
  }
})

test(`${standIn}: what it refuses leaves everything as it was, and is told in its own words`, { skip }, async () => {
  await using world = await openWorld(openStandIn)
  const router = await world.open()
  await router.apply(split(2_500, 1, world), never)
  const refused = { ...split(5_000, 2, world), salt: 'refuse this' }
  await assert.rejects(router.apply(refused, never), {
    code: 'gateway.failed',
    message: /did not take what it was told: Filesystem config update rejected: .*it says/,
  })
  const named = { endpoints: { ...world.endpoints, v2: ['http://nowhere.invalid:1'] } }
  await assert.rejects(router.apply(split(5_000, 2, named), never), { message: /Envoy cannot be told the address/ })
  const { revision, weights } = await router.observe(never)
  assert.deepEqual([revision, weights], [1, { v2: 2_500, v1: 7_500 }])
  // What cannot be asked is not said to be so.
  await rm(join(world.directory, 'admin.sock'))
  await assert.rejects(router.observe(never), { code: 'gateway.unreachable', message: /Envoy does not answer on/ })
})

test(
  `${standIn}: a copy that leaves the table finishes what it has, and is gone with the table after`,
  { skip },
  async () => {
    const waiting: ServerResponse[] = []
    await using world = await openWorld(openStandIn, { v2: (_, response) => void waiting.push(response) })
    const router = await world.open()
    await router.apply(allTo('v2', 1, world), never)
    const { address } = await router.observe(never)
    const answered = ask(address)
    await until(
      async () => await Promise.resolve(waiting.length),
      (count) => count === 1,
    )
    const without = { ...allTo('v1', 2, world), arms: allTo('v1', 2, world).arms.slice(1) }
    await router.apply(without, never)
    const endpoint = world.endpoints.v2[0] ?? ''
    const seen = await router.observe(never)
    assert.deepEqual([seen.revision, seen.inFlight['v2'], seen.inFlightByEndpoint?.[endpoint]], [2, 1, 1])
    assert.match(await readFile(join(world.directory, 'xds/eds-v2.json'), 'utf8'), /DRAINING/)
    assert.equal((await ask(address)).body, 'v1')
    waiting[0]?.end('late')
    assert.equal((await answered).body, 'late')
    await until(
      async () => await router.observe(never),
      ({ inFlight }) => (inFlight['v2'] ?? 0) === 0,
    )
    await router.apply({ ...without, revision: 3 }, never)
    assert.equal((await router.observe(never)).revision, 3)
    assert.ok(!existsSync(join(world.directory, 'xds/eds-v2.json')))
  },
)

test(
  `${standIn}: what is seen under a split that somebody made by hand is not counted as seen under Serin’s`,
  { skip },
  async () => {
    await using world = await openWorld(openStandIn)
    await assertStraysTold(world, async () => {
      const change = [
        ['weight = 2500', 'weight = 4000'],
        ['weight = 7500', 'weight = 6000'],
      ] as const
      await byHand(join(world.directory, 'xds/rds.json'), change)
    })
  },
)

/** Changes a file as a person would, and puts it in place. */
async function byHand(file: string, changes: readonly (readonly [from: string, to: string])[]): Promise<void> {
  let text = await readFile(file, 'utf8')
  for (const [from, to] of changes) {
    assert.ok(text.includes(from), from)
    text = text.replaceAll(from, to)
  }
  await writeFile(`${file}.hand`, text)
  await rename(`${file}.hand`, file)
}

async function until<T>(look: () => Promise<T>, isSo: (seen: T) => boolean): Promise<T> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const seen = await look()
    if (isSo(seen)) return seen
    await sleep(20)
  }
  return await look()
}

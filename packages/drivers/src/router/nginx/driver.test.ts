/** Needs a real nginx with `split_clients` and `realip` (Debian's nginx-light has both). Without one every test here says that it is skipped. */
import { EdgeSettings } from '@serin/spec'
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { assertCounted } from '../proxy/testing/counted.ts'
import { proxyPromises } from '../proxy/testing/promises.ts'
import { assertStraysTold } from '../proxy/testing/strays.ts'
import { missing } from '../proxy/testing/installed.ts'
import { allTo, ask, never, openWorld, split } from '../testing/world.ts'
import type { World } from '../testing/world.ts'
import { openNginx } from './driver.ts'

const skip = missing('nginx', 'nginx-light')
const parts = ['front', 'split'] as const

proxyPromises({
  product: 'nginx',
  skip,
  state: 'nginx.json',
  open: openNginx,
  pids: async (world) => await Promise.all(parts.map(async (name) => await masterOf(world, name))),
  all: async (world) =>
    (
      await Promise.all(parts.map(async (name) => [await masterOf(world, name), ...(await workersOf(world, name))]))
    ).flat(),
})

test(
  'a weight that somebody writes into the file by hand is measured, and put right by the next table',
  { skip },
  async () => {
    await using world = await openWorld(openNginx)
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

test(
  'what is seen under a split that somebody made by hand is not counted as seen under Serin’s',
  { skip },
  async () => {
    await using world = await openWorld(openNginx)
    await assertStraysTold(world, async () => {
      const conf = join(world.directory, 'split.conf')
      await writeFile(conf, (await readFile(conf, 'utf8')).replace('25.00%', '40.00%'))
      process.kill(await masterOf(world, 'split'), 'SIGHUP')
    })
  },
)

test('a front that another Serin started goes on as this one has it, and loses nobody', { skip }, async () => {
  await using world = await openWorld(openNginx, {
    v1: ({ headers }, response) => response.end(headers['x-forwarded-for']),
  })
  const first = await world.open()
  const edge = EdgeSettings.parse({ trustProxies: ['loopback'] })
  await first.apply({ ...allTo('v1', 1, world), edge }, never)
  const { address } = await first.observe(never)
  first.close()
  const conf = join(world.directory, 'front.conf')
  const text = await readFile(conf, 'utf8')
  await writeFile(conf, text.replaceAll('Serin-Client $proxy_add_x_forwarded_for', 'Serin-Client $remote_addr'))
  const pid = await masterOf(world, 'front')
  process.kill(pid, 'SIGHUP')
  const told = async (): Promise<string> => (await ask(address, { headers: { 'x-forwarded-for': '1.2.3.4' } })).body
  const becomes = async (wanted: string): Promise<void> => {
    for (let attempt = 0; (await told()) !== wanted; attempt += 1) {
      assert.ok(attempt < 500, 'it comes to that')
      await sleep(10)
    }
  }
  await becomes('127.0.0.1')
  const second = await world.open()
  await becomes('1.2.3.4, 127.0.0.1')
  assert.deepEqual([(await second.observe(never)).address, await masterOf(world, 'front')], [address, pid])
  assert.equal(await readFile(conf, 'utf8'), text)
})

test('a file that nginx refuses moves nothing', { skip }, async () => {
  await using world = await openWorld(openNginx)
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
  // One that left before may be gone by now.
  const begun = (await workersOf(world, 'split')).filter((pid) => !workers.includes(pid))
  assert.deepEqual(begun, [], 'not even a reload')
  assert.equal((await ask(seen.address)).body, 'v1')
})

test('what nginx cannot do is refused before anything moves', { skip }, async () => {
  await using world = await openWorld(openNginx)
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
  const path = allTo('v1', 2, { endpoints: { ...world.endpoints, v1: ['http://127.0.0.1:1/below'] } })
  await assert.rejects(router.apply(path, never), { ...failed, message: /nginx is told plain addresses only/ })
  const edge = EdgeSettings.parse({ trustProxies: ['loopback'], forwarded: true })
  await assert.rejects(router.apply({ ...table, revision: 2, edge }, never), {
    ...failed,
    message: /nginx does not have the setting "gateway\.forwarded"/,
  })
  await assert.rejects(router.apply({ ...table, service: 'other', revision: 2 }, never), {
    ...failed,
    message: /nginx of shop/,
  })
  assert.equal((await router.observe(never)).revision, 1)
})

test('what the log says becomes slots, and what somebody else sends to the port does not', { skip }, async () => {
  await using world = await openWorld(openNginx, { v2: (_, response) => response.writeHead(500).end('v2') })
  await assertCounted(world, async () => {
    const state: { evidencePort: number } = JSON.parse(await readFile(join(world.directory, 'nginx.json'), 'utf8'))
    const forged = { key: 'guessed', version: 'v1', by: 'hash', unit: 'u', status: 500, revision: 1 }
    const line = { ...forged, answerS: '0', headS: '0', requestS: '0', whole: 'OK' }
    const socket = createSocket('udp4')
    await new Promise((resolve) =>
      socket.send(`serin: ${JSON.stringify(line)}`, state.evidencePort, '127.0.0.1', resolve),
    )
    socket.close()
  })
})

/** The pid of the master of one of the two nginx. */
async function masterOf({ directory }: World, name: 'front' | 'split'): Promise<number> {
  return Number(await readFile(join(directory, `${name}.pid`), 'utf8'))
}

/** Pids of its workers. */
async function workersOf(world: World, name: 'front' | 'split'): Promise<number[]> {
  const pid = await masterOf(world, name)
  return (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ').map(Number)
}

/** Needs a real nginx with `split_clients` and `realip`. Here it is the user's: started by the test, with a configuration, a prefix and a pid file of its own. */
import { assign } from '@serin/core/assignment'
import { EdgeSettings } from '@serin/spec'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import type { IncomingMessage, RequestListener } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, test } from 'node:test'
import type { ProxyContext, ProxyRouter } from '../proxy/driven.ts'
import { assertCounted } from '../proxy/testing/counted.ts'
import { missing } from '../proxy/testing/installed.ts'
import { proxyPromises } from '../proxy/testing/promises.ts'
import { assertStraysTold } from '../proxy/testing/strays.ts'
import { allTo, ask, isGone, never, openWorld, spec, split } from '../testing/world.ts'
import { openNginx } from './driver.ts'
import { openUserNginx } from './testing/user-nginx.ts'
import type { UserNginx } from './testing/user-nginx.ts'

const skip = missing('nginx', 'nginx-light')
const unlessLong = process.env['SERIN_LONG'] === '1' ? skip : 'The long form (SERIN_LONG=1) runs this.'
const nginxes = new Map<string, UserNginx>()

after(async () => {
  await Promise.all([...nginxes.values()].map(async (user) => await user[Symbol.asyncDispose]()))
})

proxyPromises({
  product: 'nginx of the user’s own',
  state: 'nginx.json',
  // The pair keeps the same promises with the same lines; each of these tests starts and reloads an nginx more.
  skip: unlessLong,
  // A user's nginx for each world, whoever opens a router in it.
  open: async (context) => {
    const user = nginxes.get(context.stateDirectory) ?? (await openUserNginx())
    nginxes.set(context.stateDirectory, user)
    return await openIn(user)(context)
  },
  // Its processes are not Serin's to start or stop.
  pids: async () => [],
})

test(
  'what a location passes to is split, from 0 to 50 %, and released it is what it was, byte by byte',
  { skip },
  async () => {
    await using user = await openUserNginx()
    await using world = await openWorld(openIn(user))
    const file = join(user.include, 'shop.conf')
    const former = Buffer.concat([
      Buffer.from(`upstream serin-shop { server ${new URL(world.endpoints.v1[0] ?? '').host}; } # caf`),
      Buffer.from([0xe9, 0x0a]),
    ])
    await writeFile(file, former, { mode: 0o644 })
    await user.say('proxy_pass http://serin-shop;')
    await user.reload()
    await until(async () => (await ask(user.address)).body === 'v1')
    const router = await world.open()
    assert.equal(Buffer.compare(await readFile(file), former), 0, 'nothing is touched before there is a table')
    for (const [i, weightBp] of [0, 500, 5_000].entries()) {
      const table = split(weightBp, i + 1, world)
      await router.apply(table, never)
      const { revision, weights } = await router.observe(never)
      assert.deepEqual([revision, weights], [i + 1, { v2: weightBp, v1: 10_000 - weightBp }])
      for (let at = 0; at < 200; at += 1) {
        const { body, headers } = await ask(user.address, { unit: `user-${at}` })
        assert.deepEqual([body, headers['serin-version']], [assign(table, `user-${at}`), body])
      }
    }
    assert.ok(((await router.observe(never)).lastRequestAt['v2'] ?? 0) > 0, 'its log is read')
    const { address } = await router.observe(never)
    await router.release(never)
    assert.equal(Buffer.compare(await readFile(file), former), 0)
    assert.deepEqual(await readdir(user.include), ['shop.conf'])
    for (let at = 0; at < 50; at += 1) assert.equal((await ask(user.address, { unit: `user-${at}` })).body, 'v1')
    await assert.rejects(ask(address), 'Serin’s own server is gone')
  },
)

test('nothing is lost in ten tables under load, through the location of the user', { skip }, async () => {
  await using user = await openUserNginx()
  await using world = await openWorld(openIn(user))
  const router = await world.open()
  await router.apply(split(5_000, 1, world), never)
  await user.say('proxy_pass http://serin-shop;')
  await user.reload()
  await until(async () => (await ask(user.address)).body !== 'user')
  const counted = { answered: 0 }
  const lost: string[] = []
  const ended = new AbortController()
  const clients = Array.from({ length: 8 }, async (_, i) => {
    while (!ended.signal.aborted)
      await ask(user.address, { unit: `user-${i}` }).then(
        ({ status }) => (status === 200 ? (counted.answered += 1) : lost.push(`status ${status}`)),
        (error: unknown) => lost.push(String(error)),
      )
  })
  for (let revision = 2; revision <= 11; revision += 1)
    await router.apply(split(revision * 500, revision, world), never)
  await until(async () => await Promise.resolve(counted.answered > 100 || lost.length > 0))
  ended.abort()
  await Promise.all(clients)
  assert.deepEqual(lost, [])
  await user.say('return 200 user;')
})

test('a file that nginx does not read is said, with the line to add, and taken away', { skip }, async () => {
  await using user = await openUserNginx()
  await using world = await openWorld(openIn(user))
  await user.say('return 200 user;', { includes: false })
  const router = await world.open()
  await assert.rejects(router.apply(allTo('v1', 1, world), never), {
    code: 'gateway.failed',
    message: new RegExp(
      `nginx does not read ${user.include}/shop\\.conf\\. Add .*: include ${user.include}/\\*\\.conf;`,
    ),
  })
  assert.deepEqual(await readdir(user.include), [])
  await user.say('return 200 user;')
  await router.apply(allTo('v1', 1, world), never)
  assert.equal((await router.observe(never)).revision, 1)
})

test('a folder that is not there is said when the service is opened', { skip }, async () => {
  await using user = await openUserNginx()
  await using world = await openWorld(openIn(user))
  await rm(user.include, { recursive: true })
  await assert.rejects(world.open(), { code: 'gateway.failed', message: /Make the folder, and add this line/ })
})

test('what somebody breaks by hand is refused in nginx’s own words, and moves nothing', { skip }, async () => {
  await using user = await openUserNginx()
  await using world = await openWorld(openIn(user))
  const router = await world.open()
  await router.apply(allTo('v1', 1, world), never)
  const file = join(user.include, 'shop.conf')
  const before = await readFile(file, 'utf8')
  await user.say('return 200 user;', { main: 'worker_processs 3;' })
  await assert.rejects(router.apply(allTo('v2', 2, world), never), {
    code: 'gateway.failed',
    message: /It says: unknown directive "worker_processs" in .*nginx\.conf:3/,
  })
  assert.equal(await readFile(file, 'utf8'), before)
  const { address, revision } = await router.observe(never)
  assert.deepEqual([revision, (await ask(address)).body], [1, 'v1'])
  await user.say('return 200 user;')
  await router.apply(allTo('v2', 2, world), never)
  assert.equal((await ask(address)).body, 'v2')
})

test(
  'an nginx that was killed has its table when its owner starts it again; until then it is said',
  { skip },
  async () => {
    await using user = await openUserNginx()
    await using world = await openWorld(openIn(user))
    const router = await world.open()
    await router.apply(allTo('v2', 4, world), never)
    const master = await user.pid()
    const children = await readFile(`/proc/${master}/task/${master}/children`, 'utf8')
    for (const pid of [master, ...children.trim().split(' ').map(Number)]) {
      process.kill(pid, 'SIGKILL')
      assert.ok(await isGone(pid))
    }
    await assert.rejects(router.observe(never), { code: 'gateway.failed', message: /was not reloaded by .* It says: / })
    await user.start()
    const { address, revision, weights } = await router.observe(never)
    assert.deepEqual([revision, weights], [4, { v2: 10_000, v1: 0 }])
    assert.equal((await ask(address)).body, 'v2')
  },
)

test('a file that somebody took out comes back with the next look', { skip }, async () => {
  await using user = await openUserNginx()
  await using world = await openWorld(openIn(user))
  const router = await world.open()
  await router.apply(allTo('v2', 1, world), never)
  const { address } = await router.observe(never)
  await rm(join(user.include, 'shop.conf'))
  await user.reload()
  await until(
    async () =>
      await ask(address).then(
        () => false,
        () => true,
      ),
  )
  assert.equal((await router.observe(never)).revision, 1)
  assert.equal((await ask(address)).body, 'v2')
})

test('while a location still passes to it, the lines stay', { skip }, async () => {
  await using user = await openUserNginx()
  await using world = await openWorld(openIn(user))
  const router = await world.open()
  await router.apply(allTo('v1', 1, world), never)
  await user.say('proxy_pass http://serin-shop;')
  await user.reload()
  await until(async () => (await ask(user.address)).body === 'v1')
  await assert.rejects(router.release(never), {
    code: 'gateway.failed',
    message: /let nothing pass to serin-shop any more. It says: host not found in upstream "serin-shop"/,
  })
  assert.equal((await ask(user.address)).body, 'v1')
  await user.say('return 200 user;')
  await router.release(never)
  assert.deepEqual(await readdir(user.include), [])
})

test('two services have room in one nginx, whatever they are called', { skip }, async () => {
  await using user = await openUserNginx()
  await using world = await openWorld(openIn(user))
  await using other = await openWorld(openIn(user))
  const service = 'A.serin_shop-with-a-name-that-is-rather-long_0'
  const [router, second] = [await world.open(), await other.open({ service })]
  const mirror = {
    version: 'v2',
    endpoints: world.endpoints.v2,
    shareBp: 10_000,
    methods: ['GET'],
    body: 'ignore' as const,
    ignored: [],
    tolerance: 0,
    timeoutMs: 1_000,
  }
  await router.apply({ ...allTo('v1', 1, world), mirror, overrideHeader: 'serin-version' }, never)
  await second.apply({ ...allTo('v2', 1, other), service, salt: 'serin_salt/' }, never)
  const [one, two] = [(await router.observe(never)).address, (await second.observe(never)).address]
  assert.deepEqual([(await ask(one)).body, (await ask(two)).body], ['v1', 'v2'])
  await second.release(never)
  assert.deepEqual(await readdir(user.include), ['shop.conf'])
  assert.equal((await ask(one)).body, 'v1')
})

test('the user’s nginx says whose a request is, and nobody else who is not believed', { skip }, async () => {
  const echo: RequestListener = ({ headers }, response) =>
    response.end([headers['x-forwarded-for'], headers['x-forwarded-proto'], headers['x-real-ip'] ?? ''].join(' '))
  await using user = await openUserNginx()
  await using world = await openWorld(openIn(user), { v1: echo, v2: echo })
  const router = await world.open()
  const table = { ...split(5_000, 1, world), unit: [{ address: true as const }] }
  const claims = { 'x-forwarded-proto': 'https', 'x-real-ip': '1.2.3.4' }
  const seen = async (at: string, from: string, chain: string): Promise<readonly unknown[]> => {
    const asked = request(at, { agent: false, localAddress: from, headers: { 'x-forwarded-for': chain, ...claims } })
    const [answer] = (await once(asked.end(), 'response')) as [IncomingMessage]
    return [answer.headers['serin-version'], (await answer.setEncoding('utf8').toArray()).join('')]
  }
  await router.apply(table, never)
  const { address } = await router.observe(never)
  await user.say('proxy_pass http://serin-shop;')
  await user.reload()
  await until(async () => (await ask(user.address)).body !== 'user')
  for (let i = 1; i <= 20; i += 1) {
    const [chain, client] = [`6.6.6.6, 10.0.0.${i}`, `127.0.0.${i + 1}`]
    assert.deepEqual(await seen(address, '127.0.0.1', chain), [assign(table, `10.0.0.${i}`), `${chain} https 1.2.3.4`])
    assert.deepEqual(await seen(address, client, chain), [assign(table, client), `${client} http `])
    const passed = `${chain}, ${client} https 1.2.3.4`
    assert.deepEqual(await seen(user.address, client, chain), [assign(table, client), passed])
  }
  const edge = EdgeSettings.parse({ trustProxies: ['127.0.0.2', '10.0.0.0/8'] })
  await router.apply({ ...table, revision: 2, edge }, never)
  const told = '6.6.6.6, 10.0.0.9, 127.0.0.2 https 1.2.3.4'
  for (const at of [address, user.address])
    assert.deepEqual(await seen(at, '127.0.0.2', '6.6.6.6, 10.0.0.9'), [assign(table, '6.6.6.6'), told])
  await user.say('return 200 user;')
})

test(
  'what is seen under a split that somebody made by hand is not counted as seen under Serin’s',
  { skip },
  async () => {
    await using user = await openUserNginx()
    await using world = await openWorld(openIn(user))
    await assertStraysTold(world, async () => {
      const file = join(user.include, 'shop.conf')
      await writeFile(file, (await readFile(file, 'utf8')).replace('25.00%', '40.00%'))
      await user.reload()
    })
  },
)

test('what its log says becomes slots', { skip }, async () => {
  await using user = await openUserNginx()
  await using world = await openWorld(openIn(user), { v2: (_, response) => response.writeHead(500).end('v2') })
  await assertCounted(world, async () => await Promise.resolve())
})

/** Opens the router of a service in a user's nginx. */
function openIn(user: UserNginx): (context: ProxyContext) => Promise<ProxyRouter> {
  return async (context) => await openNginx({ ...context, spec: { ...spec, nginx: user.settings } })
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; !(await isSo()); attempt += 1) {
    assert.ok(attempt < 500, 'it comes to that')
    await sleep(20)
  }
}

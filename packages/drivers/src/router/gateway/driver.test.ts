import type { EvidenceSlot, RoutingTable } from '@serin/core'
import { routerContract } from '@serin/kit/contract'
import { Service } from '@serin/spec'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer, get } from 'node:http'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openGateway } from './driver.ts'
import type { GatewayContext, GatewayRouter } from './driver.ts'

const spec = Service.decode({
  listen: 0,
  workload: { kind: 'endpoints' },
  versions: { v1: { endpoints: ['http://127.0.0.1:1'] } },
  stable: 'v1',
  drain: '2s',
})

interface World extends AsyncDisposable {
  readonly directory: string
  readonly endpoints: { readonly v1: string[]; readonly v2: string[] }
  open(more?: Partial<GatewayContext>): Promise<GatewayRouter>
}

async function openWorld(): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'serin-driver-'))
  const servers = await Promise.all(['v1', 'v2'].map(serve))
  const routers: GatewayRouter[] = []
  const clock = { now: () => Date.now(), sleep: async () => await Promise.reject(new Error('not used')) }
  return {
    directory,
    endpoints: { v1: [addressOf(servers[0])], v2: [addressOf(servers[1])] },
    open: async (more) => {
      const router = await openGateway({
        service: 'shop',
        spec,
        baseDirectory: '/',
        stateDirectory: directory,
        clock,
        listen: 0,
        ...more,
      })
      routers.push(router)
      return router
    },
    [Symbol.asyncDispose]: async () => {
      // Whoever releases last finds nothing left to stop.
      for (const router of routers) await router.release(AbortSignal.timeout(10_000))
      for (const server of servers) {
        server.close()
        server.closeAllConnections()
      }
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function serve(version: string): Promise<Server> {
  const server = createServer((_request, response) => response.end(version)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function addressOf(server: Server | undefined): string {
  const address = server?.address()
  if (typeof address !== 'object' || address === null) throw new Error('no address')
  return `http://127.0.0.1:${address.port}`
}

/** A process that has ended stays in the list until its parent has heard of it. */
async function gone(pid: number): Promise<boolean> {
  for (let attempt = 0; attempt < 200 && existsSync(`/proc/${pid}`); attempt += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return !existsSync(`/proc/${pid}`)
}

async function ask(address: string, unit: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    get(address, { headers: { 'x-user': unit }, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.on('end', () => resolve(text)).on('error', reject)
    }).on('error', reject)
  })
}

function allTo(version: 'v1' | 'v2', revision: number, { endpoints }: World): RoutingTable {
  const share = version === 'v2' ? 10_000 : 0
  return {
    service: 'shop',
    revision,
    salt: 's',
    unit: [{ header: 'x-user' }],
    arms: [
      { version: 'v2', endpoints: endpoints.v2, weightBp: share },
      { version: 'v1', endpoints: endpoints.v1, weightBp: 10_000 - share },
    ],
    stable: 'v1',
    canary: 'v2',
    rules: [],
    overrideHeader: null,
    measurement: { rollout: 'r', latencyCutsMs: [], latencyFrom: 0 },
  }
}

const never = new AbortController().signal

routerContract('gateway', async () => {
  const world = await openWorld()
  const router = await world.open()
  const { pid, address } = await router.report(never)
  return {
    router,
    service: 'shop',
    endpoints: world.endpoints,
    versionOf: async (unit) => await ask(address, unit),
    leftovers: async () => [
      ...(await readdir(world.directory)),
      ...((await gone(pid)) ? [] : [`process ${pid}`]),
      ...(await ask(address, 'x').then(
        () => [`listener ${address}`],
        () => [],
      )),
    ],
    close: async () => await world[Symbol.asyncDispose](),
  }
})

test('a control plane that comes back adopts the gateway that runs', async () => {
  await using world = await openWorld()
  const first = await world.open()
  await first.apply(allTo('v2', 1, world), never)
  const before = await first.report(never)
  first.close()
  const second = await world.open()
  const after = await second.report(never)
  assert.deepEqual([after.pid, after.boot, after.revision], [before.pid, before.boot, 1])
})

test('a gateway that was killed comes back on the same address, with its table, at the next verb', async () => {
  await using world = await openWorld()
  const router = await world.open()
  await router.apply(allTo('v2', 4, world), never)
  const before = await router.report(never)
  process.kill(before.pid, 'SIGKILL')
  const seen = await router.observe(never)
  assert.deepEqual([seen.revision, seen.address], [4, before.address])
  assert.equal(await ask(seen.address, 'a'), 'v2')
})

test('a process that merely has the pid of a former gateway is not taken for it', async () => {
  await using world = await openWorld()
  const router = await world.open()
  const { pid } = await router.report(never)
  process.kill(pid, 'SIGKILL')
  assert.ok(await gone(pid))
  const { readFile, writeFile } = await import('node:fs/promises')
  const file = join(world.directory, 'gateway.json')
  const identity: object = JSON.parse(await readFile(file, 'utf8'))
  await writeFile(file, JSON.stringify({ ...identity, pid: process.pid }))
  const again = await (await world.open()).report(never)
  assert.notEqual(again.pid, process.pid)
})

test('a port that something else holds is said to be in use', async () => {
  await using world = await openWorld()
  const port = Number(new URL(world.endpoints.v1[0] ?? '').port)
  await assert.rejects(world.open({ listen: port }), { code: 'gateway.port-in-use' })
})

test('another listen address replaces the gateway that runs', async () => {
  await using world = await openWorld()
  const first = await (await world.open()).report(never)
  const free = await serve('none')
  const { port } = new URL(addressOf(free))
  free.close()
  await once(free, 'close')
  const second = await (await world.open({ listen: `127.0.0.1:${port}` })).report(never)
  assert.notEqual(second.pid, first.pid)
  assert.equal(second.address, `http://127.0.0.1:${port}`)
})

test('a gateway on IPv6 is adopted as any other', async () => {
  await using world = await openWorld()
  const addresses = { listen: '[::1]:0', preview: '[::1]:0' }
  const first = await (await world.open(addresses)).report(never)
  assert.ok(first.address.startsWith('http://[::1]:') && first.previewAddress?.startsWith('http://[::1]:') === true)
  assert.equal((await (await world.open(addresses)).report(never)).pid, first.pid)
})

test('the preview address is observed, answered by canary, and the same after a crash', async () => {
  await using world = await openWorld()
  assert.equal((await (await world.open()).observe(never)).previewAddress, undefined)
  const router = await world.open({ preview: 0 })
  const table = allTo('v1', 1, world)
  await router.apply(table, never)
  const before = await router.observe(never)
  assert.ok(before.previewAddress !== undefined)
  assert.deepEqual([await ask(before.address, 'a'), await ask(before.previewAddress, 'a')], ['v1', 'v2'])
  process.kill((await router.report(never)).pid, 'SIGKILL')
  const after = await router.observe(never)
  assert.deepEqual([after.address, after.previewAddress], [before.address, before.previewAddress])
  assert.equal(await ask(before.previewAddress, 'a'), 'v2')
})

test('another preview address replaces the gateway that runs, and the same one does not', async () => {
  await using world = await openWorld()
  const pidOf = async (more: Partial<GatewayContext>): Promise<number> =>
    (await (await world.open(more)).report(never)).pid
  const without = await pidOf({})
  const first = await pidOf({ preview: 0 })
  assert.notEqual(first, without)
  assert.equal(await pidOf({ preview: 0 }), first)
  assert.notEqual(await pidOf({ preview: '127.0.0.2:0' }), first)
})

test('a preview port that something else holds is said to be in use', async () => {
  await using world = await openWorld()
  const { port } = new URL(world.endpoints.v1[0] ?? '')
  await assert.rejects(world.open({ preview: Number(port) }), {
    code: 'gateway.port-in-use',
    message: `The gateway of shop cannot listen on 127.0.0.1:${port}: something else does.`,
  })
})

test('evidence streams after the cursor and ends when the gateway is gone', async () => {
  await using world = await openWorld()
  const router = await world.open()
  for (let revision = 1; revision <= 3; revision += 1) await router.apply(allTo('v1', revision, world), never)
  const { boot, pid } = await router.report(never)
  const seen: EvidenceSlot[] = []
  for await (const slot of router.slots({ boot, seq: 1 }, never)) {
    seen.push(slot)
    if (seen.length === 1) process.kill(pid, 'SIGKILL')
  }
  assert.equal(seen[0]?.seq, 2)
  const stop = new AbortController()
  for await (const slot of router.slots({ boot, seq: 9 }, stop.signal)) {
    assert.notEqual(slot.boot, boot, 'the new gateway starts anew')
    stop.abort()
  }
})

test('a table the gateway refuses is an error that says why', async () => {
  await using world = await openWorld()
  const router = await world.open()
  await assert.rejects(router.apply({ ...allTo('v1', 1, world), service: 'other' }, never), {
    code: 'gateway.failed',
    message: /gateway of shop, the table is for other/,
  })
})

test('release with an open request ends at once when patience is over', async () => {
  await using world = await openWorld()
  const router = await world.open({ spec: { ...spec, drain: 60_000 } })
  const hanging = createServer(() => undefined).listen(0, '127.0.0.1')
  await once(hanging, 'listening')
  await router.apply({ ...allTo('v2', 1, { ...world, endpoints: { v1: [], v2: [addressOf(hanging)] } }) }, never)
  const { pid, address } = await router.report(never)
  const asked = ask(address, 'u').catch(() => 'cut')
  await once(hanging, 'request')
  const patience = new AbortController()
  const released = router.release(patience.signal)
  patience.abort()
  await released
  assert.ok(await gone(pid))
  assert.equal(await asked, 'cut')
  assert.deepEqual(await readdir(world.directory), [])
  hanging.close()
  hanging.closeAllConnections()
})

import type { EvidenceSlot } from '@serin/core'
import { routerContract } from '@serin/kit/contract'
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { promisify } from 'node:util'
import { openGateway } from './driver.ts'
import { addressOf, allTo, ask, isGone, never, openWorld, serve, spec } from '../testing/world.ts'
import type { RouterContext } from '../testing/world.ts'

/** The version that answers a unit. */
async function versionOf(address: string, unit: string): Promise<string> {
  return (await ask(address, { unit })).body
}

routerContract('gateway', async () => {
  const world = await openWorld(openGateway)
  const router = await world.open()
  const { pid, address } = await router.report(never)
  return {
    router,
    service: 'shop',
    endpoints: world.endpoints,
    versionOf: async (unit) => await versionOf(address, unit),
    leftovers: async () => [
      ...(await readdir(world.directory)),
      ...((await isGone(pid)) ? [] : [`process ${pid}`]),
      ...(await versionOf(address, 'x').then(
        () => [`listener ${address}`],
        () => [],
      )),
    ],
    close: async () => await world[Symbol.asyncDispose](),
  }
})

test('a control plane that comes back adopts the gateway that runs', async () => {
  await using world = await openWorld(openGateway)
  const first = await world.open()
  await first.apply(allTo('v2', 1, world), never)
  const before = await first.report(never)
  first.close()
  const second = await world.open()
  const after = await second.report(never)
  assert.deepEqual([after.pid, after.boot, after.revision], [before.pid, before.boot, 1])
})

test('a gateway that was killed comes back on the same address, with its table, at the next verb', async () => {
  await using world = await openWorld(openGateway)
  const router = await world.open()
  await router.apply(allTo('v2', 4, world), never)
  const before = await router.report(never)
  process.kill(before.pid, 'SIGKILL')
  const seen = await router.observe(never)
  assert.deepEqual([seen.revision, seen.address], [4, before.address])
  assert.equal(await versionOf(seen.address, 'a'), 'v2')
})

test('a process that merely has the pid of a former gateway is not taken for it', async () => {
  await using world = await openWorld(openGateway)
  const router = await world.open()
  const { pid } = await router.report(never)
  process.kill(pid, 'SIGKILL')
  assert.ok(await isGone(pid))
  const { readFile, writeFile } = await import('node:fs/promises')
  const file = join(world.directory, 'gateway.json')
  const identity: object = JSON.parse(await readFile(file, 'utf8'))
  await writeFile(file, JSON.stringify({ ...identity, pid: process.pid }))
  const again = await (await world.open()).report(never)
  assert.notEqual(again.pid, process.pid)
})

test('a port that something else holds is said to be in use', async () => {
  await using world = await openWorld(openGateway)
  const port = Number(new URL(world.endpoints.v1[0] ?? '').port)
  await assert.rejects(world.open({ listen: port }), { code: 'gateway.port-in-use' })
})

test('another listen address replaces the gateway that runs', async () => {
  await using world = await openWorld(openGateway)
  const first = await (await world.open()).report(never)
  const free = await serve((_request, response) => response.end('none'))
  const { port } = new URL(addressOf(free))
  free.close()
  await once(free, 'close')
  const second = await (await world.open({ listen: `127.0.0.1:${port}` })).report(never)
  assert.notEqual(second.pid, first.pid)
  assert.equal(second.address, `http://127.0.0.1:${port}`)
})

test('a gateway on IPv6 is adopted as any other', async () => {
  await using world = await openWorld(openGateway)
  const addresses = { listen: '[::1]:0', preview: '[::1]:0' }
  const first = await (await world.open(addresses)).report(never)
  assert.ok(first.address.startsWith('http://[::1]:') && first.previewAddress?.startsWith('http://[::1]:') === true)
  assert.equal((await (await world.open(addresses)).report(never)).pid, first.pid)
})

test('the preview address is observed, answered by canary, and the same after a crash', async () => {
  await using world = await openWorld(openGateway)
  assert.equal((await (await world.open()).observe(never)).previewAddress, undefined)
  const router = await world.open({ preview: 0 })
  const table = allTo('v1', 1, world)
  await router.apply(table, never)
  const before = await router.observe(never)
  assert.ok(before.previewAddress !== undefined)
  assert.deepEqual([await versionOf(before.address, 'a'), await versionOf(before.previewAddress, 'a')], ['v1', 'v2'])
  process.kill((await router.report(never)).pid, 'SIGKILL')
  const after = await router.observe(never)
  assert.deepEqual([after.address, after.previewAddress], [before.address, before.previewAddress])
  assert.equal(await versionOf(before.previewAddress, 'a'), 'v2')
})

test('another preview address replaces the gateway that runs, and the same one does not', async () => {
  await using world = await openWorld(openGateway)
  const pidOf = async (more: Partial<RouterContext>): Promise<number> =>
    (await (await world.open(more)).report(never)).pid
  const without = await pidOf({})
  const first = await pidOf({ preview: 0 })
  assert.notEqual(first, without)
  assert.equal(await pidOf({ preview: 0 }), first)
  assert.notEqual(await pidOf({ preview: '127.0.0.2:0' }), first)
})

test('a preview port that something else holds is said to be in use', async () => {
  await using world = await openWorld(openGateway)
  const { port } = new URL(world.endpoints.v1[0] ?? '')
  await assert.rejects(world.open({ preview: Number(port) }), {
    code: 'gateway.port-in-use',
    message: `The gateway of shop cannot listen on 127.0.0.1:${port}: something else does.`,
  })
})

test('evidence streams after the cursor and ends when the gateway is gone', async () => {
  await using world = await openWorld(openGateway)
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
  await using world = await openWorld(openGateway)
  const router = await world.open()
  await assert.rejects(router.apply({ ...allTo('v1', 1, world), service: 'other' }, never), {
    code: 'gateway.failed',
    message: /gateway of shop, the table is for other/,
  })
})

test('release with an open request ends at once when patience is over', async () => {
  await using world = await openWorld(openGateway)
  const router = await world.open({ spec: { ...spec, drain: 60_000 } })
  const hanging = await serve(() => undefined)
  await router.apply({ ...allTo('v2', 1, { ...world, endpoints: { v1: [], v2: [addressOf(hanging)] } }) }, never)
  const { pid, address } = await router.report(never)
  const asked = versionOf(address, 'u').catch(() => 'cut')
  await once(hanging, 'request')
  const patience = new AbortController()
  const released = router.release(patience.signal)
  patience.abort()
  await released
  assert.ok(await isGone(pid))
  assert.equal(await asked, 'cut')
  assert.deepEqual(await readdir(world.directory), [])
  hanging.close()
  hanging.closeAllConnections()
})

test('with certificates it speaks TLS, and says which cannot be shown before anything is started or stopped', async () => {
  await using world = await openWorld(openGateway)
  const make = async (name: string): Promise<void> => {
    const about = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '30', '-nodes']
    const key = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-keyout',
      `${world.directory}/${name}.key`,
    ]
    await promisify(execFile)('openssl', ['req', '-x509', ...about, ...key, '-out', `${world.directory}/${name}.pem`])
  }
  await make('shop')
  await make('other')
  const withPair = (certificate: string, key: string, ca = 'shop.pem'): RouterContext['spec'] => ({
    ...spec,
    gateway: {
      ...spec.gateway,
      tls: [{ certificate, key }],
      clientCertificates: { ca, required: false, header: 'x-client' },
    },
  })
  const context = { baseDirectory: world.directory, spec: withPair('shop.pem', 'shop.key') }
  const router = await world.open(context)
  await router.apply(allTo('v1', 1, world), never)
  const { address, pid, certificates } = await router.report(never)
  assert.match(address, /^https:/)
  assert.deepEqual(certificates?.[0]?.names, ['DNS:localhost'])
  const socket = connect({ port: Number(new URL(address).port), host: '127.0.0.1', rejectUnauthorized: false })
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  let text = ''
  socket.setEncoding('utf8').on('data', (more: string) => (text += more))
  await once(socket, 'close')
  assert.match(text, /^HTTP\/1\.1 200 /)
  router.close()
  const wrong = world.open({ ...context, spec: withPair('shop.pem', 'other.key') })
  await assert.rejects(wrong, { code: 'gateway.certificate', message: /other\.key is not the key of the certificate/ })
  const nobody = world.open({ ...context, spec: withPair('shop.pem', 'shop.key', 'other.key') })
  await assert.rejects(nobody, { code: 'gateway.certificate', message: /other\.key holds no certificate of an auth/ })
  const again = await world.open(context)
  assert.equal((await again.report(never)).pid, pid)
  await again.release(never)
  for (const name of ['shop', 'other'])
    for (const kind of ['pem', 'key']) await rm(`${world.directory}/${name}.${kind}`)
})

import { noSmallDisk, onSmallDisk } from '@serin/kit/contract'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startServer } from './server.ts'
import { ControlPlane, send } from './testing/control-plane.ts'
import { ensureToken } from './tokens/admin-token.ts'
import { mayStillRun, whereIs, writeWhere } from './where-file.ts'

interface Identity {
  readonly pid: number
  readonly boot: string
  readonly address: string
}

function gatewayOf(plane: ControlPlane): Identity {
  const file = join(plane.dataDirectory, 'services', 'shop', 'gateway', 'gateway.json')
  return JSON.parse(readFileSync(file, 'utf8')) as Identity
}

function runs(pid: number): boolean {
  return existsSync(`/proc/${pid}`)
}

const onLinux = existsSync('/proc/self') ? false : 'Processes are looked up in /proc.'

test('everything kept is for its owner only, from the first start', async () => {
  await using plane = new ControlPlane()
  const { token, url } = await plane.start()
  await plane.shop()
  assert.ok(token.length >= 43)
  assert.equal(readFileSync(join(plane.dataDirectory, 'token'), 'utf8'), `${token}\n`)
  assert.equal(statSync(plane.dataDirectory).mode & 0o777, 0o700)
  for (const name of readdirSync(plane.dataDirectory, { recursive: true, encoding: 'utf8' }))
    assert.equal(statSync(join(plane.dataDirectory, name)).mode & 0o077, 0, name)
  assert.deepEqual(whereIs(plane.dataDirectory), { url, pid: process.pid })
  await plane.stop({ keep: false })
  const again = await plane.start()
  assert.equal(again.token, token)
})

test('a token that was opened to others is closed again, and a torn one is made anew', async () => {
  await using plane = new ControlPlane()
  mkdirSync(plane.dataDirectory)
  const file = join(plane.dataDirectory, 'token')
  const first = ensureToken(plane.dataDirectory)
  chmodSync(file, 0o644)
  assert.equal(ensureToken(plane.dataDirectory), first)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  for (const torn of ['', '\n', first.slice(0, 10), 'with spaces in between, and long enough to be one']) {
    writeFileSync(file, torn)
    const next = ensureToken(plane.dataDirectory)
    assert.ok(next.length >= 43 && next !== first)
    assert.equal(readFileSync(file, 'utf8').trim(), next)
  }
})

test('word of a control plane that is torn is none', async () => {
  await using plane = new ControlPlane()
  mkdirSync(plane.dataDirectory)
  assert.equal(whereIs(plane.dataDirectory), null)
  for (const torn of ['', '{"url":"http', '[]', '{"url":1,"pid":2}']) {
    writeFileSync(join(plane.dataDirectory, 'control-plane.json'), torn)
    assert.equal(whereIs(plane.dataDirectory), null, torn)
  }
  writeWhere(plane.dataDirectory, { url: 'http://127.0.0.1:1', pid: 2 })
  assert.deepEqual(whereIs(plane.dataDirectory), { url: 'http://127.0.0.1:1', pid: 2 })
})

test('it is well as soon as it answers, and ready only while the engine runs', async () => {
  await using plane = new ControlPlane()
  const { url, token } = await plane.start()
  const [well, ready] = [
    await plane.call('GET', '/healthz', { token: null }),
    await plane.call('GET', '/readyz', { token: null }),
  ]
  assert.deepEqual([well.status, well.text, ready.status, ready.text], [200, 'ok', 200, 'ready'])
  await plane.stop({ keep: false })
  await assert.rejects(send(`${url}/readyz`, 'GET', { token }))
})

test('a port that is taken, or an address of somebody else, is said to be, and the directory is free again', async () => {
  await using plane = new ControlPlane()
  const { port } = await plane.squatter('somebody else')
  const { dataDirectory } = plane
  await assert.rejects(startServer({ dataDirectory, port }), { code: 'port.in-use' })
  await assert.rejects(startServer({ dataDirectory, host: '192.0.2.1', port: 0 }), { code: 'usage.invalid' })
  assert.equal(whereIs(dataDirectory), null)
  await plane.start()
})

test('a second control plane over the same directory is refused, and disturbs nothing', async () => {
  await using plane = new ControlPlane()
  const { url } = await plane.start()
  const second = spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `const { startServer } = await import(${JSON.stringify(new URL('server.ts', import.meta.url).href)}); await startServer({ dataDirectory: ${JSON.stringify(plane.dataDirectory)}, port: 0 }).catch((error) => { console.log(error.code); process.exit(3) })`,
    ],
    { encoding: 'utf8' },
  )
  assert.deepEqual([second.status, second.stdout.trim()], [3, 'data-directory.in-use'])
  assert.deepEqual(whereIs(plane.dataDirectory)?.url, url)
  assert.equal((await plane.call('GET', '/v1/services')).status, 200)
})

test('stopping leaves no process, no port and no word behind', { skip: onLinux }, async () => {
  await using plane = new ControlPlane()
  const { url } = await plane.start()
  await plane.shop()
  const gateway = gatewayOf(plane)
  assert.equal((await send(gateway.address, 'GET', {})).text, 'v1')
  assert.equal(mayStillRun(plane.dataDirectory), true)
  await plane.stop({ keep: false })
  await plane.until('the gateway is gone', () => !runs(gateway.pid))
  assert.deepEqual([whereIs(plane.dataDirectory), mayStillRun(plane.dataDirectory)], [null, false])
  await assert.rejects(send(gateway.address, 'GET', {}))
  await assert.rejects(send(`${url}/healthz`, 'GET', {}))
})

test('stopping twice is stopping once', async () => {
  await using plane = new ControlPlane()
  const running = await plane.start()
  await Promise.all([running.stop({ keep: true }), running.stop({ keep: false })])
  await running.stop({ keep: false })
})

test('a request under way is answered before the end, and streams do not keep it waiting', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  const text = await plane.file()
  const stream = plane.call('GET', '/v1/events')
  const applying = plane.call('PUT', '/v1/file', { body: { text, baseDirectory: '/' } })
  await plane.until('it is being applied', () => existsSync(join(plane.dataDirectory, 'services', 'shop')))
  const stopping = plane.stop({ keep: false })
  assert.equal((await applying).status, 200)
  await stopping
  assert.equal((await stream).status, 200)
  assert.equal(mayStillRun(plane.dataDirectory), false)
})

test(
  'with keep the gateway serves on without a control plane, and the next one adopts it',
  { skip: onLinux },
  async () => {
    await using plane = new ControlPlane()
    await plane.start()
    await plane.shop()
    await plane.call('POST', '/v1/services/shop/release', { body: { to: 'v2' } })
    await plane.until('it has traffic', async () =>
      (await plane.call('GET', '/v1/rollouts/shop')).text.includes('"inForceBp":1000'),
    )
    const before = gatewayOf(plane)
    const users = Array.from({ length: 60 }, (_, i) => `user-${i}`)
    const served = async () =>
      await Promise.all(
        users.map(async (user) => (await send(before.address, 'GET', { headers: { 'x-user': user } })).text),
      )
    const split = await served()
    assert.ok(split.includes('v1') && split.includes('v2'))
    await plane.stop({ keep: true })
    assert.deepEqual(await served(), split)
    // Nobody is turned away, and nobody changes sides, while the next one starts.
    const starting = plane.start()
    assert.deepEqual(await served(), split)
    await starting
    for (let turn = 0; turn < 20; turn += 1) assert.deepEqual(await served(), split)
    const after = gatewayOf(plane)
    assert.deepEqual([after.pid, after.boot, after.address], [before.pid, before.boot, before.address])
    const rollout = (await plane.call('GET', '/v1/rollouts/shop')).json as {
      phase: string
      step: number
      exposedRequests: number
    }
    assert.deepEqual([rollout.phase, rollout.step], ['watching', 0])
    await plane.until('what was served meanwhile counts', async () => {
      const { exposedRequests } = (await plane.call('GET', '/v1/rollouts/shop')).json as { exposedRequests: number }
      return exposedRequests >= split.filter((version) => version === 'v2').length * 22
    })
    await plane.call('POST', '/v1/rollouts/shop/abort', { body: {} })
    await plane.until('it is back', async () =>
      (await plane.call('GET', '/v1/rollouts/shop')).text.includes('"phase":"rolled-back"'),
    )
    assert.deepEqual(new Set(await served()), new Set(['v1']))
  },
)

test('a gateway whose port is taken is said to be, creates nothing, and is created when the port is free', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  const taken = await plane.squatter('somebody else')
  const text = await plane.file({ listen: String(taken.port) })
  const apply = () => plane.call('PUT', '/v1/file', { body: { text, baseDirectory: '/' } })
  const refused = await apply()
  assert.equal((refused.json as { code: string }).code, 'gateway.port-in-use')
  assert.deepEqual((await plane.call('GET', '/v1/services')).json, { services: [] })
  assert.deepEqual((await plane.call('GET', '/v1/journal')).json, { entries: [] })
  assert.equal(mayStillRun(plane.dataDirectory), false)
  await taken.leave()
  assert.equal((await apply()).status, 200)
})

test('a service whose port was taken meanwhile keeps the control plane from nothing, and comes back by itself', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  const { port, leave } = await plane.squatter('first')
  await leave()
  await plane.shop({ listen: String(port) })
  await plane.stop({ keep: false })
  const squatter = await plane.squatter('squatter', port)
  await plane.start()
  assert.equal((await plane.call('GET', '/readyz')).status, 200)
  await plane.until('it says so', async () =>
    (await plane.call('GET', '/v1/services/shop')).text.includes('something else does'),
  )
  await squatter.leave()
  await plane.until('it serves', async () => {
    const answer = await send(`http://127.0.0.1:${port}`, 'GET', {}).catch(() => null)
    return answer?.text === 'v1'
  })
  await plane.until('all is well', async () =>
    (await plane.call('GET', '/v1/services/shop')).text.includes('"trouble":[]'),
  )
})

test(
  'a full disk in mid-rollout: stable takes all traffic, the rollout goes back, the journal says so',
  { skip: noSmallDisk() },
  () => {
    const { status, output } = onSmallDisk(new URL('testing/full-disk.ts', import.meta.url), { megabytes: 24 })
    assert.equal(status, 0, output)
  },
)

import type { GateContext } from '@serin/kit'
import { gateContract } from '@serin/kit/contract'
import { Gate } from '@serin/spec'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { askRequests } from './driver.ts'

type RequestsGate = Extract<Gate, { kind: 'requests' }>

const secret = 'key-77ab'
const never = new AbortController().signal

function gateOf(file: string, more: Readonly<Record<string, unknown>> = {}): RequestsGate {
  const gate = Gate.parse({ kind: 'requests', file, ...more })
  assert.ok(gate.kind === 'requests')
  return gate
}

interface Seen {
  readonly method: string
  readonly path: string
  readonly type: string
  readonly key: string
  readonly body: string
}

/** A version under test: `/ok/…` is well, `/fail/…` is not, `/echo` says the key back, `/hang` says nothing. */
async function openWorld() {
  const baseDirectory = await mkdtemp(join(tmpdir(), 'serin-gate-'))
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    const { method = '', url: path = '', headers } = request
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      const key = String(headers['x-key'] ?? '')
      seen.push({ method, path, type: headers['content-type'] ?? '', key, body })
      if (path === '/hang') return
      if (path.startsWith('/fail')) response.writeHead(500)
      response.end(path === '/echo' ? key : '{"ok":true}')
    })
  }).listen(0, '127.0.0.1')
  let open = 0
  server.on('connection', (socket) => {
    open += 1
    socket.on('close', () => (open -= 1))
  })
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const context: GateContext = {
    service: 'shop',
    rollout: 'shop-1',
    attempt: 1,
    step: 0,
    stable: 'v1',
    canary: 'v2',
    preview: `http://127.0.0.1:${address.port}`,
    baseDirectory,
  }
  return {
    context,
    seen,
    open: () => open,
    asked: async () => {
      while (!seen.some(({ path }) => path === '/hang')) await new Promise((resolve) => setTimeout(resolve, 5))
    },
    write: async (name: string, lines: readonly unknown[]) =>
      await writeFile(
        join(baseDirectory, name),
        lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
      ),
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
      await rm(baseDirectory, { recursive: true, force: true })
    },
  }
}

gateContract('requests', async () => {
  process.env['SERIN_TEST_KEY'] = secret
  const world = await openWorld()
  await world.write('good.jsonl', [{ path: '/ok', expect: { status: [200], json: { '/ok': true } } }])
  await world.write('bad.jsonl', [{ path: '/ok' }, { path: '/echo', expect: { contains: 'fine' } }])
  await world.write('hang.jsonl', [{ path: '/hang' }])
  const headers = { 'x-key': 'env:SERIN_TEST_KEY' }
  return {
    ask: askRequests,
    context: world.context,
    passing: gateOf('good.jsonl'),
    refusing: gateOf('bad.jsonl', { headers }),
    refusal:
      /1 of 2 requests of bad\.jsonl failed, at most 0 % may: line 2: GET \/echo answered “•••”, in which “fine”/,
    secret,
    heard: async () => world.seen.some(({ key }) => key === secret),
    hanging: gateOf('hang.jsonl', { timeout: '10m' }),
    brief: gateOf('hang.jsonl', { timeout: '10m', within: '100ms' }),
    lacking: gateOf('good.jsonl', { headers: { 'x-key': 'env:SERIN_TEST_ABSENT' } }),
    asked: world.asked,
    leftovers: async () => (world.open() === 0 ? [] : [`${world.open()} connections`]),
    close: async () => {
      delete process.env['SERIN_TEST_KEY']
      await world[Symbol.asyncDispose]()
    },
  }
})

test('a part may fail, and the first that did are named with their lines', async () => {
  await using world = await openWorld()
  const lines = Array.from({ length: 20 }, (_, i) => ({ path: i % 4 === 1 ? `/fail/${i}?a=b` : `/ok/${i}` }))
  await world.write('set.jsonl', lines)
  const which =
    'line 2: GET /fail/1 answered 500 instead of 2xx; line 6: GET /fail/5 answered 500 instead of 2xx; line 10: GET /fail/9 answered 500 instead of 2xx; and 2 more.'
  assert.deepEqual(await askRequests(gateOf('set.jsonl', { maxFailed: '24%' }), world.context, never), {
    outcome: 'failed',
    why: `5 of 20 requests of set.jsonl failed, at most 24 % may: ${which}`,
  })
  assert.deepEqual(await askRequests(gateOf('set.jsonl', { maxFailed: '25%' }), world.context, never), {
    outcome: 'passed',
    why: `5 of 20 requests of set.jsonl failed, at most 25 % may: ${which}`,
  })
  assert.equal(world.seen.length, 40, 'each was sent once each time')
})

test('requests are sent as they are written; headers of the connection they were recorded on are not', async () => {
  await using world = await openWorld()
  const headers = { 'Content-Length': '999', 'Transfer-Encoding': 'chunked', 'X-Key': 'own' }
  await world.write('set.jsonl', [
    '\uFEFF{"method":"POST","path":"/ok?q=1","body":{"a":[1]}}\r',
    '',
    { method: 'PUT', path: '/ok', headers, body: 'plain' },
  ])
  const { outcome, why } = await askRequests(gateOf('set.jsonl', { concurrency: 1 }), world.context, never)
  assert.deepEqual([outcome, why], ['passed', 'All 2 requests of set.jsonl were answered as expected.'])
  assert.deepEqual(world.seen, [
    { method: 'POST', path: '/ok?q=1', type: 'application/json', key: '', body: '{"a":[1]}' },
    { method: 'PUT', path: '/ok', type: '', key: 'own', body: 'plain' },
  ])
})

test('a file that cannot be read whole has failed with its line, and nothing of it is sent', async () => {
  await using world = await openWorld()
  const cases: readonly [readonly unknown[], RegExp][] = [
    [[{ path: '/ok' }, '{"path":'], /^set\.jsonl:2: this line is not JSON\.$/],
    [['', { path: 'ok' }], /^set\.jsonl:2: "path": expected a path such as/],
    [[{ path: '/ok', expects: {} }], /^set\.jsonl:1: .*expects/],
    [[''], /^set\.jsonl has no requests\.$/],
  ]
  for (const [lines, why] of cases) {
    await world.write('set.jsonl', lines)
    const answer = await askRequests(gateOf('set.jsonl'), world.context, never)
    assert.equal(answer.outcome, 'failed')
    assert.match(answer.why, why)
  }
  const missing = await askRequests(gateOf('none.jsonl'), world.context, never)
  assert.deepEqual(missing, { outcome: 'failed', why: 'none.jsonl cannot be read (ENOENT).' })
  assert.deepEqual(world.seen, [])
})

test('without a preview it waits', async () => {
  await using world = await openWorld()
  const answer = await askRequests(gateOf('none.jsonl'), { ...world.context, preview: null }, never)
  assert.equal(answer.outcome, 'waiting')
})

/** Copies of requests by a real nginx. Without one every test here says that it is skipped. */
import type { MirrorSlot, RoutingTable } from '@serin/core'
import { boundOf, murmurHash2 } from '@serin/core/assignment'
import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:http'
import { test } from 'node:test'
import { missing } from '../proxy/testing/installed.ts'
import type { ProxyWorld } from '../proxy/testing/installed.ts'
import { allTo, ask, never, openWorld } from '../testing/world.ts'
import type { World } from '../testing/world.ts'
import { openNginx } from './driver.ts'

const skip = missing('nginx', 'nginx-light')

test('stable’s requests are copied, marked, and compared by their status', { skip }, async () => {
  const copies: Seen[] = []
  await using world = await openWorld(openNginx, {
    v1: (_, response) => response.end('v1'),
    v2: (incoming, response) => {
      void seen(incoming).then((copy) => copies.push(copy))
      response.writeHead(incoming.url === '/bad' ? 503 : 200).end('v2')
    },
  })
  const router = await world.open()
  await router.apply(mirrored(world, 1), never)
  const { address, endpoints } = await router.observe(never)
  assert.deepEqual(endpoints.toSorted(), [...world.endpoints.v1, ...world.endpoints.v2].toSorted())
  for (let i = 0; i < 30; i += 1) {
    const { body, headers } = await ask(`${address}/${i < 10 ? 'bad' : `a?b=${i}`}`, { unit: `u${i}` })
    assert.deepEqual([body, headers['serin-version']], ['v1', 'v1'])
  }
  await ask(address, { headers: { 'if-none-match': '"x"' } })
  assert.equal((await post(`${address}/order`, 'one coffee')).body, 'v1')
  const slots = await mirrorUntil(router, ({ compared }) => compared >= 30)
  const { sent, compared, different, differentStatus, differentBody, onlyCanaryFailed, onlyStableFailed } = slots
  assert.deepEqual(
    { sent, compared, different, differentStatus, differentBody, onlyCanaryFailed, onlyStableFailed },
    {
      sent: 30,
      compared: 30,
      different: 10,
      differentStatus: 10,
      differentBody: 0,
      onlyCanaryFailed: 10,
      onlyStableFailed: 0,
    },
  )
  assert.equal(slots.timed, 20)
  assert.ok(copies.every(({ method, mark }) => method === 'GET' && mark === '1'))
  assert.deepEqual(
    copies.map(({ user, url }) => `${user} ${url}`).toSorted(),
    Array.from({ length: 30 }, (_, i) => `u${i} /${i < 10 ? 'bad' : `a?b=${i}`}`).toSorted(),
  )
})

test('a part of the users is copied, the same as by the gateway', { skip }, async () => {
  const copied = new Set<string>()
  await using world = await openWorld(openNginx, {
    v2: ({ headers }, response) => {
      copied.add(String(headers['x-user']))
      response.end('v2')
    },
  })
  const router = await world.open()
  const table = mirrored(world, 1, { shareBp: 2_500 })
  await router.apply(table, never)
  const { address } = await router.observe(never)
  const users = Array.from({ length: 200 }, (_, i) => `user-${i}`)
  for (const user of users) await ask(address, { unit: user, agent: world.agent })
  const wanted = users.filter((user) => murmurHash2(`serin.mirror/${table.salt}${user}`) < boundOf(2_500))
  await mirrorUntil(router, ({ compared }) => compared >= wanted.length)
  assert.deepEqual([...copied].toSorted(), wanted.toSorted())
  assert.ok(wanted.length > 25 && wanted.length < 80)
})

test('writes are copied with their bodies where they are named, and nobody waits for a copy', { skip }, async () => {
  const copies: Seen[] = []
  let release = (): void => undefined
  const held = new Promise<void>((resolve) => (release = resolve))
  await using world = await openWorld(openNginx, {
    v1: (incoming, response) => {
      void seen(incoming).then(({ body }) => response.end(body))
    },
    v2: (incoming, response) => {
      void seen(incoming).then(async (copy) => {
        copies.push(copy)
        await held
        return response.end('v2')
      })
    },
  })
  const router = await world.open()
  await router.apply(mirrored(world, 1, { methods: ['POST'] }), never)
  const { address } = await router.observe(never)
  const body = 'x'.repeat(300_000)
  assert.equal((await post(`${address}/order`, body)).body, body)
  assert.equal((await ask(address)).status, 200)
  release()
  assert.equal((await mirrorUntil(router, ({ compared }) => compared >= 1)).sent, 1)
  assert.deepEqual(
    copies.map((copy) => [copy.method, copy.url, copy.body === body]),
    [['POST', '/order', true]],
  )
})

test('bodies cannot be compared, and that is said', { skip }, async () => {
  await using world = await openWorld(openNginx)
  const router = await world.open()
  await assert.rejects(router.apply(mirrored(world, 1, { body: 'json' }), never), {
    code: 'gateway.failed',
    message: 'nginx compares the status of answers to copies, not their bodies: say "body: ignore".',
  })
})

function mirrored(world: World, revision: number, more: Partial<RoutingTable['mirror']> = {}): RoutingTable {
  return {
    ...allTo('v1', revision, world),
    arms: [{ version: 'v1', endpoints: world.endpoints.v1, weightBp: 10_000 }],
    measurement: { rollout: 'shop#1', latencyCutsMs: [], latencyFrom: 0 },
    mirror: {
      version: 'v2',
      endpoints: world.endpoints.v2,
      shareBp: 10_000,
      methods: ['GET', 'HEAD'],
      body: 'ignore',
      ignored: [],
      tolerance: 0,
      timeoutMs: 5_000,
      ...more,
    },
  }
}

interface Seen {
  readonly method: string
  readonly url: string
  readonly user: string
  readonly mark: string
  readonly body: string
}

async function seen(incoming: IncomingMessage): Promise<Seen> {
  const { method = '', url = '', headers } = incoming
  let body = ''
  for await (const chunk of incoming.setEncoding('utf8') as AsyncIterable<string>) body += chunk
  return { method, url, user: String(headers['x-user']), mark: String(headers['serin-mirror']), body }
}

/** Sums what the slots say of copies until it is enough. */
async function mirrorUntil(
  router: Awaited<ReturnType<ProxyWorld['open']>>,
  enough: (sum: Counts) => boolean,
): Promise<Counts> {
  const stop = new AbortController()
  const sum: Counts = {
    sent: 0,
    compared: 0,
    different: 0,
    differentStatus: 0,
    differentBody: 0,
    onlyCanaryFailed: 0,
    onlyStableFailed: 0,
    timed: 0,
  }
  for await (const { mirror } of router.slots(null, stop.signal)) {
    if (mirror === undefined) continue
    for (const key of Object.keys(sum) as (keyof Counts)[]) if (key !== 'timed') sum[key] += mirror[key]
    sum.timed += mirror.canaryLatency.reduce((all, [, count]) => all + count, 0)
    if (enough(sum)) stop.abort()
  }
  return sum
}

type Counts = {
  -readonly [Key in Exclude<keyof MirrorSlot, 'dropped' | 'canaryLatency' | 'stableLatency'>]: number
} & {
  timed: number
}

async function post(url: string, body: string): Promise<{ readonly body: string }> {
  return await new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', agent: false, headers: { 'x-user': 'poster' } }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.on('end', () => resolve({ body: text })).on('error', reject)
    })
    outgoing.on('error', reject).end(body)
  })
}

/** A gateway with workers, as its clients and its control plane see it: one. */
import { assign } from '@serin/core/assignment'
import type { EvidenceSlot, RoutingTable } from '@serin/core'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { startProcess } from '../testing/processes.ts'
import type { GatewayProcess } from '../testing/processes.ts'
import { evidenceOf, openWorld, send, sumOf, tableOf, until } from '../testing/servers.ts'
import type { Answer, World } from '../testing/servers.ts'

const two = ['--listen', '127.0.0.1:0', '--workers', '2']
const versions = ['v1', 'v2'] as const

async function upstreamsOf(world: World): Promise<{ v1: string[]; v2: string[] }> {
  const serve = async (name: string): Promise<string[]> => [
    await world.upstream((request, response) => {
      if (request.url === '/fail') response.writeHead(500)
      response.end(name)
    }),
  ]
  return { v1: await serve('v1'), v2: await serve('v2') }
}

/** Who carried the request: request ids begin with it. */
function workerOf({ headers }: Answer): string {
  return String(headers['serin-request']).split('-')[0] ?? ''
}

interface Connections {
  /** One connection to each of two workers. */
  readonly agents: readonly [Agent, Agent]
  /** How many requests of v1, by the override header, it took to find them. */
  readonly asked: number
}

async function connectionsOf({ identity }: GatewayProcess): Promise<Connections> {
  const found = new Map<string, Agent>()
  let asked = 0
  for (; asked < 50 && found.size < 2; asked += 1) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const worker = workerOf(await send(identity.address, { agent, headers: { 'serin-version': 'v1' } }))
    if (found.has(worker)) agent.destroy()
    else found.set(worker, agent)
  }
  const [one, other] = found.values()
  assert.ok(one !== undefined && other !== undefined, 'all connections come to one worker')
  return { agents: [one, other], asked }
}

interface Counted {
  readonly requests: Record<string, number>
  readonly errors: Record<string, number>
  /** Requests without the answer they should have. */
  failed: number
}

/** Clients that ask as fast as they are answered, until the result is called. */
function load(
  address: string,
  { clients, keepAlive = true }: { clients: number; keepAlive?: boolean },
): () => Promise<Counted> {
  const agent = new Agent({ keepAlive, maxSockets: clients })
  const counted: Counted = { requests: { v1: 0, v2: 0 }, errors: { v1: 0, v2: 0 }, failed: 0 }
  const state = { on: true }
  const running = Array.from({ length: clients }, async (_, client) => {
    for (let i = 0; state.on; i += 1) {
      const path = i % 10 === 0 ? '/fail' : '/'
      const headers = { 'x-user': `${client}-${i % 50}` }
      const answer = await send(address, { agent, path, headers }).catch(() => null)
      const version = String(answer?.headers['serin-version'])
      if (answer === null || answer.status !== (path === '/' ? 200 : 500)) counted.failed += 1
      else {
        counted.requests[version] = (counted.requests[version] ?? 0) + 1
        if (answer.status === 500) counted.errors[version] = (counted.errors[version] ?? 0) + 1
      }
    }
  })
  return async () => {
    state.on = false
    await Promise.all(running)
    agent.destroy()
    return counted
  }
}

const requestsIn = (slots: readonly EvidenceSlot[]): number =>
  versions.reduce((sum, version) => sum + sumOf(slots, version, (arm) => arm.requests), 0)

test('two workers are one gateway: one split, one count of units, one report, and one table through 200 changes under load', async () => {
  await using world = await openWorld()
  const endpoints = await upstreamsOf(world)
  await using gateway = await startProcess(world.directory, two)
  const { address } = gateway.identity
  const table = tableOf(1, 3_333, endpoints)
  await gateway.apply(table)
  const { agents: connections, ...found } = await connectionsOf(gateway)
  const ids = new Set<string>()
  let { asked } = found
  for (let i = 0; i < 60; i += 1) {
    const user = `user-${i}`
    // Twice on each: the first and the third error of a user are on different workers.
    for (const agent of [...connections, ...connections]) {
      const answer = await send(address, { agent, path: '/fail', headers: { 'x-user': user } })
      assert.equal(answer.headers['serin-version'], assign(table, user))
      ids.add(String(answer.headers['serin-request']))
      asked += 1
    }
  }
  assert.equal(ids.size, 240, 'no id is given twice')
  const { units, revision, weights, inFlight, workers } = await gateway.report()
  assert.deepEqual([units, revision, weights, inFlight], [60, 1, { v1: 6_667, v2: 3_333 }, { v1: 0, v2: 0 }])
  assert.equal(workers?.pids.length, 2)
  const slots = await evidenceOf(gateway, (all) => requestsIn(all) >= asked)
  const sums = (count: (arm: EvidenceSlot['arms'][string]) => number): number =>
    versions.reduce((sum, version) => sum + sumOf(slots, version, count), 0)
  assert.deepEqual(
    [requestsIn(slots), sums((arm) => arm.randomised), sums((arm) => arm.newUnits), sums((arm) => arm.firstErrors)],
    [asked, 240, 60, 60],
  )
  assert.deepEqual(
    [0, 1, 2].map((depth) => sums((arm) => arm.events['error']?.[depth] ?? 0)),
    [60, 60, 0],
  )
  assert.equal(
    sums((arm) => arm.buckets.reduce((sum, [, requests = 0]) => sum + requests, 0)),
    240,
  )
  await switchUnderLoad(gateway, { endpoints, connections, afterSeq: slots.at(-1)?.seq ?? 0 })
  for (const agent of connections) agent.destroy()
})

/** 200 tables under load: no answer by an old one after the acknowledgement, nothing lost, and evidence is what clients counted. */
async function switchUnderLoad(
  gateway: GatewayProcess,
  {
    endpoints,
    connections,
    afterSeq,
  }: { endpoints: { v1: string[]; v2: string[] }; connections: readonly Agent[]; afterSeq: number },
): Promise<void> {
  const { address, boot } = gateway.identity
  const stop = load(address, { clients: 4 })
  const own = { v1: 0, v2: 0 }
  for (let revision = 2; revision <= 201; revision += 1) {
    const canaryBp = revision % 2 === 0 ? 10_000 : 0
    await gateway.apply(tableOf(revision, canaryBp, endpoints))
    const expected = canaryBp === 0 ? 'v1' : 'v2'
    const answers = await Promise.all(
      connections.map(async (agent) => await send(address, { agent, headers: { 'x-user': 'a' } })),
    )
    for (const answer of answers) assert.equal(answer.headers['serin-version'], expected, `after revision ${revision}`)
    own[expected] += 2
  }
  const counted = await stop()
  assert.equal(counted.failed, 0)
  const total = versions.reduce((sum, version) => sum + (counted.requests[version] ?? 0) + own[version], 0)
  const after = `?boot=${boot}&after=${afterSeq}`
  const slots = await evidenceOf(gateway, (all) => requestsIn(all) >= total, after)
  for (const version of versions) {
    assert.equal(
      sumOf(slots, version, (arm) => arm.requests),
      (counted.requests[version] ?? 0) + own[version],
    )
    assert.equal(
      sumOf(slots, version, (arm) => arm.errors),
      counted.errors[version],
    )
  }
  // A slot holds what happened under its own table: nobody is randomised to a version without a share in it.
  for (const { arms, weights, revision } of slots)
    for (const [version, arm] of Object.entries(arms))
      if (weights[version] === 0)
        assert.deepEqual([arm.randomised, arm.newUnits], [0, 0], `${version}, revision ${revision}`)
  assert.deepEqual(
    slots.map(({ seq }) => seq),
    slots.map((_, i) => afterSeq + i + 1),
  )
}

test('a worker that is killed is replaced while the other goes on, and all go on when the gateway is killed', async () => {
  await using world = await openWorld()
  const endpoints = await upstreamsOf(world)
  const hanging = await world.upstream(() => {})
  await using gateway = await startProcess(world.directory, two)
  const { address } = gateway.identity
  const table = tableOf(1, 0, endpoints)
  await gateway.apply(table)
  const first = await connectionsOf(gateway)
  const [agent, other] = first.agents
  await gateway.apply(tableOf(2, 0, { ...endpoints, v2: [hanging] }))
  // A request in flight on either worker; the one that dies takes its own with it.
  const pending = [agent, other].map(async (each) => {
    await send(address, { agent: each, headers: { 'serin-version': 'v2' } }).catch(() => {})
  })
  await until('both are in flight', async () => (await gateway.report()).inFlight['v2'] === 2)
  const before = await gateway.report()
  assert.deepEqual(before.inFlightByEndpoint, { [hanging]: 2 })
  const stop = load(address, { clients: 8, keepAlive: false })
  const [victim] = before.workers?.pids ?? []
  assert.ok(victim !== undefined)
  process.kill(victim, 'SIGKILL')
  const isReplaced = async (): Promise<boolean> => {
    const { workers } = await gateway.report()
    return workers?.pids.length === 2 && !workers.pids.includes(victim)
  }
  await until('it is replaced', isReplaced, { seconds: 60 })
  const after = await gateway.report()
  assert.deepEqual([after.inFlight['v2'], after.workers?.replaced], [1, 1])
  assert.ok((after.workers?.lostRequests ?? 0) >= 1)
  assert.equal(after.boot, before.boot)
  // The new one is under the table, and counts.
  const second = await connectionsOf(gateway)
  const counted = await stop()
  // Eight clients: no more than one request each was on the worker when it died, or on its way to it.
  assert.ok(counted.failed <= 8, `${counted.failed} failed`)
  const answered = (counted.requests['v1'] ?? 0) + first.asked + second.asked
  const slots = await evidenceOf(gateway, (all) => requestsIn(all) >= answered - 40)
  const requests = requestsIn(slots)
  assert.ok(requests <= answered + 8 && requests >= answered - 40, `${requests} of ${answered}`)
  assert.ok(gateway.events.some(({ event }) => event === 'worker.lost'))
  for (const each of [agent, other, ...second.agents]) each.destroy()
  await Promise.all(pending)
  await getStuck(gateway, endpoints)
  await goOnWithout(gateway, { world, endpoints })
})

/** A worker that does not follow a table is ended: afterwards nobody answers by the one before. */
async function getStuck(gateway: GatewayProcess, endpoints: { v1: string[]; v2: string[] }): Promise<void> {
  const [victim] = (await gateway.report()).workers?.pids ?? []
  assert.ok(victim !== undefined)
  process.kill(victim, 'SIGSTOP')
  const { applied } = await gateway.apply(tableOf(3, 10_000, endpoints))
  assert.ok(applied && !existsSync(`/proc/${victim}`))
  for (let i = 0; i < 10; i += 1) {
    const answer = await send(gateway.identity.address, { headers: { 'x-user': 'a' } })
    assert.equal(answer.headers['serin-version'], 'v2')
  }
  const isWhole = async (): Promise<boolean> => (await gateway.report()).workers?.pids.length === 2
  await until('it is replaced', isWhole, { seconds: 60 })
}

/** Workers whose gateway is killed go on with its table until another one is there, and then leave. */
async function goOnWithout(
  gateway: GatewayProcess,
  { world, endpoints }: { world: World; endpoints: { v1: string[]; v2: string[] } },
): Promise<void> {
  const { address } = gateway.identity
  await gateway.apply(tableOf(4, 10_000, endpoints))
  const pids = (await gateway.report()).workers?.pids ?? []
  gateway.child.kill('SIGKILL')
  await once(gateway.child, 'exit')
  const answers = async (): Promise<string | undefined> =>
    await send(address, { headers: { 'x-user': 'a' } }).then(
      ({ body }) => body.toString(),
      () => undefined,
    )
  for (let i = 0; i < 20; i += 1) assert.equal(await answers(), 'v2')
  assert.ok(pids.every((pid) => existsSync(`/proc/${pid}`)))
  const listen = new URL(address).host
  await using next = await startProcess(world.directory, ['--listen', listen, '--workers', '2'])
  assert.deepEqual([next.identity.address, (await next.report()).revision], [address, 4])
  await next.apply(tableOf(5, 0, endpoints))
  for (let i = 0; i < 20; i += 1) assert.equal(await answers(), 'v1', 'nobody answers by the old table')
  await until('the old ones are gone', () => pids.every((pid) => !existsSync(`/proc/${pid}`)))
}

/** Users who are canary's at this table, one after another. */
function* canaryUsers(table: RoutingTable): Generator<string, never> {
  for (let i = 0; ; i += 1) if (assign(table, `u${i}`) === 'v2') yield `u${i}`
}

test('errors spread over both workers take canary’s share away in both, and then it leaves in order', async () => {
  await using world = await openWorld()
  const endpoints = await upstreamsOf(world)
  const accessLog = join(world.directory, 'access.log')
  await using gateway = await startProcess(world.directory, [...two, '--access-log', accessLog])
  const { address } = gateway.identity
  const measurement = { rollout: 'shop-1#1', latencyCutsMs: [], latencyFrom: 0, reflex: { alpha: 0.002 } }
  const table = tableOf(1, 1_000, endpoints, { measurement })
  await gateway.apply(table)
  const { agents: connections, asked } = await connectionsOf(gateway)
  const users = canaryUsers(table)
  let errors = 0
  while ((await gateway.report()).reflex === null) {
    const agent = connections[errors % 2]
    assert.ok(agent !== undefined)
    const answer = await send(address, { agent, path: '/fail', headers: { 'x-user': users.next().value } })
    assert.equal(answer.headers['serin-version'], 'v2')
    errors += 1
    assert.ok(errors < 10, 'too many errors')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  // As many as one process needs (reflex.test.ts).
  assert.ok(errors >= 3 && errors <= 6, `${errors} errors`)
  await until('the weights follow', async () => (await gateway.report()).weights['v2'] === 0)
  for (const agent of connections)
    for (let i = 0; i < 20; i += 1) {
      const answer = await send(address, { agent, headers: { 'x-user': `u${i}` } })
      assert.equal(answer.headers['serin-version'], 'v1')
    }
  for (const agent of connections) agent.destroy()

  const answers: (() => void)[] = []
  const slow = await world.upstream((_request, response) => answers.push(() => response.end('late')))
  await gateway.apply(tableOf(2, 0, { v1: [slow], v2: [] }))
  const pending = Array.from({ length: 6 }, async () => (await send(address)).body.toString())
  await until('they are in flight', () => answers.length === 6)
  gateway.child.kill('SIGTERM')
  await until('nobody is let in', async () => await refuses(address))
  for (const answer of answers) answer()
  assert.deepEqual(
    await Promise.all(pending),
    Array.from({ length: 6 }, () => 'late'),
  )
  if (gateway.child.exitCode === null) await once(gateway.child, 'exit')
  assert.equal(gateway.child.exitCode, 0)
  assert.ok(!existsSync(join(world.directory, 'gateway.json')))
  const lines = readFileSync(accessLog, 'utf8').trimEnd().split('\n')
  assert.equal(lines.length, asked + errors + 40 + 6)
  assert.ok(lines.every((line) => /^\d{13} v[12] \d{3}$/.test(line)))
})

async function refuses(address: string): Promise<boolean> {
  const { port, hostname } = new URL(address)
  return await new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => {
      resolve(false)
      socket.destroy()
    }).on('error', () => resolve(true))
  })
}

/**
 * The promise that a switch costs nobody anything: a thousand switches of a real gateway between real upstreams, under requests that take their
 * time, bodies, streams and WebSockets.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RoutingTable } from '@serin/core'
import { assign } from '@serin/core/assignment'
import { openGateway, type GatewayContext, type GatewayRouter } from '@serin/drivers/router/gateway'
import { openHaproxy } from '@serin/drivers/router/haproxy'
import { openNginx } from '@serin/drivers/router/nginx'
import { Service } from '@serin/spec'
import { noHaproxy, noNginx } from './harness/proxies.ts'
import { startMixedLoad, trafficKinds } from './harness/mixed-load.ts'
import { openStreamUpstreams } from './harness/stream-upstreams.ts'
import { until } from './harness/until.ts'

const switches = Number(process.env['SERIN_SWITCHES'] ?? 1_000)
/** Each takes a third of a second: the long form makes a thousand. */
const nginxSwitches = process.env['SERIN_LONG'] === '1' ? switches : 24
const haproxySwitches = process.env['SERIN_LONG'] === '1' ? switches : 48
const spec = Service.decode({
  listen: 0,
  workload: { kind: 'endpoints' },
  versions: { v1: { endpoints: ['http://127.0.0.1:1'] } },
  stable: 'v1',
})
const clock = { now: () => Date.now(), sleep: async (ms: number) => await sleep(ms) }
/** Canary’s share, switch by switch: every change between nothing, half and all is among them. */
const shares = [10_000, 0, 5_000, 0, 10_000, 5_000] as const

test(`${switches} switches under load lose no request, no stream and no message`, { timeout: 300_000 }, async (t) => {
  await switchOver(t, switches, openGateway)
})

test(
  `${nginxSwitches} switches of nginx lose none either`,
  { timeout: 900_000, skip: noNginx },
  async (t) => await switchOver(t, nginxSwitches, openNginx),
)

test(
  `${haproxySwitches} switches of HAProxy lose none either`,
  { timeout: 900_000, skip: noHaproxy },
  async (t) => await switchOver(t, haproxySwitches, openHaproxy),
)

/** A router, and what it says of itself where it does. */
type Open = (context: GatewayContext) => Promise<Omit<GatewayRouter, 'report'> & Partial<Pick<GatewayRouter, 'report'>>>

async function switchOver(t: TestContext, count: number, open: Open): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'serin-zero-loss-'))
  await using upstreams = openStreamUpstreams()
  const endpoints = {
    v1: [await upstreams.start('v1'), await upstreams.start('v1')],
    v2: [await upstreams.start('v2'), await upstreams.start('v2')],
  }
  const context = { service: 'web', spec, baseDirectory: '/', stateDirectory: directory, clock, listen: 0 }
  const router = await open(context)
  t.after(async () => {
    await router.release(AbortSignal.timeout(20_000))
    rmSync(directory, { recursive: true, force: true })
  })
  const never = new AbortController().signal
  const half = tableOf(1, 5_000, endpoints)
  await router.apply(half, never)
  const { address } = await router.observe(never)
  const [inHalf, notInHalf] = probes(half)

  await using load = await startMixedLoad(address)
  await until('every kind of traffic', async () =>
    Object.values((await load.report()).whole).every((count) => count > 0),
  )

  const agent = new Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  const startedMs = performance.now()
  for (let turn = 0; turn < count; turn += 1) {
    const share = shares[turn % shares.length] ?? 0
    await router.apply(tableOf(turn + 2, share, replicas(turn, endpoints)), never)
    // Acknowledged: what starts from now on follows.
    const answers = await Promise.all([inHalf, notInHalf].map((user) => versionFor(address, user, agent)))
    const wanted = [share > 0 ? 'v2' : 'v1', share === 10_000 ? 'v2' : 'v1']
    assert.deepEqual(answers, wanted, `switch ${turn} to ${share}`)
  }
  const seconds = (performance.now() - startedMs) / 1_000

  const counted = await load.stop()
  t.diagnostic(`${count} switches in ${seconds.toFixed(1)} s; whole: ${JSON.stringify(counted.whole)}`)
  assert.deepEqual(counted.failures, [])
  assert.equal(counted.failed, 0)
  for (const kind of trafficKinds) assert.equal(counted.whole[kind], counted.begun[kind], kind)
  assert.ok((counted.byVersion['v1'] ?? 0) > 0 && (counted.byVersion['v2'] ?? 0) > 0, 'both versions served')
  const report = router.report
  if (report === undefined) return
  const { cutOff, abandoned } = await report(never)
  assert.deepEqual(cutOff, {}, 'the gateway knows of nothing that was cut off')
  assert.deepEqual(abandoned, { v1: 0, v2: 0 })
  await until('nothing to be in flight', async () =>
    Object.values((await report(never)).inFlight).every((count) => count === 0),
  )
}

/** With no share a version is in the table at some switches and gone from it at others; and replicas come and go. */
function replicas(turn: number, { v1, v2 }: Record<'v1' | 'v2', string[]>): Record<'v1' | 'v2', string[]> {
  const some = (urls: string[]): string[] => (turn % 4 === 3 ? urls : [urls[turn % 2] ?? ''])
  return { v1: some(v1), v2: some(v2) }
}

function tableOf(revision: number, canaryBp: number, endpoints: Record<'v1' | 'v2', string[]>): RoutingTable {
  const arms = [
    { version: 'v2', endpoints: endpoints.v2, weightBp: canaryBp },
    { version: 'v1', endpoints: endpoints.v1, weightBp: 10_000 - canaryBp },
  ]
  return {
    service: 'web',
    revision,
    salt: 'web/',
    unit: [{ header: 'x-user' }],
    arms: revision % 3 === 0 ? arms.filter((arm) => arm.weightBp > 0) : arms,
    stable: canaryBp === 10_000 && revision % 3 === 0 ? 'v2' : 'v1',
    canary: revision % 3 === 0 && canaryBp !== 5_000 ? null : 'v2',
    rules: [],
    overrideHeader: null,
    measurement: { rollout: 'r1', latencyCutsMs: [], latencyFrom: 0 },
  }
}

/** A user who is canary’s at half of the traffic, and one who is not. */
function probes(half: RoutingTable): readonly [string, string] {
  const users = Array.from({ length: 100 }, (_, i) => `probe-${i}`)
  const userOf = (version: string): string | undefined => users.find((user) => assign(half, user) === version)
  const [inHalf, notInHalf] = [userOf('v2'), userOf('v1')]
  assert.ok(inHalf !== undefined && notInHalf !== undefined)
  return [inHalf, notInHalf]
}

async function versionFor(address: string, user: string, agent: Agent): Promise<string> {
  return await new Promise((resolve, reject) => {
    const outgoing = get(address, { agent, headers: { 'x-user': user } }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.on('error', reject).on('end', () => resolve(text))
    })
    outgoing.on('error', reject)
  })
}

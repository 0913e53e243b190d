/**
 * Hostile bytes at both lanes of the gateway, a real nginx and a real HAProxy, each before an upstream that reads strictly. Nobody may find another number
 * of requests in them, or other ends of bodies, than the gateway. `SERIN_SEED` plays other bytes; what fails says its seed.
 */
import type { RoutingTable } from '@serin/core'
import { openHaproxy } from '@serin/drivers/router/haproxy'
import { openNginx } from '@serin/drivers/router/nginx'
import { startGateway } from '@serin/gateway'
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openBareRouter } from '../harness/bare-router.ts'
import { noHaproxy, noNginx } from '../harness/proxies.ts'
import { unexplained } from './allowed.ts'
import { findingsIn, type Finding, type Outcomes } from './compare.ts'
import { hostileOf } from './hostile-requests.ts'
import { readStrictly } from './strict-reader.ts'
import { openRecording, play, type Outcome, type Subject } from './subject.ts'

const long = process.env['SERIN_LONG'] === '1'
const count = long ? 10_000 : 300
/** The gate plays the same bytes every time. */
const firstSeed = Number(process.env['SERIN_SEED'] ?? (long ? Date.now() % 1_000_000_000 : 1))
/** How long one may say nothing; whoever is found wanting gets another chance with more time. */
const idleMs = 40
const patientMs = 400
const never = new AbortController().signal

test(
  `the gateway finds in ${count} hostile streams of bytes the requests that a strict reader, nginx and HAProxy find`,
  { timeout: 1_800_000, skip: noNginx === false ? noHaproxy : noNginx },
  async (t) => {
    const subjects = {
      lanes: { net: await gateway(t, 'net'), http: await gateway(t, 'http') },
      others: { nginx: await proxy(t, openNginx), haproxy: await proxy(t, openHaproxy) },
    }
    t.diagnostic(`the first seed is ${firstSeed}`)
    const failures: string[] = []
    const taken = { net: 0, http: 0, nginx: 0, haproxy: 0 }
    for (let seed = firstSeed; seed < firstSeed + count && failures.length < 10; seed += 1) {
      const { name, bytes } = hostileOf(seed)
      const { outcomes, findings } = await judged(subjects, bytes)
      for (const { kind, subject, text } of findings)
        failures.push(`${kind}: ${subject}, ${name}: ${text}\n${JSON.stringify(bytes.slice(0, 1_000))}`)
      for (const [subject, { seen }] of Object.entries({ ...outcomes.lanes, ...outcomes.others }))
        if (seen.length > 0) taken[subject as keyof typeof taken] += 1
    }
    t.diagnostic(`something was passed on: ${JSON.stringify(taken)}`)
    assert.deepEqual(failures, [])
    for (const [subject, some] of Object.entries(taken)) assert.ok(some > count / 5, `${subject} took ${some}`)
  },
)

interface Subjects {
  readonly lanes: Readonly<Record<string, Subject>>
  readonly others: Readonly<Record<string, Subject>>
}

/** A slow machine cuts off what would still have come: only what is found three times is a finding. */
async function judged(
  subjects: Subjects,
  bytes: string,
): Promise<{ readonly outcomes: Outcomes; readonly findings: readonly Finding[] }> {
  for (let attempt = 0; ; attempt += 1) {
    const outcomes = await playAll(subjects, bytes, attempt === 0 ? idleMs : patientMs)
    const findings = unexplained(findingsIn(outcomes), bytes)
    if (findings.length === 0 || attempt === 2) return { outcomes, findings }
    // What is still on its way belongs to this attempt.
    await sleep(patientMs)
  }
}

async function playAll({ lanes, others }: Subjects, bytes: string, ms: number): Promise<Outcomes> {
  const one = async (subjects: Subjects['lanes']): Promise<Record<string, Outcome>> => {
    const played = Object.entries(subjects).map(
      async ([name, subject]) => [name, await play(subject, bytes, ms)] as const,
    )
    return Object.fromEntries(await Promise.all(played))
  }
  const [byLanes, byOthers] = await Promise.all([one(lanes), one(others)])
  return { strict: readStrictly(bytes), lanes: byLanes, others: byOthers }
}

async function gateway(t: TestContext, transport: 'net' | 'http'): Promise<Subject> {
  const upstream = await openRecording()
  const stateDirectory = mkdtempSync(join(tmpdir(), 'serin-hostile-'))
  const it = await startGateway({ service: 'web', host: '127.0.0.1', port: 0, stateDirectory, transport })
  t.after(async () => {
    await it.drain(0)
    upstream.server.close()
    rmSync(stateDirectory, { recursive: true, force: true })
  })
  assert.equal(typeof (await it.apply(tableTo(upstream.url))), 'object')
  return { address: it.identity.address, upstream }
}

async function proxy(t: TestContext, open: typeof openNginx): Promise<Subject> {
  const upstream = await openRecording()
  const router = await openBareRouter(t, open)
  t.after(() => upstream.server.close())
  await router.apply(tableTo(upstream.url), never)
  return { address: (await router.observe(never)).address, upstream }
}

function tableTo(url: string): RoutingTable {
  return {
    service: 'web',
    revision: 1,
    salt: 'web/',
    unit: [{ header: 'x-user' }],
    arms: [{ version: 'v1', endpoints: [url], weightBp: 10_000 }],
    stable: 'v1',
    canary: null,
    rules: [],
    overrideHeader: null,
    measurement: { rollout: 'idle', latencyCutsMs: [], latencyFrom: 0 },
  }
}

import type { EvidenceSlot, RoutingTable } from '@serin/core'
import { routerContract } from '@serin/kit/contract'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemoryRouter } from './driver.ts'

routerContract('memory', async () => {
  let now = 0
  const router = openMemoryRouter({ now: () => (now += 1) })
  return {
    router,
    service: 'shop',
    endpoints: { v1: [], v2: [] },
    versionOf: async (unit) => {
      const decision = router.take({ headers: { 'x-user': unit } }, () => 'random')
      router.finish(decision?.version ?? '')
      return decision?.version ?? 'none'
    },
    leftovers: async () => (router.table === null ? [] : ['table']),
    close: async () => {},
  }
})

function slot(boot: string, seq: number): EvidenceSlot {
  return {
    boot,
    seq,
    at: seq,
    durationMs: 1_000,
    revision: 1,
    rollout: 'r',
    epoch: 0,
    weights: {},
    sticky: true,
    arms: {},
  }
}

test('a table with a mirror routes as one without, and nothing is copied', async () => {
  const router = openMemoryRouter({ now: () => 0 })
  const { signal } = new AbortController()
  const table: RoutingTable = {
    service: 'shop',
    revision: 1,
    salt: 'shop/',
    unit: [{ header: 'x-user' }],
    arms: [{ version: 'v1', endpoints: ['http://127.0.0.1:1'], weightBp: 10_000 }],
    stable: 'v1',
    canary: null,
    rules: [],
    overrideHeader: null,
    measurement: { rollout: 'r', latencyCutsMs: [], latencyFrom: 0 },
    mirror: {
      version: 'v2',
      endpoints: ['http://127.0.0.1:2'],
      shareBp: 10_000,
      methods: ['GET'],
      body: 'json',
      ignored: [],
      tolerance: 0,
      timeoutMs: 1_000,
    },
  }
  await router.apply(table, signal)
  assert.equal(router.take({}, () => 'random')?.version, 'v1')
  const { weights, inFlight } = await router.observe(signal)
  assert.deepEqual([weights, inFlight], [{ v1: 10_000 }, { v1: 1 }])
})

test('slots come after the cursor, in order, then live, until the reader goes', async () => {
  const router = openMemoryRouter({ now: () => 0 })
  for (const seq of [1, 2, 3]) router.emit(slot('a', seq))
  const stop = new AbortController()
  const seen: string[] = []
  for await (const { boot, seq } of router.slots({ boot: 'a', seq: 1 }, stop.signal)) {
    seen.push(`${boot}${seq}`)
    if (seen.length === 2) router.emit(slot('b', 1))
    if (seen.length === 3) {
      stop.abort()
    }
  }
  assert.deepEqual(seen, ['a2', 'a3', 'b1'])
})

test('a failing router rejects every verb and ends its streams', async () => {
  const router = openMemoryRouter({ now: () => 0 })
  const { signal } = new AbortController()
  const slots = router.slots(null, signal)[Symbol.asyncIterator]()
  const next = slots.next()
  router.failure = new Error('gone')
  assert.equal((await next).done, true)
  await assert.rejects(router.observe(signal), /gone/)
  router.failure = undefined
  assert.equal((await router.observe(signal)).revision, null)
})

import type { EvidenceSlot } from '@serin/core'
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

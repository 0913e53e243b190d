import type { Store } from '@serin/kit'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { openMemoryStore } from './memory/driver.ts'
import { openSqliteStore } from './sqlite/driver.ts'
import { temporaryDirectory } from './sqlite/testing/directory.ts'

const name = fc.constantFrom('a', 'b', 'service/shop', 'service/shop-1', 'rollout/shop-1', 'x')
const value = fc.jsonValue({ maxDepth: 3 }).map((one) => JSON.parse(JSON.stringify(one)) as unknown)
const commit = fc.record(
  {
    at: fc.nat(1_000),
    documents: fc.array(fc.record({ key: name, value }), { maxLength: 3 }),
    removed: fc.array(name, { maxLength: 2 }),
    journal: fc.array(
      fc.record({
        stream: name,
        kind: fc.string({ unit: 'grapheme' }),
        actor: fc.string(),
        data: fc.dictionary(fc.string(), value),
      }),
      { maxLength: 3 },
    ),
    evidence: fc.array(fc.record({ series: name, at: fc.nat(50), value }), { maxLength: 4 }),
  },
  { requiredKeys: ['at'] },
)
const step = fc.oneof(
  { weight: 4, arbitrary: commit.map((given) => (store: Store) => store.commit(given)) },
  fc.nat(60).map((before) => (store: Store) => store.expire(before)),
  fc.tuple(name, fc.nat(50), fc.nat(50)).map(
    ([series, from, to]) =>
      (store: Store) =>
        store.evidence(series, from, to),
  ),
  fc
    .record(
      { after: fc.nat(8), stream: name, limit: fc.integer({ min: 1, max: 5 }), newestFirst: fc.boolean() },
      { requiredKeys: [] },
    )
    .map((query) => (store: Store) => store.journal(query)),
  name.map((prefix) => (store: Store) => store.list(prefix)),
  name.map((key) => (store: Store) => store.get(key)),
)

test('whatever is asked, the durable store and the one in memory answer alike', () => {
  using directory = temporaryDirectory()
  let runs = 0
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const durable = openSqliteStore({ directory: `${directory.path}/${(runs += 1)}` })
      const memory = openMemoryStore()
      try {
        for (const act of [...steps, (store: Store) => store.verify()]) assert.deepEqual(act(durable), act(memory))
      } finally {
        durable.close()
      }
    }),
    { numRuns: 60 },
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { reconcile, type ReplicaFacts } from './reconcile.ts'

const replica = (index: number, more: Partial<ReplicaFacts> = {}): ReplicaFacts => ({
  index,
  current: true,
  ready: true,
  leaving: false,
  ...more,
})

test('nothing to do when as many run as wanted', () => {
  assert.deepEqual(reconcile(2, [replica(0), replica(1)]), { start: [], retire: [] })
})

test('missing replicas start at once, at the lowest free places', () => {
  assert.deepEqual(reconcile(4, [replica(1)]), { start: [0, 2, 3], retire: [] })
  assert.deepEqual(reconcile(1, [replica(0, { leaving: true })]), { start: [1], retire: [] })
})

test('the surplus goes, first who is not ready, then the last', () => {
  assert.deepEqual(reconcile(1, [replica(0), replica(1), replica(2)]).retire, [2, 1])
  assert.deepEqual(reconcile(1, [replica(0, { ready: false }), replica(1)]).retire, [0])
})

test('an old one goes only when a new one is ready in its place', () => {
  const old = { current: false }
  assert.deepEqual(reconcile(1, [replica(0, old)]), { start: [1], retire: [] })
  assert.deepEqual(reconcile(1, [replica(0, old), replica(1, { ready: false })]), { start: [], retire: [] })
  assert.deepEqual(reconcile(1, [replica(0, old), replica(1)]), { start: [], retire: [0] })
})

/** Plays the steps for long enough: whoever is started gets ready, whoever is retired goes. */
function settle(wanted: number, given: readonly ReplicaFacts[]): { replicas: readonly ReplicaFacts[]; fewest: number } {
  let replicas = given
  let fewest = Infinity
  for (let round = 0; round < 60; round += 1) {
    const { start, retire } = reconcile(wanted, replicas)
    const serving = replicas.filter((each) => each.ready && !each.leaving && !retire.includes(each.index)).length
    fewest = Math.min(fewest, serving)
    const ripened = replicas.map((each) => (each.current && !each.leaving ? { ...each, ready: true } : each))
    const next = ripened
      .filter((each) => !each.leaving)
      .map((each) => (retire.includes(each.index) ? { ...each, leaving: true, ready: false } : each))
    replicas = [...next, ...start.map((index) => replica(index, { ready: false }))]
  }
  return { replicas, fewest }
}

test('from anywhere the wanted number of current replicas is reached, with no place taken twice', () => {
  const facts = fc.uniqueArray(
    fc.record({ index: fc.nat(8), current: fc.boolean(), ready: fc.boolean(), leaving: fc.boolean() }),
    { selector: (each) => each.index, maxLength: 8 },
  )
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), facts, (wanted, given) => {
      const { replicas } = settle(wanted, given)
      assert.equal(replicas.length, wanted)
      assert.ok(replicas.every((each) => each.current && each.ready && !each.leaving))
      assert.equal(new Set(replicas.map((each) => each.index)).size, wanted)
    }),
  )
})

test('while old ones are replaced, as many serve as are wanted', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), (wanted) => {
      const old = Array.from({ length: wanted }, (_, index) => replica(index, { current: false }))
      assert.equal(settle(wanted, old).fewest, wanted)
    }),
  )
})

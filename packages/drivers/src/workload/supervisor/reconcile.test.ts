import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { reconcile, type ReplicaFacts } from './reconcile.ts'

const replica = (index: number, more: Partial<ReplicaFacts> = {}): ReplicaFacts => ({
  index,
  current: true,
  ready: true,
  launchedAt: index,
  parting: 'no',
  ...more,
})
const nothing = { start: [], keep: [], leave: [] }

test('nothing to do when as many run as wanted', () => {
  assert.deepEqual(reconcile(2, [replica(0), replica(1)]), nothing)
})

test('missing replicas start at once, at the lowest free places', () => {
  assert.deepEqual(reconcile(4, [replica(1)]), { ...nothing, start: [0, 2, 3] })
  assert.deepEqual(reconcile(1, [replica(0, { parting: 'dismissed' })]), { ...nothing, start: [1] })
})

test('who leaves is wanted again before another is started, the most useful first', () => {
  const leaving = { parting: 'leaving' } as const
  assert.deepEqual(reconcile(1, [replica(0, leaving)]), { ...nothing, keep: [0] })
  const several = [replica(0), replica(1, { ...leaving, ready: false }), replica(2, leaving), replica(3, leaving)]
  assert.deepEqual(reconcile(2, several), { ...nothing, keep: [2] })
  assert.deepEqual(reconcile(4, several), { ...nothing, keep: [2, 3, 1] })
  assert.deepEqual(reconcile(5, several), { ...nothing, keep: [2, 3, 1], start: [4] })
  assert.deepEqual(reconcile(2, [replica(0), replica(1, { ...leaving, current: false })]), { ...nothing, start: [2] })
})

test('the surplus leaves, first who is not ready, then who was started last', () => {
  assert.deepEqual(reconcile(1, [replica(0), replica(1), replica(2)]).leave, [2, 1])
  assert.deepEqual(reconcile(1, [replica(0, { ready: false }), replica(1)]).leave, [0])
  assert.deepEqual(reconcile(1, [replica(0, { launchedAt: 9 }), replica(1), replica(2)]).leave, [0, 2])
  const down = { ready: false, launchedAt: Infinity }
  assert.deepEqual(reconcile(1, [replica(0, down), replica(1, down), replica(2, { ready: false })]).leave, [1, 0])
  assert.deepEqual(reconcile(0, [replica(0)]).leave, [0])
})

test('an old one goes only when a new one is ready in its place', () => {
  const old = { current: false }
  assert.deepEqual(reconcile(1, [replica(0, old)]), { ...nothing, start: [1] })
  assert.deepEqual(reconcile(1, [replica(0, old), replica(1, { ready: false })]), nothing)
  assert.deepEqual(reconcile(1, [replica(0, old), replica(1)]), { ...nothing, leave: [0] })
})

/** Plays the steps for long enough: whoever is started gets ready, whoever leaves is dismissed, and then goes. */
function settle(wanted: number, given: readonly ReplicaFacts[]): { replicas: readonly ReplicaFacts[]; fewest: number } {
  let replicas = given
  let fewest = Infinity
  for (let round = 0; round < 60; round += 1) {
    const { start, keep, leave } = reconcile(wanted, replicas)
    const decided = replicas.map((each): ReplicaFacts => {
      if (keep.includes(each.index)) return { ...each, parting: 'no' }
      return leave.includes(each.index) ? { ...each, parting: 'leaving' } : each
    })
    fewest = Math.min(fewest, decided.filter((each) => each.ready && each.parting === 'no').length)
    const next = decided
      .filter((each) => each.parting !== 'dismissed')
      .map((each): ReplicaFacts => {
        if (each.parting === 'leaving') return leave.includes(each.index) ? each : { ...each, parting: 'dismissed' }
        return each.current ? { ...each, ready: true } : each
      })
    replicas = [...next, ...start.map((index) => replica(index, { ready: false, launchedAt: 100 + round }))]
  }
  return { replicas, fewest }
}

test('from anywhere the wanted number of current replicas is reached, with no place taken twice', () => {
  const facts = fc.uniqueArray(
    fc.record({
      index: fc.nat(8),
      current: fc.boolean(),
      ready: fc.boolean(),
      launchedAt: fc.oneof(fc.nat(5), fc.constant(Infinity)),
      parting: fc.constantFrom('no', 'leaving', 'dismissed'),
    }),
    { selector: (each) => each.index, maxLength: 8 },
  )
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), facts, (wanted, given) => {
      const { replicas } = settle(wanted, given)
      assert.equal(replicas.length, wanted)
      assert.ok(replicas.every((each) => each.current && each.ready && each.parting === 'no'))
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

import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replayed } from '../testing/arbitraries.ts'
import { xoshiro } from '../seeded/xoshiro.ts'
import {
  chiSquareFit,
  createAllocation,
  readAllocation,
  updateAllocation,
  type AllocationBatch,
  type AllocationState,
} from './srm.ts'

function folded(batches: readonly AllocationBatch[], start = createAllocation()): AllocationState {
  let state = start
  for (const batch of batches) {
    const updated = updateAllocation(state, batch)
    assert.ok(updated.ok, 'message' in updated ? updated.message : '')
    state = updated.state
  }
  return state
}

const shares = fc.double({ min: 0.01, max: 0.99, noNaN: true }).map((share) => [share, 1 - share] as const)
const counts = fc.tuple(fc.nat(300), fc.nat(300))

test('units that arrive as planned are not expected to add evidence, whatever came before', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(shares, counts), { maxLength: 5 }), shares, (past, next) => {
      const state = folded(past.map(([planned, seen]) => ({ shares: planned, counts: seen })))
      const one = [
        [1, 0],
        [0, 1],
      ].map((unit) => folded([{ shares: next, counts: unit }], state).logE - state.logE)
      const expected = next[0] * Math.exp(one[0] ?? 0) + next[1] * Math.exp(one[1] ?? 0)
      assert.ok(Math.abs(expected - 1) < 1e-6, String(expected))
    }),
  )
})

test('within a stage shards add up in any order; a change of share begins another stage', () => {
  fc.assert(
    fc.property(shares, fc.array(counts, { maxLength: 6 }), (planned, all) => {
      const batches = all.map((seen) => ({ shares: planned, counts: seen }))
      const whole = [0, 1].map((arm) => all.reduce((sum, seen) => sum + (seen[arm] ?? 0), 0))
      const one = folded([...batches, { shares: planned, counts: [0, 0] }])
      const other = folded([{ shares: planned, counts: whole }])
      assert.ok(Math.abs(one.logE - other.logE) <= 1e-9 * (1 + Math.abs(other.logE)))
      assert.deepEqual(replayed(one), one)
    }),
  )
  const first = { shares: [0.5, 0.5], counts: [40, 60], stage: 'a' }
  const [same, split] = ['a', 'b'].map((stage) => folded([first, { ...first, stage }]).logE)
  assert.notEqual(same, split)
})

test('a split of 60 to 40 where half was planned is found after some 460 units, a right one hardly ever', () => {
  const units = (share: number, seed: number, most: number): number => {
    const uniform = xoshiro(seed)
    let state = createAllocation()
    for (let seen = 10; seen <= most; seen += 10) {
      let canary = 0
      for (let i = 0; i < 10; i += 1) if (uniform() < share) canary += 1
      state = folded([{ shares: [0.5, 0.5], counts: [canary, 10 - canary] }], state)
      if (state.logE >= Math.log(1_000)) return seen
    }
    return Infinity
  }
  const found = Array.from({ length: 60 }, (_, run) => units(0.6, run, 5_000)).sort((a, b) => a - b)
  const median = found[30] ?? Infinity
  assert.ok(median >= 350 && median <= 600, String(median))
  const wrong = Array.from({ length: 60 }, (_, run) => units(0.5, run, 3_000)).filter((seen) => seen < Infinity)
  assert.equal(wrong.length, 0)
})

test('a reading needs a unit; the p-value never rises, and a report has the chi-square', () => {
  const empty = readAllocation(createAllocation())
  assert.ok(!empty.ok && empty.reason === 'insufficient')
  const bad = folded([{ shares: [0.5, 0.5], counts: [400, 600] }])
  const healed = folded([{ shares: [0.5, 0.5], counts: [600, 400] }], bad)
  const [early, late] = [readAllocation(bad), readAllocation(healed)]
  assert.ok(early.ok && late.ok && late.logE < early.logE && late.pValue === early.pValue)
  assert.deepEqual(late.observed, [1_000, 1_000])
  assert.equal(late.chiSquarePValue, 1)
  assert.ok(early.chiSquarePValue < 1e-9)
})

test('chi-square leaves out arms without weight, and says nothing about one arm', () => {
  assert.equal(chiSquareFit([10, 20, 5], [1, 2, 0]), 1)
  assert.equal(chiSquareFit([10], [1]), 1)
  assert.equal(chiSquareFit([0, 0], [1, 1]), 1)
  assert.ok(Math.abs(chiSquareFit([60, 40], [1, 1]) - 0.04550026389635842) < 1e-12)
})

test('a batch that cannot be true is refused', () => {
  const started = folded([{ shares: [0.5, 0.5], counts: [1, 1] }])
  const wrong: AllocationBatch[] = [
    { shares: [1], counts: [1] },
    { shares: [0.5, 0.5], counts: [1] },
    { shares: [0.5, 0.6], counts: [1, 1] },
    { shares: [0, 1], counts: [1, 1] },
    { shares: [0.5, 0.5], counts: [-1, 1] },
    { shares: [0.5, 0.5], counts: [Number.NaN, 1] },
    { shares: [0.2, 0.3, 0.5], counts: [1, 1, 1] },
  ]
  for (const batch of wrong) {
    const refusal = updateAllocation(started, batch)
    assert.ok(!refusal.ok && refusal.reason === 'invalid' && refusal.message.endsWith('.'), JSON.stringify(batch))
  }
  assert.throws(() => createAllocation({ concentrations: [] }), RangeError)
})

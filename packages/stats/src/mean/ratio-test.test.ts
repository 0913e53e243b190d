import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replayed } from '../testing/arbitraries.ts'
import { normal, xoshiro } from '../seeded/xoshiro.ts'
import type { BucketCell } from './hash-buckets.ts'
import { closeRatioStage, createRatioTest, readRatioTest, updateRatioTest, type RatioTestState } from './ratio-test.ts'
import type { RatioBatch } from './stages.ts'

function folded(start: RatioTestState, batches: readonly RatioBatch[]): RatioTestState {
  let state = start
  for (const batch of batches) {
    const updated = updateRatioTest(state, batch)
    assert.ok(updated.ok, 'message' in updated ? updated.message : '')
    state = updated.state
  }
  return state
}

/** One outcome for each of many units. */
function units(seed: number, count: number, draw: (uniform: () => number) => number): BucketCell[] {
  const uniform = xoshiro(seed)
  return Array.from({ length: count }, () => [Math.floor(uniform() * 256), draw(uniform), 1])
}

const around = (mean: number) => (uniform: () => number) => mean + normal(uniform)

test('a clear worsening is harm, a clear sameness is safe, whichever way is worse', () => {
  for (const worse of ['up', 'down'] as const) {
    const bad = worse === 'up' ? 11 : 9
    const start = createRatioTest({ worse, plannedEffect: 0.05 })
    const harmed = readRatioTest(
      folded(start, [{ canary: units(1, 2_000, around(bad)), stable: units(2, 2_000, around(10)) }]),
      { marginRatio: 0.05 },
    )
    assert.ok(harmed.ok && (harmed.logEHarm ?? 0) > 20 && (harmed.logENonInferiority ?? 0) < 0, worse)
    assert.ok(Math.sign(harmed.difference) === (worse === 'up' ? 1 : -1) && harmed.low * harmed.high > 0)
    const same = readRatioTest(
      folded(start, [{ canary: units(3, 2_000, around(10)), stable: units(4, 2_000, around(10)) }]),
      { marginRatio: 0.05 },
    )
    assert.ok(same.ok && (same.logEHarm ?? 0) < 2 && (same.logENonInferiority ?? 0) > 20, worse)
    assert.ok(same.low < 0 && same.high > 0)
  }
})

test('the margin of a negative mean is a worsening too', () => {
  const start = createRatioTest({ worse: 'up', plannedEffect: 0.2 })
  const read = (mean: number) =>
    readRatioTest(folded(start, [{ canary: units(5, 4_000, around(mean)), stable: units(6, 4_000, around(-10)) }]), {
      marginRatio: 0.1,
    })
  const [within, beyond] = [read(-9.5), read(-8)]
  assert.ok(within.ok && (within.logENonInferiority ?? 0) > 10, 'worse by 5 % of 10')
  assert.ok(beyond.ok && (beyond.logENonInferiority ?? 0) < 0 && (beyond.logEHarm ?? 0) > 10, 'worse by 20 % of 10')
})

test('the larger of the two margins is allowed, judged at the mean frozen when the floors were met', () => {
  const start = createRatioTest({ worse: 'up', plannedEffectAbs: 0.5 })
  const state = folded(start, [{ canary: units(7, 3_000, around(10)), stable: units(8, 3_000, around(10)) }])
  const [relative, absolute] = [0.1, 0.01].map((marginRatio) => readRatioTest(state, { marginRatio, marginAbs: 0.5 }))
  assert.ok(relative?.ok && Math.abs(relative.allowed - 1) < 0.02)
  assert.ok(absolute?.ok && absolute.allowed === 0.5)
  const anchor = state.anchorMean ?? 0
  assert.ok(Math.abs(anchor - 10) < 0.1)
  assert.equal(folded(state, [{ canary: [], stable: units(9, 9_000, around(20)) }]).anchorMean, anchor)
})

test('floors: a hundred units, thirty buckets, and outcomes that were seen or due', () => {
  const start = createRatioTest({ worse: 'up' })
  const zeros = (count: number, buckets: number): BucketCell[] =>
    Array.from({ length: count }, (_, i) => [i % buckets, 0, 1])
  const ones = (count: number): BucketCell[] =>
    Array.from({ length: count }, (_, i) => [i % 200, i % 4 === 0 ? 1 : 0, 1])
  const cases: [string, readonly BucketCell[], readonly BucketCell[]][] = [
    ['100 are needed', zeros(99, 99), ones(500)],
    ['30 are needed', zeros(500, 29), ones(500)],
    ['10 are needed', zeros(100, 100), zeros(500, 100)],
  ]
  for (const [sentence, canary, stable] of cases) {
    const refusal = readRatioTest(folded(start, [{ canary, stable }]))
    assert.ok(!refusal.ok && refusal.reason === 'insufficient' && refusal.message.includes(sentence), sentence)
  }
  const spotless = readRatioTest(folded(start, [{ canary: zeros(400, 100), stable: ones(500) }]))
  assert.ok(spotless.ok && spotless.logEHarm === null, 'a spotless canary can be safe, and is not judged for harm')
})

test('counts of outcomes that the caller knows take the place of the counts of cells', () => {
  const start = createRatioTest({ worse: 'up' })
  const cells = Array.from({ length: 40 }, (_, bucket): BucketCell => [bucket, bucket < 5 ? 4 : 0, 10])
  const blind = readRatioTest(folded(start, [{ canary: cells, stable: cells }]))
  assert.equal(blind.ok, false)
  const told = readRatioTest(folded(start, [{ canary: cells, stable: cells, nonZero: { canary: 20, stable: 20 } }]))
  assert.equal(told.ok, true)
  const wrong = updateRatioTest(start, { canary: cells, stable: cells, nonZero: { canary: -1, stable: 0 } })
  assert.ok(!wrong.ok && wrong.reason === 'invalid')
})

test('stages are compared within themselves: a drifting mean under a growing share is no difference', () => {
  const batches = [0.02, 0.1, 0.5].map((share, i) => ({
    stage: share,
    canary: units(20 + i, 4_000 * share, around(10 + 3 * i)),
    stable: units(30 + i, 4_000 * (1 - share), around(10 + 3 * i)),
  }))
  const question = { marginRatio: 0.05 }
  const stratified = readRatioTest(folded(createRatioTest({ worse: 'up' }), batches), question)
  assert.ok(stratified.ok && Math.abs(stratified.difference) < 3 * stratified.standardError)
  const pooled = readRatioTest(
    folded(
      createRatioTest({ worse: 'up' }),
      batches.map(({ canary, stable }) => ({ canary, stable })),
    ),
    question,
  )
  assert.ok(pooled.ok && pooled.difference > 5 * pooled.standardError, 'pooling them would be Simpson’s paradox')
})

test('closing a stage by hand changes no evidence', () => {
  const state = folded(createRatioTest({ worse: 'up' }), [
    { stage: 'a', canary: units(40, 600, around(5)), stable: units(41, 600, around(5)) },
  ])
  const [open, closed] = [readRatioTest(state), readRatioTest(closeRatioStage(state))]
  assert.ok(open.ok && closed.ok)
  for (const field of ['difference', 'standardError', 'low', 'high'] as const)
    assert.ok(Math.abs(open[field] - closed[field]) < 1e-12, field)
})

test('within a stage shards add up in any order', () => {
  const batch = fc.record({
    canary: fc.array(fc.tuple(fc.nat(255), fc.integer({ min: 0, max: 9 }), fc.nat(9)), { maxLength: 80 }),
    stable: fc.array(fc.tuple(fc.nat(255), fc.integer({ min: 0, max: 9 }), fc.nat(9)), { maxLength: 80 }),
  })
  fc.assert(
    fc.property(fc.array(batch, { maxLength: 6 }), (batches) => {
      const start = { ...createRatioTest({ worse: 'up' }), anchorMean: 1 }
      const one = folded(start, batches)
      const other = folded(start, batches.toReversed())
      const whole = folded(start, [
        { canary: batches.flatMap(({ canary }) => canary), stable: batches.flatMap(({ stable }) => stable) },
      ])
      assert.deepEqual(one, other)
      assert.deepEqual(one, whole)
      assert.deepEqual(replayed(one), one)
    }),
  )
})

test('whatever comes in, readings are finite or a refusal', () => {
  const number = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: -100, max: 100 }) },
    { weight: 1, arbitrary: fc.double() },
    { weight: 1, arbitrary: fc.constantFrom(1e100, -1e100, 1.7e308, 1e-300, Number.NaN, Infinity) },
  )
  const cell = fc.tuple(fc.oneof(fc.nat(255), fc.double()), number, number)
  const many = fc.array(cell, { maxLength: 40 })
  const solid = fc.array(fc.tuple(fc.nat(255), number, fc.integer({ min: 1, max: 50 })), {
    minLength: 60,
    maxLength: 120,
  })
  const arm = fc.oneof(many, solid)
  const batch = fc.record({ stage: fc.oneof(fc.nat(3), fc.double(), fc.constant('s')), canary: arm, stable: arm })
  fc.assert(
    fc.property(
      fc.array(batch, { maxLength: 5 }),
      fc.constantFrom('up' as const, 'down' as const),
      (batches, worse) => {
        let state = createRatioTest({ worse, plannedEffectAbs: 0.1 })
        for (const each of batches) {
          const updated = updateRatioTest(state, each)
          if (updated.ok) state = updated.state
          else assert.equal(updated.reason, 'invalid')
          const reading = readRatioTest(state, { marginAbs: 0.1 })
          if (!reading.ok) continue
          const values = [reading.difference, reading.standardError, reading.low, reading.high, reading.allowed]
          for (const value of [...values, reading.logEHarm ?? 0, reading.logENonInferiority ?? 0])
            assert.ok(Number.isFinite(value), `${value} of ${JSON.stringify(each)}`)
        }
        assert.deepEqual(replayed(state), state)
      },
    ),
    { numRuns: 300 },
  )
})

test('options and questions without a meaning are errors of the programmer', () => {
  assert.throws(() => createRatioTest({ worse: 'up', plannedEffect: 0 }), RangeError)
  assert.throws(() => createRatioTest({ worse: 'sideways' as 'up' }), RangeError)
  assert.throws(() => createRatioTest({ worse: 'up', plannedEffectAbs: Number.NaN }), RangeError)
  assert.throws(() => createRatioTest({ worse: 'up', buckets: 8 }), RangeError)
  const state = createRatioTest({ worse: 'up' })
  assert.throws(() => readRatioTest(state, { alpha: 0.6 }), RangeError)
  assert.throws(() => readRatioTest(state, { marginRatio: -1 }), RangeError)
})

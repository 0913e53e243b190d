import { emptyHistogram, histogramOf } from '@serin/stats'
import { normal, xoshiro } from '@serin/stats/seeded'
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Plan } from '../plan.ts'
import { baselineSamples, chooseCuts, errorsQuestion, guardCut, latencyQuestion, marginAt, targetsOf } from './setup.ts'
import { setupOf } from './testing/setups.ts'

const latencies = (count: number) => {
  const uniform = xoshiro(1)
  return histogramOf(Array.from({ length: count }, () => 50 * Math.exp(0.6 * normal(uniform))))
}

test('cuts are stable’s own quantiles, rising, as many as its traffic allows, and none when it is too little', () => {
  assert.deepEqual(chooseCuts(emptyHistogram()), [])
  assert.deepEqual(chooseCuts(latencies(baselineSamples - 1)), [])
  const few = chooseCuts(latencies(baselineSamples))
  assert.deepEqual(
    few.map((cut) => cut.quantile),
    [0.5, 0.75, 0.9, 0.95],
  )
  const many = chooseCuts(latencies(20_000))
  assert.equal(many.length, 6)
  for (const [i, cut] of many.slice(1).entries()) assert.ok(cut.cutMs > (many[i]?.cutMs ?? Infinity))
})

test('promotion is judged at the asked quantile, or at the highest below it that is known', () => {
  const setup = setupOf({ cuts: chooseCuts(latencies(300)) })
  assert.deepEqual(
    [50, 75, 90, 95, 99].map((quantile) => setup.cuts[guardCut(setup, quantile)]?.quantile),
    [0.5, 0.75, 0.9, 0.95, 0.95],
  )
  assert.equal(guardCut(setupOf({ cuts: [] }), 95), -1)
})

test('a step may lead to the shares after it, and the last to everything', () => {
  const steps = [0, 500, 2_500, 2_500, 5_000].map((weightBp) => ({ weightBp, holdMs: 0, pause: false }))
  const plan: Plan = { strategy: 'canary', stable: 'v1', canary: 'v2', steps, deadlineMs: 1 }
  assert.deepEqual(targetsOf(plan), [500, 2_500, 5_000, 10_000])
  assert.deepEqual(targetsOf({ ...plan, steps: [] }), [10_000])
})

test('a margin is the same harm to the service at every share, and itself at 100 %', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 10_000 }), (margin, targetBp) => {
      assert.ok(Math.abs(marginAt(margin, targetBp) * (targetBp / 10_000) - margin) < 1e-12)
      assert.equal(marginAt(margin, 10_000), margin)
    }),
  )
})

test('what is asked comes from the metrics, and nothing is asked about what nobody watches', () => {
  const setup = setupOf({})
  const targetsBp = [2_500, 5_000, 10_000]
  const errorsAsked = { marginRatio: 0.25, marginAbs: 0.005, unitTrials: true, targetsBp }
  assert.deepEqual(errorsQuestion(setup), errorsAsked)
  const { marginAbs, ...latencyAsked } = latencyQuestion(setup) ?? { marginAbs: Number.NaN }
  assert.deepEqual(latencyAsked, { marginRatio: 0.5, unitTrials: false, targetsBp })
  assert.ok(Math.abs(marginAbs - 0.025) < 1e-12, 'half of the 5 % that were above the cut when it was chosen')
  assert.deepEqual([errorsQuestion(setupOf({ metrics: {} })), latencyQuestion(setupOf({ metrics: {} }))], [null, null])
})

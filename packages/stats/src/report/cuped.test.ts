import assert from 'node:assert/strict'
import { test } from 'node:test'
import { normal, xoshiro } from '../seeded/xoshiro.ts'
import type { Uniform } from '../seeded/xoshiro.ts'
import { compareMeans } from './contrast.ts'
import { compareCupedRatios } from './cuped-ratio.ts'
import type { CupedRatioSums, Four } from './cuped-ratio.ts'
import { compareCuped } from './cuped.ts'
import type { CupedSums } from './cuped.ts'
import { sampleOfSums } from './sample.ts'

const period = { covariateUntilMs: 1000, exposureFromMs: 1000 }

/** Units whose outcome is made of what they did before, an effect, and noise. */
function arm(uniform: Uniform, units: number, effect: number, weight = 0.8): CupedSums {
  const sums = { units, sum: 0, sumSquares: 0, preSum: 0, preSumSquares: 0, product: 0 }
  for (let i = 0; i < units; i += 1) {
    const pre = 5 + normal(uniform)
    const post = 5 + weight * (pre - 5) + effect + 0.6 * normal(uniform)
    sums.sum += post
    sums.sumSquares += post * post
    sums.preSum += pre
    sums.preSumSquares += pre * pre
    sums.product += pre * post
  }
  return sums
}

test('the covariate takes its part of the variance out, and the estimate stays where it was', () => {
  const uniform = xoshiro(7)
  const arms = { stable: arm(uniform, 4000, 0), canary: arm(uniform, 4000, 0.05) }
  const adjusted = compareCuped(arms, { period })
  const plain = compareMeans({ stable: sampleOfSums(arms.stable), canary: sampleOfSums(arms.canary) })
  assert.ok(adjusted.ok && plain.ok)
  // r² is 0.64: theta 0.8, 36 % of the variance left.
  assert.ok(Math.abs(adjusted.theta - 0.8) < 0.05 && Math.abs(adjusted.varianceRatio - 0.36) < 0.04)
  assert.ok(Math.abs(adjusted.standardError / plain.standardError - Math.sqrt(adjusted.varianceRatio)) < 1e-9)
  assert.ok(Math.abs(adjusted.estimate - 0.05) < 4 * adjusted.standardError)
})

test('the relative effect keeps its level, and beats the plain test (seeded)', () => {
  const uniform = xoshiro(0xc0be)
  const runs = 1000
  let alarms = 0
  let found = 0
  let foundPlain = 0
  for (let run = 0; run < runs; run += 1) {
    const stable = arm(uniform, 80, 0)
    const none = compareCuped({ stable, canary: arm(uniform, 40, 0) }, { period, difference: 'relative' })
    const canary = arm(uniform, 40, 0.4)
    const some = compareCuped({ stable, canary }, { period, difference: 'relative' })
    const plain = compareMeans({ stable: sampleOfSums(stable), canary: sampleOfSums(canary) })
    assert.ok(none.ok && some.ok && plain.ok)
    if (none.pValue <= 0.05) alarms += 1
    if (some.pValue <= 0.05) found += 1
    if (plain.pValue <= 0.05) foundPlain += 1
  }
  assert.ok(alarms / runs <= 0.05 + 4 * Math.sqrt((0.05 * 0.95) / runs), `${alarms} false of ${runs}`)
  assert.ok(found > 1.3 * foundPlain, `${found} found with, ${foundPlain} without the covariate`)
})

test('a covariate that does not vary is left alone', () => {
  const uniform = xoshiro(3)
  const flat = ({ units, sum, sumSquares }: CupedSums): CupedSums => ({
    units,
    sum,
    sumSquares,
    preSum: 2 * units,
    preSumSquares: 4 * units,
    product: 2 * sum,
  })
  const arms = { stable: flat(arm(uniform, 500, 0)), canary: flat(arm(uniform, 500, 0)) }
  const adjusted = compareCuped(arms, { period })
  const plain = compareMeans({ stable: sampleOfSums(arms.stable), canary: sampleOfSums(arms.canary) })
  assert.ok(adjusted.ok && plain.ok && adjusted.theta === 0 && Math.abs(adjusted.varianceRatio - 1) < 1e-12)
  assert.ok(Math.abs(adjusted.estimate - plain.estimate) < 1e-12 && Math.abs(adjusted.pValue - plain.pValue) < 1e-9)
})

test('a mean is a ratio whose denominators are 1', () => {
  const uniform = xoshiro(11)
  const arms = { stable: arm(uniform, 900, 0), canary: arm(uniform, 300, 0.1) }
  const asRatio = (s: CupedSums): CupedRatioSums => ({
    units: s.units,
    sums: [s.sum, s.units, s.preSum, s.units],
    products: [
      [s.sumSquares, s.sum, s.product, s.sum],
      [s.sum, s.units, s.preSum, s.units],
      [s.product, s.preSum, s.preSumSquares, s.preSum],
      [s.sum, s.units, s.preSum, s.units],
    ],
  })
  for (const difference of ['absolute', 'relative'] as const) {
    const options = { period, difference, theta: 0.75 }
    const mean = compareCuped(arms, options)
    const ratio = compareCupedRatios({ stable: asRatio(arms.stable), canary: asRatio(arms.canary) }, options)
    assert.ok(mean.ok && ratio.ok)
    assert.ok(Math.abs(mean.estimate - ratio.estimate) < 1e-12)
    // The gradients of the relative effect are taken at the unadjusted and at the adjusted ratio; they agree to first order.
    assert.ok(Math.abs(mean.standardError / ratio.standardError - 1) < (difference === 'absolute' ? 1e-9 : 0.02))
  }
})

test('a covariate from after exposure, an empty arm and a mean of 0 are refused', () => {
  const uniform = xoshiro(5)
  const good = arm(uniform, 100, 0)
  const late = compareCuped({ stable: good, canary: good }, { period: { covariateUntilMs: 2, exposureFromMs: 1 } })
  assert.ok(!late.ok && late.reason === 'invalid')
  const empty = { units: 0, sum: 0, sumSquares: 0, preSum: 0, preSumSquares: 0, product: 0 }
  const none = compareCuped({ stable: good, canary: empty }, { period })
  assert.ok(!none.ok && none.reason === 'insufficient')
  const broken = compareCuped({ stable: good, canary: { ...good, preSum: Number.NaN } }, { period })
  assert.ok(!broken.ok && broken.reason === 'invalid')
  const zero = compareCuped(
    { stable: { ...good, sum: 0, sumSquares: 100 }, canary: good },
    { period, difference: 'relative' },
  )
  assert.ok(!zero.ok)
  const nothing: Four = [0, 0, 0, 0]
  const noRatio = { units: 9, sums: nothing, products: [nothing, nothing, nothing, nothing] } as const
  assert.ok(!compareCupedRatios({ stable: noRatio, canary: noRatio }, { period }).ok)
})

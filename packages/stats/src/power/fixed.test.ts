import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { binomialProbability } from '../numeric/discrete.ts'
import { studentSurvival } from '../numeric/beta.ts'
import type { Refusal } from '../refusal.ts'
import { compareProportions } from '../report/proportions.ts'
import { wrongValues } from '../testing/reference.ts'
import { planDurationMs } from './duration.ts'
import { furtherPower } from './further.ts'
import { meanDetectable, meanPower, meanSampleSize } from './mean.ts'
import type { MeanPlan } from './mean.ts'
import { proportionDetectable, proportionPower, proportionSampleSize } from './proportion.ts'
import { noncentralSurvival, studentPower, studentSampleSize } from './student.ts'

function must<T extends { readonly ok: true }>(value: T | Refusal): T {
  if (!value.ok) throw new Error(value.message)
  return value
}

const share = fc.constantFrom(0.01, 0.1, 0.5, 0.8)
const alternative = fc.constantFrom('two-sided' as const, 'greater' as const, 'less' as const)
const plans = fc.record({
  variance: fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
  alpha: fc.constantFrom(0.001, 0.01, 0.05),
  share,
  alternative,
})
const part = fc.double({ min: 0.02, max: 0.8, noNaN: true })

test('a sample size has the power it was asked for, and one unit less in each arm has not', () => {
  fc.assert(
    fc.property(plans, part, fc.constantFrom(0.5, 0.8, 0.95), (plan, size, power) => {
      const effect = (plan.alternative === 'less' ? -1 : 1) * size * Math.sqrt(plan.variance)
      const units = must(meanSampleSize({ ...plan, effect }, { power }))
      const got = must(meanPower({ ...plan, effect }, units)).power
      assert.ok(got >= power - 1e-9, `${got} for ${power}`)
      const fewer = { stable: units.stable - 1, canary: units.canary - 1 }
      if (fewer.stable < 2 || fewer.canary < 2) return
      // The far tail of a two-sided look is worth less than a thousandth.
      assert.ok(must(meanPower({ ...plan, effect }, fewer)).power < power + 1e-3)
    }),
  )
})

test('a detectable effect is found with the power asked for, relative or not', () => {
  fc.assert(
    fc.property(
      plans,
      fc.constantFrom('absolute' as const, 'relative' as const),
      fc.constantFrom(-3, 0.7, 20),
      (options, difference, mean) => {
        const plan: MeanPlan = { ...options, difference, mean, variance: (options.variance / 1e6) * mean * mean }
        const units = { stable: 900, canary: 300 }
        const detectable = meanDetectable(plan, units, { power: 0.9 })
        if (!detectable.ok) return assert.equal(detectable.reason, 'insufficient')
        const got = must(meanPower({ ...plan, effect: detectable.effect }, units)).power
        assert.ok(Math.abs(got - 0.9) < 1e-6, `${got}`)
        assert.equal(detectable.effect < 0, options.alternative === 'less')
      },
    ),
  )
})

test('16 σ² / δ² is two percent more than the exact number, 21 and 23.4 are the other well-known ones', () => {
  const per = (alpha: number, power: number): number =>
    must(meanSampleSize({ variance: 1e8, effect: 1, alpha }, { power })).canary / 1e8
  assert.ok(Math.abs(per(0.05, 0.8) - 15.698) < 1e-3)
  assert.ok(Math.abs(per(0.05, 0.9) - 21.015) < 1e-3 && Math.abs(per(0.01, 0.8) - 23.358) < 1e-3)
  const rare = must(meanSampleSize({ variance: 4, effect: 0.5, share: 0.1 }))
  // z² σ² / (δ² share (1 - share)) in all.
  assert.ok(Math.abs(rare.total / ((7.8488797 * 4) / (0.25 * 0.09)) - 1) < 0.005)
  assert.equal(rare.ruleOfThumbPerArm, 256)
})

test('noncentral t as SciPy gives it, and central t without an effect', () => {
  assert.deepEqual(
    wrongValues(
      noncentralSurvival,
      [
        [2.0, 10, 1.5, 0.340845927558],
        [2.1, 3, 0.5, 0.131895661893],
        [1.0, 1, 2.0, 0.848886553084],
        [3.4, 200, 6.0, 0.994874389744],
        [-1.0, 5, -0.5, 0.666535702687],
      ],
      1e-11,
    ),
    [],
  )
  for (const [t, df] of [
    [0.5, 1],
    [2.2, 7],
    [4, 300],
  ] as const)
    assert.ok(Math.abs(noncentralSurvival(t, df, 0) / studentSurvival(t, df) - 1) < 1e-9)
  assert.throws(() => noncentralSurvival(1, 0, 1), RangeError)
})

test('Student’s plans are the ones G*Power prints in its manual', () => {
  // d = 0.5, α = 0.05, power 0.95, two-sided: 105 per arm; d = 0.5, power 0.8: 64 per arm.
  assert.deepEqual(must(studentSampleSize({ variance: 1, effect: 0.5 }, { power: 0.95 })), {
    ok: true,
    stable: 105,
    canary: 105,
    total: 210,
  })
  assert.equal(must(studentSampleSize({ variance: 1, effect: 0.5 })).total, 128)
  assert.ok(
    Math.abs(must(studentPower({ variance: 1, effect: 0.5 }, { stable: 64, canary: 64 })).power - 0.80146) < 1e-5,
  )
  // One-sided: 51 per arm.
  assert.equal(must(studentSampleSize({ variance: 1, effect: -0.5, alternative: 'less' })).total, 102)
  assert.ok(!studentPower({ variance: 1, effect: 1 }, { stable: 1, canary: 5 }).ok)
  assert.ok(!studentSampleSize({ variance: 1, effect: 0 }).ok)
})

/** P(the pooled z test rejects), by going through every pair of counts. */
function enumerated(rates: { stable: number; canary: number }, units: number): number {
  let power = 0
  for (let x = 0; x <= units; x += 1) {
    const p = binomialProbability(x, units, rates.stable)
    if (p < 1e-12) continue
    for (let y = 0; y <= units; y += 1) {
      const both = p * binomialProbability(y, units, rates.canary)
      if (both < 1e-14) continue
      const reading = compareProportions({ stable: { units, events: x }, canary: { units, events: y } })
      if (reading.ok && reading.pValue <= 0.05) power += both
    }
  }
  return power
}

test('the power of two proportions is what enumeration of all tables gives', () => {
  for (const [stable, canary, units] of [
    [0.3, 0.45, 150],
    [0.2, 0.3, 120],
  ] as const) {
    const exact = enumerated({ stable, canary }, units)
    const plan = { rate: stable, effect: canary - stable }
    const { power } = must(proportionPower(plan, { stable: units, canary: units }))
    assert.ok(Math.abs(power - exact) < 0.03, `${power} for ${exact}`)
  }
})

test('plans for proportions agree with each other', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.001, max: 0.6, noNaN: true }),
      fc.constantFrom(0.1, 0.25, 0.5),
      share,
      fc.constantFrom('two-sided' as const, 'greater' as const),
      (rate, effect, canaryShare, side) => {
        const plan = { rate, effect, difference: 'relative', share: canaryShare, alternative: side } as const
        const size = must(proportionSampleSize(plan))
        assert.ok(must(proportionPower(plan, size)).power >= 0.8 - 1e-6)
        const found = must(proportionDetectable(plan, size))
        assert.ok(found.effect <= effect * (1 + 1e-6) && found.effect > 0.8 * effect, `${found.effect} for ${effect}`)
      },
    ),
  )
})

test('how long a plan takes', () => {
  const size = must(meanSampleSize({ variance: 1, effect: 0.1 }))
  const { durationMs } = must(planDurationMs(size, { unitsPerSecond: 10 }))
  assert.equal(durationMs, size.total * 100)
  assert.ok(!planDurationMs(size, { unitsPerSecond: 0 }).ok)
})

test('a plan without sense is refused', () => {
  const units = { stable: 100, canary: 100 }
  for (const [result, reason] of [
    [meanPower({ variance: 0, effect: 1 }, units), 'insufficient'],
    [meanPower({ variance: 1, effect: Number.NaN }, units), 'invalid'],
    [meanPower({ variance: 1, effect: 1 }, { stable: 1, canary: 100 }), 'insufficient'],
    [meanPower({ variance: 1, effect: 1 }, { stable: -1, canary: 100 }), 'invalid'],
    [meanPower({ variance: 1, effect: 1, varianceFactor: 0 }, units), 'invalid'],
    [meanSampleSize({ variance: 1, effect: 0 }), 'insufficient'],
    [meanSampleSize({ variance: 1, effect: 1, alternative: 'less' }), 'insufficient'],
    [meanSampleSize({ variance: 1, effect: 0.1, difference: 'relative' }), 'invalid'],
    [meanSampleSize({ variance: 1, effect: 0.1, difference: 'relative', mean: 0 }), 'insufficient'],
    [meanDetectable({ variance: 1e9, difference: 'relative', mean: 1 }, units), 'insufficient'],
    [proportionPower({ rate: 0, effect: 0.1 }, units), 'insufficient'],
    [proportionPower({ rate: 0.5, effect: 0.6 }, units), 'invalid'],
    [proportionSampleSize({ rate: 0.5, effect: 0 }), 'insufficient'],
    [proportionDetectable({ rate: 0.5 }, { stable: 3, canary: 3 }), 'insufficient'],
    [furtherPower({ variance: 0, scaling: 1, effect: 1 }), 'insufficient'],
    [furtherPower({ variance: 1, scaling: -1, effect: 1 }), 'invalid'],
    [furtherPower({ variance: 1, scaling: 1, effect: 1, prior: { mean: 0, variance: 0 } }), 'invalid'],
  ] as const)
    assert.ok(!result.ok && result.reason === reason, JSON.stringify(result))
  assert.throws(() => meanPower({ variance: 1, effect: 1, share: 1 }, units), RangeError)
  assert.throws(() => meanSampleSize({ variance: 1, effect: 1 }, { power: 0.01 }), RangeError)
})

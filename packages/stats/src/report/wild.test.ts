import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeKayenta } from '../kayenta/judge.ts'
import { furtherPower } from '../power/further.ts'
import { meanDetectable, meanPower, meanSampleSize } from '../power/mean.ts'
import { proportionDetectable, proportionPower, proportionSampleSize } from '../power/proportion.ts'
import { bayesReading } from './bayes.ts'
import { compareMeans } from './contrast.ts'
import { compareCupedRatios } from './cuped-ratio.ts'
import { compareCuped } from './cuped.ts'
import { effectSize } from './effect-size.ts'
import { mannWhitney } from './mann-whitney.ts'
import { compareProportions } from './proportions.ts'
import { quantileEffect, quantileEstimate } from './quantile.ts'
import { sampleOfEvents, sampleOfRatio, sampleOfSums, sampleOfValues } from './sample.ts'

const number = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -3, max: 60 }) },
  { weight: 2, arbitrary: fc.double({ min: -1e3, max: 1e3, noNaN: true }) },
  { weight: 1, arbitrary: fc.double() },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, 5e-324, 1e-300, 1e15, 1.7e308, -1.7e308, Number.NaN, Infinity) },
)
const list = fc.array(number, { maxLength: 8 })
const difference = fc.constantFrom('absolute' as const, 'relative' as const)
const alternative = fc.constantFrom('two-sided' as const, 'greater' as const, 'less' as const)
const period = { covariateUntilMs: 0, exposureFromMs: 0 }

/** Every number in a result, however deep. */
function numbersIn(value: unknown): readonly number[] {
  if (typeof value === 'number') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : []
}

/** A typed refusal that ends its sentence, or numbers that are numbers. */
function honest(result: { readonly ok: boolean }): void {
  if (!result.ok) {
    const { reason, message } = result as { reason?: unknown; message?: unknown }
    assert.ok(
      (reason === 'insufficient' || reason === 'invalid') && String(message).endsWith('.'),
      JSON.stringify(result),
    )
    return
  }
  assert.ok(!numbersIn(result).some(Number.isNaN), JSON.stringify(result))
  const { pValue, power } = result as { pValue?: number; power?: number }
  for (const chance of [pValue, power]) if (chance !== undefined) assert.ok(chance >= 0 && chance <= 1, `${chance}`)
}

test('no report gives NaN, whatever it is asked: numbers or a refusal', () => {
  fc.assert(
    fc.property(list, list, difference, alternative, (stable, canary, scale, side) => {
      const options = { difference: scale, alternative: side }
      const arms = { stable: sampleOfValues(stable), canary: sampleOfValues(canary) }
      honest(compareMeans(arms, options))
      honest(effectSize(arms))
      honest(mannWhitney({ stable, canary }, { alternative: side }))
      honest(quantileEstimate(stable, { q: 0.5, alpha: 0.3 }))
      const metric = { name: 'm', groups: ['g'] }
      honest(judgeKayenta({ metrics: [metric] }, [{ name: 'm', stable, canary }]))
    }),
  )
  const eight = fc.tuple(number, number, number, number, number, number, number, number)
  fc.assert(
    fc.property(eight, eight, difference, (a, b, scale) => {
      const [units, sum, sumSquares, preSum, preSumSquares, product] = a
      const cuped = { units, sum, sumSquares, preSum, preSumSquares, product }
      const other = { units: b[0], sum: b[1], sumSquares: b[2], preSum: b[3], preSumSquares: b[4], product: b[5] }
      honest(compareCuped({ stable: cuped, canary: other }, { period, difference: scale }))
      honest(compareMeans({ stable: sampleOfSums(cuped), canary: sampleOfSums(other) }, { difference: scale }))
      honest(compareProportions({ stable: { units: a[0], events: a[1] }, canary: { units: b[0], events: b[1] } }))
      honest(sampleOfEvents({ units: a[0], events: a[1] }))
      const ratio = (v: typeof a) => ({
        units: v[0],
        num: v[1],
        numSquares: v[2],
        den: v[3],
        denSquares: v[4],
        product: v[5],
      })
      honest(compareMeans({ stable: sampleOfRatio(ratio(a)), canary: sampleOfRatio(ratio(b)) }, { difference: scale }))
      const four = (v: typeof a, from: number) =>
        [v[from] ?? 0, v[from + 1] ?? 0, v[from + 2] ?? 0, v[from + 3] ?? 0] as const
      const sums = (v: typeof a) => ({
        units: v[0],
        sums: four(v, 1),
        products: [four(v, 1), four(v, 2), four(v, 3), four(v, 4)] as const,
      })
      honest(compareCupedRatios({ stable: sums(a), canary: sums(b) }, { period, difference: scale }))
      honest(bayesReading({ estimate: a[0], standardError: a[1] }, { prior: { mean: a[2], variance: a[3] } }))
      const bounds = (v: typeof a) => ({ estimate: v[5], low: v[6], high: v[7] })
      honest(quantileEffect({ stable: bounds(a), canary: bounds(b) }, { difference: scale }))
    }),
    { numRuns: 400 },
  )
})

test('no plan gives NaN either', () => {
  const six = fc.tuple(number, number, number, number, number, number)
  fc.assert(
    fc.property(six, difference, alternative, (v, scale, side) => {
      const units = { stable: v[0], canary: v[1] }
      const mean = { variance: v[2], mean: v[3], effect: v[4], difference: scale, alternative: side }
      const rate = { rate: v[2] / 60, effect: v[4] / 60, difference: scale, alternative: side }
      honest(meanPower(mean, units))
      honest(meanSampleSize(mean))
      honest(meanDetectable(mean, units))
      honest(proportionPower(rate, units))
      honest(proportionSampleSize(rate))
      honest(proportionDetectable(rate, units))
      honest(furtherPower({ variance: v[2], scaling: v[3], effect: v[4] }))
      honest(furtherPower({ variance: v[2], scaling: v[3], effect: v[4], prior: { mean: v[0], variance: v[1] } }))
    }),
    { numRuns: 400 },
  )
})

import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addToBuckets, bucketRatio, emptyBuckets } from '../mean/hash-buckets.ts'
import { normal, xoshiro } from '../seeded/xoshiro.ts'
import { compareMeans, effectOf, normalReading } from './contrast.ts'
import type { MeanReading, ReportOptions } from './contrast.ts'
import { effectSize, meanRatio } from './effect-size.ts'
import { sampleOfBuckets, sampleOfEvents, sampleOfRatio, sampleOfSums, sampleOfValues } from './sample.ts'
import type { Sample } from './sample.ts'

const values = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 2, maxLength: 20 })

function read(stable: readonly number[], canary: readonly number[], options?: ReportOptions): MeanReading | null {
  const reading = compareMeans({ stable: sampleOfValues(stable), canary: sampleOfValues(canary) }, options)
  return reading.ok ? reading : null
}

test('Welch’s t as SciPy gives it', () => {
  const reading = read([1, 2, 3, 4.5], [5, 6, 7, 9])
  assert.ok(reading && Math.abs(reading.t - 3.6368558739346932) < 1e-12)
  assert.ok(Math.abs(reading.df - 5.894779219942673) < 1e-12 && Math.abs(reading.pValue - 0.011216498571373268) < 1e-13)
})

test('the unit of the metric changes nothing but the numbers told in it', () => {
  fc.assert(
    fc.property(values, values, fc.constantFrom(1e-12, 1e-3, 1e9), (stable, canary, unit) => {
      const scaled = read(
        stable.map((x) => x * unit),
        canary.map((x) => x * unit),
      )
      const plain = read(stable, canary)
      if (!plain || !scaled) return
      assert.ok(Math.abs(scaled.estimate - unit * plain.estimate) <= 1e-9 * unit * 1e3)
      assert.ok(Math.abs(scaled.pValue - plain.pValue) <= 1e-6)
    }),
  )
})

test('an interval excludes 0 exactly when its test rejects', () => {
  const alternatives = ['two-sided', 'greater', 'less'] as const
  fc.assert(
    fc.property(values, values, fc.constantFrom(...alternatives), (stable, canary, alternative) => {
      const reading = read(stable, canary, { alternative, alpha: 0.1 })
      if (!reading || Math.abs(reading.pValue - 0.1) < 1e-9) return
      const excluded = (reading.low ?? -1) > 0 || (reading.high ?? 1) < 0
      assert.equal(excluded, reading.pValue < 0.1)
      assert.ok(reading.pValue >= 0 && reading.pValue <= 1 && !Number.isNaN(reading.df))
    }),
  )
})

test('a large mean costs no digits of the variance', () => {
  const shifted = sampleOfValues([1e12 + 1, 1e12 + 2, 1e12 + 3, 1e12 + 4])
  assert.ok(shifted.ok && Math.abs(shifted.variance - 5 / 3) < 1e-12)
})

test('a ratio over units is what the ratio over buckets with one unit each is', () => {
  const pairs = [
    [12, 10],
    [15, 12],
    [9, 8],
    [20, 15],
    [11, 10],
    [14, 11],
  ] as const
  const sum = (f: (pair: readonly [number, number]) => number): number => pairs.reduce((t, pair) => t + f(pair), 0)
  const units = sampleOfRatio({
    units: pairs.length,
    num: sum(([y]) => y),
    numSquares: sum(([y]) => y * y),
    den: sum(([, x]) => x),
    denSquares: sum(([, x]) => x * x),
    product: sum(([y, x]) => y * x),
  })
  const filled = addToBuckets(
    emptyBuckets(),
    pairs.map(([y, x], bucket) => [bucket, y, x] as const),
    256,
  )
  assert.ok(filled.ok && units.ok)
  const ratio = bucketRatio(filled.state)
  assert.ok(ratio.ok)
  const buckets = sampleOfBuckets(ratio)
  assert.ok(buckets.ok && Math.abs(buckets.mean - units.mean) < 1e-15)
  assert.ok(Math.abs(buckets.variance / units.variance - 1) < 1e-12)
})

test('arms that cannot be judged are refused with the right reason', () => {
  const good = sampleOfValues([1, 2, 3]) as Sample
  for (const [arm, reason] of [
    [sampleOfValues([]), 'insufficient'],
    [sampleOfValues([1]), 'insufficient'],
    [sampleOfValues([2, 2, 2]), 'insufficient'],
    [sampleOfValues([1, Number.NaN]), 'invalid'],
    [sampleOfValues([1, Infinity]), 'invalid'],
    [sampleOfSums({ units: 0, sum: 0, sumSquares: 0 }), 'insufficient'],
    [sampleOfSums({ units: -3, sum: 1, sumSquares: 1 }), 'invalid'],
    [sampleOfSums({ units: 3, sum: 30, sumSquares: 1 }), 'insufficient'],
    [sampleOfEvents({ units: 10, events: 0 }), 'insufficient'],
    [sampleOfEvents({ units: 10, events: 11 }), 'invalid'],
    [sampleOfEvents({ units: 0, events: 0 }), 'insufficient'],
    [sampleOfRatio({ units: 1, num: 1, numSquares: 1, den: 1, denSquares: 1, product: 1 }), 'insufficient'],
    [sampleOfRatio({ units: 5, num: 1, numSquares: 1, den: 0, denSquares: 0, product: 0 }), 'insufficient'],
    [sampleOfBuckets({ ratio: 1, variance: 0, nonEmpty: 40 }), 'insufficient'],
  ] as const) {
    assert.ok(!arm.ok && arm.reason === reason, JSON.stringify(arm))
    for (const arms of [
      { stable: arm, canary: good },
      { stable: good, canary: arm },
    ])
      assert.deepEqual([compareMeans(arms), effectSize(arms)], [arm, arm])
  }
  const centred = sampleOfValues([-1, 0, 1])
  assert.ok(!compareMeans({ stable: centred, canary: good }, { difference: 'relative' }).ok)
  assert.throws(() => compareMeans({ stable: good, canary: good }, { alpha: 1 }), RangeError)
  assert.ok(!normalReading({ estimate: 1, standardError: 0 }).ok)
  assert.ok(!meanRatio(0, 1).ok && !meanRatio(1, 0).ok)
})

test('a relative effect is the absolute one with an uncertain unit', () => {
  const effect = effectOf({ stable: { mean: -4, variance: 0.04 }, canary: { mean: -2, variance: 0.09 } }, 'relative')
  assert.ok(effect.ok && effect.estimate === 0.5)
  assert.ok(Math.abs(effect.standardError - Math.sqrt(0.09 / 16 + (0.04 * 4) / 256)) < 1e-15)
})

test('effect sizes of a textbook pair', () => {
  const size = effectSize({ stable: sampleOfValues([1, 2, 3, 4.5]), canary: sampleOfValues([5, 6, 7, 9]) })
  // With arms of one size t is d / √(1/n + 1/n).
  assert.ok(size.ok && Math.abs(size.cohenD - 3.6368558739346932 * Math.sqrt(0.5)) < 1e-12)
  assert.ok(Math.abs(size.hedgesG - size.cohenD * (1 - 3 / 23)) < 1e-12 && size.standardError > 0)
})

test('Welch keeps its level with unequal arms and spreads at one look (seeded)', () => {
  const uniform = xoshiro(0xe1c4)
  const runs = 1500
  let alarms = 0
  for (let run = 0; run < runs; run += 1) {
    const stable = Array.from({ length: 60 }, () => 1 + normal(uniform))
    const canary = Array.from({ length: 12 }, () => 1 + 3 * normal(uniform))
    if ((read(stable, canary)?.pValue ?? 1) <= 0.05) alarms += 1
  }
  assert.ok(Math.abs(alarms / runs - 0.05) < 4 * Math.sqrt((0.05 * 0.95) / runs), `${alarms} of ${runs}`)
})

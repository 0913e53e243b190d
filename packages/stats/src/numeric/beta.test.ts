import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  betaCdf,
  betaSurvival,
  binomialSurvival,
  fSurvival,
  studentQuantile,
  studentSurvival,
  studentUpperQuantile,
} from './beta.ts'
import { wrongValues } from '../testing/reference.ts'

test('the incomplete beta function', () => {
  assert.deepEqual(
    wrongValues(betaCdf, [
      [0.1, 2, 3, 0.0523],
      [0.9, 0.5, 0.5, 0.7951672353008665],
      [1e-10, 1, 1, 1e-10],
      [0.5, 100, 100, 0.5],
      [0.001, 5, 2000, 0.05292418452310129],
      [0.9999, 3, 0.1, 0.5401945780423334],
      [0.3, 30000, 70000, 0.500367062336614],
      [0.295, 30000, 70000, 0.00026956964154077227],
    ]),
    [],
  )
  assert.deepEqual([betaCdf(0, 2, 3), betaCdf(1, 2, 3)], [0, 1])
})

test('the tail of Student’s t', () => {
  assert.deepEqual(
    wrongValues(
      studentSurvival,
      [
        [0.0037, 45_066, 0.4985239251189488],
        [0.5, 1, 0.35241638234956674],
        [2, 3, 0.0696629842794216],
        [2, 1000000, 0.022750266925659603],
        [37, 1000000, 9.149865430901131e-300],
        [50, 2.5, 4.0652475424793605e-5],
        [1e10, 1, 3.1830988618379065e-11],
        [12, 7, 3.17915518909255e-6],
        [3, 0.5, 0.18365407799297173],
        [1e-8, 3, 0.499999996324474],
        [0.9999, 3, 0.19552178534522255],
        [1.5, 4.7, 0.09877075043139891],
        [8, 30, 3.1329112378503795e-9],
        [20, 1e5, 4.111746955327181e-89],
        [36.5, 2e6, 6.923647758216392e-292],
        [500, 100, 4.9456673231391855e-172],
        [3e4, 40, 5.669115080992133e-149],
        [1e30, 10, 1.2304687499999997e-296],
        [1e150, 2, 5e-301],
        [2.5e300, 1, 1.2732395447351627e-301],
      ],
      1e-12,
    ),
    [],
  )
})

test('the tails of beta and F, far ones included', () => {
  assert.deepEqual(
    wrongValues(betaCdf, [
      [1e-100, 3, 5, 3.5000000000000004e-299],
      [1e-30, 10, 2, 1.1000000000000009e-299],
      [0.45, 5000, 5000, 5.924818244475018e-24],
    ]),
    [],
  )
  assert.deepEqual(
    wrongValues(betaSurvival, [
      [0.5, 2, 3, 0.3125],
      [0.999, 2, 30, 3.0970000000000826e-89],
      [0.02, 3, 20_000, 2.671756693966041e-171],
      [0, 2, 3, 1],
      [1, 2, 3, 0],
    ]),
    [],
  )
  assert.deepEqual(
    wrongValues(
      fSurvival,
      [
        [0, 3, 4, 1],
        [1, 1, 1, 0.5],
        [0.01, 3, 7, 0.9984952470401117],
        [3.5, 2, 10, 0.07042962777237426],
        [1000, 5, 20, 2.842651321874846e-23],
        [250, 6, 500, 5.449070898221973e-147],
        [50, 200, 300, 5.822277273964311e-161],
        [7, 1000, 1000, 5.181224944920411e-182],
        [1e6, 4, 100, 4.01806635097747e-229],
        [1e200, 3, 2, 1e-200],
      ],
      1e-12,
    ),
    [],
  )
})

test('quantiles of t in the far tail', () => {
  assert.deepEqual(
    wrongValues(
      studentUpperQuantile,
      [
        [1e-300, 1, 3.1830988618379066e299],
        [1e-300, 50, 6675289.062943936],
        [1e-300, 1e5, 37.174670665466216],
        [1e-200, 3.5, 1.6382839680970653e57],
        [1e-15, 1000, 8.070281832298525],
        [1e-10, 2, 70710.67810804815],
        [0.005, 14.6, 2.9582067202827087],
        [0.025, 5, 2.5705818356363155],
        [0.4, 7, 0.2631668613520228],
        [0.5, 7, 0],
        [0.6, 7, -0.2631668613520228],
      ],
      1e-12,
    ),
    [],
  )
  assert.equal(studentQuantile(1e-300, 50), -studentUpperQuantile(1e-300, 50))
})

test('the tail of the binomial', () => {
  assert.deepEqual(
    wrongValues(binomialSurvival, [
      [1, 10, 0.1, 0.6513215599],
      [7, 10, 0.5, 0.171875],
      [30, 1000, 0.01, 2.0599888509719576e-7],
      [60, 1000, 0.01, 1.8438279840122013e-27],
      [10, 10, 0.3, 5.9049e-6],
    ]),
    [],
  )
  assert.deepEqual([binomialSurvival(0, 5, 0.5), binomialSurvival(6, 5, 0.5)], [1, 0])
})

test('quantiles of t are where the tail is p', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-12, max: 0.5, noNaN: true }),
      fc.double({ min: 0.5, max: 1e5, noNaN: true }),
      (p, df) => {
        const t = studentQuantile(1 - p, df)
        assert.ok(Math.abs(studentSurvival(t, df) - (1 - (1 - p))) <= 1e-9 * p + 1e-15, `${p} ${df}`)
      },
    ),
  )
})

test('arguments without a meaning are refused', () => {
  assert.throws(() => betaCdf(1.1, 1, 1), RangeError)
  assert.throws(() => betaCdf(0.5, 0, 1), RangeError)
  assert.throws(() => studentSurvival(Number.NaN, 1), RangeError)
  assert.throws(() => studentQuantile(1, 1), RangeError)
  assert.throws(() => studentUpperQuantile(0, 1), RangeError)
  assert.throws(() => studentUpperQuantile(0.1, 0), RangeError)
  assert.throws(() => betaSurvival(-0.1, 1, 1), RangeError)
  assert.throws(() => fSurvival(1, 0, 1), RangeError)
  assert.throws(() => binomialSurvival(1, 2, 1.5), RangeError)
})

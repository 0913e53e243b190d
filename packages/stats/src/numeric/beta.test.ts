import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { betaCdf, binomialSurvival, studentQuantile, studentSurvival } from './beta.ts'
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
      ],
      1e-10,
    ),
    [],
  )
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
  assert.throws(() => binomialSurvival(1, 2, 1.5), RangeError)
})

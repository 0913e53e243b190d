import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chiSquareSurvival, gammaSurvival, halfDeviance, lgamma, logBeta, stirlingTail } from './gamma.ts'
import { wrongValues } from '../testing/reference.ts'

test('the logarithm of gamma', () => {
  // Near its zeros at 1 and 2 the error is absolute.
  const nearZero = (x: number): boolean => Math.abs(x - 1) < 1e-3
  const rows = [
    [1e-300, 690.7755278982137],
    [1e-10, 23.025850929882736],
    [0.1, 2.252712651734206],
    [0.5, 0.5723649429247001],
    [0.999999, 5.77216487368967e-7],
    [1.000001, -5.772148424349001e-7],
    [1.5, -0.12078223763524522],
    [2.5, 0.2846828704729192],
    [9.99, 12.779315214350193],
    [10, 12.801827480081469],
    [10.01, 12.824350262448247],
    [100.25, 360.28455963776423],
    [12345.678, 103959.91990554606],
    [1e10, 220258509288.81058],
    [1e300, 6.897755278982137e302],
  ] as const satisfies [number, number][]
  assert.deepEqual(
    wrongValues(
      lgamma,
      rows.filter(([x]) => !nearZero(x)),
    ),
    [],
  )
  for (const [x, wanted] of rows.filter(([x]) => nearZero(x))) assert.ok(Math.abs(lgamma(x) - wanted) < 1e-14)
  for (const x of [0, -1, Number.NaN]) assert.throws(() => lgamma(x), RangeError)
})

test('the logarithm of beta keeps its digits when arguments are huge', () => {
  assert.deepEqual(
    wrongValues(logBeta, [
      [0.5, 0.5, 1.1447298858494002],
      [1e-5, 3, 11.512910465032729],
      [0.001, 1e8, 6.888758204644897],
      [3, 7, -5.529429087511423],
      [9.5, 9.5, -13.016778366438517],
      [2.5, 1e6, -34.254095399436515],
      [300000, 700000, -610869.5105474516],
      [1e9, 1e9, -1386294370.2160115],
      [1e12, 5, -134.9770517493048],
      [12, 1e15, -396.9630088930544],
    ]),
    [],
  )
})

test('the upper incomplete gamma function, far tails included', () => {
  assert.deepEqual(
    wrongValues(gammaSurvival, [
      [0.5, 0.1, 0.654720846018577],
      [0.5, 20, 2.539628589470865e-10],
      [0.5, 300, 1.674167984691788e-132],
      [1, 1, 0.36787944117144233],
      [5, 2, 0.9473469826562888],
      [5, 60, 5.060046065842574e-21],
      [100, 80, 0.9828916869648668],
      [100, 130, 0.002750408367306526],
      [5000, 5100, 0.07932888107761897],
      [0.01, 1e-8, 0.16348974531476665],
      [5000, 4800, 0.9978972045192696],
      [0.5, 690, 4.661158455673913e-302],
      [1, 690.5, 1.3172258525345525e-300],
      [3, 700, 2.4225323864783197e-299],
      [1e6, 1.02e6, 3.8098103227133604e-88],
      [2.5, 1e-6, 0.9999999999999997],
    ]),
    [],
  )
  assert.deepEqual([gammaSurvival(3, 0), gammaSurvival(3, Infinity)], [1, 0])
})

test('the tail of chi-square, far ones included', () => {
  assert.deepEqual(
    wrongValues(
      chiSquareSurvival,
      [
        [1e-8, 1, 0.9999202115440526],
        [0.5, 3, 0.9188914116546758],
        [30, 3, 1.3800570312932547e-6],
        [100, 1, 1.523970604832105e-23],
        [500, 2, 2.6691902155412764e-109],
        [900, 1000, 0.9892827619087102],
        [1200, 0.5, 6.0224709756659956e-264],
        [1370, 1, 6.942937364643268e-300],
        [1380, 2, 2.171738281389827e-300],
        [1400, 4, 6.911633257175599e-302],
        [3500, 1000, 1.0443523005432747e-273],
        [14_000, 10_000, 1.5842193947826072e-140],
        [1.05e6, 1e6, 2.185638417489726e-265],
        [2200, 200, 0],
      ],
      1e-12,
    ),
    [],
  )
})

test('a chi-square p-value falls with the statistic and is never negative or above 1', () => {
  const x = fc.double({ min: 0, max: 2_000, noNaN: true })
  fc.assert(
    fc.property(x, x, fc.integer({ min: 1, max: 300 }), (a, b, df) => {
      const [low, high] = a < b ? [a, b] : [b, a]
      const [p, q] = [chiSquareSurvival(low, df), chiSquareSurvival(high, df)]
      assert.ok(0 <= q && q <= p * (1 + 1e-9) && p <= 1, `${low} ${high} ${df}: ${p} ${q}`)
    }),
  )
})

test('what Stirling leaves, and half the deviance, keep their digits', () => {
  assert.deepEqual(
    wrongValues(stirlingTail, [
      [0.5, 0.15342640972002736],
      [1, 0.08106146679532726],
      [9.999, 0.008331396020466343],
      [10, 0.00833056343336287],
      [1e6, 8.333333333333056e-8],
    ]),
    [],
  )
  assert.deepEqual(
    wrongValues(halfDeviance, [
      [0, 3, 3],
      [1, 2, 0.3068528194400547],
      [1e6, 1000001, 4.999996666669167e-7],
      [5e5, 499316, 0.46828312293012503],
      [3, 3, 0],
    ]),
    [],
  )
})

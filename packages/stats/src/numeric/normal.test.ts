import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { erfc, erfcx, lnNormalCdf, normalCdf, normalQuantile, normalSurvival } from './normal.ts'
import { wrongValues } from '../testing/reference.ts'

test('the upper tail keeps its digits down to 1e-300', () => {
  assert.deepEqual(
    wrongValues(normalSurvival, [
      [-8, 0.9999999999999993],
      [-1, 0.8413447460685429],
      [0, 0.5],
      [0.5, 0.3085375387259869],
      [1.959963984540054, 0.025000000000000015],
      [5, 2.866515718791939e-7],
      [10, 7.619853024160525e-24],
      [20, 2.7536241186062337e-89],
      [37, 5.725571222524577e-300],
    ]),
    [],
  )
})

test('the logarithm of the lower tail is finite and right at every scale', () => {
  assert.deepEqual(
    wrongValues(lnNormalCdf, [
      [-1e8, -5000000000000019.0],
      [-1000, -500007.82669481216],
      [-40, -804.6084420137538],
      [-5.000001, -15.065003580493176],
      [-4.999999, -15.064993207485243],
      [-1, -1.8410216450092636],
      [0, -Math.LN2],
      [1, -0.17275377902344988],
      [5, -2.866516129637636e-7],
      [9, -1.1285884059538405e-19],
    ]),
    [],
  )
})

test('the scaled complementary error function', () => {
  assert.deepEqual(
    wrongValues(erfcx, [
      [-5, 144009798674.66104],
      [-1, 5.008980080762283],
      [0, 1.0],
      [0.3, 0.7345993345676551],
      [1.99, 0.2564678367195299],
      [2, 0.25539567631050575],
      [2.01, 0.25433187656081824],
      [10, 0.05614099274382259],
      [1e5, 5.6418958351954685e-6],
      [1e150, 5.641895835477563e-151],
    ]),
    [],
  )
})

test('quantiles, and both tails are one function', () => {
  assert.deepEqual(
    wrongValues(normalQuantile, [
      [1e-300, -37.0470962993612],
      [1e-100, -21.273453560965326],
      [1e-16, -8.222082216130435],
      [1e-10, -6.361340902404057],
      [0.001, -3.0902323061678136],
      [0.025, -1.9599639845400543],
      [0.3, -0.5244005127080408],
      [0.5, 0.0],
      [0.7, 0.5244005127080408],
      [0.975, 1.9599639845400543],
      [0.999, 3.0902323061678136],
    ]),
    [],
  )
  fc.assert(
    fc.property(fc.double({ min: -37, max: 5, noNaN: true }), (z) => {
      const p = normalCdf(z)
      assert.ok(Math.abs(normalQuantile(p) - z) <= 1e-9 * Math.max(1, Math.abs(z)), `${z}`)
      assert.equal(normalSurvival(-z), p)
    }),
  )
})

test('the error function is monotone and never NaN for a finite number', () => {
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true })
  fc.assert(
    fc.property(finite, finite, (a, b) => {
      const [low, high] = a < b ? [a, b] : [b, a]
      assert.ok(erfc(low) >= erfc(high))
      assert.ok(!Number.isNaN(erfcx(a)) && !Number.isNaN(lnNormalCdf(a)))
    }),
  )
  for (const p of [0, 1, -0.1, Number.NaN]) assert.throws(() => normalQuantile(p), RangeError)
})

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
      [2.8284272, 0.002338866940652925],
      [8.3, 5.205569744890254e-17],
      [15.5, 1.7344607917938702e-54],
      [26.5, 4.8461626603033206e-155],
      [30, 4.906713927148187e-198],
      [33.3, 1.93050550592784e-243],
      [36.9, 2.3105244811406173e-298],
      [37.04, 1.3009091878442307e-300],
      [37.5, 4.605353009581955e-308],
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
      [1e-310, -37.663060331949524],
      [1e-307, -37.479332564321574],
      [1e-300, -37.0470962993612],
      [3e-250, -33.76709524079094],
      [1e-200, -30.20559417957964],
      [1e-100, -21.273453560965326],
      [1e-50, -14.933337534788489],
      [1e-20, -9.262340089798407],
      [1e-16, -8.222082216130435],
      [1e-7, -5.1993375821928165],
      [1e-10, -6.361340902404057],
      [0.001, -3.0902323061678136],
      [0.02425, -1.972961051311885],
      [0.025, -1.9599639845400543],
      [0.3, -0.5244005127080408],
      [0.499999, -2.5066282745665593e-6],
      [0.4999999, -2.506628274703107e-7],
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

import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wrongValues } from '../testing/reference.ts'
import { binomialCdf, binomialProbability, hypergeometricProbability, hypergeometricTails } from './discrete.ts'

test('binomial probabilities at any size', () => {
  assert.deepEqual(
    wrongValues(
      binomialProbability,
      [
        [0, 10, 0.1, 0.3486784401],
        [10, 10, 0.3, 5.9048999999999975e-6],
        [3, 10, 0.5, 0.1171875],
        [500, 1000, 0.5, 0.0252250181783608],
        [300_100, 1_000_000, 0.3, 0.0008500006284572618],
        [20, 1_000_000, 1e-5, 0.0018660066711785178],
        [900, 1000, 0.5, 5.958935980362645e-162],
        [1_000_000, 2_000_000, 0.49, 9.97423099226899e-178],
        [11, 10, 0.5, 0],
        [0, 10, 0, 1],
        [10, 10, 1, 1],
      ],
      1e-12,
    ),
    [],
  )
  assert.deepEqual(
    wrongValues(binomialCdf, [
      [3, 10, 0.5, 0.171875],
      [5.7, 10, 0.5, 0.623046875],
      [0, 50, 0.2, 1.4272476927059589e-5],
      [100, 1000, 0.5, 6.701717790006296e-162],
      [290_000, 1_000_000, 0.3, 1.57355489937845e-106],
      [-1, 10, 0.5, 0],
      [10, 10, 0.5, 1],
    ]),
    [],
  )
  assert.throws(() => binomialProbability(1, 2, 2), RangeError)
  assert.throws(() => binomialCdf(1, -2, 0.5), RangeError)
})

test('tails of draws without replacement', () => {
  const rows = [
    [3, 10, 15, 8, 0.2736842105263158, 0.3331807780320366, 0.3931350114416476],
    [0, 5, 5, 5, 0, 0.003968253968253968, 0.996031746031746],
    [40, 1000, 9000, 120, 0.9999999999979357, 1.6349857298096898e-12, 4.293207425587379e-13],
    [300, 1000, 9000, 500, 1, 2.06817082644433e-182, 1.1533079866730352e-183],
    [7, 200_000, 800_000, 30, 0.6069704581181744, 0.1538228140493117, 0.23920672783251387],
  ] as const
  for (const [k, first, second, drawn, below, at, above] of rows) {
    const tails = hypergeometricTails(k, { first, second, drawn })
    const near = (got: number, wanted: number): boolean => Math.abs(got - wanted) <= 1e-11 * wanted
    assert.ok(near(tails.below, below) && near(tails.at, at) && near(tails.above, above), JSON.stringify({ k, tails }))
  }
  // So far out that no double can say it: the whole of the rest is on the other side.
  assert.deepEqual(hypergeometricTails(0, { first: 5000, second: 5000, drawn: 5000 }), { below: 0, at: 0, above: 1 })
  assert.equal(hypergeometricProbability(6, { first: 5, second: 5, drawn: 6 }), 0)
})

test('the parts of a hypergeometric add up to one', () => {
  const size = fc.integer({ min: 1, max: 300 })
  fc.assert(
    fc.property(size, size, size, fc.nat(300), (first, second, part, at) => {
      const drawn = 1 + (part % (first + second))
      const low = Math.max(0, drawn - second)
      const k = low + (at % (Math.min(first, drawn) - low + 1))
      const { below, at: here, above } = hypergeometricTails(k, { first, second, drawn })
      assert.ok(Math.abs(below + here + above - 1) < 1e-12)
    }),
  )
})

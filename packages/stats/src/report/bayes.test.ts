import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wrongValues } from '../testing/reference.ts'
import { bayesReading, effectFromInterval, expectedExcess } from './bayes.ts'

test('expected excess keeps its digits in the tail', () => {
  assert.deepEqual(
    wrongValues(
      expectedExcess,
      [
        [0, 1, 0.3989422804014327],
        [-5, 1, 5.346165533832815e-8],
        [-30, 2, 4.852050175057966e-52],
        [-37, 1, 1.5451991905122e-301],
        [3, 1, 3.0003821543170477],
      ],
      1e-12,
    ),
    [],
  )
})

test('both risks differ by the estimate, and exchanging the direction exchanges them', () => {
  const effect = fc.record({
    estimate: fc.double({ min: -10, max: 10, noNaN: true }),
    standardError: fc.double({ min: 1e-6, max: 10, noNaN: true }),
  })
  const priors = fc.option(
    fc.record({
      mean: fc.double({ min: -1, max: 1, noNaN: true }),
      variance: fc.double({ min: 1e-6, max: 10, noNaN: true }),
    }),
  )
  fc.assert(
    fc.property(effect, priors, (seen, prior) => {
      const up = bayesReading(seen, { prior })
      const down = bayesReading(seen, { prior, better: 'down' })
      assert.ok(up.ok && down.ok)
      assert.ok(
        Math.abs(up.riskOfKeeping - up.riskOfShipping - up.estimate) <= 1e-12 * Math.max(1, Math.abs(up.estimate)),
      )
      assert.deepEqual([up.riskOfKeeping, up.riskOfShipping], [down.riskOfShipping, down.riskOfKeeping])
      assert.ok(Math.abs(up.chanceToWin + down.chanceToWin - 1) < 1e-12)
      assert.ok(up.standardError <= seen.standardError * (1 + 1e-12) && up.low <= up.estimate && up.estimate <= up.high)
      if (prior) {
        const [least, most] = [Math.min(prior.mean, seen.estimate), Math.max(prior.mean, seen.estimate)]
        assert.ok(up.estimate >= least - 1e-9 && up.estimate <= most + 1e-9)
      }
    }),
  )
})

test('what cannot be judged is refused', () => {
  for (const effect of [
    { estimate: 1, standardError: 0 },
    { estimate: Number.NaN, standardError: 1 },
    { estimate: 1, standardError: Infinity },
  ])
    assert.ok(!bayesReading(effect).ok)
  const improper = bayesReading({ estimate: 1, standardError: 1 }, { prior: { mean: 0, variance: 0 } })
  assert.ok(!improper.ok && improper.reason === 'invalid')
  assert.ok(!effectFromInterval({ estimate: 1, low: null, high: null }, 0.05).ok)
  assert.ok(!effectFromInterval({ estimate: 1, low: 1, high: 1 }, 0.05).ok)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { normal, xoshiro, type Uniform } from '../seeded/xoshiro.ts'
import { logAverageOverDeals, type Alike } from './deals.ts'

/** ln of the average by going through all deals. */
function byHand(weights: readonly number[], dealt: number): number {
  let sum = 0
  let ways = 0
  const deal = (from: number, left: number, product: number): void => {
    if (left === 0) {
      sum += product
      ways += 1
      return
    }
    for (let i = from; i <= weights.length - left; i += 1) deal(i + 1, left - 1, product * (weights[i] ?? 0))
  }
  deal(0, dealt, 1)
  return Math.log(sum / ways)
}

const groupsOf = (uniform: Uniform, groups: number, spread: number, most: number): Alike[] =>
  Array.from({ length: groups }, () => ({
    logWeight: spread * normal(uniform),
    count: Math.floor(uniform() * (most + 1)),
  }))

test('the average over all deals is what counting them gives', () => {
  const uniform = xoshiro(11)
  for (let round = 0; round < 60; round += 1) {
    const groups = groupsOf(uniform, 4, 2, 3)
    const weights = groups.flatMap(({ logWeight, count }) => Array.from({ length: count }, () => Math.exp(logWeight)))
    for (let dealt = 0; dealt <= weights.length; dealt += 1) {
      const wanted = byHand(weights, dealt)
      const got = logAverageOverDeals(groups, dealt)
      assert.ok(Math.abs(got - wanted) <= 1e-11, `${dealt} of ${weights.length}: ${got} instead of ${wanted}`)
    }
  }
})

/** The same by the recursion of the polynomial in ln space, slow and plain. */
function byRecursion(groups: readonly Alike[], dealt: number): number {
  const terms = Array.from({ length: dealt + 1 }, (_, degree) => (degree === 0 ? 0 : -Infinity))
  let all = 0
  for (const { logWeight, count } of groups) {
    for (let i = 0; i < count; i += 1) {
      all += 1
      for (let degree = dealt; degree > 0; degree -= 1) {
        const [stay, take] = [terms[degree] ?? -Infinity, (terms[degree - 1] ?? -Infinity) + logWeight]
        const high = Math.max(stay, take)
        if (high > -Infinity) terms[degree] = high + Math.log(Math.exp(stay - high) + Math.exp(take - high))
      }
    }
  }
  let ways = 0
  for (let i = 1; i <= dealt; i += 1) ways += Math.log((all - dealt + i) / i)
  return (terms[dealt] ?? 0) - ways
}

test('large slots are as exact as small ones, whatever the share and however far apart the weights are', () => {
  const uniform = xoshiro(12)
  for (const spread of [0.01, 1, 4, 30]) {
    for (let round = 0; round < 4; round += 1) {
      const groups = groupsOf(uniform, 12, spread, 60)
      const all = groups.reduce((sum, { count }) => sum + count, 0)
      for (const dealt of [1, 7, Math.floor(all / 3), all - 1]) {
        const wanted = byRecursion(groups, dealt)
        const got = logAverageOverDeals(groups, dealt)
        assert.ok(got >= wanted - 1e-8, `${got} is below ${wanted}`)
        assert.ok(
          Math.abs(got - wanted) <= 1e-7 + 1e-12 * Math.abs(wanted),
          `${dealt} of ${all}: ${got}, not ${wanted}`,
        )
      }
    }
  }
})

test('nobody dealt, everybody dealt, and values that are all alike', () => {
  const groups = [
    { logWeight: 0.7, count: 5 },
    { logWeight: -2, count: 3 },
  ]
  assert.equal(logAverageOverDeals(groups, 0), 0)
  assert.ok(Math.abs(logAverageOverDeals(groups, 8) - (5 * 0.7 - 6)) < 1e-12)
  assert.ok(Math.abs(logAverageOverDeals([{ logWeight: 0.3, count: 4_000 }], 250) - 75) < 1e-8)
  assert.equal(logAverageOverDeals([], 0), 0)
})

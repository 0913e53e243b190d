import assert from 'node:assert/strict'
import { test } from 'node:test'
import { binomialProbability, chiSquareFit } from '@serin/stats'
import { xoshiro } from '@serin/stats/seeded'
import { createPicker, drawBinomial, drawPoisson } from './draw.ts'

const draws = 20_000

/** Compares counts with what is expected of each value; rare values are taken together. */
function fits(counts: ReadonlyMap<number, number>, chance: (value: number) => number): number {
  const [seen, expected]: [number[], number[]] = [[], []]
  let [restSeen, restExpected] = [draws, 1]
  for (const [value, count] of counts) {
    if (chance(value) * draws < 10) continue
    seen.push(count)
    expected.push(chance(value))
    restSeen -= count
    restExpected -= chance(value)
  }
  if (restExpected * draws < 1) return pOf(seen, expected)
  return pOf([...seen, restSeen], [...expected, restExpected])
}

function pOf(counts: readonly number[], chances: readonly number[]): number {
  const sum = chances.reduce((total, chance) => total + chance, 0)
  return chiSquareFit(
    counts,
    chances.map((chance) => chance / sum),
  )
}

function countsOf(draw: () => number): ReadonlyMap<number, number> {
  const counts = new Map<number, number>()
  for (let i = 0; i < draws; i += 1) {
    const value = draw()
    counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  return counts
}

test('binomial and Poisson counts have their distribution, small and large', () => {
  const uniform = xoshiro(7)
  for (const [n, p] of [
    [5, 0.3],
    [40, 0.9],
    [1_000, 0.004],
    [400, 0.5],
    [90_000, 0.004],
  ] as const) {
    const counts = countsOf(() => drawBinomial(uniform, n, p))
    assert.ok(fits(counts, (k) => binomialProbability(k, n, p)) > 1e-4, `binomial ${n} ${p}`)
  }
  for (const mean of [0.3, 8, 30, 2_000]) {
    const counts = countsOf(() => drawPoisson(uniform, mean))
    // A Poisson count is a binomial one of very many trials.
    assert.ok(fits(counts, (k) => binomialProbability(k, 1e9, mean / 1e9)) > 1e-4, `Poisson ${mean}`)
  }
})

test('nothing is drawn from nothing, and everything from certainty', () => {
  const uniform = xoshiro(1)
  assert.deepEqual(
    [drawPoisson(uniform, 0), drawBinomial(uniform, 0, 0.5), drawBinomial(uniform, 9, 0), drawBinomial(uniform, 9, 1)],
    [0, 0, 0, 9],
  )
})

test('a picker picks by weight, and never what weighs nothing', () => {
  const weights = [1, 0, 5, 0.5, 3.5]
  const pick = createPicker(weights)
  const uniform = xoshiro(3)
  const counts = countsOf(() => pick(uniform))
  assert.equal(counts.get(1), undefined)
  assert.ok(fits(counts, (place) => (weights[place] ?? 0) / 10) > 1e-4)
})

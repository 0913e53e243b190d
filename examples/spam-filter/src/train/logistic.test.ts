import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom, shuffled } from '../random.ts'
import { trainLogistic } from './logistic.ts'

const options = { passes: 20, ridge: 0.001, spamWeight: 1, seed: 3 }

test('it learns which features are spam, and gives the same numbers every time', () => {
  const random = createRandom(5)
  const examples = Array.from({ length: 400 }, () => {
    const spam = random() < 0.5
    // 0 is a sure sign, 1 is noise, 2 is a sign of the opposite.
    return { spam, features: [0, 1, 2], values: [spam ? 1 : 0, random(), spam ? 0 : 1] }
  })
  const { weights, bias } = trainLogistic(examples, 3, options)
  assert.ok((weights[0] ?? 0) > 1 && (weights[2] ?? 0) < -1 && Math.abs(weights[1] ?? 9) < 1, weights.join())
  assert.deepEqual(trainLogistic(examples, 3, options), { weights, bias })
})

test('a heavier spam class moves the verdict towards spam', () => {
  const examples = Array.from({ length: 100 }, (_, i) => ({ spam: i % 4 === 0, features: [0], values: [1] }))
  const logOdds = (spamWeight: number) => {
    const { weights, bias } = trainLogistic(examples, 1, { ...options, spamWeight })
    return (weights[0] ?? 0) + bias
  }
  assert.ok(logOdds(1) < -0.5 && logOdds(9) > 0.5, `${logOdds(1)} ${logOdds(9)}`)
})

test('a shuffle holds every number once', () => {
  assert.deepEqual(
    shuffled(100, createRandom(1)).sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => i),
  )
})

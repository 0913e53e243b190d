import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bestThreshold, normalised, probation, rawScore, sigmoid } from './nab-score.ts'

const near = (actual: number, wanted: number): void =>
  assert.ok(Math.abs(actual - wanted) < 1e-12, `${actual} instead of ${wanted}`)

/** 100 points, silent but for some. */
const scoresAt = (alarms: Readonly<Record<number, number>>): number[] =>
  Array.from({ length: 100 }, (_, i) => alarms[i] ?? 0)
const windows = [{ first: 40, last: 49 }]

test('an alarm at the first point of a window is worth 1, later less, only the first counts', () => {
  near(rawScore({ scores: scoresAt({ 40: 1 }), windows }, 0.5), 1)
  near(rawScore({ scores: scoresAt({ 40: 1, 41: 1, 49: 1 }), windows }, 0.5), 1)
  // Position -5/10: (2 / (1 + e^-2.5) - 1) / (2 / (1 + e^-5) - 1).
  near(rawScore({ scores: scoresAt({ 45: 1 }), windows }, 0.5), 0.8482836399575129 / 0.9866142981514305)
})

test('silence costs 1 a window, a false alarm 0.11 or less just behind a window', () => {
  near(rawScore({ scores: scoresAt({}), windows }, 0.5), -1)
  near(rawScore({ scores: scoresAt({ 30: 1 }), windows }, 0.5), -1.11)
  // Nine points behind the end of a window that is nine steps wide: position 1.
  near(rawScore({ scores: scoresAt({ 58: 1 }), windows }, 0.5), -1 - 0.11 * 0.9866142981514305)
  near(rawScore({ scores: scoresAt({ 99: 1 }), windows }, 0.5), -1.11)
  assert.equal(sigmoid(4), -1)
})

test('the probation is 15 %, at most 750 points, and not judged', () => {
  assert.equal(probation(100), 15)
  assert.equal(probation(10_320), 750)
  near(rawScore({ scores: scoresAt({ 14: 1 }), windows }, 0.5), -1)
  near(rawScore({ scores: scoresAt({ 15: 1 }), windows }, 0.5), -1.11)
})

test('silence is 0 and perfection 100', () => {
  assert.equal(normalised(-3, 3), 0)
  assert.equal(normalised(3, 3), 100)
})

test('the best threshold is the best of all that can be tried', () => {
  const one = { scores: scoresAt({ 20: 0.9, 44: 0.8, 42: 0.7, 60: 0.7, 70: 0.3, 41: 0.2 }), windows }
  const two = { scores: scoresAt({ 30: 0.8, 80: 0.6, 82: 0.4 }), windows: [{ first: 78, last: 87 }] }
  const total = (threshold: number): number => rawScore(one, threshold) + rawScore(two, threshold)
  const tried = [...new Set([...one.scores, ...two.scores])].filter((score) => score > 0).map(total)
  const { threshold, raw } = bestThreshold([one, two])
  near(
    raw.reduce((sum, value) => sum + value, 0),
    Math.max(...tried),
  )
  assert.ok(threshold < 1)
  assert.equal(bestThreshold([{ scores: scoresAt({ 20: 1 }), windows }]).threshold, Infinity)
})

import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatDuration, formatWeight } from './said/figures.ts'
import { Duration, parseDuration, Percent, Weight, writeDuration } from './units.ts'

test('durations as people write them', () => {
  const cases: Readonly<Record<string, number | undefined>> = {
    '0s': 0,
    '500ms': 500,
    '30s': 30_000,
    '1.5s': 1_500,
    '5m': 300_000,
    '1h30m': 5_400_000,
    '2d': 172_800_000,
    '400d': 400 * 86_400_000,
    '401d': undefined,
    '30': undefined,
    '': undefined,
    '5 m': undefined,
    '-5m': undefined,
    '5M': undefined,
    '1e3s': undefined,
    m: undefined,
    '5mm': undefined,
  }
  for (const [text, ms] of Object.entries(cases)) assert.equal(parseDuration(text), ms, text)
})

test('a duration that is written is read again as it was', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 400 * 86_400_000 }), (ms) => {
      assert.equal(parseDuration(writeDuration(ms)), ms)
      assert.equal(Duration.decode(Duration.encode(ms)), ms)
    }),
  )
})

test('for people a duration has two parts at most, and they are close', () => {
  assert.deepEqual([0, 999, 1_500, 59_940, 61_000, 5_400_000, 90_061_000].map(formatDuration), [
    '0ms',
    '999ms',
    '1.5s',
    '59.9s',
    '1m1s',
    '1h30m',
    '1d1h',
  ])
  fc.assert(
    fc.property(fc.integer({ min: 1_000, max: 400 * 86_400_000 }), (ms) => {
      const read = parseDuration(formatDuration(ms)) ?? Number.NaN
      assert.ok(Math.abs(read - ms) <= Math.max(600, ms * 0.05), `${ms} as ${formatDuration(ms)}`)
    }),
  )
})

test('percentages with the sign or without, within 0 and 100', () => {
  for (const [written, percent] of [
    ['5%', 5],
    ['0.5%', 0.5],
    [5, 5],
    ['100%', 100],
    [0, 0],
  ] as const)
    assert.equal(Percent.decode(written), percent)
  for (const wrong of ['5', '5 %', '-1%', '101%', 101, -0.1, Number.NaN, Infinity, '1e1%', '%', '', true, null, [5]])
    assert.equal(Percent.safeParse(wrong).success, false, String(wrong))
})

test('a share has steps of a hundredth of a percent, and is read in basis points', () => {
  for (let weightBp = 0; weightBp <= 10_000; weightBp += 1) {
    assert.equal(Weight.decode(`${weightBp / 100}%`), weightBp)
    assert.equal(Weight.decode(weightBp / 100), weightBp)
    assert.equal(Weight.decode(Weight.encode(weightBp)), weightBp)
  }
  for (const wrong of ['0.001%', 33.333, '100.01%', '-0.01%']) assert.equal(Weight.safeParse(wrong).success, false)
  assert.deepEqual([1, 500, 3_333, 10_000].map(formatWeight), ['0.01 %', '5 %', '33.33 %', '100 %'])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { age, latency, odds, percent, progress, weight } from './figures.ts'

test('shares keep the digits that matter', () => {
  assert.deepEqual([percent(null), percent(100), percent(99.06), percent(0.03)], ['–', '100 %', '99.1 %', '0.03 %'])
  assert.deepEqual([weight(1), weight(2_500), weight(null)], ['0.01 %', '25 %', '–'])
})

test('times are short', () => {
  assert.deepEqual([latency(0.42), latency(48.3), latency(1_234), latency(null)], ['0.4 ms', '48 ms', '1.2 s', '–'])
  assert.deepEqual([age(0), age(400), age(61_200), age(5_400_000)], ['0s', '0s', '1m1s', '1h30m'])
})

test('odds are bounded and never rounded up', () => {
  assert.deepEqual(
    [odds(Math.log(99.99)), odds(Math.log(100)), odds(Math.log(1.25)), odds(-9), odds(1_000)],
    ['99 to 1', '100 to 1', '1.3 to 1', 'less than 0.1 to 1', 'more than 1,000,000,000 to 1'],
  )
})

test('evidence below its threshold is below one, and none is less than nothing', () => {
  assert.equal(progress({ logE: -3, threshold: 5 }), 0)
  assert.equal(progress({ logE: 2.5, threshold: 5 }), 0.5)
  assert.equal(progress({ logE: 50, threshold: 5 }), 1)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clock, count, duration, figure, latency, odds, percent, progress, signed, weight } from './figures.ts'

test('what is not quite all or nothing is never shown as if it were', () => {
  assert.deepEqual([0, 0.001, 0.05, 12.34, 99.94, 99.999, 100, null].map(percent), [
    '0 %',
    '< 0.01 %',
    '0.05 %',
    '12.3 %',
    '99.94 %',
    '> 99.99 %',
    '100 %',
    '–',
  ])
  assert.deepEqual([progress({ logE: 5.99, threshold: 6 }) < 1, progress({ logE: 6, threshold: 6 })], [true, 1])
})

test('figures have the digits that people use, and a true minus', () => {
  assert.deepEqual([0, 0.0123, 1.234, -12.34, 1_234.5].map(figure), ['0', '0.012', '1.23', '−12.3', '1,235'])
  assert.deepEqual([signed(1), signed(-1), signed(0)], ['+1.00', '−1.00', '0'])
  assert.deepEqual([weight(2_500), weight(5), weight(null)], ['25 %', '0.05 %', '–'])
  assert.deepEqual([latency(9.31), latency(340.2), latency(1_500), latency(null)], ['9.3 ms', '340 ms', '1.5 s', '–'])
  assert.equal(count(1_234_567), '1,234,567')
  assert.match(clock(0), /^\d\d:\d\d:\d\d$/)
})

test('a stretch of time is told in its two largest parts', () => {
  const [second, minute, hour] = [1_000, 60_000, 3_600_000]
  assert.deepEqual(
    [0, 59 * second, 61 * second, 10 * minute, hour + 5 * minute, 72 * hour].map((ms) => duration(ms, 'en')),
    ['0 s', '59 s', '1 min 1 s', '10 min', '1 h 5 min', '3 d'],
  )
})

test('odds are told as odds, and not beyond what anyone can picture', () => {
  assert.deepEqual(
    [0, Math.log(0.01), Math.log(375), 100].map((logE) => odds(logE, 'en')),
    ['1.0 to 1', '< 0.1 to 1', '375 to 1', 'more than a billion to 1'],
  )
})

import assert from 'node:assert/strict'
import process from 'node:process'
import { test } from 'node:test'
import { emptyHistogram, histogramOf, type LogHistogram } from '../latency/log-histogram.ts'
import { normal, xoshiro, type Uniform } from '../seeded/xoshiro.ts'
import { compareDistributions, dkwConstant, dkwHalfWidth, quantileBand } from './dkw.ts'

const long = process.env['SERIN_LONG'] === '1'
const draws = (uniform: Uniform, count: number, median: number): LogHistogram =>
  histogramOf(Array.from({ length: count }, () => median * Math.exp(0.6 * normal(uniform))))

test('the constants and half-widths are those of the paper and its authors’ library', () => {
  for (const [alpha, constant] of [
    [0.05, 8.1227],
    [0.01, 9.28354335402922],
    [0.001, 10.943071387638122],
  ] as const)
    assert.ok(Math.abs(dkwConstant(alpha) - constant) < 1e-3, `${alpha}: ${dkwConstant(alpha)}`)
  assert.ok(Math.abs(dkwHalfWidth(1_000, 0.05, 100) - 0.08204769) < 1e-5)
  assert.ok(Math.abs(dkwHalfWidth(500, 0.005) + dkwHalfWidth(4_500, 0.005) - 0.16889699143268583) < 1e-4)
  assert.equal(dkwHalfWidth(49, 0.05), Infinity)
  for (const alpha of [0, 1, Number.NaN]) assert.throws(() => dkwConstant(alpha), RangeError)
})

test('the band holds at all times: equal versions are hardly ever shown apart, in any direction', () => {
  const runs = long ? 500 : 40
  let apart = 0
  for (let run = 0; run < runs; run += 1) {
    const uniform = xoshiro(0xd4a00 + run)
    const arms = { canary: [] as number[], stable: [] as number[] }
    for (let look = 0; look < 20; look += 1) {
      for (let i = 0; i < 50; i += 1) {
        arms.canary.push(100 * Math.exp(0.6 * normal(uniform)))
        arms.stable.push(100 * Math.exp(0.6 * normal(uniform)))
      }
      const reading = compareDistributions({ canary: histogramOf(arms.canary), stable: histogramOf(arms.stable) }, 0.05)
      assert.ok(reading.ok)
      if (reading.slower) apart += 1
    }
  }
  assert.ok(apart <= Math.max(1, 0.05 * runs), `${apart}`)
})

test('a slower canary is shown with how far it is behind, and where', () => {
  const uniform = xoshiro(21)
  const arms = { canary: draws(uniform, 2_000, 150), stable: draws(uniform, 20_000, 100) }
  const reading = compareDistributions(arms, 0.01)
  assert.ok(reading.ok && reading.slower)
  assert.ok(Math.abs(reading.behind - 0.265) < 0.03, `${reading.behind}`)
  assert.ok(reading.behindAtMs !== null && reading.behindAtMs > 100 && reading.behindAtMs < 150)
  const turned = compareDistributions({ canary: arms.stable, stable: arms.canary }, 0.01)
  assert.ok(turned.ok && !turned.slower && turned.behind < 0.01)
  const same = compareDistributions({ canary: arms.stable, stable: arms.stable }, 0.01)
  assert.ok(same.ok && same.behind === 0 && same.behindAtMs === null)
})

test('the band of a quantile contains it, narrows, and is open where nothing bounds it', () => {
  const uniform = xoshiro(22)
  const [few, many] = [draws(uniform, 400, 100), draws(uniform, 40_000, 100)]
  const [wide, narrow] = [quantileBand(few, 0.5, 0.05), quantileBand(many, 0.5, 0.05)]
  assert.ok(wide.ok && narrow.ok)
  for (const band of [wide, narrow]) assert.ok(band.lowMs < 100 && band.highMs > 100)
  assert.ok(narrow.highMs / narrow.lowMs < wide.highMs / wide.lowMs)
  const tail = quantileBand(few, 0.99, 0.05)
  assert.ok(tail.ok && tail.highMs === Infinity && tail.lowMs > 100)
  const slow = quantileBand(histogramOf(Array.from({ length: 500 }, () => 1e9)), 0.5, 0.05)
  assert.ok(slow.ok && slow.highMs === Infinity)
})

test('too little or broken data is refused', () => {
  const some = histogramOf([1, 2, 3])
  const alone = compareDistributions({ canary: some, stable: emptyHistogram() }, 0.05)
  assert.ok(!alone.ok && alone.reason === 'insufficient')
  const broken = { scheme: 'log-1.02', bins: [[1, Number.NaN]] } as LogHistogram
  const torn = compareDistributions({ canary: broken, stable: some }, 0.05)
  assert.ok(!torn.ok && torn.reason === 'invalid')
  const few = quantileBand(some, 0.5, 0.05)
  assert.ok(!few.ok && few.reason === 'insufficient')
  const early = compareDistributions({ canary: some, stable: some }, 0.05)
  assert.ok(early.ok && early.canaryHalfWidth === Infinity && !early.slower)
})

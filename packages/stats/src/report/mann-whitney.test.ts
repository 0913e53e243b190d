import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kthDifference, medianDifference } from './differences.ts'
import { mannWhitney, shiftInterval, sortArms } from './mann-whitney.ts'
import type { RankReading } from './mann-whitney.ts'
import { rankStatistic, waysOfU } from './ranks.ts'

const few = { stable: [1.1, 2.3, 0.4, 5.5, 3.2, 2.9], canary: [2.2, 6.1, 7.3, 4.4, 5.9, 8.8, 3.6] }
const tied = { stable: [1, 2, 2, 3, 3, 3, 4], canary: [2, 3, 3, 4, 4, 5, 5, 5] }

function read(...args: Parameters<typeof mannWhitney>): RankReading {
  const reading = mannWhitney(...args)
  assert.ok(reading.ok, JSON.stringify(reading))
  return reading
}
const close = (actual: number | null, wanted: number): boolean =>
  actual !== null && Math.abs(actual - wanted) <= 1e-12 * Math.max(1, Math.abs(wanted))

test('few values without ties are judged exactly', () => {
  const both = read(few)
  assert.ok(both.exact && both.u === 36 && close(both.cles, 36 / 42))
  assert.ok(close(both.pValue, 0.03496503496503496) && close(both.shift, 3.1))
  assert.ok(close(both.low, 0.4) && close(both.high, 5.7) && close(both.confidence, 0.965034965034965))
  const greater = read(few, { alternative: 'greater' })
  assert.ok(close(greater.pValue, 0.01748251748251748) && close(greater.low, 0.6) && greater.high === null)
  assert.ok(close(greater.confidence, 0.9632867132867133))
  const less = read(few, { alternative: 'less' })
  assert.ok(close(less.pValue, 0.9889277389277389) && less.low === null && close(less.high, 5.5))
})

test('ties are judged by the normal approximation, corrected', () => {
  assert.ok(close(read(tied).pValue, 0.049238967838553395))
  assert.ok(close(read(tied, { alternative: 'greater' }).pValue, 0.024619483919276697))
  assert.ok(close(read(tied, { alternative: 'less' }).pValue, 0.9814970702168354))
})

test('an interval says what it holds with when there are too few values for what was asked', () => {
  const reading = read({ stable: [1, 2, 3], canary: [4, 5, 6.5] })
  assert.ok(close(reading.confidence, 0.9) && close(reading.low, 1) && close(reading.high, 5.5))
})

test('ways of U add up to the number of arrangements, and are symmetric', () => {
  for (const [n, m, total] of [
    [1, 400, 401],
    [4, 6, 210],
    [20, 20, 137_846_528_820],
  ] as const) {
    const ways = waysOfU(n, m)
    assert.equal(
      ways.reduce((sum, way) => sum + way, 0),
      total,
    )
    assert.deepEqual(ways, ways.toReversed())
  }
})

const scale = fc.constantFrom(1e-9, 1e-5, 1, 1e7)
const values = fc.array(fc.oneof(fc.integer({ min: -6, max: 6 }), fc.double({ min: -50, max: 50, noNaN: true })), {
  minLength: 1,
  maxLength: 25,
})

/** Multiples of an eighth: taking a shift away never makes two of them one. */
const steps = fc.array(
  fc.integer({ min: -80, max: 80 }).map((x) => x / 8),
  { minLength: 1, maxLength: 20 },
)

test('every difference is found by its rank, as if all had been listed', () => {
  fc.assert(
    fc.property(values, values, scale, (stable, canary, unit) => {
      const arms = sortArms({ stable: stable.map((x) => x * unit), canary: canary.map((x) => x * unit) })
      assert.ok(arms.ok)
      const all = arms.canary.flatMap((x) => arms.stable.map((y) => x - y)).sort((a, b) => a - b)
      for (const k of [1, Math.ceil(all.length / 3), Math.ceil(all.length / 2), all.length])
        assert.equal(kthDifference(arms, k) + 0, (all[k - 1] ?? Number.NaN) + 0)
      const middle = [all[Math.floor((all.length - 1) / 2)] ?? 0, all[Math.floor(all.length / 2)] ?? 0]
      assert.ok(Math.abs(medianDifference(arms) - ((middle[0] ?? 0) + (middle[1] ?? 0)) / 2) <= 1e-15 * unit * 100)
    }),
  )
})

test('the interval ends where the rank statistic crosses the quantile, at any scale of the data', () => {
  fc.assert(
    fc.property(steps, steps, scale, (stable, canary, unit) => {
      const arms = sortArms({ stable: stable.map((x) => x * unit), canary: canary.map((x) => x * unit) })
      assert.ok(arms.ok)
      const z = 1.96
      const { low, high } = shiftInterval(arms, z)
      // Between two differences the statistic is constant; look in the middle of the gaps beside the end.
      const all = [...new Set(arms.canary.flatMap((x) => arms.stable.map((y) => x - y)))].sort((a, b) => a - b)
      const gaps = all.slice(1).map((value, i) => ((all[i] ?? 0) + value) / 2)
      for (const shift of gaps) {
        if (all.some((value) => Math.abs(value - shift) < 1e-9 * unit)) continue
        const statistic = rankStatistic(arms, { shift })
        if (shift < low) assert.ok(statistic > z, `${shift} below ${low}: ${statistic}`)
        if (shift > low) assert.ok(statistic <= z + 1e-12, `${shift} above ${low}: ${statistic}`)
        if (shift > high) assert.ok(statistic < -z, `${shift} above ${high}: ${statistic}`)
      }
    }),
    { numRuns: 60 },
  )
})

test('exchanging the arms mirrors everything', () => {
  fc.assert(
    fc.property(values, values, (stable, canary) => {
      const there = mannWhitney({ stable, canary })
      const back = mannWhitney({ stable: canary, canary: stable })
      assert.equal(there.ok, back.ok)
      if (!there.ok || !back.ok) return
      assert.ok(Math.abs(there.shift + back.shift) <= 1e-12 * Math.max(1, Math.abs(there.shift)))
      assert.ok(Math.abs(there.pValue - back.pValue) <= 1e-12 && Math.abs(there.cles + back.cles - 1) <= 1e-12)
      assert.ok(there.pValue > 0 && there.pValue <= 1)
      assert.ok((there.low ?? 0) <= there.shift && there.shift <= (there.high ?? 0))
    }),
  )
})

test('what cannot be ranked is refused', () => {
  for (const [arms, reason] of [
    [{ stable: [], canary: [1] }, 'insufficient'],
    [{ stable: [2, 2], canary: [2, 2] }, 'insufficient'],
    [{ stable: [1], canary: [Number.NaN] }, 'invalid'],
    [{ stable: [Infinity, 1], canary: [1] }, 'invalid'],
  ] as const) {
    const reading = mannWhitney(arms)
    assert.ok(!reading.ok && reading.reason === reason)
  }
  assert.throws(() => mannWhitney(few, { alpha: 0 }), RangeError)
})

test('a hundred thousand values per arm need no list of ten milliards of differences', () => {
  const arm = (shift: number): number[] => Array.from({ length: 100_000 }, (_, i) => ((i * 7919) % 100_003) + shift)
  const reading = read({ stable: arm(0), canary: arm(400) })
  assert.ok(Math.abs(reading.shift - 400) <= 1 && reading.pValue < 0.05 && (reading.low ?? 0) < 400)
})

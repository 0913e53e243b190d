import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import process from 'node:process'
import { test } from 'node:test'
import { dirichletLogE } from '../allocation/srm.ts'
import { binomial, xoshiro } from '../seeded/xoshiro.ts'
import { concentrationFor, shareInterval, shareLogE } from './share-interval.ts'

const long = process.env['SERIN_LONG'] === '1'

const HUGE: readonly (readonly [number, number, number, number, number])[] = [
  [300100000, 1000000000, 0.3, 150.0, 15.94950838928165],
  [2251799813685248, 9007199254740991, 0.25, 1000.0, -14.914883756277066],
  [5, 1000000000000000, 1e-15, 20.0, -27.364990291009427],
  [700000000000, 1000000000000, 0.7000001, 0.001, -20.561452360543868],
]

test('the evidence is that of the Dirichlet mixture for two outcomes, and keeps its digits where that one loses them', () => {
  for (const [events, trials, p, concentration] of [
    [700, 1_000, 0.6, 20],
    [0, 40, 0.1, 5],
    [40, 40, 0.7, 1e-3],
    [3, 1e6, 1e-5, 100],
  ] as const) {
    const shares = [p, 1 - p]
    const prior = shares.map((share) => share * concentration)
    const wanted = dirichletLogE([events, trials - events], shares, prior)
    const got = shareLogE({ trials, events }, p, concentration)
    assert.ok(Math.abs(got - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted)), `${got} instead of ${wanted}`)
  }
  // 60 digits.
  for (const [events, trials, p, concentration, wanted] of HUGE)
    assert.ok(Math.abs(shareLogE({ trials, events }, p, concentration) / wanted - 1) < 1e-9, `${wanted}`)
})

test('looked at after every trial, the interval misses at most as often as asked, small shares included', () => {
  const runs = long ? 2_000 : 150
  for (const p of [0.02, 0.3]) {
    let missed = 0
    for (let run = 0; run < runs; run += 1) {
      const uniform = xoshiro(0x5a000 + run)
      let events = 0
      for (let trials = 1; trials <= 400; trials += 1) {
        events += binomial(uniform, 1, p)
        // The end of the interval is where this crosses: cheaper than both ends at every trial.
        if (shareLogE({ trials, events }, p, concentrationFor({ alpha: 0.1, plannedTrials: 100 })) < Math.log(10))
          continue
        const reading = shareInterval({ trials, events }, { alpha: 0.1, plannedTrials: 100 })
        assert.ok(reading.ok && (reading.low >= p - 1e-9 || reading.high <= p + 1e-9))
        missed += 1
        break
      }
    }
    assert.ok(missed <= 0.1 * runs, `${p}: ${missed} of ${runs}`)
  }
})

test('failures and successes are mirror images, and more trials narrow the interval', () => {
  const [of30, of70] = [shareInterval({ trials: 100, events: 30 }), shareInterval({ trials: 100, events: 70 })]
  assert.ok(of30.ok && of70.ok)
  assert.ok(Math.abs(of30.low - (1 - of70.high)) < 1e-12 && Math.abs(of30.high - (1 - of70.low)) < 1e-12)
  const widths = [10, 100, 1_000, 1e6, 1e12].map((trials) => {
    const reading = shareInterval({ trials, events: 0.3 * trials })
    assert.ok(reading.ok && reading.low < 0.3 && reading.high > 0.3)
    return reading.high - reading.low
  })
  assert.deepEqual(
    [...widths].sort((a, b) => b - a),
    widths,
  )
})

test('any counts give an interval around the share, or a refusal', () => {
  const wild = fc.oneof(fc.nat(200), fc.double(), fc.constantFrom(-1, Number.NaN, Infinity, 5e-324, 2 ** 53 - 1, 1))
  const alpha = fc.constantFrom(1e-12, 0.05, 1 - 2 ** -53)
  const plannedTrials = fc.constantFrom(1e-300, 1, 1_000, 1e15)
  fc.assert(
    fc.property(wild, wild, alpha, plannedTrials, (trials, events, alpha, plannedTrials) => {
      const reading = shareInterval({ trials, events }, { alpha, plannedTrials })
      const sane = events >= 0 && events <= trials && trials <= Number.MAX_SAFE_INTEGER
      assert.equal(reading.ok, sane && trials > 0)
      if (!reading.ok) return assert.equal(reading.reason, sane ? 'insufficient' : 'invalid')
      const { low, share, high } = reading
      assert.ok(low >= 0 && low <= share && share <= high && high <= 1, JSON.stringify(reading))
    }),
    { seed: 5, numRuns: 1_000 },
  )
  for (const options of [
    { alpha: 0 },
    { alpha: 1 },
    { plannedTrials: 0 },
    { plannedTrials: Number.NaN },
    { plannedTrials: 1e300 },
  ])
    assert.throws(() => shareInterval({ trials: 1, events: 1 }, options), RangeError)
})

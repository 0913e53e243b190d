import assert from 'node:assert/strict'
import process from 'node:process'
import { test } from 'node:test'
import { binomial, poisson, xoshiro } from '../seeded/xoshiro.ts'
import { createHarm, readHarm, updateHarm, type HarmState } from './harm-mixture.ts'
import { createNonInferiority, readNonInferiority, updateNonInferiority } from './non-inferiority.ts'

/** The long form runs everything at the size of the study; the short one what fits into a minute. */
const long = process.env['SERIN_LONG'] === '1'
const slow = long ? false : 'The long form (SERIN_LONG=1) runs this.'

function play(state: HarmState, share: number, canary: number, stable: number, durationMs = 0): HarmState {
  const updated = updateHarm(state, { share, canary, stable, durationMs })
  assert.ok(updated.ok)
  return updated.state
}

const fresh = createHarm({ restarts: null })

/** How many canary errors among n decide at level alpha, for n = 0 … most: the boundary never falls, and rises by one at most. */
function boundary(share: number, alpha: number, most: number): Float64Array {
  const bounds = new Float64Array(most + 1)
  let bound = 1
  for (let n = 1; n <= most; n += 1) {
    while (bound <= n && readHarm(play(fresh, share, bound, n - bound)).logE < -Math.log(alpha)) bound += 1
    bounds[n] = bound
  }
  bounds[0] = Infinity
  return bounds
}

/** The exact chance that fair coins ever reach the boundary within n errors. */
function everCrosses(share: number, bounds: Float64Array): number {
  let crossed = 0
  let alive = new Float64Array(bounds.length + 1)
  alive[0] = 1
  for (let n = 1; n < bounds.length; n += 1) {
    const next = new Float64Array(bounds.length + 1)
    const bound = bounds[n] ?? Infinity
    const top = Math.min(n - 1, bounds.length)
    for (let x = 0; x <= top; x += 1) {
      const mass = alive[x] ?? 0
      if (mass < 1e-18) continue
      next[x] = (next[x] ?? 0) + mass * (1 - share)
      if (x + 1 >= bound) crossed += mass * share
      else next[x + 1] = (next[x + 1] ?? 0) + mass * share
    }
    alive = next
  }
  return crossed
}

const dp = [
  { share: 0.01, short: 0.0028, long: 0.0044 },
  { share: 0.05, short: 0.0036, long: 0.0054 },
  { share: 0.25, short: 0.005, long: 0.0065 },
  { share: 0.5, short: 0.0065, long: 0.0079 },
] as const

for (const { share, short, long: far } of dp) {
  test(`a harmless canary at ${share * 100} %: the exact chance of a rollback within 1000 errors, at 1 %`, () => {
    const chance = everCrosses(share, boundary(share, 0.01, 1_000))
    assert.ok(Math.abs(chance - short) <= 0.00005, `${chance} instead of ${short}`)
  })
  test(`a harmless canary at ${share * 100} %: the same within 10 000 errors`, { skip: slow }, () => {
    const chance = everCrosses(share, boundary(share, 0.01, 10_000))
    assert.ok(Math.abs(chance - far) <= 0.00005, `${chance} instead of ${far}`)
    for (const [alpha, least, most] of [
      [0.05, 0.023, 0.043],
      [0.001, 0.0004, 0.0009],
    ] as const) {
      const other = everCrosses(share, boundary(share, alpha, 10_000))
      assert.ok(other >= least - 0.0005 && other <= most + 0.0005, `at ${alpha}: ${other}`)
    }
  })
}

test('2000 harmless canaries at 5 %, 10 000 errors each, seeds of the study: 11 rollbacks', () => {
  const bounds = boundary(0.05, 0.01, 10_000)
  let rolledBack = 0
  for (let run = 0; run < 2_000; run += 1) {
    const uniform = xoshiro(0x40000000 + run)
    let canary = 0
    for (let n = 1; n <= 10_000; n += 1) {
      if (uniform() < 0.05) canary += 1
      if (canary >= (bounds[n] ?? Infinity)) {
        rolledBack += 1
        break
      }
    }
  }
  assert.ok(rolledBack <= 20, `${rolledBack} rollbacks`)
  assert.equal(rolledBack, 11)
})

/** Share, error rates, and the mean number of canary requests to rollback over 400 runs. */
const golden = [
  { name: 'E1', share: 0.01, p0: 0.001, p1: 0.2, mean: 10.54, brief: true },
  { name: 'E2', share: 0.01, p0: 0.001, p1: 0.01, mean: 456.77, brief: true },
  { name: 'E3', share: 0.05, p0: 0.001, p1: 0.002, mean: 16942.6, brief: false },
  { name: 'E4', share: 0.05, p0: 0.01, p1: 0.05, mean: 175.98, brief: true },
  { name: 'E5', share: 0.05, p0: 0.01, p1: 0.02, mean: 1630.5, brief: false },
  { name: 'E6', share: 0.05, p0: 0.01, p1: 0.015, mean: 5556.8, brief: false },
  { name: 'E7', share: 0.25, p0: 0.01, p1: 0.015, mean: 8003.6, brief: false },
  { name: 'E8', share: 0.5, p0: 0.01, p1: 0.015, mean: 12344.1, brief: false },
  { name: 'E9', share: 0.05, p0: 0.00001, p1: 0.001, mean: 3165, brief: true },
  { name: 'E10', share: 0.05, p0: 0.05, p1: 0.06, mean: 6653.7, brief: false },
  { name: 'E17', share: 0.05, p0: 0.01, p1: 0.5, mean: 6.38, brief: true },
] as const

for (const { name, share, p0, p1, mean, brief } of golden) {
  test(
    `${name}: ${p0 * 100} % → ${p1 * 100} % at ${share * 100} % costs ${mean} canary requests, as in the study`,
    { skip: brief ? false : slow },
    () => {
      let requests = 0
      for (let run = 0; run < 400; run += 1) {
        const uniform = xoshiro(0x5e510000 + run)
        let state = fresh
        while (readHarm(state).logE < Math.log(100)) {
          const canary = uniform() < share
          if (canary) requests += 1
          if (uniform() < (canary ? p1 : p0)) state = play(state, share, canary ? 1 : 0, canary ? 0 : 1)
        }
      }
      assert.ok(Math.abs(requests / 400 - mean) <= 0.0051 + 0.00001 * mean, `${requests / 400}`)
    },
  )
}

const lateRuns = long ? 400 : 30

for (const { p1, mean, plain } of [
  { p1: 0.02, mean: 4207, plain: 12919 },
  { p1: 0.05, mean: 512, plain: 3082 },
]) {
  test(`a regression to ${p1 * 100} % after half an hour of health: half the capital on restarts pays`, () => {
    const requests = (restarts: { fraction: number } | null): number => {
      let sum = 0
      for (let run = 0; run < lateRuns; run += 1) {
        const uniform = xoshiro(0x1a7ec000 + run)
        let state = createHarm({ restarts })
        for (let second = 0; readHarm(state).logE < Math.log(100); second += 1) {
          const canary = poisson(uniform, 50 * (second < 1_800 ? 0.01 : p1))
          state = play(state, 0.05, canary, poisson(uniform, 950 * 0.01), 1_000)
          if (second >= 1_800) sum += 50
        }
      }
      return sum / lateRuns
    }
    const noise = long ? 0.05 : 0.15
    for (const [got, wanted] of [
      [requests({ fraction: 0.5 }), mean],
      [requests(null), plain],
    ] as const)
      assert.ok(Math.abs(got - wanted) <= noise * wanted, `${got} instead of about ${wanted}`)
  })
}

test('a harmless canary in a day of tides, an incident that hits both, and a growing share is hardly ever rolled back', () => {
  const runs = long ? 600 : 60
  let rolledBack = 0
  for (let run = 0; run < runs; run += 1) {
    const uniform = xoshiro(0x3d000000 + run)
    let state = createHarm()
    for (let minute = 0; minute < 1_440; minute += 1) {
      const share = [0.01, 0.05, 0.25, 0.5][Math.floor(minute / 360)] ?? 0.5
      const tide = 0.01 * (1 + 0.8 * Math.sin(minute / 230))
      const rate = minute >= 700 && minute < 703 ? 0.2 : tide
      const requests = 600
      const canary = poisson(uniform, requests * share * rate)
      state = play(state, share, canary, poisson(uniform, requests * (1 - share) * rate), 60_000)
      if (readHarm(state).logE >= Math.log(100)) {
        rolledBack += 1
        break
      }
    }
  }
  assert.ok(rolledBack <= Math.max(2, 0.015 * runs), `${rolledBack} of ${runs}`)
})

test('a canary exactly at the margin is proved safe at most as often as asked', () => {
  const runs = long ? 4_000 : 400
  let proved = 0
  for (let run = 0; run < runs; run += 1) {
    const uniform = xoshiro(0x6e000000 + run)
    let state = createNonInferiority({ margin: 0.5 })
    const chance = (0.25 * 1.5) / (0.25 * 1.5 + 0.75)
    for (let n = 0; n < 200; n += 1) {
      const canary = binomial(uniform, 5, chance)
      const updated = updateNonInferiority(state, { share: 0.25, canary, stable: 5 - canary })
      assert.ok(updated.ok)
      state = updated.state
      if (readNonInferiority(state).logE >= Math.log(20)) {
        proved += 1
        break
      }
    }
  }
  assert.ok(proved / runs <= 0.05 + 3 * Math.sqrt(0.05 / runs), `${proved} of ${runs}`)
  assert.ok(proved > 0, 'a test that never errs proves nothing either')
})

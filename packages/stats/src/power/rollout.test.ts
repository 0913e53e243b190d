import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHarm, readHarm, updateHarm } from '../count/harm-mixture.ts'
import { createNonInferiority, readNonInferiority, updateNonInferiority } from '../count/non-inferiority.ts'
import { createRatio, readRatioNonInferiority, updateRatio } from '../count/ratio-interval.ts'
import { poisson, xoshiro } from '../seeded/xoshiro.ts'
import { firstPassage, meanPath } from './first-passage.ts'
import { inverseGaussianCdf } from './inverse-gaussian.ts'
import { harmForecast, nonInferiorityForecast } from './rollout.ts'
import type { StageForecast, StagePlan } from './rollout.ts'

const plan: StagePlan = {
  requestsPerSecond: 1000,
  share: 0.05,
  stableRate: 0.01,
  ratio: 2,
  alpha: 0.01,
  horizonMs: 600_000,
}

function read(forecast: ReturnType<typeof harmForecast>): StageForecast {
  assert.ok(forecast.ok, JSON.stringify(forecast))
  return forecast
}

/** Times until an alarm in seeded worlds with Poisson counts per slot, Infinity for none within the horizon. */
function simulate<State>(
  at: StagePlan,
  { runs, seed, slotMs }: { runs: number; seed: number; slotMs: number },
  world: {
    start: State
    next: (state: State, canary: number, stable: number) => State
    logE: (state: State) => number
  },
  threshold = -Math.log(at.alpha),
): number[] {
  const perSlot = (at.requestsPerSecond * slotMs) / 1000
  return Array.from({ length: runs }, (_, run) => {
    const uniform = xoshiro(seed + run)
    let state = world.start
    for (let time = slotMs; time <= at.horizonMs; time += slotMs) {
      const canary = poisson(uniform, perSlot * at.share * at.stableRate * at.ratio)
      const stable = poisson(uniform, perSlot * (1 - at.share) * at.stableRate)
      if (canary + stable === 0) continue
      state = world.next(state, canary, stable)
      if (world.logE(state) >= threshold) return time - slotMs / 2
    }
    return Infinity
  })
}

const harmWorld = (at: StagePlan, slotMs: number, restarts: { fraction: number } | null) => ({
  start: createHarm({ restarts }),
  next: (state: ReturnType<typeof createHarm>, canary: number, stable: number) => {
    const updated = updateHarm(state, { share: at.share, canary, stable, durationMs: slotMs })
    assert.ok(updated.ok)
    return updated.state
  },
  logE: (state: ReturnType<typeof createHarm>) => readHarm(state).logE,
})

function summary(times: readonly number[], horizonMs: number) {
  const capped = times.map((time) => Math.min(time, horizonMs))
  const mean = capped.reduce((sum, time) => sum + time, 0) / times.length
  const spread = Math.sqrt(capped.reduce((sum, time) => sum + (time - mean) ** 2, 0) / times.length / times.length)
  return { mean, standardError: spread, found: times.filter(Number.isFinite).length / times.length }
}

test('the forecast of the harm mixture is what seeded worlds show, power and median included', () => {
  for (const { horizonMs, ratio, share } of [
    { horizonMs: 600_000, ratio: 2, share: 0.05 },
    { horizonMs: 30_000, ratio: 2, share: 0.05 },
    { horizonMs: 100_000, ratio: 5, share: 0.01 },
  ]) {
    const at = { ...plan, horizonMs, ratio, share }
    const runs = 120
    const times = simulate(at, { runs, seed: 0x5e0, slotMs: 50 }, harmWorld(at, 50, null))
    const seen = summary(times, horizonMs)
    const forecast = read(harmForecast(at, { restartFraction: 0 }))
    assert.ok(forecast.exact)
    const tolerance = 4 * seen.standardError + 25
    assert.ok(Math.abs(seen.mean - forecast.meanMs) < tolerance, `${JSON.stringify(seen)} ${forecast.meanMs}`)
    const powerError = 4 * Math.sqrt((forecast.power * (1 - forecast.power)) / runs) + 1e-3
    assert.ok(Math.abs(seen.found - forecast.power) < powerError, `${seen.found} ${forecast.power}`)
    if (forecast.medianMs !== null) {
      const early = times.filter((time) => time < (forecast.medianMs ?? 0)).length / runs
      assert.ok(Math.abs(early - 0.5) < 4 * Math.sqrt(0.25 / runs), `${early} before the median`)
    }
  }
})

test('with capital kept for late onsets the forecast is an upper bound, and a close one', () => {
  const runs = 100
  const times = simulate(plan, { runs, seed: 0xa1, slotMs: 100 }, harmWorld(plan, 100, { fraction: 0.5 }))
  const seen = summary(times, plan.horizonMs)
  const forecast = read(harmForecast(plan))
  assert.ok(seen.mean - 4 * seen.standardError < forecast.meanMs, `${seen.mean} ${forecast.meanMs}`)
  assert.ok(forecast.meanMs < 1.15 * (seen.mean + 4 * seen.standardError), `${seen.mean} ${forecast.meanMs}`)
})

test('the forecast of non-inferiority is what seeded worlds show, for both priors', () => {
  const at: StagePlan = { ...plan, share: 0.25, ratio: 1, alpha: 0.05, stableRate: 0.02, horizonMs: 60_000 }
  const margin = 0.3
  const runs = 80
  const batch = (canary: number, stable: number) => ({ share: at.share, canary, stable })
  const focused = summary(
    simulate(
      at,
      { runs, seed: 0xf0c, slotMs: 300 },
      {
        start: createNonInferiority({ margin }),
        next: (state, canary, stable) => {
          const updated = updateNonInferiority(state, batch(canary, stable))
          assert.ok(updated.ok)
          return updated.state
        },
        logE: (state) => readNonInferiority(state).logE,
      },
    ),
    at.horizonMs,
  )
  const grid = summary(
    simulate(
      at,
      { runs, seed: 0xf0c, slotMs: 300 },
      {
        start: createRatio(),
        next: (state, canary, stable) => {
          const updated = updateRatio(state, batch(canary, stable))
          assert.ok(updated.ok)
          return updated.state
        },
        logE: (state) => readRatioNonInferiority(state, { margin }),
      },
    ),
    at.horizonMs,
  )
  for (const [seen, prior] of [
    [focused, 'focused'],
    [grid, 'grid'],
  ] as const) {
    const forecast = read(nonInferiorityForecast(at, { margin, prior }))
    assert.ok(forecast.exact && forecast.power > 0.3)
    assert.ok(
      Math.abs(seen.mean - forecast.meanMs) < 4 * seen.standardError + 100,
      `${prior}: ${JSON.stringify(seen)} ${forecast.meanMs}`,
    )
  }
})

test('under the null the exact chance of an alarm, ever within 8000 events, is at most alpha', () => {
  for (const share of [0.05, 0.5]) {
    const start = createHarm({ restarts: null })
    const { survived } = firstPassage(
      {
        threshold: Math.log(100),
        probability: share,
        evidence: (canary, n) => {
          const next = updateHarm(start, { share, canary, stable: n - canary })
          return next.ok ? readHarm(next.state).logE : 0
        },
      },
      8000,
    )
    const alarms = 1 - survived
    assert.ok(alarms > 0.001 && alarms <= 0.01, `${share}: ${alarms}`)
  }
})

test('the distribution of a passage is the one of a gambler who must win three times more than lose', () => {
  // Evidence is a count of wins over losses: alarm at 3; P(ever) for p = 1/2 within 5 events is 7/32 by hand.
  const { stopped, survived } = firstPassage(
    { evidence: (toward, n) => toward - (n - toward), threshold: 3, probability: 0.5 },
    5,
  )
  assert.deepEqual(stopped, [0, 0, 0, 1 / 8, 0, 3 / 32])
  assert.equal(survived, 1 - 7 / 32)
  const late = firstPassage(
    { evidence: (toward, n) => toward - (n - toward), threshold: 3, probability: 0.5, leastToward: 4 },
    5,
  )
  assert.deepEqual(late.stopped, [0, 0, 0, 0, 1 / 16, 4 / 32])
})

test('the mean path and its inverse Gaussian are near the exact distribution where both can be had', () => {
  const share = 0.5
  const ratio = 1.15
  const start = createHarm({ restarts: null })
  const harm = {
    threshold: Math.log(100),
    probability: (share * ratio) / (share * ratio + 1 - share),
    evidence: (canary: number, n: number) => {
      const next = updateHarm(start, { share, canary, stable: n - canary })
      return next.ok ? readHarm(next.state).logE : 0
    },
  }
  const { stopped, survived } = firstPassage(harm, 12_000)
  const path = meanPath(harm, 1e6)
  assert.ok(path && survived < 1e-3)
  let mean = 0
  let cdf = 0
  for (const [n, chance] of stopped.entries()) {
    mean += n * chance
    cdf += chance
    if (n % 1000 !== 0 || n === 0) continue
    const approximate = inverseGaussianCdf(n, { mean: path.events, deviation: path.deviation })
    // Early strays are what it knows least of; it errs towards later.
    assert.ok(Math.abs(approximate - cdf) < 0.12, `${n}: ${approximate} for ${cdf}`)
  }
  assert.ok(path.events > mean && path.events < 1.15 * mean, `${path.events} for ${mean}`)
  assert.ok(
    inverseGaussianCdf(0, { mean: 1, deviation: 1 }) === 0 && inverseGaussianCdf(1e9, { mean: 1, deviation: 1 }) === 1,
  )
  // Known: P(T <= 1) for mean 1, shape 1.
  assert.ok(Math.abs(inverseGaussianCdf(1, { mean: 1, deviation: 1 }) - 0.6681020012231706) < 1e-12)
})

test('more of anything that helps is never slower, and a hopeless plan says so', () => {
  const base = read(harmForecast(plan))
  for (const better of [{ ratio: 3 }, { requestsPerSecond: 2000 }, { stableRate: 0.02 }, { alpha: 0.05 }])
    assert.ok(read(harmForecast({ ...plan, ...better })).meanMs < base.meanMs, JSON.stringify(better))
  const none = read(harmForecast({ ...plan, ratio: 1 }))
  assert.ok(none.power <= plan.alpha && none.medianMs === null && none.p95Ms === null)
  const endless = read(harmForecast({ ...plan, ratio: 1, horizonMs: 864e5 }))
  assert.ok(!endless.exact && endless.power <= plan.alpha)
  const large = read(nonInferiorityForecast({ ...plan, ratio: 1, share: 0.5, horizonMs: 7.2e7 }, { margin: 0.03 }))
  assert.ok(!large.exact && large.power > 0.99 && (large.medianMs ?? 0) < large.meanMs && large.meanEvents > 20_000)
  const floor = read(harmForecast({ ...plan, ratio: 100, share: 0.01 }, { leastCanaryEvents: 3 }))
  assert.ok(floor.meanMs > read(harmForecast({ ...plan, ratio: 100, share: 0.01 })).meanMs)
})

test('a plan that cannot be is refused', () => {
  for (const wrong of [{ requestsPerSecond: 0 }, { stableRate: 0 }, { ratio: 200 }, { horizonMs: Number.NaN }]) {
    const forecast = harmForecast({ ...plan, ...wrong })
    assert.ok(!forecast.ok && forecast.reason === 'invalid')
    assert.ok(!nonInferiorityForecast({ ...plan, ...wrong }, { margin: 0.1 }).ok)
  }
  assert.throws(() => harmForecast({ ...plan, share: 1 }), RangeError)
  assert.throws(() => nonInferiorityForecast(plan, { margin: 0 }), RangeError)
})

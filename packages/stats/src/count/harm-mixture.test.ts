import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { someArrivals } from '../testing/arbitraries.ts'
import { createHarm, readHarm, updateHarm, type HarmState } from './harm-mixture.ts'
import { createAboveLimit, createBelowLimit, readLimit, updateLimit, type LimitState } from './limit.ts'
import {
  createNonInferiority,
  readNonInferiority,
  updateNonInferiority,
  type NonInferiorityState,
} from './non-inferiority.ts'
import { createRatio, readRatio, readRatioNonInferiority, updateRatio } from './ratio-interval.ts'
import type { Updated } from '../refusal.ts'

function ok<State>(updated: Updated<State>): State {
  assert.ok(updated.ok, 'message' in updated ? updated.message : '')
  return updated.state
}

test('the numbers of the study: six batches at 5 %', () => {
  const batches = [
    [1, 0, 1.835801],
    [0, 1, 0.963752],
    [1, 0, 2.981241],
    [1, 0, 5.400189],
    [0, 3, 3.05807],
    [2, 1, 6.639748],
  ] as const
  // The study gives the second as "below 0": so it is for a batch of its own.
  const alone = ok(updateHarm(createHarm({ restarts: null }), { share: 0.05, canary: 0, stable: 1 }))
  assert.ok(readHarm(alone).logE < 0)
  let state = createHarm({ restarts: null })
  for (const [i, [canary, stable, logE]] of batches.entries()) {
    state = ok(updateHarm(state, { share: 0.05, canary, stable }))
    assert.ok(Math.abs(readHarm(state).logE - logE) < 5e-7, `${i}: ${readHarm(state).logE}`)
  }
  assert.equal(readHarm(state).peakLogE, readHarm(state).logE)
})

const share = fc.double({ min: 0.001, max: 0.999, noNaN: true })
const history = fc.array(fc.tuple(share, someArrivals), { maxLength: 8 })

/** What is expected after one more event that is canary's with a chance, as a multiple of what there is. */
function growth(before: number, canary: number, stable: number, chance: number): number {
  return chance * Math.exp(canary - before) + (1 - chance) * Math.exp(stable - before)
}

interface OneMore<State> {
  readonly state: State
  readonly update: (state: State, event: { canary: number; stable: number }) => State
  readonly logE: (state: State) => number
}

function expectedGrowth<State>({ state, update, logE }: OneMore<State>, chance: number): number {
  const [canary, stable] = [update(state, { canary: 1, stable: 0 }), update(state, { canary: 0, stable: 1 })]
  return growth(logE(state), logE(canary), logE(stable), chance)
}

const chanceOf = (a: number, ratio: number): number => (a * ratio) / (a * ratio + 1 - a)

test('harm: after any history the capital is not expected to grow while the ratio is at or below what is tolerated', () => {
  fc.assert(
    fc.property(
      history,
      share,
      fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
      fc.constantFrom(1, 1.1),
      fc.boolean(),
      (past, a, part, harmFrom, restarts) => {
        let state: HarmState = createHarm({ harmFrom, restarts: restarts ? { fraction: 0.5 } : null })
        for (const [at, events] of past) state = ok(updateHarm(state, { share: at, ...events }))
        const one: OneMore<HarmState> = {
          state,
          update: (before, events) => ok(updateHarm(before, { share: a, durationMs: 1_000, ...events })),
          logE: (read) => readHarm(read).logE,
        }
        const expected = expectedGrowth(one, chanceOf(a, harmFrom * part))
        assert.ok(expected <= 1 + 1e-9, String(expected))
        if (part === 1) assert.ok(Math.abs(expected - 1) < 1e-9)
      },
    ),
  )
})

test('non-inferiority: the same while the ratio is at or above the margin, for the fixed test and for any margin from the likelihood', () => {
  fc.assert(
    fc.property(
      history,
      share,
      fc.oneof(fc.constant(1), fc.double({ min: 1, max: 50, noNaN: true })),
      fc.constantFrom(0.1, 0.25, 2, 9),
      (past, a, times, margin) => {
        let fixed: NonInferiorityState = createNonInferiority({ margin })
        let any = createRatio()
        for (const [at, events] of past) {
          fixed = ok(updateNonInferiority(fixed, { share: at, ...events }))
          any = ok(updateRatio(any, { share: at, ...events }))
        }
        const chance = chanceOf(a, (1 + margin) * times)
        const first = expectedGrowth(
          {
            state: fixed,
            update: (before, events) => ok(updateNonInferiority(before, { share: a, ...events })),
            logE: (read) => readNonInferiority(read).logE,
          },
          chance,
        )
        const second = expectedGrowth(
          {
            state: any,
            update: (before, events) => ok(updateRatio(before, { share: a, ...events })),
            logE: (read) => readRatioNonInferiority(read, { margin }),
          },
          chance,
        )
        assert.ok(first <= 1 + 1e-9 && second <= 1 + 1e-9, `${first} ${second}`)
        if (times === 1) assert.ok(Math.abs(first - 1) < 1e-9, 'fair at the edge')
      },
    ),
  )
})

test('limits: the same for trials on the wrong side of the limit', () => {
  const trials = fc.array(fc.record({ trials: fc.nat(60), part: fc.double({ min: 0, max: 1, noNaN: true }) }), {
    maxLength: 6,
  })
  fc.assert(
    fc.property(
      trials,
      fc.constantFrom(0.005, 0.1, 0.9),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (past, limit, part) => {
        let below: LimitState = createBelowLimit({ limit })
        let above: LimitState = createAboveLimit({ limit })
        for (const each of past) {
          const batch = { trials: each.trials, events: Math.floor(each.trials * each.part) }
          below = ok(updateLimit(below, batch))
          above = ok(updateLimit(above, batch))
        }
        const one = (state: LimitState): OneMore<LimitState> => ({
          state,
          update: (before, { canary }) => ok(updateLimit(before, { trials: 1, events: canary })),
          logE: (read) => readLimit(read).logE,
        })
        assert.ok(expectedGrowth(one(below), limit + (1 - limit) * part) <= 1 + 1e-9)
        assert.ok(expectedGrowth(one(above), limit * part) <= 1 + 1e-9)
      },
    ),
  )
})

/** ln of n over k. */
function logChoose(n: number, k: number): number {
  let sum = 0
  for (let i = 1; i <= k; i += 1) sum += Math.log((n - k + i) / i)
  return sum
}

test('with the realised share of the slot harm stays fair: the split of events among equals is hypergeometric', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 30 }),
      fc.nat(10),
      (canaries, stables, events) => {
        const all = canaries + stables
        const k = Math.min(events, all)
        let expected = 0
        for (let x = Math.max(0, k - stables); x <= Math.min(k, canaries); x += 1) {
          const chance = Math.exp(logChoose(canaries, x) + logChoose(stables, k - x) - logChoose(all, k))
          const batch = { share: canaries / all, canary: x, stable: k - x }
          expected += chance * Math.exp(readHarm(ok(updateHarm(createHarm({ restarts: null }), batch))).logE)
        }
        assert.ok(expected <= 1 + 1e-9, String(expected))
      },
    ),
  )
})

test('more canary events are more evidence of harm, more stable events are less', () => {
  fc.assert(
    fc.property(share, someArrivals, (a, { canary, stable }) => {
      const logE = (more: number, others: number): number =>
        readHarm(ok(updateHarm(createHarm(), { share: a, canary: canary + more, stable: stable + others }))).logE
      assert.ok(logE(1, 0) >= logE(0, 0) - 1e-12)
      assert.ok(logE(0, 1) <= logE(0, 0) + 1e-12)
    }),
  )
})

test('late capital sees only what comes after it', () => {
  const healthy = { share: 0.05, canary: 0, stable: 40, durationMs: 60_000 }
  const bad = { share: 0.05, canary: 6, stable: 4, durationMs: 1_000 }
  const run = (fraction: number): number => {
    let state = createHarm({ restarts: fraction > 0 ? { fraction } : null })
    for (let minute = 0; minute < 30; minute += 1) state = ok(updateHarm(state, healthy))
    state = ok(updateHarm(state, bad))
    return readHarm(state).logE
  }
  assert.ok(run(0.5) > run(0) + 5, `${run(0.5)} after ${run(0)}`)
  // All of it is at work before the first slot of an endless time is scored.
  const first = { share: 0.05, canary: 1, stable: 0 }
  const whole = readHarm(ok(updateHarm(createHarm({ restarts: null }), first))).logE
  const late = readHarm(
    ok(updateHarm(createHarm({ restarts: { fraction: 0.9, scaleMs: 1e-300 } }), { ...first, durationMs: 1e15 })),
  )
  assert.ok(Math.abs(late.logE - whole) < 0.01, `${late.logE} instead of ${whole}`)
  const idle = ok(updateHarm(createHarm(), { share: 0.05, canary: 0, stable: 0, durationMs: 1e9 }))
  assert.ok(Math.abs(readHarm(idle).logE) < 1e-12, 'time alone wins and loses nothing')
})

test('the interval holds the true ratio at the edges of what was seen, and tightens', () => {
  let state = createRatio()
  assert.equal(readRatio(state, { alpha: 0.05 }).ok, false)
  state = ok(updateRatio(state, { share: 0.5, canary: 20, stable: 20 }))
  const early = readRatio(state, { alpha: 0.05 })
  state = ok(updateRatio(state, { share: 0.5, canary: 980, stable: 980 }))
  const late = readRatio(state, { alpha: 0.05 })
  assert.ok(early.ok && late.ok && early.high !== null && late.high !== null)
  assert.ok(early.low < late.low && late.low < 1 && 1 < late.high && late.high < early.high)
  assert.equal(late.ratio, 1)
  const none = readRatio(ok(updateRatio(createRatio(), { share: 0.5, canary: 5, stable: 0 })), { alpha: 0.05 })
  assert.ok(none.ok && none.high === null && none.ratio === null, 'no upper bound without an event on stable')
})

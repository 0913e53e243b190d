import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReleasePlan } from '@serin/spec'
import type { Plan } from '../plan.ts'
import { targetsOf } from '../analysis/setup.ts'
import { cutAt, errors, latency, observed, setupOf } from '../analysis/testing/setups.ts'
import { forecastRelease } from './forecast.ts'

const minute = 60_000
const plan: Plan = {
  strategy: 'canary',
  stable: 'v1',
  canary: 'v2',
  steps: [
    { weightBp: 500, holdMs: 5 * minute, pause: false },
    { weightBp: 2_500, holdMs: 5 * minute, pause: true },
    { weightBp: 5_000, holdMs: 5 * minute, pause: false },
  ],
  deadlineMs: 120 * minute,
}

function forecast(requestsPerSecond: number, more: Partial<Parameters<typeof forecastRelease>[0]> = {}): ReleasePlan {
  const chosen = more.plan ?? plan
  return forecastRelease({
    service: 'shop',
    plan: chosen,
    setup: setupOf({ cuts: [cutAt(0.5, 50), cutAt(0.95, 134)], targetsBp: targetsOf(chosen) }),
    traffic: { requestsPerSecond, errorRatio: 0.005 },
    users: 40_000,
    warmUpMs: 10_000,
    ...more,
  })
}

test('the shares come in order, never before their holds, and a person is not waited for', () => {
  const { steps, promoted } = forecast(200)
  assert.deepEqual(
    steps.map(({ earliestMs }) => earliestMs),
    [0, 5 * minute, 10 * minute],
  )
  for (const { earliestMs, likelyMs } of steps) assert.ok(likelyMs !== null && likelyMs >= earliestMs)
  assert.deepEqual(
    steps.map(({ exposedUsers }) => exposedUsers),
    [2_000, 10_000, 20_000],
  )
  assert.ok(promoted.likelyMs !== null && promoted.likelyMs >= promoted.earliestMs)
})

test('less traffic makes it later, and too little makes it nothing', () => {
  const [much, some, little] = [2_000, 20, 0.02].map((rate) => forecast(rate).promoted.likelyMs)
  assert.ok(much !== null && some !== null && much !== undefined && some !== undefined && much < some)
  assert.equal(little, null)
})

test('harm is found sooner at a greater share, and twice the errors cost what failed until then', () => {
  const { steps } = forecast(50)
  const found = steps.map(({ doubledErrors }) => doubledErrors.likelyMs ?? Infinity)
  assert.deepEqual(
    found,
    found.toSorted((a, b) => b - a),
  )
  for (const { doubledErrors, smallestFound, weightBp } of steps) {
    assert.ok((doubledErrors.p95Ms ?? 0) > (doubledErrors.likelyMs ?? Infinity), `at ${weightBp} bp`)
    assert.ok(
      (doubledErrors.cost ?? 0) > 0 && (doubledErrors.foundHere ?? -1) >= 0 && (doubledErrors.foundHere ?? 2) <= 1,
    )
    assert.ok(smallestFound === null || smallestFound > 1)
  }
})

test('an adaptive plan is forecast by its own budget, and begins where that allows', () => {
  const steps = [10, 30, 100, 300, 900, 2_500, 5_000].map((weightBp) => ({ weightBp, holdMs: 10_000, pause: false }))
  const adaptive: Plan = { ...plan, strategy: 'adaptive', steps, budget: 100 }
  const setup = setupOf({
    cuts: [],
    metrics: { errors },
    targetsBp: targetsOf(adaptive),
    ramp: { budget: 100, intervalMs: 10_000, requestsPerSecond: 300 },
  })
  const planned = forecast(300, { plan: adaptive, setup })
  assert.equal(planned.steps[0]?.likelyMs, null)
  assert.equal(planned.steps[1]?.likelyMs, 0)
  assert.ok(planned.promoted.likelyMs !== null && planned.promoted.likelyMs < 10 * minute)
})

test('what cannot be forecast is named instead of being guessed', () => {
  const metrics = { errors, latency, 'false-positives': observed }
  const planned = forecast(200, { setup: setupOf({ metrics, cuts: [], targetsBp: targetsOf(plan) }) })
  assert.deepEqual(planned.notForecast, ['latency', 'false-positives'])
  assert.ok(planned.promoted.likelyMs !== null)
  const spotless = forecast(200, { traffic: { requestsPerSecond: 200, errorRatio: 0 } })
  assert.equal(spotless.steps[0]?.doubledErrors.likelyMs, null)
})

test('the requests of the steps are those of the whole release, also while a share grows evenly', () => {
  const steps: Plan['steps'] = [
    { weightBp: 10_000, fromBp: 0, holdMs: 10 * minute, pause: false, passes: 'no-harm' },
    { weightBp: 10_000, holdMs: 5 * minute, pause: false, name: 'bake', passes: 'no-harm' },
  ]
  const { steps: told, promoted } = forecast(20, { plan: { ...plan, strategy: 'blue-green', steps } })
  assert.deepEqual(
    told.map(({ fromBp, name }) => [fromBp, name]),
    [
      [0, undefined],
      [undefined, 'bake'],
    ],
  )
  const [growing = 0, baking = 0] = told.map(({ requestsHere }) => requestsHere ?? 0)
  assert.ok(Math.abs(growing + baking - promoted.canaryRequests) <= 1)
  // Half of the traffic in the mean, for twice as long.
  assert.ok(Math.abs(growing - baking) < 0.05 * baking, `${growing} and ${baking}`)
})

test('an experiment says what it is about', () => {
  const goal = { metric: 'sales', maxUnits: 1_000 }
  assert.deepEqual(forecast(20, { plan: { ...plan, goal } }).experiment, goal)
  assert.equal(forecast(20).experiment, undefined)
})

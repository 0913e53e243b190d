import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BucketCell } from '../mean/hash-buckets.ts'
import { readRatioTest } from '../mean/ratio-test.ts'
import { replayed } from '../testing/arbitraries.ts'
import { normal, xoshiro } from '../seeded/xoshiro.ts'
import type { Uniform } from '../seeded/xoshiro.ts'
import { createCupedTest, readCupedTest, updateCupedTest } from './cuped-test.ts'
import type { CupedBatch, CupedTestReading, CupedTestState } from './cuped-test.ts'

const period = { covariateUntilMs: 0, exposureFromMs: 1 }
const BUCKETS = 64

function started(options: { covariates?: number; worse?: 'up' | 'down' } = {}): CupedTestState {
  const { covariates = 1, worse = 'up' } = options
  const made = createCupedTest({ worse, period, covariates, buckets: BUCKETS, plannedEffect: 0.05 })
  assert.ok(made.ok)
  return made.state
}

interface World {
  readonly effect?: number
  readonly weight?: number
  readonly level?: number
  /** Share of units without history, who also behave differently. */
  readonly fresh?: number
}

/** New units of one slot: what they did before explains most of what they do now. */
function slot(uniform: Uniform, units: number, { effect = 0, weight = 0.9, level = 10, fresh = 0 }: World) {
  const cells = { outcome: [] as BucketCell[], before: [] as BucketCell[], missing: [] as BucketCell[] }
  for (let i = 0; i < units; i += 1) {
    const bucket = Math.floor(uniform() * BUCKETS)
    const isFresh = uniform() < fresh
    const pre = isFresh ? 0 : 10 + 3 * normal(uniform)
    const own = isFresh ? level - 4 : level + weight * (pre - 10)
    cells.outcome.push([bucket, own + effect + normal(uniform), 1])
    cells.before.push([bucket, pre, 1])
    cells.missing.push([bucket, isFresh ? 1 : 0, 1])
  }
  return cells
}

function batchOf(
  canary: ReturnType<typeof slot>,
  stable: ReturnType<typeof slot>,
  { stage, both = false }: { stage?: string; both?: boolean } = {},
): CupedBatch {
  const first = { canary: canary.before, stable: stable.before }
  const second = { canary: canary.missing, stable: stable.missing }
  return {
    canary: canary.outcome,
    stable: stable.outcome,
    covariates: both ? [first, second] : [first],
    ...(stage === undefined ? {} : { stage }),
  }
}

function add(state: CupedTestState, batch: CupedBatch): CupedTestState {
  const next = updateCupedTest(state, batch)
  assert.ok(next.ok, JSON.stringify(next))
  return next.state
}
function read(state: CupedTestState): CupedTestReading {
  const reading = readCupedTest(state)
  assert.ok(reading.ok, JSON.stringify(reading))
  return reading
}

test('the covariate shrinks the interval by its part of the variance, and the state replays', () => {
  const uniform = xoshiro(1)
  let state = started()
  for (let i = 0; i < 20; i += 1)
    state = add(state, batchOf(slot(uniform, 40, { effect: 0.4 }), slot(uniform, 160, {})))
  const adjusted = read(state)
  const plain = readRatioTest(state.test)
  assert.ok(plain.ok)
  // r² = 2.7² / (2.7² + 1) = 0.88.
  assert.ok(Math.abs((adjusted.theta[0] ?? 0) - 0.9) < 0.05, `${adjusted.theta[0]}`)
  assert.ok(adjusted.varianceRatio > 0.06 && adjusted.varianceRatio < 0.25, `${adjusted.varianceRatio}`)
  assert.ok(adjusted.high - adjusted.low < 0.6 * (plain.high - plain.low))
  assert.ok(adjusted.low < 0.4 && 0.4 < adjusted.high && (adjusted.logEHarm ?? 0) > (plain.logEHarm ?? 0) + 3)
  assert.deepEqual(readCupedTest(replayed(state)), adjusted)
})

test('without variance in the covariate the test is the plain one', () => {
  const uniform = xoshiro(2)
  let state = started()
  for (let i = 0; i < 5; i += 1) {
    const flat = (cells: ReturnType<typeof slot>) => ({
      ...cells,
      before: cells.before.map(([bucket, , den]): BucketCell => [bucket, 3 * den, den]),
    })
    state = add(state, batchOf(flat(slot(uniform, 60, {})), flat(slot(uniform, 90, {})), { stage: i < 3 ? 'a' : 'b' }))
  }
  const adjusted = read(state)
  const plain = readRatioTest(state.test)
  assert.ok(plain.ok && adjusted.theta[0] === 0 && Math.abs(adjusted.varianceRatio - 1) < 1e-12)
  for (const field of ['difference', 'standardError', 'low', 'high', 'logEHarm', 'logENonInferiority'] as const)
    assert.ok(Math.abs((adjusted[field] ?? 0) - (plain[field] ?? 1)) < 1e-12, field)
})

test('units without history bring an indicator, and it takes their part out too', () => {
  const uniform = xoshiro(3)
  let one = started()
  let two = started({ covariates: 2 })
  for (let i = 0; i < 20; i += 1) {
    const [canary, stable] = [slot(uniform, 60, { fresh: 0.3 }), slot(uniform, 60, { fresh: 0.3 })]
    one = add(one, batchOf(canary, stable))
    two = add(two, batchOf(canary, stable, { both: true }))
  }
  assert.ok(read(two).varianceRatio < 0.7 * read(one).varianceRatio)
  assert.equal(read(two).theta.length, 2)
})

/** Looks after every slot; how many of the runs ever alarm. */
function everAlarmed(runs: number, seed: number, world: World, alpha: number) {
  const found = { harm: 0, safe: 0 }
  for (let run = 0; run < runs; run += 1) {
    const uniform = xoshiro(seed + run)
    let state = started()
    let [harm, safe] = [false, false]
    for (let i = 0; i < 40; i += 1) {
      const level = 10 + Math.floor(i / 10)
      const canary = slot(uniform, i < 20 ? 10 : 50, { ...world, level })
      state = add(state, batchOf(canary, slot(uniform, 60, { level }), { stage: i < 20 ? 'few' : 'half' }))
      const reading = readCupedTest(state, { marginRatio: 0.02, alpha })
      if (!reading.ok) continue
      harm ||= (reading.logEHarm ?? 0) >= Math.log(1 / alpha)
      safe ||= (reading.logENonInferiority ?? 0) >= Math.log(1 / alpha)
    }
    if (harm) found.harm += 1
    if (safe) found.safe += 1
  }
  return found
}

test('looking all the time at a healthy or just too bad canary, while it ramps and drifts, keeps alpha (seeded)', () => {
  const runs = 80
  const most = runs * 0.05 + 3.5 * Math.sqrt(runs * 0.05 * 0.95)
  const healthy = everAlarmed(runs, 0xc0de, {}, 0.05)
  assert.ok(healthy.harm <= most, `${healthy.harm} false alarms of ${runs}`)
  // The margin of 2 % of a mean around 11.5 is 0.23; at that effect safety must stay unproven.
  const edge = everAlarmed(runs, 0xbade, { effect: 0.235 }, 0.05)
  assert.ok(edge.safe <= most, `${edge.safe} false proofs of ${runs}`)
})

test('what makes no sense is refused, and a refused batch is not counted', () => {
  const late = createCupedTest({ worse: 'up', period: { covariateUntilMs: 5, exposureFromMs: 4 } })
  assert.ok(!late.ok && late.reason === 'invalid')
  assert.throws(() => createCupedTest({ worse: 'up', period, covariates: 0 }), RangeError)
  const state = started()
  const uniform = xoshiro(4)
  const [canary, stable] = [slot(uniform, 5, {}), slot(uniform, 5, {})]
  for (const covariates of [[], [{ canary: [[0, Number.NaN, 1] as const], stable: [] }]]) {
    const next = updateCupedTest(state, { canary: canary.outcome, stable: stable.outcome, covariates })
    assert.ok(!next.ok && next.reason === 'invalid')
  }
  const early = readCupedTest(add(state, batchOf(canary, stable)))
  assert.ok(!early.ok && early.reason === 'insufficient')
})

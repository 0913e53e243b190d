import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ArmSlot } from '../evidence.ts'
import { createAnalysis, foldSlot, type AnalysisState } from './fold.ts'
import { judge } from './judge.ts'
import { readRamp } from './ramp.ts'
import { errors, setupOf, slotOf } from './testing/setups.ts'

const ramp = { budget: 100, intervalMs: 10_000, requestsPerSecond: 300 }
const setup = setupOf({ metrics: { errors }, cuts: [], ramp, targetsBp: [30, 100, 300, 900, 2_500, 5_000, 10_000] })

/** Requests that belong to nobody, so many of them failed. */
function did(requests: number, failed: number): Partial<ArmSlot> {
  return {
    requests,
    errors: failed,
    randomised: requests,
    randomisedErrors: failed,
    servedUnits: requests,
    events: { error: [failed, 0, 0] },
  }
}

function after(seconds: number, arms: { v1: Partial<ArmSlot>; v2: Partial<ArmSlot> }, canaryBp: number): AnalysisState {
  let state = createAnalysis(setup)
  for (let second = 1; second <= seconds; second += 1) {
    const slot = slotOf(arms, { seq: second, at: 1_000 * second, canaryBp, sticky: false })
    state = foldSlot(setup, state, slot, { bp: canaryBp }).state
  }
  return state
}

function allowed(state: AnalysisState) {
  const reading = readRamp(setup, state)
  assert.ok(reading !== undefined)
  return reading
}

test('before any evidence the worst is assumed of every request, and a quarter of the budget is the first share', () => {
  const { growBp, stayBp, perRequestUpTo, spent } = allowed(createAnalysis(setup))
  assert.deepEqual([growBp, stayBp, perRequestUpTo, spent], [83, 333, 1, 0])
})

test('each spotless second allows more, until half the traffic is affordable', () => {
  const shares = [1, 10, 60, 600].map(
    (seconds) => allowed(after(seconds, { v1: did(297, 1), v2: did(3, 0) }, 100)).growBp,
  )
  assert.deepEqual(
    shares,
    shares.toSorted((a, b) => a - b),
  )
  assert.ok((shares.at(-1) ?? 0) >= 5_000, shares.join(', '))
})

test('failures spend the budget and shrink what may stay; what stable fails too is not canary’s', () => {
  const bad = allowed(after(20, { v1: did(297, 1), v2: did(3, 2) }, 100))
  const good = allowed(after(20, { v1: did(297, 1), v2: did(3, 0) }, 100))
  assert.equal(bad.growBp, 0)
  assert.ok(bad.spent >= 30 && bad.spent <= 40 && bad.stayBp < good.stayBp)
  const common = allowed(after(3_000, { v1: did(200, 4), v2: did(100, 2) }, 3_333))
  assert.equal(Math.round(common.spent), 0)
  const used = allowed(after(60, { v1: did(297, 1), v2: did(3, 2) }, 100))
  assert.equal(used.stayBp, 0)
})

test('a judgement says what the budget allows, but not while something is amiss', () => {
  const state = after(10, { v1: did(297, 1), v2: did(3, 0) }, 100)
  const context = { nextBp: 300, now: 10_500, since: 0, warmingUp: false }
  const judgement = judge(setup, state, context)
  assert.equal(judgement.health, 'low-traffic')
  assert.ok(
    judgement.ramp !== undefined && judgement.sentence.includes('of the 100 requests that the rollout may cost'),
  )
  assert.equal(judge(setup, state, { ...context, now: 60_000 }).ramp, undefined)
  const { ramp: _, ...unlimited } = setup
  assert.equal(readRamp(unlimited, state), undefined)
})

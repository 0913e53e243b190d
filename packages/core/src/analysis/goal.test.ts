import type { ObservationMetric } from '@serin/spec'
import { xoshiro, type Uniform } from '@serin/stats/seeded'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAnalysis, foldObservations, type AnalysisState } from './fold.ts'
import { readGoal } from './goal.ts'
import { observed, setupOf } from './testing/setups.ts'

const sales: ObservationMetric = { ...observed, role: 'goal', better: 'higher' }
const goal = { metric: 'sales', maxUnits: 6_000 }
const setup = setupOf({ metrics: { sales }, goal })
type Value = (uniform: Uniform) => number
const sells =
  (chance: number): Value =>
  (uniform) =>
    uniform() < chance ? 1 : 0

interface Arms {
  readonly stable: Value
  readonly canary: Value
}

/** Users at 50 %, each with one outcome. */
function served(state: AnalysisState, uniform: Uniform, users: number, arms: Arms, of = setup): AnalysisState {
  const counts = { stable: 0, canary: 0 }
  const observations = Array.from({ length: users }, () => {
    const arm = uniform() < 0.5 ? ('canary' as const) : ('stable' as const)
    counts[arm] += 1
    const bucket = Math.floor(uniform() * 256)
    return { metric: 'sales', arm, stage: '5000', bucket, value: arms[arm](uniform) }
  })
  const next = foldObservations(of, state, observations)
  const add = (arm: 'stable' | 'canary') => ({ ...next[arm], units: next[arm].units + counts[arm] })
  return { ...next, stable: add('stable'), canary: add('canary') }
}

/** The first word other than "undecided", looked for after every three hundred users. */
function decided(seed: number, arms: Arms, of = setup): { readonly verdict: string; readonly units: number } {
  const uniform = xoshiro(seed * 7_919 + 13)
  let state = createAnalysis(of)
  for (;;) {
    state = served(state, uniform, 300, arms, of)
    const { verdict, units } = readGoal(of, state, goal)
    if (verdict !== 'undecided') return { verdict, units }
  }
}

test('who is better is found before the units are used up, whichever way is better', () => {
  for (let seed = 0; seed < 10; seed += 1) {
    const found = decided(seed, { stable: sells(0.1), canary: sells(0.2) })
    assert.equal(found.verdict, 'better')
    assert.ok(found.units < goal.maxUnits, `${found.units}`)
  }
  const returns = setupOf({ metrics: { sales: { ...sales, better: 'lower' } }, goal })
  for (let seed = 0; seed < 10; seed += 1)
    assert.equal(decided(seed, { stable: sells(0.2), canary: sells(0.1) }, returns).verdict, 'better')
})

test('who is as good is given up when the units are used up, and called better in less than one case of twenty', () => {
  const runs = 120
  let wrong = 0
  for (let seed = 0; seed < runs; seed += 1) {
    const { verdict, units } = decided(seed, { stable: sells(0.1), canary: sells(0.1) })
    if (verdict === 'better') wrong += 1
    else assert.deepEqual([verdict, units], ['not-shown', goal.maxUnits])
  }
  assert.ok(wrong <= runs * setup.falsePromotionRatio, `${wrong} of ${runs}`)
})

test('of three challengers that are as good, one is called better in less than one case of twenty', () => {
  const runs = 100
  // As the engine does: each has its part of what may go wrong, and all are compared with the same users of stable.
  const each = { ...setup, falsePromotionRatio: setup.falsePromotionRatio / 3 }
  let wrong = 0
  for (let seed = 0; seed < runs; seed += 1) {
    const uniform = xoshiro(seed * 104_729 + 7)
    let states = Array.from({ length: 3 }, () => createAnalysis(each))
    const verdicts = (): readonly string[] => states.map((state) => readGoal(each, state, goal).verdict)
    while (verdicts().every((verdict) => verdict === 'undecided')) {
      const users = Array.from({ length: 300 }, () => ({
        arm: Math.floor(uniform() * 4),
        bucket: Math.floor(uniform() * 256),
        value: sells(0.1)(uniform),
      }))
      states = states.map((state, i) => {
        const own = users.filter(({ arm }) => arm === i || arm === 3)
        const traced = own.map(({ arm, bucket, value }) => ({
          metric: 'sales',
          arm: arm === i ? ('canary' as const) : ('stable' as const),
          stage: '5000',
          bucket,
          value,
        }))
        const next = foldObservations(each, state, traced)
        const served = own.filter(({ arm }) => arm === i).length
        return {
          ...next,
          canary: { ...next.canary, units: next.canary.units + served },
          stable: { ...next.stable, units: next.stable.units + own.length - served },
        }
      })
    }
    if (verdicts().includes('better')) wrong += 1
  }
  assert.ok(wrong <= runs * setup.falsePromotionRatio, `${wrong} of ${runs}`)
})

test('who is worse is never better, and without a single outcome nobody is', () => {
  for (let seed = 0; seed < 10; seed += 1)
    assert.equal(decided(seed, { stable: sells(0.2), canary: sells(0.1) }).verdict, 'not-shown')
  const nothing = readGoal(setup, createAnalysis(setup), goal)
  assert.deepEqual([nothing.verdict, nothing.logE, nothing.units], ['undecided', 0, 0])
  assert.equal(nothing.sentence, 'Not decided yet whether canary is better at sales: 0 of 6000 units.')
})

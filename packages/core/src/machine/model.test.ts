import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Plan } from '../plan.ts'
import { advance } from './advance.ts'
import { askedWeightBp } from './asked.ts'
import { begin, type RolloutState } from './state.ts'
import { Operator } from './testing/operator.ts'
import { comings, meets, plans, type Coming } from './testing/stories.ts'

const phases = {
  starting: 'preparing',
  all: 'promoting',
  back: 'rolling-back',
  in: 'promoted',
  out: 'rolled-back',
} as const
const reasons = {
  person: 'operator',
  plan: 'pause-step',
  deadline: 'deadline',
  gate: 'gate',
  'no-evidence': 'no-evidence',
} as const

function same(model: Operator, state: RolloutState, plan: Plan): void {
  const held = model.held === 'no' ? null : reasons[model.held]
  const phase = held !== null ? 'holding' : typeof model.where === 'number' ? 'watching' : phases[model.where]
  assert.deepEqual([state.phase, state.attempt], [phase, model.attempt])
  assert.equal(askedWeightBp(state, plan), model.shareBp)
  if (state.phase === 'holding') assert.equal(state.reason, held)
  if (state.phase === 'rolling-back') assert.equal(state.reason, model.wentBack)
  if (state.phase !== 'watching' && state.phase !== 'holding') return
  assert.equal(state.step, typeof model.where === 'number' ? model.where : -1)
  assert.equal(state.evidenceMs, model.evidenceMs)
  assert.equal((plan.steps[state.step]?.gates?.length ?? 0) - (state.passed ?? 0), model.open.length)
  assert.deepEqual(state.approvals ?? [], model.yes)
  assert.equal(state.gateFailed ?? false, model.broken)
}

interface Real {
  state: RolloutState
  now: number
}

class Happens implements fc.Command<Operator, Real> {
  readonly #coming: Coming
  readonly #plan: Plan
  constructor(coming: Coming, plan: Plan) {
    this.#coming = coming
    this.#plan = plan
  }
  check(): boolean {
    return true
  }
  run(model: Operator, real: Real): void {
    real.now += this.#coming.laterMs
    const event = meets(this.#coming, real.state, this.#plan)
    const taken = model.hears(event, real.now)
    const outcome = advance(real.state, event, this.#plan, real.now)
    assert.equal('state' in outcome, taken, JSON.stringify([real.state, event]))
    if ('state' in outcome) real.state = outcome.state
    same(model, real.state, this.#plan)
  }
  toString(): string {
    return JSON.stringify(this.#coming)
  }
}

test('the machine does what a small model of it does, whatever happens in whatever order', () => {
  const stories = plans.chain((plan) =>
    fc.tuple(
      fc.constant(plan),
      fc.commands([comings.map((coming) => new Happens(coming, plan))], { maxCommands: 60, size: 'max' }),
    ),
  )
  fc.assert(
    fc.property(stories, ([plan, commands]) => {
      fc.modelRun(() => {
        const model = new Operator(plan)
        return { model, real: { state: begin(0), now: 0 } }
      }, commands)
    }),
    { numRuns: 2_000 },
  )
})

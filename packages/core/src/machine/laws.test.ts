import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Plan, PlanStep } from '../plan.ts'
import { advance, askedWeightBp } from './advance.ts'
import type { RolloutEvent } from './event.ts'
import { begin, isOver, type RolloutState } from './state.ts'

const runs = { numRuns: 2_000 }

const plans: fc.Arbitrary<Plan> = fc
  .uniqueArray(fc.integer({ min: 1, max: 9_999 }), { minLength: 0, maxLength: 5 })
  .chain((weights) =>
    fc.tuple(
      ...weights
        .toSorted((a, b) => a - b)
        .map((weightBp): fc.Arbitrary<PlanStep> =>
          fc.record({
            weightBp: fc.constant(weightBp),
            holdMs: fc.constantFrom(0, 1, 1_000, 5_000),
            pause: fc.boolean(),
          }),
        ),
    ),
  )
  .map((steps) => ({ strategy: 'canary', stable: 'v1', canary: 'v2', steps, deadlineMs: 10_000 }))

const share = fc.oneof(fc.nat(10_000), fc.constantFrom(0, 10_000))
/** What a budget says, now and then; most plans have none. */
const ramp = fc.option(fc.record({ growBp: share, stayBp: share, why: fc.constant('the budget') }), { nil: undefined })
const withRamp = (events: fc.Arbitrary<RolloutEvent>): fc.Arbitrary<RolloutEvent> =>
  fc.tuple(events, ramp).map(([each, found]) => (found === undefined ? each : { ...each, ramp: found }) as RolloutEvent)

const command = { by: fc.constantFrom('ann', 'bob'), why: fc.constantFrom('', 'because') }

/** Events, most of them such as a rollout meets, some of them stale or absurd. */
const event: fc.Arbitrary<RolloutEvent> = fc.oneof(
  { weight: 3, arbitrary: withRamp(fc.record({ type: fc.constant('canary-ready' as const) })) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('canary-failed' as const), why: fc.constant('it exited') }) },
  {
    weight: 12,
    arbitrary: withRamp(
      fc.record({
        type: fc.constant('judged' as const),
        attempt: fc.constantFrom(1, 1, 1, 2, 2, 3),
        verdict: fc.constantFrom('safe' as const, 'safe' as const, 'undecided' as const, 'harmful' as const),
        why: fc.constant('the evidence'),
        creditMs: fc.constantFrom(0, 1, 1_000, 6_000),
      }),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('in-force' as const),
      weightBp: fc.oneof(fc.constantFrom(0, 10_000), fc.nat(10_000)),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('tick' as const) }) },
  ...(['pause', 'resume', 'abort', 'retry', 'supersede'] as const).map((type) => ({
    weight: 1,
    arbitrary: fc.record({ type: fc.constant(type), ...command }) as fc.Arbitrary<RolloutEvent>,
  })),
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('promote' as const),
      full: fc.boolean(),
      seenStep: fc.option(fc.integer({ min: -1, max: 5 })),
      ...command,
    }),
  },
)

const stories = fc.array(fc.tuple(event, fc.constantFrom(0, 1, 500, 20_000)), { maxLength: 60 })

interface Moment {
  readonly before: RolloutState
  readonly event: RolloutEvent
  readonly after: RolloutState
  readonly refused: boolean
  readonly plan: Plan
}

/** Checks something at every moment of many stories. */
function always(check: (moment: Moment) => void): void {
  fc.assert(
    fc.property(plans, stories, (plan, story) => {
      let now = 0
      let state = begin(now)
      for (const [each, laterMs] of story) {
        now += laterMs
        const outcome = advance(deepFreeze(state), deepFreeze(each), deepFreeze(plan), now)
        const after = 'state' in outcome ? outcome.state : state
        check({ before: state, event: each, after, refused: 'refused' in outcome, plan })
        state = after
      }
    }),
    runs,
  )
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}

const isCommand = (each: RolloutEvent): boolean => 'by' in each
const asked = ({ before, after, plan }: Moment): readonly [number, number] => [
  askedWeightBp(before, plan),
  askedWeightBp(after, plan),
]

test('I1: harm is followed by 0 %, and by nothing else until somebody retries', () => {
  fc.assert(
    fc.property(plans, stories, (plan, story) => {
      let state = begin(0)
      let harmed = false
      for (const [each] of story) {
        const harms =
          each.type === 'judged' &&
          each.verdict === 'harmful' &&
          each.attempt === state.attempt &&
          askedWeightBp(state, plan) > 0 &&
          state.phase !== 'promoted'
        const outcome = advance(state, each, plan, 0)
        if ('state' in outcome) {
          if (outcome.state.attempt > state.attempt) harmed = false
          state = outcome.state
        }
        harmed ||= harms
        if (harmed) assert.equal(askedWeightBp(state, plan), 0)
      }
    }),
    runs,
  )
})

test('I2: by itself a step passes only on a safe verdict or within the budget, in a slot with samples, after its evidence time', () => {
  always((moment) => {
    const { before, event: each, plan } = moment
    const [was, is] = asked(moment)
    if (is <= was || before.phase !== 'watching' || isCommand(each)) return
    assert.ok(each.type === 'judged')
    assert.ok(each.verdict === 'safe' || is <= (each.ramp?.growBp ?? 0))
    assert.equal(each.attempt, before.attempt)
    assert.ok(each.creditMs > 0)
    assert.ok(before.evidenceMs + each.creditMs >= (plan.steps[before.step]?.holdMs ?? Infinity))
    assert.equal(plan.steps[before.step]?.pause, false)
  })
})

test('I3: what is held never goes forward by itself', () => {
  always((moment) => {
    const { before, event: each, after } = moment
    if (before.phase !== 'holding' || isCommand(each)) return
    const [was, is] = asked(moment)
    assert.ok(is <= was)
    assert.ok(after.phase === 'holding' || after.phase === 'rolling-back')
  })
})

test('I4: what is over stays over, unless somebody retries what was rolled back', () => {
  always(({ before, event: each, after }) => {
    if (!isOver(before)) return
    if (before.phase === 'rolled-back' && each.type === 'retry')
      assert.deepEqual([after.phase, after.attempt], ['preparing', before.attempt + 1])
    else assert.equal(after, before)
  })
})

test('I5: the weight asked is 0, a weight of the plan, or 100 % once promotion was decided', () => {
  always(({ after, plan }) => {
    const weightBp = askedWeightBp(after, plan)
    const ofPlan = plan.steps.some((step) => step.weightBp === weightBp)
    const promotes = after.phase === 'promoting' || after.phase === 'promoted'
    assert.ok(promotes ? weightBp === 10_000 : weightBp === 0 || ofPlan, `${after.phase}: ${weightBp}`)
  })
})

test('I6: time moves no traffic', () => {
  always((moment) => {
    if (moment.event.type !== 'tick') return
    const [was, is] = asked(moment)
    assert.equal(is, was)
  })
})

test('I7: facts are never refused, and a refused command changes nothing', () => {
  always(({ event: each, refused, before, after }) => {
    if (refused) {
      assert.ok(isCommand(each), each.type)
      assert.equal(after, before)
    }
  })
})

test('I8: evidence of another attempt changes nothing', () => {
  always(({ event: each, before, after }) => {
    if (each.type === 'judged' && each.attempt !== before.attempt) assert.equal(after, before)
  })
})

test('I9: the weight rises only when the version is ready, the evidence or the budget allows it, or a person says so', () => {
  always((moment) => {
    const [was, is] = asked(moment)
    if (is > was) assert.ok(['canary-ready', 'judged', 'promote', 'resume'].includes(moment.event.type))
  })
})

test('I10: promotion and rollback end only when the router says so', () => {
  always(({ before, event: each, after }) => {
    if (before === after || !isOver(after)) return
    assert.ok(each.type === 'in-force')
    assert.equal(each.weightBp, after.phase === 'promoted' ? 10_000 : 0)
  })
})

test('I11: a rollback cannot be stopped, and abort or harm is always heard while canary has traffic', () => {
  always(({ before, event: each, after, refused }) => {
    if (before.phase === 'rolling-back') assert.ok(after.phase === 'rolling-back' || after.phase === 'rolled-back')
    if (each.type !== 'abort' || isOver(before)) return
    assert.equal(refused, false)
    assert.equal(after.phase, 'rolling-back')
  })
})

test('I12: the same story gives the same states, and nothing that goes in is changed', () => {
  fc.assert(
    fc.property(plans, stories, (plan, story) => {
      const tell = (): readonly RolloutState[] => {
        const told: RolloutState[] = [begin(0)]
        for (const [each, at] of story) {
          const outcome = advance(deepFreeze(told.at(-1) ?? begin(0)), each, plan, at)
          if ('state' in outcome) told.push(outcome.state)
        }
        return told
      }
      assert.deepEqual(tell(), tell())
    }),
    { numRuns: 300 },
  )
})

test('I13: a share that the budget does not allow is left at once, for one that it allows or for none', () => {
  always((moment) => {
    const { before, event: each } = moment
    if (each.type !== 'judged' || each.ramp === undefined || each.attempt !== before.attempt) return
    if (before.phase !== 'watching' && before.phase !== 'holding') return
    const [was, is] = asked(moment)
    if (each.ramp.stayBp < was) assert.ok(is <= each.ramp.stayBp, `${was} → ${is}`)
    if (is > was && is < 10_000) assert.ok(is <= Math.max(each.ramp.growBp, each.ramp.stayBp), `${was} → ${is}`)
  })
})

// ── A small model beside the machine ───────────────────────────────────────────────────────────────────────────────────

/** What an operator keeps in their head: where it is, whether it is held, how much evidence the step has. */
interface Model {
  where: 'starting' | number | 'all' | 'back' | 'in' | 'out'
  held: 'no' | 'person' | 'plan' | 'deadline'
  evidenceMs: number
  attempt: number
  sinceMs: number
}

/** The rules in the operator's own order: refuse, go back, go forward. Returns whether the command was taken. */
function live(model: Model, each: RolloutEvent, plan: Plan, nowMs: number): boolean {
  const goTo = (where: Model['where']): true => {
    Object.assign(model, { where, held: 'no', evidenceMs: 0, sinceMs: nowMs } satisfies Partial<Model>)
    return true
  }
  const rung = (weightBp: number): number => plan.steps.filter((step) => step.weightBp <= weightBp).length - 1
  const forward = (step: number): true => goTo(step < plan.steps.length ? step : 'all')
  const hold = (held: Model['held']): true => {
    if (model.held === 'no') model.sinceMs = nowMs
    model.held = held
    return true
  }
  const { where } = model
  const over = where === 'in' || where === 'out'
  const onStep = typeof where === 'number'
  if (each.type === 'in-force') {
    if (where === 'all' && each.weightBp === 10_000) goTo('in')
    if (where === 'back' && each.weightBp === 0) goTo('out')
    return true
  }
  if (each.type === 'retry') {
    if (where !== 'out') return false
    model.attempt += 1
    return goTo('starting')
  }
  if (over) return !isCommand(each)
  if (where === 'back') return each.type === 'abort' || each.type === 'supersede' || !isCommand(each)
  if (each.type === 'abort' || each.type === 'supersede' || each.type === 'canary-failed') return goTo('back')
  if (each.type === 'canary-ready')
    return where === 'starting' && model.held === 'no' ? forward(Math.max(0, rung(each.ramp?.growBp ?? 0))) : true
  if (each.type === 'judged') {
    if (each.attempt !== model.attempt || where === 'starting') return true
    if (each.verdict === 'harmful') return goTo('back')
    if (!onStep) return true
    const { holdMs, pause, weightBp } = plan.steps[where] ?? { holdMs: Infinity, pause: false, weightBp: 0 }
    if (each.ramp !== undefined && each.ramp.stayBp < weightBp) {
      const lower = rung(each.ramp.stayBp)
      if (lower < 0) return goTo('back')
      Object.assign(model, { where: lower, evidenceMs: 0, sinceMs: nowMs } satisfies Partial<Model>)
      return true
    }
    model.evidenceMs += each.creditMs
    const paidFor = where + 1 < plan.steps.length && rung(each.ramp?.growBp ?? 0) > where
    const tenable = each.ramp === undefined || (plan.steps[where + 1]?.weightBp ?? 0) <= each.ramp.stayBp
    const may = (each.verdict === 'safe' && tenable) || paidFor
    if (model.held !== 'no' || !may || each.creditMs === 0 || model.evidenceMs < holdMs) return true
    return pause ? hold('plan') : forward(where + 1)
  }
  if (each.type === 'tick') {
    const limitMs = onStep ? (plan.steps[where]?.holdMs ?? 0) + plan.deadlineMs : Infinity
    return model.held === 'no' && nowMs - model.sinceMs >= limitMs ? hold('deadline') : true
  }
  if (where === 'all') return false
  if (each.type === 'pause') return hold('person')
  if (each.type === 'promote') {
    if (!onStep || (each.seenStep !== null && each.seenStep !== where)) return false
    return each.full ? goTo('all') : forward(where + 1)
  }
  if (model.held === 'no') return false
  if (where === 'starting') return goTo('starting')
  if (model.held === 'plan') return forward(where + 1)
  Object.assign(model, { held: 'no', sinceMs: nowMs } satisfies Partial<Model>)
  return true
}

const phases: Readonly<Record<Exclude<Model['where'], number>, RolloutState['phase']>> = {
  starting: 'preparing',
  all: 'promoting',
  back: 'rolling-back',
  in: 'promoted',
  out: 'rolled-back',
}
const reasons = { person: 'operator', plan: 'pause-step', deadline: 'deadline' } as const

function same(model: Model, state: RolloutState): void {
  const held = model.held !== 'no'
  const phase = held ? 'holding' : typeof model.where === 'number' ? 'watching' : phases[model.where]
  assert.deepEqual([state.phase, state.attempt], [phase, model.attempt])
  if (state.phase === 'watching' || state.phase === 'holding') {
    assert.equal(state.step, typeof model.where === 'number' ? model.where : -1)
    assert.equal(state.evidenceMs, model.evidenceMs)
  }
  if (state.phase === 'holding' && model.held !== 'no') assert.equal(state.reason, reasons[model.held])
}

interface Real {
  state: RolloutState
  now: number
}

class Happens implements fc.Command<Model, Real> {
  readonly #event: RolloutEvent
  readonly #laterMs: number
  readonly #plan: Plan
  constructor(event: RolloutEvent, laterMs: number, plan: Plan) {
    this.#event = event
    this.#laterMs = laterMs
    this.#plan = plan
  }
  check(): boolean {
    return true
  }
  run(model: Model, real: Real): void {
    real.now += this.#laterMs
    const taken = live(model, this.#event, this.#plan, real.now)
    const outcome = advance(real.state, this.#event, this.#plan, real.now)
    assert.equal('state' in outcome, taken, JSON.stringify([real.state, this.#event]))
    if ('state' in outcome) real.state = outcome.state
    same(model, real.state)
  }
  toString(): string {
    return `+${this.#laterMs} ms ${JSON.stringify(this.#event)}`
  }
}

test('the machine does what a small model of it does, whatever happens in whatever order', () => {
  const commandsOf = (plan: Plan) =>
    fc.commands(
      [fc.tuple(event, fc.constantFrom(0, 1, 500, 20_000)).map(([each, laterMs]) => new Happens(each, laterMs, plan))],
      { maxCommands: 60 },
    )
  fc.assert(
    fc.property(
      plans.chain((plan) => commandsOf(plan)),
      (commands) => {
        fc.modelRun(() => {
          const model: Model = { where: 'starting', held: 'no', evidenceMs: 0, attempt: 1, sinceMs: 0 }
          return { model, real: { state: begin(0), now: 0 } }
        }, commands)
      },
    ),
    runs,
  )
})

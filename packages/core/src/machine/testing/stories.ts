/** Plans of every kind a strategy can compile to, and what can happen to them: mostly what a rollout meets, some of it stale or absurd. */
import { Gate } from '@serin/spec'
import * as fc from 'fast-check'
import type { MirrorAsk, NamedGate, Plan, PlanStep } from '../../plan.ts'
import { advance } from '../advance.ts'
import { askedWeightBp } from '../asked.ts'
import type { RolloutEvent } from '../event.ts'
import { begin, type RolloutState } from '../state.ts'

const mirror: MirrorAsk = {
  shareBp: 10_000,
  methods: ['GET'],
  body: 'json',
  ignored: [],
  tolerance: 0,
  timeoutMs: 1_000,
  maxDifferentRatio: 0.01,
  minPairs: 10,
}

/** A gate as a plan has it. */
export function gateOf(gate: Gate): NamedGate {
  return { ...gate, name: gate.name ?? gate.kind }
}

const gate = fc
  .constantFrom<unknown>(
    { kind: 'approval' },
    { kind: 'approval', people: 2 },
    { kind: 'approval', people: 2, from: ['ann', 'bob'] },
    { kind: 'http', url: 'http://ci/ok' },
    { kind: 'command', command: ['check'], onFailure: 'hold' },
    { kind: 'window' },
  )
  .map((each) => gateOf(Gate.parse(each)))

const holdMs = fc.constantFrom(0, 1, 1_000, 5_000)
/** There in one case of three, and in two. */
const seldom = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: of })
const often = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined, freq: 2 })

/** What is asked for is there; what is not is absent, as in a plan. */
function present(all: object): object {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

function stepAt(weightBp: number): fc.Arbitrary<PlanStep> {
  return fc
    .record({
      weightBp: fc.constant(weightBp),
      holdMs,
      pause: fc.constantFrom(false, false, true),
      passes: seldom(fc.constantFrom('no-harm' as const, 'decided' as const)),
      fromBp: weightBp === 0 ? fc.constant(undefined) : seldom(fc.nat(weightBp)),
      minUnits: seldom(fc.constant(50)),
      mirror: seldom(fc.constant(mirror)),
      canaryReplicas: seldom(fc.constant(2)),
      gates: often(fc.array(gate, { minLength: 1, maxLength: 2 })),
    })
    .map((step) => present(step) as PlanStep)
}

const weight = fc.oneof(fc.constantFrom(0, 0, 500, 2_500), fc.nat(9_999))

/** Any step may ask for anything; shares never shrink. */
const rich: fc.Arbitrary<Plan> = fc
  .tuple(fc.array(weight, { minLength: 1, maxLength: 4, size: 'max' }), fc.boolean())
  .map(([weights, bakes]) => [...weights.toSorted((a, b) => a - b), ...(bakes ? [10_000] : [])])
  .chain((weights) => fc.tuple(...weights.map(stepAt)))
  .map((steps) => planOf(steps))

/** With a budget: rungs, and nothing else. */
const ladders: fc.Arbitrary<Plan> = fc
  .uniqueArray(fc.integer({ min: 1, max: 9_999 }), { maxLength: 5, size: 'max' })
  .chain((weights) =>
    fc.tuple(
      ...weights
        .toSorted((a, b) => a - b)
        .map((weightBp) => fc.record({ weightBp: fc.constant(weightBp), holdMs, pause: fc.boolean() })),
    ),
  )
  .map((steps) => ({ ...planOf(steps), strategy: 'adaptive', budget: 100 }))

function planOf(steps: readonly PlanStep[]): Plan {
  return { strategy: 'composite', stable: 'v1', canary: 'v2', steps, deadlineMs: 10_000 }
}

/** Plans of all kinds. */
export const plans: fc.Arbitrary<Plan> = fc
  .tuple(fc.oneof({ weight: 3, arbitrary: rich }, { weight: 1, arbitrary: ladders }), fc.boolean())
  .map(([plan, goesBack]) => (goesBack ? { ...plan, onDeadline: 'rollback' } : plan))

const share = fc.oneof(fc.nat(10_000), fc.constantFrom(0, 10_000))
const ramp = often(fc.record({ growBp: share, stayBp: share, why: fc.constant('the budget') }))
const attempt = fc.constantFrom(1, 2, 3)
const step = fc.integer({ min: -1, max: 5 })
const command = { by: fc.constantFrom('ann', 'bob', 'cid'), why: fc.constantFrom('', 'because') }
const seenStep = fc.option(step, { freq: 2 })
const why = fc.constant('it says so')
const of = <const T extends string>(type: T) => fc.constant(type)
const weighted = (weight: number, arbitrary: fc.Arbitrary<object>) => ({
  weight,
  arbitrary: arbitrary as fc.Arbitrary<RolloutEvent>,
})

const verdict = fc.constantFrom(
  'safe',
  'safe',
  'safe',
  'safe',
  'safe',
  'safe',
  'safe',
  'undecided',
  'undecided',
  'harmful',
)
const judged = fc.record({
  type: of('judged'),
  attempt,
  verdict,
  why: fc.constant('the evidence'),
  creditMs: fc.constantFrom(0, 1, 1_000, 6_000),
  units: fc.constantFrom(10, 50, 50, 50),
  goal: often(
    fc.record({
      verdict: fc.constantFrom('better', 'better', 'better', 'better', 'better', 'not-shown'),
      why: fc.constant('the goal'),
    }),
  ),
  ramp,
})

const gateWord = fc.record({
  type: of('gate'),
  attempt,
  step,
  gate: fc.nat(2),
  outcome: fc.constantFrom('passed', 'passed', 'passed', 'failed'),
  why,
})

const missing = fc.record({
  type: of('unhealthy'),
  attempt,
  do: fc.constantFrom('hold', 'hold', 'rollback'),
  why,
})

/** Events of every type; what ends a story comes seldom. */
const events: fc.Arbitrary<RolloutEvent> = fc
  .oneof(
    weighted(30, fc.record({ type: of('canary-ready'), ramp })),
    weighted(90, judged),
    weighted(25, fc.record({ type: of('scaled'), attempt, step })),
    weighted(30, gateWord),
    weighted(20, fc.record({ type: of('approve'), ...command })),
    weighted(15, fc.record({ type: of('in-force'), weightBp: share })),
    weighted(10, fc.record({ type: of('tick') })),
    weighted(5, missing),
    weighted(6, fc.record({ type: of('pause'), ...command })),
    weighted(20, fc.record({ type: of('resume'), ...command })),
    weighted(15, fc.record({ type: of('retry'), ...command })),
    weighted(5, fc.record({ type: of('promote'), full: fc.constantFrom(false, false, true), seenStep, ...command })),
    weighted(5, fc.record({ type: of('jump'), to: fc.integer({ min: -1, max: 5 }), seenStep, ...command })),
    weighted(1, fc.record({ type: of('canary-failed'), why })),
    weighted(1, fc.record({ type: of('abort'), ...command })),
    weighted(1, fc.record({ type: of('supersede'), ...command })),
  )
  .map((each) => present(each) as RolloutEvent)

/** Something that is going to happen. */
export interface Coming {
  readonly event: RolloutEvent
  /** Most facts are about what is there, and most people see it; these fields are not. */
  readonly stale: readonly string[]
  readonly laterMs: number
}

/** What comes next. */
export const comings: fc.Arbitrary<Coming> = fc.record({
  event: events,
  stale: fc.oneof(
    { weight: 5, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.subarray(['attempt', 'step', 'gate', 'seenStep', 'weightBp'], { minLength: 1 }) },
  ),
  laterMs: fc.constantFrom(0, 1, 500, 500, 500, 20_000),
})

/** The event as it meets the rollout. */
export function meets({ event, stale }: Coming, state: RolloutState, plan: Plan): RolloutEvent {
  const right: Readonly<Record<string, number>> = {
    attempt: state.attempt,
    weightBp: askedWeightBp(state, plan),
    ...('step' in state ? { step: state.step, seenStep: state.step, gate: state.passed ?? 0 } : {}),
  }
  const fields = Object.entries(event).filter(([name]) => plan.budget !== undefined || name !== 'ramp')
  const aimed = fields.map(([name, value]) => {
    const known = typeof value === 'number' && !stale.includes(name) ? right[name] : undefined
    return [name, known ?? value]
  })
  return Object.fromEntries(aimed)
}

const stories: fc.Arbitrary<readonly Coming[]> = fc.array(comings, {
  minLength: 20,
  maxLength: 60,
  size: 'max',
})

/** What happened at one point of a story. */
export interface Moment {
  readonly before: RolloutState
  readonly event: RolloutEvent
  readonly after: RolloutState
  readonly refused: boolean
  readonly plan: Plan
  readonly now: number
}

const [seed = 0] = fc.sample(fc.integer(), 1)
const runs = { seed, numRuns: 2_000 }
const told = fc.sample(fc.tuple(plans, stories), runs).map(([plan, story]) => tell(plan, story))

/** Checks many stories, told once for all laws; the smallest of those that break one is looked for when it is needed. */
export function always(check: (moments: readonly Moment[]) => void): void {
  try {
    for (const moments of told) check(moments)
  } catch (error) {
    fc.assert(
      fc.property(plans, stories, (plan, story) => check(tell(plan, story))),
      runs,
    )
    throw error
  }
}

/** The moments of a story. Nothing that goes in may be changed: all of it is frozen. */
export function tell(plan: Plan, story: readonly Coming[]): readonly Moment[] {
  deepFreeze(plan)
  let [state, now]: [RolloutState, number] = [begin(0), 0]
  return story.map((coming) => {
    now += coming.laterMs
    const before = deepFreeze(state)
    const event = deepFreeze(meets(coming, before, plan))
    const outcome = advance(before, event, plan, now)
    if ('state' in outcome) state = outcome.state
    return { before, event, after: state, refused: 'refused' in outcome, plan, now }
  })
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}

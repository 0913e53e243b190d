import type { Plan, PlanStep } from '../plan.ts'
import { askedWeightBp, gateAsked, isQuiet } from './asked.ts'
import type { EventOf } from './event.ts'
import type { RollbackReason, RolloutState, StateOf } from './state.ts'

/** What a transition says: the next state, or why a command does not fit. */
export type Outcome = { readonly state: RolloutState } | { readonly refused: string }

/** Who acts, and why. */
export interface Actor {
  readonly by: string
  readonly why: string
}

type OnStep = StateOf<'watching'> | StateOf<'holding'>

/** A step begins, with everything to be done; beyond the last canary takes everything. A step that waits for nothing is passed at once. */
export function enter(before: RolloutState, at: number, plan: Plan, now: number, actor: Actor): Outcome {
  const step = plan.steps[at]
  const { attempt } = before
  if (step === undefined) return promoteAll(before, actor, now)
  const waits = {
    ...(step.gates === undefined ? {} : { gateSince: now }),
    ...(step.canaryReplicas === undefined ? {} : { waitingBp: askedWeightBp(before, plan) }),
  }
  const state = { phase: 'watching', attempt, step: at, since: now, evidenceMs: 0, ...waits } as const
  return isQuiet(step) ? leaveQuiet(state, plan, now, actor) : { state }
}

/** A step without requests is left when nothing is waited for any more; nothing else would ever leave it. */
export function leaveQuiet(state: StateOf<'watching'>, plan: Plan, now: number, actor: Actor): Outcome {
  const step = plan.steps[state.step]
  if (step === undefined || !isQuiet(step) || state.waitingBp !== undefined || gateAsked(state, plan) !== null)
    return { state }
  return step.pause ? holdForPerson(state, now) : enter(state, state.step + 1, plan, now, actor)
}

/** Canary is asked to take everything, for good. */
export function promoteAll(before: RolloutState, { by, why }: Actor, now: number): Outcome {
  return { state: { phase: 'promoting', attempt: before.attempt, since: now, by, why } }
}

/** Stable is asked to take everything. */
export function rollBack(
  { attempt }: { readonly attempt: number },
  reason: RollbackReason,
  { by, why }: Actor,
  now: number,
): Outcome {
  return { state: { phase: 'rolling-back', attempt, since: now, reason, by, why } }
}

function holdForPerson(state: StateOf<'watching'>, now: number): Outcome {
  const why = 'The plan waits for a person here.'
  return { state: { ...state, phase: 'holding', since: now, reason: 'pause-step', by: 'serin', why } }
}

/** Whether a person who acts saw the step that is in force. */
export function isStale(state: OnStep, seenStep: number | null): string | null {
  if (seenStep === null || seenStep === state.step) return null
  return `The rollout is at step ${state.step + 1}, not at step ${seenStep + 1} any more. Look again.`
}

/** A slot of evidence while a step is watched. */
export function judgedWatching(state: StateOf<'watching'>, event: EventOf<'judged'>, plan: Plan, now: number): Outcome {
  if (event.attempt !== state.attempt) return { state }
  if (event.verdict === 'harmful') return rollBack(state, 'harmful', { by: 'serin', why: event.why }, now)
  const step = plan.steps[state.step]
  const lowered = lower(state, event, plan, now)
  if (lowered !== null) return lowered
  const goal = step?.passes === 'decided' ? event.goal : undefined
  if (goal?.verdict === 'not-shown') return rollBack(state, 'no-gain', { by: 'serin', why: goal.why }, now)
  const next = gather(state, event)
  if (step === undefined || !passes(next, step, event, plan)) return { state: next }
  if (step.pause) return holdForPerson(next, now)
  const why = goal?.why ?? (event.verdict === 'safe' ? event.why : (event.ramp?.why ?? event.why))
  return enter(next, state.step + 1, plan, now, { by: 'serin', why })
}

/** Adds evidence time. At the share of before, while copies are waited for, there is none for the step. */
function gather<S extends OnStep>(state: S, { creditMs }: EventOf<'judged'>): S {
  return state.waitingBp === undefined ? { ...state, evidenceMs: state.evidenceMs + creditMs } : state
}

/** Whether everything the step asks for is there. A slot without samples never moves traffic forward, whatever was proved before it. */
function passes(state: StateOf<'watching'>, step: PlanStep, event: EventOf<'judged'>, plan: Plan): boolean {
  if (event.creditMs === 0 || state.evidenceMs < step.holdMs) return false
  if (step.minUnits !== undefined && (event.units ?? 0) < step.minUnits) return false
  if (state.waitingBp !== undefined || gateAsked(state, plan) !== null) return false
  if (step.passes === 'no-harm') return true
  if (step.passes === 'decided') return event.verdict === 'safe' && event.goal?.verdict === 'better'
  const next = plan.steps[state.step + 1]
  const affordable = event.ramp !== undefined && next !== undefined && next.weightBp <= event.ramp.growBp
  // Safe for a share that would have to be left at once is no reason to go there; promotion is not bought, but proved.
  const tenable = event.ramp === undefined || next === undefined || next.weightBp <= event.ramp.stayBp
  return affordable || (event.verdict === 'safe' && tenable)
}

/** A held rollout still goes back when harm is proved; it never goes forward by itself. */
export function judgedHolding(state: StateOf<'holding'>, event: EventOf<'judged'>, plan: Plan, now: number): Outcome {
  const { attempt, verdict, why } = event
  if (attempt !== state.attempt || state.step < 0) return { state }
  if (verdict === 'harmful') return rollBack(state, 'harmful', { by: 'serin', why }, now)
  const lowered = lower(state, event, plan, now)
  if (lowered !== null) return lowered
  // A share that follows a schedule stays where it is.
  if (plan.steps[state.step]?.fromBp !== undefined) return { state }
  return { state: gather(state, event) }
}

/** A share that the budget does not allow any more is left at once: for a smaller one, or for none. Null while it may stay. */
function lower(state: OnStep, { ramp }: EventOf<'judged'>, plan: Plan, now: number): Outcome | null {
  if (ramp === undefined || ramp.stayBp >= askedWeightBp(state, plan)) return null
  const step = highestStep(plan, ramp.stayBp)
  if (step < 0) return rollBack(state, 'budget', { by: 'serin', why: ramp.why }, now)
  return { state: { ...state, step, since: now, evidenceMs: 0 } }
}

/** The last step whose share is at most this one; −1 if all are greater. */
export function highestStep({ steps }: Plan, weightBp: number): number {
  return steps.findLastIndex((step) => step.weightBp <= weightBp)
}

/** Past its deadline a step is held for a person, or goes back when the plan says so. A gate that is asked has a limit of its own. */
export function tickWatching(state: StateOf<'watching'>, plan: Plan, now: number): Outcome {
  // The wall clock was set back: the deadline counts from here, else it would be hours away.
  const { since, gateSince = since } = state
  if (now < Math.max(since, gateSince)) {
    const gate = state.gateSince === undefined ? {} : { gateSince: Math.min(gateSince, now) }
    return { state: { ...state, since: Math.min(since, now), ...gate } }
  }
  if (gateAsked(state, plan) !== null) return { state }
  const from = Math.max(since, gateSince)
  // The time a step is meant to take is no delay.
  if (now - from < (plan.steps[state.step]?.holdMs ?? 0) + plan.deadlineMs) return { state }
  const late = state.waitingBp === undefined ? 'The evidence did not decide' : 'The copies of canary were not ready'
  const why = `${late} within the deadline of the step.`
  if (plan.onDeadline === 'rollback') return rollBack(state, 'deadline', { by: 'serin', why }, now)
  return { state: { ...state, phase: 'holding', since: now, reason: 'deadline', by: 'serin', why } }
}

/** The copies a step asks for are ready: its share is asked for, and its time begins. */
export function scaled(state: StateOf<'watching'>, event: EventOf<'scaled'>, plan: Plan, now: number): Outcome {
  if (event.attempt !== state.attempt || event.step !== state.step || state.waitingBp === undefined) return { state }
  const { waitingBp: _waited, ...rest } = state
  return leaveQuiet({ ...rest, since: now }, plan, now, { by: 'serin', why: 'The copies of the step are ready.' })
}

/** A gate has spoken. One that is not asked now is not heard. */
export function gateSpoke(state: OnStep, event: EventOf<'gate'>, plan: Plan, now: number): Outcome {
  const asked = gateAsked(state, plan)
  if (event.attempt !== state.attempt || event.step !== state.step || asked?.at !== event.gate) return { state }
  // People approve, nothing else does; and what has failed is not asked again before the rollout goes on.
  if (asked.gate.kind === 'approval' || state.gateFailed === true) return { state }
  const said = { by: 'serin', why: event.why }
  if (event.outcome === 'passed') return passGate(state, plan, now, said)
  if ('onFailure' in asked.gate && asked.gate.onFailure === 'rollback') return rollBack(state, 'gate', said, now)
  const failed = { ...state, gateFailed: true } as const
  // What is held already stays so, for the reason it has.
  if (failed.phase === 'holding') return { state: failed }
  return { state: { ...failed, phase: 'holding', since: now, reason: 'gate', ...said } }
}

function passGate(state: OnStep, plan: Plan, now: number, actor: Actor): Outcome {
  const { approvals: _, ...rest } = state
  const next = { ...rest, passed: (state.passed ?? 0) + 1, gateSince: now }
  return next.phase === 'watching' ? leaveQuiet(next, plan, now, actor) : { state: next }
}

/** One more person says yes; with enough of them the gate has passed. */
export function approve(state: OnStep, event: EventOf<'approve'>, plan: Plan, now: number): Outcome {
  const { by, why, seenStep = null, seenGate = null } = event
  const asked = gateAsked(state, plan)
  const stale = isStale(state, seenStep)
  if (stale !== null) return { refused: stale }
  if (asked !== null && seenGate !== null && seenGate !== asked.gate.name)
    return { refused: `The gate "${asked.gate.name}" is asked, not "${seenGate}" any more. Look again.` }
  if (asked?.gate.kind !== 'approval')
    return {
      refused:
        asked === null
          ? 'No gate waits for an approval.'
          : `The gate "${asked.gate.name}" comes first; it is asked, not approved.`,
    }
  const { people, from, name } = asked.gate
  if (from !== undefined && !from.includes(by))
    return { refused: `"${name}" is approved by ${from.join(', ')}; you are ${by}.` }
  const approvals = state.approvals ?? []
  if (approvals.includes(by))
    return { refused: `${by} has approved "${name}" already; ${people - approvals.length} more have to.` }
  const all = [...approvals, by]
  if (all.length < people) return { state: { ...state, approvals: all } }
  return passGate(state, plan, now, { by, why: why || `Approved by ${all.join(', ')}.` })
}

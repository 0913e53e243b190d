import type { Plan } from '../plan.ts'
import type { EventOf, RolloutEvent } from './event.ts'
import type { Phase, RollbackReason, RolloutState, StateOf } from './state.ts'

/** What a transition says: the next state, or why a command does not fit. */
export type Outcome = { readonly state: RolloutState } | { readonly refused: string }

/** Says what happens; never what time it is. */
type Rule<P extends Phase, E extends RolloutEvent['type']> = (
  state: StateOf<P>,
  event: EventOf<E>,
  plan: Plan,
  now: number,
) => Outcome

/** A cell for every pair: adding a phase or an event does not compile until each pair is decided. */
type Table = {
  readonly [P in Phase]: { readonly [E in RolloutEvent['type']]: Rule<P, E> | 'ignore' | { readonly refuse: string } }
}

const ended = { refuse: 'The rollout is over.' } as const
const notReady = { refuse: 'The version is not ready yet: nothing can be promoted to it.' } as const
const goingBack = { refuse: 'The rollout is already going back to stable.' } as const

const table: Table = {
  preparing: {
    'canary-ready': (state, { ramp }, plan, now) =>
      enter(state.attempt, Math.max(0, highestStep(plan, ramp?.growBp ?? 0)), plan, now, {
        by: 'serin',
        why: 'The version is ready.',
      }),
    'canary-failed': (state, { why }, _plan, now) => rollBack(state, 'failed', { by: 'serin', why }, now),
    judged: 'ignore',
    'in-force': 'ignore',
    tick: 'ignore',
    pause: (state, { by, why }, _plan, now) => ({
      state: {
        phase: 'holding',
        attempt: state.attempt,
        step: -1,
        since: now,
        evidenceMs: 0,
        reason: 'operator',
        by,
        why,
      },
    }),
    resume: { refuse: 'The rollout is not held.' },
    promote: notReady,
    abort: (state, command, _plan, now) => rollBack(state, 'aborted', command, now),
    retry: { refuse: 'The rollout is under way.' },
    supersede: (state, command, _plan, now) => rollBack(state, 'superseded', command, now),
  },
  watching: {
    'canary-ready': 'ignore',
    'canary-failed': (state, { why }, _plan, now) => rollBack(state, 'failed', { by: 'serin', why }, now),
    judged: watchingJudged,
    'in-force': 'ignore',
    tick: (state, _event, plan, now) => {
      // The wall clock was set back: the deadline counts from here, else it would be hours away.
      if (now < state.since) return { state: { ...state, since: now } }
      // The time a step is meant to take is no delay.
      if (now - state.since < (plan.steps[state.step]?.holdMs ?? 0) + plan.deadlineMs) return { state }
      const why = 'The evidence did not decide within the deadline of the step.'
      return { state: { ...state, phase: 'holding', since: now, reason: 'deadline', by: 'serin', why } }
    },
    pause: (state, { by, why }, _plan, now) => ({
      state: { ...state, phase: 'holding', since: now, reason: 'operator', by, why },
    }),
    resume: { refuse: 'The rollout is not held.' },
    promote: promoteStep,
    abort: (state, command, _plan, now) => rollBack(state, 'aborted', command, now),
    retry: { refuse: 'The rollout is under way.' },
    supersede: (state, command, _plan, now) => rollBack(state, 'superseded', command, now),
  },
  holding: {
    'canary-ready': 'ignore',
    'canary-failed': (state, { why }, _plan, now) => rollBack(state, 'failed', { by: 'serin', why }, now),
    // A held rollout still goes back when harm is proved; it never goes forward by itself.
    judged: (state, event, plan, now) => {
      const { attempt, verdict, why, creditMs } = event
      if (attempt !== state.attempt || state.step < 0) return { state }
      if (verdict === 'harmful') return rollBack(state, 'harmful', { by: 'serin', why }, now)
      return lower(state, event, plan, now) ?? { state: { ...state, evidenceMs: state.evidenceMs + creditMs } }
    },
    'in-force': 'ignore',
    tick: 'ignore',
    pause: (state, { by, why }) => ({ state: { ...state, reason: 'operator', by, why } }),
    resume: (state, { by, why }, plan, now) => {
      if (state.step < 0) return { state: { phase: 'preparing', attempt: state.attempt, since: now } }
      if (state.reason === 'pause-step') return enter(state.attempt, state.step + 1, plan, now, { by, why })
      return {
        state: {
          phase: 'watching',
          attempt: state.attempt,
          step: state.step,
          since: now,
          evidenceMs: state.evidenceMs,
        },
      }
    },
    promote: promoteStep,
    abort: (state, command, _plan, now) => rollBack(state, 'aborted', command, now),
    retry: { refuse: 'The rollout is held; resume it, or abort it first.' },
    supersede: (state, command, _plan, now) => rollBack(state, 'superseded', command, now),
  },
  promoting: {
    'canary-ready': 'ignore',
    'canary-failed': (state, { why }, _plan, now) => rollBack(state, 'failed', { by: 'serin', why }, now),
    judged: (state, { attempt, verdict, why }, _plan, now) =>
      attempt === state.attempt && verdict === 'harmful'
        ? rollBack(state, 'harmful', { by: 'serin', why }, now)
        : { state },
    'in-force': (state, { weightBp }, _plan, now) =>
      weightBp === 10_000 ? { state: { ...state, phase: 'promoted', since: now } } : { state },
    tick: 'ignore',
    pause: { refuse: 'The rollout is being promoted; abort it to go back.' },
    resume: { refuse: 'The rollout is not held.' },
    promote: { refuse: 'The rollout is being promoted already.' },
    abort: (state, command, _plan, now) => rollBack(state, 'aborted', command, now),
    retry: { refuse: 'The rollout is under way.' },
    supersede: (state, command, _plan, now) => rollBack(state, 'superseded', command, now),
  },
  'rolling-back': {
    'canary-ready': 'ignore',
    'canary-failed': 'ignore',
    judged: 'ignore',
    'in-force': (state, { weightBp }, _plan, now) =>
      weightBp === 0 ? { state: { ...state, phase: 'rolled-back', since: now } } : { state },
    tick: 'ignore',
    pause: goingBack,
    resume: goingBack,
    promote: goingBack,
    abort: (state) => ({ state }),
    retry: goingBack,
    supersede: (state) => ({ state }),
  },
  promoted: {
    'canary-ready': 'ignore',
    'canary-failed': 'ignore',
    judged: 'ignore',
    'in-force': 'ignore',
    tick: 'ignore',
    pause: ended,
    resume: ended,
    promote: ended,
    abort: { refuse: 'The version has been promoted; "undo" goes back to the one before.' },
    retry: { refuse: 'The version has been promoted; there is nothing to retry.' },
    supersede: ended,
  },
  'rolled-back': {
    'canary-ready': 'ignore',
    'canary-failed': 'ignore',
    judged: 'ignore',
    'in-force': 'ignore',
    tick: 'ignore',
    pause: ended,
    resume: ended,
    promote: { refuse: 'The rollout went back to stable; "retry" starts it again.' },
    abort: ended,
    retry: (state, _event, _plan, now) => ({ state: { phase: 'preparing', attempt: state.attempt + 1, since: now } }),
    supersede: ended,
  },
}

/** The rollout machine: pure and total. A fact that does not matter leaves the state as it is; a command that does not fit is refused with a sentence. */
export function advance(state: RolloutState, event: RolloutEvent, plan: Plan, now: number): Outcome {
  const rule = table[state.phase][event.type]
  if (rule === 'ignore') return { state }
  if (typeof rule === 'object') return { refused: rule.refuse }
  // The table's type pairs each rule with its own state and event; TypeScript cannot follow the pair through two look-ups.
  return (rule as Rule<Phase, RolloutEvent['type']>)(state, event, plan, now)
}

/** Canary's share that a state asks for, in basis points. */
export function askedWeightBp(state: RolloutState, plan: Plan): number {
  switch (state.phase) {
    case 'watching':
    case 'holding':
      return plan.steps[state.step]?.weightBp ?? 0
    case 'promoting':
    case 'promoted':
      return 10_000
    case 'preparing':
    case 'rolling-back':
    case 'rolled-back':
      return 0
  }
}

/** The share the next step would ask for: what a `safe` verdict has to be safe for. */
export function nextWeightBp(state: RolloutState, plan: Plan): number {
  return state.phase === 'watching' || state.phase === 'holding'
    ? (plan.steps[state.step + 1]?.weightBp ?? 10_000)
    : 10_000
}

interface Actor {
  readonly by: string
  readonly why: string
}

function enter(attempt: number, step: number, plan: Plan, now: number, actor: Actor): Outcome {
  if (step >= plan.steps.length) return promoteAll({ attempt }, actor, now)
  return { state: { phase: 'watching', attempt, step, since: now, evidenceMs: 0 } }
}

function watchingJudged(state: StateOf<'watching'>, event: EventOf<'judged'>, plan: Plan, now: number): Outcome {
  if (event.attempt !== state.attempt) return { state }
  if (event.verdict === 'harmful') return rollBack(state, 'harmful', { by: 'serin', why: event.why }, now)
  const evidenceMs = state.evidenceMs + event.creditMs
  const step = plan.steps[state.step]
  const lowered = lower(state, event, plan, now)
  if (lowered !== null) return lowered
  const next = plan.steps[state.step + 1]
  const affordable = event.ramp !== undefined && next !== undefined && next.weightBp <= event.ramp.growBp
  // Safe for a share that would have to be left at once is no reason to go there; promotion is not bought, but proved.
  const tenable = event.ramp === undefined || next === undefined || next.weightBp <= event.ramp.stayBp
  const passes = affordable || (event.verdict === 'safe' && tenable)
  // A slot without samples never moves traffic forward, whatever was proved before it.
  if (!passes || event.creditMs === 0 || step === undefined || evidenceMs < step.holdMs)
    return { state: { ...state, evidenceMs } }
  if (step.pause)
    return {
      state: {
        ...state,
        phase: 'holding',
        evidenceMs,
        since: now,
        reason: 'pause-step',
        by: 'serin',
        why: 'The plan waits for a person here.',
      },
    }
  const why = event.verdict === 'safe' ? event.why : (event.ramp?.why ?? event.why)
  return enter(state.attempt, state.step + 1, plan, now, { by: 'serin', why })
}

/** A share that the budget does not allow any more is left at once: for a smaller one, or for none. Null while it may stay. */
function lower(
  state: StateOf<'watching'> | StateOf<'holding'>,
  { ramp }: EventOf<'judged'>,
  plan: Plan,
  now: number,
): Outcome | null {
  if (ramp === undefined || ramp.stayBp >= askedWeightBp(state, plan)) return null
  const step = highestStep(plan, ramp.stayBp)
  if (step < 0) return rollBack(state, 'budget', { by: 'serin', why: ramp.why }, now)
  return { state: { ...state, step, since: now, evidenceMs: 0 } }
}

/** The last step whose share is at most this one; −1 if all are greater. */
function highestStep({ steps }: Plan, weightBp: number): number {
  return steps.findLastIndex((step) => step.weightBp <= weightBp)
}

function promoteStep(
  state: StateOf<'watching'> | StateOf<'holding'>,
  event: EventOf<'promote'>,
  plan: Plan,
  now: number,
): Outcome {
  const actor = { by: event.by, why: event.why }
  if (event.seenStep !== null && event.seenStep !== state.step) {
    return {
      refused: `The rollout is at step ${state.step + 1}, not at step ${event.seenStep + 1} any more. Look again.`,
    }
  }
  if (state.step < 0) return { refused: notReady.refuse }
  if (event.full) return promoteAll(state, actor, now)
  return enter(state.attempt, state.step + 1, plan, now, actor)
}

function promoteAll({ attempt }: { readonly attempt: number }, { by, why }: Actor, now: number): Outcome {
  return { state: { phase: 'promoting', attempt, since: now, by, why } }
}

function rollBack(
  { attempt }: { readonly attempt: number },
  reason: RollbackReason,
  { by, why }: Actor,
  now: number,
): Outcome {
  return { state: { phase: 'rolling-back', attempt, since: now, reason, by, why } }
}

import type { Plan } from '../plan.ts'
import { askedWeightBp, stepOf } from './asked.ts'
import type { EventOf, RolloutEvent } from './event.ts'
import type { Phase, RolloutState, StateOf } from './state.ts'
import {
  approve,
  enter,
  gateSpoke,
  highestStep,
  isStale,
  judgedHolding,
  judgedWatching,
  leaveQuiet,
  promoteAll,
  rollBack,
  scaled,
  tickWatching,
  type Outcome,
} from './steps.ts'

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
const noGate = { refuse: 'No gate waits for an approval.' } as const
const goingBack = { refuse: 'The rollout is already going back to stable.' } as const

const table: Table = {
  preparing: {
    'canary-ready': (state, { ramp }, plan, now) =>
      enter(state, ramp === undefined ? 0 : Math.max(0, highestStep(plan, ramp.growBp)), plan, now, {
        by: 'serin',
        why: 'The version is ready.',
      }),
    'canary-failed': (state, { why }, _plan, now) => rollBack(state, 'failed', { by: 'serin', why }, now),
    scaled: 'ignore',
    judged: 'ignore',
    gate: 'ignore',
    unhealthy: 'ignore',
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
    jump: notReady,
    approve: noGate,
    abort: (state, command, _plan, now) => rollBack(state, 'aborted', command, now),
    retry: { refuse: 'The rollout is under way.' },
    supersede: (state, command, _plan, now) => rollBack(state, 'superseded', command, now),
  },
  watching: {
    'canary-ready': 'ignore',
    'canary-failed': (state, { why }, _plan, now) => rollBack(state, 'failed', { by: 'serin', why }, now),
    scaled,
    judged: judgedWatching,
    gate: gateSpoke,
    unhealthy,
    'in-force': 'ignore',
    tick: (state, _event, plan, now) => tickWatching(state, plan, now),
    pause: (state, { by, why }, _plan, now) => ({
      state: { ...state, phase: 'holding', since: now, reason: 'operator', by, why },
    }),
    resume: { refuse: 'The rollout is not held.' },
    promote: promoteStep,
    jump: jumpTo,
    approve,
    abort: (state, command, _plan, now) => rollBack(state, 'aborted', command, now),
    retry: { refuse: 'The rollout is under way.' },
    supersede: (state, command, _plan, now) => rollBack(state, 'superseded', command, now),
  },
  holding: {
    'canary-ready': 'ignore',
    'canary-failed': (state, { why }, _plan, now) => rollBack(state, 'failed', { by: 'serin', why }, now),
    scaled: 'ignore',
    judged: judgedHolding,
    gate: gateSpoke,
    unhealthy,
    'in-force': 'ignore',
    tick: 'ignore',
    pause: (state, { by, why }) => ({ state: { ...state, reason: 'operator', by, why } }),
    resume: (state, { by, why }, plan, now) => {
      if (state.step < 0) return { state: { phase: 'preparing', attempt: state.attempt, since: now } }
      if (state.reason === 'pause-step') return enter(state, state.step + 1, plan, now, { by, why })
      const { reason: _reason, by: _by, why: _why, gateFailed, ...onStep } = state
      const anew = gateFailed === true ? { gateSince: now } : {}
      return leaveQuiet({ ...onStep, phase: 'watching', since: now, ...anew }, plan, now, { by, why })
    },
    promote: promoteStep,
    jump: jumpTo,
    approve,
    abort: (state, command, _plan, now) => rollBack(state, 'aborted', command, now),
    retry: { refuse: 'The rollout is held; resume it, or abort it first.' },
    supersede: (state, command, _plan, now) => rollBack(state, 'superseded', command, now),
  },
  promoting: {
    'canary-ready': 'ignore',
    'canary-failed': (state, { why }, _plan, now) => rollBack(state, 'failed', { by: 'serin', why }, now),
    scaled: 'ignore',
    judged: (state, { attempt, verdict, why }, _plan, now) =>
      attempt === state.attempt && verdict === 'harmful'
        ? rollBack(state, 'harmful', { by: 'serin', why }, now)
        : { state },
    gate: 'ignore',
    unhealthy: 'ignore',
    'in-force': (state, { weightBp }, _plan, now) =>
      weightBp === 10_000 ? { state: { ...state, phase: 'promoted', since: now } } : { state },
    tick: 'ignore',
    pause: { refuse: 'The rollout is being promoted; abort it to go back.' },
    resume: { refuse: 'The rollout is not held.' },
    promote: { refuse: 'The rollout is being promoted already.' },
    jump: { refuse: 'The rollout is being promoted; abort it to go back.' },
    approve: noGate,
    abort: (state, command, _plan, now) => rollBack(state, 'aborted', command, now),
    retry: { refuse: 'The rollout is under way.' },
    supersede: (state, command, _plan, now) => rollBack(state, 'superseded', command, now),
  },
  'rolling-back': {
    'canary-ready': 'ignore',
    'canary-failed': 'ignore',
    scaled: 'ignore',
    judged: 'ignore',
    gate: 'ignore',
    unhealthy: 'ignore',
    'in-force': (state, { weightBp }, _plan, now) =>
      weightBp === 0 ? { state: { ...state, phase: 'rolled-back', since: now } } : { state },
    tick: 'ignore',
    pause: goingBack,
    resume: goingBack,
    promote: goingBack,
    jump: goingBack,
    approve: goingBack,
    abort: (state) => ({ state }),
    retry: goingBack,
    supersede: (state) => ({ state }),
  },
  promoted: {
    'canary-ready': 'ignore',
    'canary-failed': 'ignore',
    scaled: 'ignore',
    judged: 'ignore',
    gate: 'ignore',
    unhealthy: 'ignore',
    'in-force': 'ignore',
    tick: 'ignore',
    pause: ended,
    resume: ended,
    promote: ended,
    jump: ended,
    approve: ended,
    abort: { refuse: 'The version has been promoted; "undo" goes back to the one before.' },
    retry: { refuse: 'The version has been promoted; there is nothing to retry.' },
    supersede: ended,
  },
  'rolled-back': {
    'canary-ready': 'ignore',
    'canary-failed': 'ignore',
    scaled: 'ignore',
    judged: 'ignore',
    gate: 'ignore',
    unhealthy: 'ignore',
    'in-force': 'ignore',
    tick: 'ignore',
    pause: ended,
    resume: ended,
    promote: { refuse: 'The rollout went back to stable; "retry" starts it again.' },
    jump: { refuse: 'The rollout went back to stable; "retry" starts it again.' },
    approve: ended,
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

function unhealthy(
  state: StateOf<'watching'> | StateOf<'holding'>,
  { attempt, do: action, why }: EventOf<'unhealthy'>,
  plan: Plan,
  now: number,
): Outcome {
  const step = stepOf(state, plan)
  if (attempt !== state.attempt || step === null) return { state }
  // Where canary gets nothing, nothing is missing.
  if (askedWeightBp(state, plan) === 0 && step.mirror === undefined) return { state }
  if (action === 'rollback') return rollBack(state, 'no-evidence', { by: 'serin', why }, now)
  if (state.phase === 'holding') return { state }
  return { state: { ...state, phase: 'holding', since: now, reason: 'no-evidence', by: 'serin', why } }
}

function promoteStep(
  state: StateOf<'watching'> | StateOf<'holding'>,
  { by, why, full, seenStep }: EventOf<'promote'>,
  plan: Plan,
  now: number,
): Outcome {
  if (state.step < 0) return { refused: notReady.refuse }
  const stale = isStale(state, seenStep)
  if (stale !== null) return { refused: stale }
  if (!full) return enter(state, state.step + 1, plan, now, { by, why })
  // A plan that watches canary with all traffic, or has to start copies for it, does so too when somebody is in a hurry.
  const last = plan.steps.length - 1
  if (plan.steps[last]?.weightBp === 10_000 && state.step < last) return enter(state, last, plan, now, { by, why })
  return promoteAll(state, { by, why }, now)
}

function jumpTo(
  state: StateOf<'watching'> | StateOf<'holding'>,
  { by, why, to, seenStep }: EventOf<'jump'>,
  plan: Plan,
  now: number,
): Outcome {
  if (state.step < 0) return { refused: notReady.refuse }
  const stale = isStale(state, seenStep)
  if (stale !== null) return { refused: stale }
  if (!Number.isInteger(to) || to < 0 || to >= plan.steps.length)
    return { refused: `The plan has steps 1 to ${plan.steps.length}; there is no step ${to + 1}.` }
  return enter(state, to, plan, now, { by, why })
}

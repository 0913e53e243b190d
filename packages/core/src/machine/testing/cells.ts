/** The machine as a person would describe it: what each cell of the table promises, for one state and one event of each kind. */
import type { Plan } from '../../plan.ts'
import type { EventOf, RolloutEvent } from '../event.ts'
import type { Phase, RolloutState, StateOf } from '../state.ts'

/** The plan of the examples: 5 % for a minute, 25 % for a minute and a person, 50 % for as long as the evidence needs. */
export const plan: Plan = {
  strategy: 'canary',
  stable: 'v1',
  canary: 'v2',
  steps: [
    { weightBp: 500, holdMs: 60_000, pause: false },
    { weightBp: 2_500, holdMs: 60_000, pause: true },
    { weightBp: 5_000, holdMs: 0, pause: false },
  ],
  deadlineMs: 3_600_000,
}

/** The moment at which every event of the examples happens. */
export const now = 100_000

const said = { by: 'ann', why: 'looking' }

/** One state of each phase. */
export const states: { readonly [P in Phase]: StateOf<P> } = {
  preparing: { phase: 'preparing', attempt: 2, since: 1_000 },
  watching: { phase: 'watching', attempt: 2, step: 0, since: 1_000, evidenceMs: 59_000 },
  holding: { phase: 'holding', attempt: 2, step: 0, since: 1_000, evidenceMs: 59_000, reason: 'operator', ...said },
  promoting: { phase: 'promoting', attempt: 2, since: 1_000, ...said },
  'rolling-back': { phase: 'rolling-back', attempt: 2, since: 1_000, reason: 'aborted', ...said },
  promoted: { phase: 'promoted', attempt: 2, since: 1_000, ...said },
  'rolled-back': { phase: 'rolled-back', attempt: 2, since: 1_000, reason: 'aborted', ...said },
}

const command = { by: 'bob', why: 'because' }

/** One event of each type: the evidence is safe and the last second was the last that was missing; the router says 100 %. */
export const events: { readonly [E in RolloutEvent['type']]: EventOf<E> } = {
  'canary-ready': { type: 'canary-ready' },
  'canary-failed': { type: 'canary-failed', why: 'v2 exited with code 1.' },
  scaled: { type: 'scaled', attempt: 2, step: 0 },
  judged: { type: 'judged', attempt: 2, verdict: 'safe', why: 'Safe for 25 %.', creditMs: 1_000 },
  gate: { type: 'gate', attempt: 2, step: 0, gate: 0, outcome: 'passed', why: 'It answers.' },
  unhealthy: { type: 'unhealthy', attempt: 2, do: 'hold', why: 'No evidence for 5m.' },
  'in-force': { type: 'in-force', weightBp: 10_000 },
  tick: { type: 'tick' },
  pause: { type: 'pause', ...command },
  resume: { type: 'resume', ...command },
  promote: { type: 'promote', full: false, seenStep: null, ...command },
  jump: { type: 'jump', to: 2, seenStep: null, ...command },
  approve: { type: 'approve', ...command },
  abort: { type: 'abort', ...command },
  retry: { type: 'retry', ...command },
  supersede: { type: 'supersede', ...command },
}

/** What a cell promises in words, and what becomes of the example. */
export interface Cell {
  readonly promise: string
  readonly becomes: 'stays' | RolloutState | { readonly refused: string }
}

const stays = (promise: string): Cell => ({ promise, becomes: 'stays' })
const refused = (promise: string, sentence: string): Cell => ({ promise, becomes: { refused: sentence } })
const back = (reason: StateOf<'rolling-back'>['reason'], actor: { by: string; why: string }): RolloutState => ({
  phase: 'rolling-back',
  attempt: 2,
  since: now,
  reason,
  ...actor,
})
const failed: Cell = {
  promise: 'stable takes everything back.',
  becomes: back('failed', { by: 'serin', why: 'v2 exited with code 1.' }),
}
const aborted: Cell = { promise: 'stable takes everything back.', becomes: back('aborted', command) }
const superseded: Cell = {
  promise: 'stable takes everything back, for another version.',
  becomes: back('superseded', command),
}
const second: RolloutState = { phase: 'watching', attempt: 2, step: 1, since: now, evidenceMs: 0 }
const third: RolloutState = { phase: 'watching', attempt: 2, step: 2, since: now, evidenceMs: 0 }
const noGate = (promise: string): Cell => refused(promise, 'No gate waits for an approval.')
const over = (promise: string): Cell => refused(promise, 'The rollout is over.')
const already = (promise: string): Cell => refused(promise, 'The rollout is already going back to stable.')
const late = stays('too late to matter.')

/** A cell for every pair: a new phase or event does not compile until each is described. */
export const cells: { readonly [P in Phase]: { readonly [E in RolloutEvent['type']]: Cell } } = {
  preparing: {
    'canary-ready': {
      promise: 'the first step begins, or the rung that the budget allows.',
      becomes: { phase: 'watching', attempt: 2, step: 0, since: now, evidenceMs: 0 },
    },
    'canary-failed': { ...failed, promise: 'the rollout ends before any traffic.' },
    scaled: stays('no step asks for copies yet.'),
    judged: stays('no traffic, so no evidence.'),
    gate: stays('no step asks a gate yet.'),
    unhealthy: stays('no traffic, so no evidence to miss.'),
    'in-force': stays('nothing was asked of the router.'),
    tick: stays('getting ready has its own limit, in the workload.'),
    pause: {
      promise: 'held before any traffic.',
      becomes: { phase: 'holding', attempt: 2, step: -1, since: now, evidenceMs: 0, reason: 'operator', ...command },
    },
    resume: refused('it is not held.', 'The rollout is not held.'),
    promote: refused(
      'nobody is sent to a version that is not ready.',
      'The version is not ready yet: nothing can be promoted to it.',
    ),
    jump: refused(
      'nobody is sent to a version that is not ready.',
      'The version is not ready yet: nothing can be promoted to it.',
    ),
    approve: noGate('no step asks a gate yet.'),
    abort: { ...aborted, promise: 'the rollout ends before any traffic.' },
    retry: refused('it has not failed.', 'The rollout is under way.'),
    supersede: { ...superseded, promise: 'another version takes its place.' },
  },
  watching: {
    'canary-ready': stays('it was ready already.'),
    'canary-failed': failed,
    scaled: stays('the share of the step is asked for, if its copies were waited for.'),
    judged: {
      promise:
        'with a safe verdict or a budget for it, samples and enough evidence time the next step begins; what the budget does not allow is left.',
      becomes: second,
    },
    gate: stays('the next gate is asked, if this one was; one that failed goes back, or is held for a person.'),
    unhealthy: {
      promise: 'held for a person, or stable takes everything back, as the service says.',
      becomes: {
        ...states.watching,
        phase: 'holding',
        since: now,
        reason: 'no-evidence',
        by: 'serin',
        why: 'No evidence for 5m.',
      },
    },
    'in-force': stays('the evidence carries its own share.'),
    tick: stays(
      'waiting moves no traffic; past the deadline it is held for a person, or stable takes everything back when the plan says so.',
    ),
    pause: {
      promise: 'held where it is, with its evidence.',
      becomes: {
        phase: 'holding',
        attempt: 2,
        step: 0,
        since: now,
        evidenceMs: 59_000,
        reason: 'operator',
        ...command,
      },
    },
    resume: refused('it is not held.', 'The rollout is not held.'),
    promote: { promise: 'the next step begins without waiting.', becomes: second },
    jump: { promise: 'that step begins, forward or back.', becomes: third },
    approve: noGate('one more has said yes, if a gate asked for it.'),
    abort: aborted,
    retry: refused('it has not failed.', 'The rollout is under way.'),
    supersede: superseded,
  },
  holding: {
    'canary-ready': stays('the person decides.'),
    'canary-failed': failed,
    scaled: stays('traffic stays as it is; it is said again when the rollout goes on.'),
    judged: {
      promise: 'evidence is gathered; harm goes back, what the budget does not allow is left, nothing goes forward.',
      becomes: { ...states.holding, evidenceMs: 60_000 },
    },
    gate: stays('the next gate is asked, if this one was; one that failed can still go back.'),
    unhealthy: stays('it is held already; stable takes everything back if the service says so.'),
    'in-force': stays('nothing was asked of the router.'),
    tick: stays('a hold has no end of its own.'),
    pause: { promise: 'held by this person now.', becomes: { ...states.holding, ...command } },
    resume: {
      promise: 'watched again, with its evidence.',
      becomes: { phase: 'watching', attempt: 2, step: 0, since: now, evidenceMs: 59_000 },
    },
    promote: { promise: 'the next step begins without waiting.', becomes: second },
    jump: { promise: 'that step begins, forward or back.', becomes: third },
    approve: noGate('one more has said yes, if a gate asked for it.'),
    abort: aborted,
    retry: refused('it has not failed.', 'The rollout is held; resume it, or abort it first.'),
    supersede: superseded,
  },
  promoting: {
    'canary-ready': stays('it was ready already.'),
    'canary-failed': failed,
    scaled: stays('its steps are over.'),
    judged: stays('harm goes back, anything else changes nothing.'),
    gate: stays('its steps are over.'),
    unhealthy: stays('the router takes its time.'),
    'in-force': {
      promise: 'at 100 % canary has become stable.',
      becomes: { ...states.promoting, phase: 'promoted', since: now },
    },
    tick: stays('the router takes its time.'),
    pause: refused('there is no half way.', 'The rollout is being promoted; abort it to go back.'),
    resume: refused('it is not held.', 'The rollout is not held.'),
    promote: refused('it is being done.', 'The rollout is being promoted already.'),
    jump: refused('there is no half way.', 'The rollout is being promoted; abort it to go back.'),
    approve: noGate('its steps are over.'),
    abort: aborted,
    retry: refused('it has not failed.', 'The rollout is under way.'),
    supersede: superseded,
  },
  'rolling-back': {
    'canary-ready': late,
    'canary-failed': late,
    scaled: late,
    judged: late,
    gate: late,
    unhealthy: late,
    'in-force': stays('only 0 % ends it.'),
    tick: stays('the router takes its time.'),
    pause: already('nothing stops a rollback.'),
    resume: already('nothing stops a rollback.'),
    promote: already('nothing stops a rollback.'),
    jump: already('nothing stops a rollback.'),
    approve: already('nothing stops a rollback.'),
    abort: stays('it is being done.'),
    retry: already('first it has to be back.'),
    supersede: stays('it is going already.'),
  },
  promoted: {
    'canary-ready': late,
    'canary-failed': late,
    scaled: late,
    judged: late,
    gate: late,
    unhealthy: late,
    'in-force': late,
    tick: late,
    pause: over('it is over.'),
    resume: over('it is over.'),
    promote: over('it is over.'),
    jump: over('it is over.'),
    approve: over('it is over.'),
    abort: refused(
      'going back from here is another rollout.',
      'The version has been promoted; "undo" goes back to the one before.',
    ),
    retry: refused('it has not failed.', 'The version has been promoted; there is nothing to retry.'),
    supersede: over('it is over.'),
  },
  'rolled-back': {
    'canary-ready': late,
    'canary-failed': late,
    scaled: late,
    judged: late,
    gate: late,
    unhealthy: late,
    'in-force': late,
    tick: late,
    pause: over('it is over.'),
    resume: over('it is over.'),
    promote: refused('traffic needs new evidence.', 'The rollout went back to stable; "retry" starts it again.'),
    jump: refused('traffic needs new evidence.', 'The rollout went back to stable; "retry" starts it again.'),
    approve: over('it is over.'),
    abort: over('it is over.'),
    retry: {
      promise: 'it starts again, with a new attempt and no evidence.',
      becomes: { phase: 'preparing', attempt: 3, since: now },
    },
    supersede: over('it is over.'),
  },
}

import { advance, isOver, type RolloutEvent } from '@serin/core'
import type { JournalDraft } from '@serin/kit'
import type { RolloutDocument, ServiceDocument } from '../documents.ts'
import { rolloutEntry } from './changes.ts'

/** What an event makes of a rollout. */
export interface Transition {
  readonly rollout: RolloutDocument
  /** The command, if it was one, and the move, if there was one. */
  readonly journal: readonly JournalDraft[]
  readonly moved: boolean
}

/** What is known outside the rollout when it moves. */
export interface TransitionContext {
  readonly now: number
  /** When the router last sent a request to the canary. */
  readonly lastCanaryRequestAt: number | null
}

/** What an event makes of a rollout, or why it does not fit: pure. Every decision is journalled with its inputs. */
export function transition(
  rollout: RolloutDocument,
  event: RolloutEvent,
  { now, lastCanaryRequestAt }: TransitionContext,
): Transition | { readonly refused: string } {
  const before = rollout.state
  const outcome = advance(before, event, rollout.plan, now)
  if ('refused' in outcome) return outcome
  const { state } = outcome
  const moved =
    state.phase !== before.phase ||
    state.attempt !== before.attempt ||
    ('step' in state && 'step' in before && state.step !== before.step)
  let next: RolloutDocument = state === before ? rollout : { ...rollout, state }
  if (moved && (state.phase === 'rolling-back' || state.phase === 'promoting')) next = { ...next, decidedAt: now }
  // What the verdict rests on stays; what would only serve further verdicts goes.
  if (moved && isOver(state)) next = { ...next, endedAt: now, lastCanaryRequestAt, analysis: null }
  if (event.type === 'retry') next = { ...next, ...unexposed }
  const command = 'by' in event ? [rolloutEntry(next, `rollout.${event.type}`, event.by, { why: event.why })] : []
  const move = moved
    ? [rolloutEntry(next, 'rollout.moved', 'by' in event ? event.by : 'serin', moveData(before, next, event))]
    : []
  return { rollout: next, journal: [...command, ...move], moved }
}

/** A rollout, or an attempt of it, that nobody has seen yet. */
export const unexposed = {
  setup: null,
  analysis: null,
  judgement: null,
  exposedUnits: 0,
  exposedRequests: 0,
  firstTrafficAt: null,
  decidedAt: null,
  lastCanaryRequestAt: null,
  endedAt: null,
} as const satisfies Partial<RolloutDocument>

/** The service after the promotion of its canary: the version before is kept warm. */
export function promoted(service: ServiceDocument, { plan }: RolloutDocument, now: number): ServiceDocument {
  const others = service.history.filter((version) => version !== plan.stable && version !== plan.canary)
  return {
    ...service,
    stable: plan.canary,
    history: [...others, plan.stable],
    warm: { version: plan.stable, until: now + service.spec.keepWarm },
  }
}

/** From where to where, why, and the judgement it rests on. */
function moveData(
  before: RolloutDocument['state'],
  next: RolloutDocument,
  event: RolloutEvent,
): Readonly<Record<string, unknown>> {
  const { state } = next
  return {
    from: before.phase,
    to: state.phase,
    ...('step' in state ? { step: state.step, weightBp: next.plan.steps[state.step]?.weightBp ?? 0 } : {}),
    ...('reason' in state ? { reason: state.reason } : {}),
    why: 'why' in state ? state.why : 'why' in event ? event.why : '',
    event: event.type,
    ...(event.type === 'judged' ? { judgement: next.judgement, evidenceMs: gathered(before) + event.creditMs } : {}),
  }
}

/** The evidence time of the step so far, in ms. */
function gathered(state: RolloutDocument['state']): number {
  return 'evidenceMs' in state ? state.evidenceMs : 0
}

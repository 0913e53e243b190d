import { advance, askedWeightBp, gateAsked, isOver, type RolloutEvent } from '@serin/core'
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
  if (event.type === 'retry') {
    const { rivals: _rivals, ...rest } = next
    next = { ...rest, ...unexposed }
  }
  const command = 'by' in event ? [rolloutEntry(next, `rollout.${event.type}`, event.by, commandData(event))] : []
  const gate = state === before ? [] : gateEntries(rollout, next, event)
  const move = moved
    ? [rolloutEntry(next, 'rollout.moved', 'by' in event ? event.by : 'serin', moveData(before, next, event))]
    : []
  return { rollout: next, journal: [...command, ...gate, ...move], moved }
}

/** A rollout, or an attempt of it, that nobody has seen yet. */
export const unexposed = {
  setup: null,
  analysis: null,
  judgement: null,
  healthSince: null,
  exposedUnits: 0,
  exposedRequests: 0,
  firstTrafficAt: null,
  decidedAt: null,
  lastCanaryRequestAt: null,
  endedAt: null,
} as const satisfies Partial<RolloutDocument>

/** The service after the promotion of its canary: the version before is kept warm, and the oldest of those that are too many goes. */
export function promoted(service: ServiceDocument, { plan }: RolloutDocument, now: number): ServiceDocument {
  const copies = plan.steps.at(-1)?.stableReplicas?.serving
  const old = { version: plan.stable, until: now + service.spec.keepWarm, ...(copies === undefined ? {} : { copies }) }
  const warm = [...service.warm.filter(({ version }) => version !== plan.stable && version !== plan.canary), old]
  const others = service.history.filter((version) => version !== plan.stable && version !== plan.canary)
  return {
    ...service,
    stable: plan.canary,
    history: [...others, plan.stable],
    warm: warm.slice(-service.spec.warmLimit),
  }
}

/** What a person asked for. */
function commandData(event: Extract<RolloutEvent, { by: string }>): Readonly<Record<string, unknown>> {
  const { why } = event
  return event.type === 'jump' ? { why, to: event.to } : { why }
}

/** A gate that has spoken, or that enough people have approved. */
function gateEntries(before: RolloutDocument, next: RolloutDocument, event: RolloutEvent): readonly JournalDraft[] {
  const asked = gateAsked(before.state, before.plan)
  if (asked === null || (event.type !== 'gate' && event.type !== 'approve')) return []
  const still = gateAsked(next.state, next.plan)
  const step = 'step' in before.state && 'step' in next.state && before.state.step === next.state.step
  if (event.type === 'approve' && step && still?.at === asked.at) return []
  const outcome = event.type === 'gate' ? event.outcome : 'passed'
  return [rolloutEntry(next, 'rollout.gate', 'serin', { gate: asked.gate.name, outcome, why: event.why })]
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
    ...('step' in state ? { step: state.step, weightBp: askedWeightBp(state, next.plan) } : {}),
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

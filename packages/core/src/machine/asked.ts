import type { Wanted } from '../analysis/fold.ts'
import type { Compared } from '@serin/spec'
import type { NamedGate, Plan, PlanStep } from '../plan.ts'
import type { RolloutState, StateOf } from './state.ts'

/** A schedule is followed by its own clock tick: it leads by at most this much, in ms. */
const rampTickMs = 1_000

/** The step a state stands on, or null. */
export function stepOf(state: RolloutState, plan: Plan): PlanStep | null {
  return state.phase === 'watching' || state.phase === 'holding' ? (plan.steps[state.step] ?? null) : null
}

/** Whether a step asks nothing of the evidence: canary gets no requests, not even copies. */
export function isQuiet(step: PlanStep): boolean {
  return step.weightBp === 0 && step.mirror === undefined
}

/** Canary's share that a state asks for, in basis points. */
export function askedWeightBp(state: RolloutState, plan: Plan): number {
  switch (state.phase) {
    case 'watching':
    case 'holding':
      return shareOf(state, plan.steps[state.step], plan.rivals?.length ?? 0)
    case 'promoting':
    case 'promoted':
      return 10_000
    case 'preparing':
    case 'rolling-back':
    case 'rolled-back':
      return 0
  }
}

function shareOf(
  { waitingBp, evidenceMs }: StateOf<'watching'> | StateOf<'holding'>,
  step: PlanStep | undefined,
  rivals: number,
): number {
  if (step === undefined) return 0
  const { fromBp, holdMs, passes } = step
  // An experiment's share is that of all challengers.
  const weightBp = passes === 'decided' ? Math.floor(step.weightBp / (1 + rivals)) : step.weightBp
  const part = holdMs > 0 ? Math.min(1, (evidenceMs + rampTickMs) / holdMs) : 1
  const ownBp =
    fromBp === undefined
      ? weightBp
      : Math.min(weightBp, Math.max(fromBp, 1, Math.floor(fromBp + (weightBp - fromBp) * part)))
  return Math.min(waitingBp ?? ownBp, ownBp)
}

/** The next larger share: what a `safe` verdict has to be safe for. */
export function nextWeightBp(state: RolloutState, plan: Plan): number {
  const step = stepOf(state, plan)
  if (step === null || !('step' in state)) return 10_000
  return plan.steps.slice(state.step + 1).find(({ weightBp }) => weightBp > step.weightBp)?.weightBp ?? 10_000
}

/** Which evidence time the step in force wants. */
export function wantedEvidence(state: RolloutState, plan: Plan): Wanted {
  const step = stepOf(state, plan)
  const bp = askedWeightBp(state, plan)
  return {
    bp,
    // One that grows by less than a hundredth of a percent in a second stands at its beginning for a while.
    ...(step?.fromBp === undefined ? {} : { scheduleAboveBp: bp > step.fromBp ? step.fromBp : 0 }),
    ...(step?.mirror === undefined ? {} : { mirror: true }),
  }
}

/** What the step in force compares, as the judge wants to know it. */
export function comparesOf(state: RolloutState, plan: Plan): { readonly compares?: Compared; readonly noProof?: true } {
  const step = stepOf(state, plan)
  return {
    ...(step?.mirror === undefined ? {} : { compares: step.weightBp === 0 ? 'copies' : 'both' }),
    ...(step !== null && isQuiet(step) ? { compares: 'nothing' as const } : {}),
    ...(step?.passes === 'no-harm' ? { noProof: true } : {}),
  }
}

/** The gate that is asked now, and its place; null when all of the step have passed. */
export function gateAsked(
  state: RolloutState,
  plan: Plan,
): { readonly gate: NamedGate; readonly at: number; readonly since: number } | null {
  const step = stepOf(state, plan)
  if (step === null || !('step' in state)) return null
  const at = state.passed ?? 0
  const gate = step.gates?.[at]
  return gate === undefined ? null : { gate, at, since: state.gateSince ?? state.since }
}

import { rolloutSaid, sentenceOf, type Judgement } from '@serin/spec'
import type { Plan, PlanStep } from '../plan.ts'
import { askedWeightBp, gateAsked, stepOf } from './asked.ts'
import type { RolloutState } from './state.ts'

/** Is it all right? One sentence about a rollout, for the first line of every view. */
export function rolloutSentence(state: RolloutState, plan: Plan, judgement: Judgement | null): string {
  const { canary, stable } = plan
  const step = stepOf(state, plan)
  return sentenceOf(
    rolloutSaid({
      phase: state.phase,
      canary,
      stable,
      step: step === null ? null : heldOf(step),
      askedBp: askedWeightBp(state, plan),
      evidenceMs: 'evidenceMs' in state ? state.evidenceMs : 0,
      waitsForCopies: 'waitingBp' in state && state.waitingBp !== undefined,
      gate: gateOf(state, plan),
      reason: 'reason' in state ? state.reason : null,
      by: 'by' in state ? state.by : null,
      why: 'why' in state ? state.why : null,
      judgement,
    }),
  )
}

function heldOf({ weightBp, fromBp, holdMs, mirror, passes, canaryReplicas }: PlanStep) {
  return {
    weightBp,
    holdMs,
    ...(fromBp === undefined ? {} : { fromBp }),
    ...(mirror === undefined ? {} : { mirrorBp: mirror.shareBp }),
    ...(passes === undefined ? {} : { passes }),
    ...(canaryReplicas === undefined ? {} : { canaryReplicas }),
  }
}

function gateOf(state: RolloutState, plan: Plan) {
  const gate = gateAsked(state, plan)?.gate
  if (gate === undefined) return null
  const approvals = 'approvals' in state ? (state.approvals?.length ?? 0) : 0
  return { name: gate.name, approvals, people: gate.kind === 'approval' ? gate.people : null }
}

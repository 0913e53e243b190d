import { formatDuration, formatWeight, type Judgement } from '@serin/spec'
import type { Plan, PlanStep } from '../plan.ts'
import { askedWeightBp, gateAsked, stepOf } from './asked.ts'
import type { RollbackReason, RolloutState, StateOf } from './state.ts'

type OnStep = StateOf<'watching'> | StateOf<'holding'>

const reasons: Readonly<Record<RollbackReason, string>> = {
  harmful: 'harmful',
  budget: 'budget',
  aborted: 'aborted',
  failed: 'failed',
  superseded: 'superseded',
  gate: 'a gate has failed',
  'no-evidence': 'evidence was missing',
  'no-gain': 'not shown to be better',
  deadline: 'past its deadline',
}

/** Is it all right? One sentence about a rollout, for the first line of every view. */
export function rolloutSentence(state: RolloutState, plan: Plan, judgement: Judgement | null): string {
  switch (state.phase) {
    case 'preparing':
      return `Starting ${plan.canary}; ${plan.stable} has all traffic.`
    case 'watching': {
      const step = stepOf(state, plan)
      if (step === null) return `Watching ${plan.canary}.`
      return joined(placeOf(state, plan, step), saidOf(state, step, judgement), waitsFor(state, plan))
    }
    case 'holding':
      return holdingSentence(state, plan, judgement)
    case 'promoting':
      return `Promoting ${plan.canary} to 100 %${because(state.why)}.`
    case 'rolling-back':
      return `Rolling back to ${plan.stable}${because(state.why)}.`
    case 'promoted':
      return `${plan.canary} is promoted and has all traffic.`
    case 'rolled-back':
      return `${plan.canary} was rolled back (${reasons[state.reason]}); ${plan.stable} has all traffic${because(state.why)}.`
  }
}

/** Where canary is, and what for. */
function placeOf(state: OnStep, plan: Plan, { weightBp, fromBp, holdMs, mirror, passes }: PlanStep): string {
  const { canary } = plan
  const askedBp = askedWeightBp(state, plan)
  const weight = formatWeight(askedBp)
  if (weightBp === 0) return mirror === undefined ? `${canary} runs without traffic.` : `${canary} answers copies.`
  if (state.waitingBp !== undefined)
    return askedBp === 0 ? `${canary} runs without traffic.` : `${canary} keeps ${weight}.`
  if (fromBp !== undefined)
    return `Switching to ${canary} over ${formatDuration(holdMs)}: ${weight} of ${formatWeight(weightBp)}.`
  if (weightBp === 10_000) {
    const time = holdMs === 0 ? '' : ` for ${formatDuration(holdMs)}`
    return `${canary} has all traffic and is watched${time} before it is promoted.`
  }
  return passes === 'decided'
    ? `Comparing ${canary} with ${plan.stable} at ${weight}.`
    : `Watching ${canary} at ${weight}.`
}

/** What the evidence says, where it is asked. */
function saidOf(state: OnStep, step: PlanStep, judgement: Judgement | null): string {
  const { weightBp, mirror, passes, holdMs } = step
  if ((weightBp === 0 && mirror === undefined) || state.waitingBp !== undefined) return ''
  if (judgement === null) return 'Waiting for the first evidence.'
  const { verdict, sentence, goal } = judgement
  const restMs = Math.max(0, holdMs - state.evidenceMs)
  const timed = (verdict === 'safe' || passes === 'no-harm') && verdict !== 'harmful' && restMs > 0
  return joined(
    sentence,
    passes === 'decided' && verdict !== 'harmful' && goal?.sentence !== sentence ? goal?.sentence : '',
    timed ? `${formatDuration(Math.ceil(restMs / 1_000) * 1_000)} of evidence to go.` : '',
  )
}

/** What is waited for besides the evidence. */
function waitsFor(state: OnStep, plan: Plan): string {
  const step = stepOf(state, plan)
  const copies = step?.canaryReplicas ?? 0
  const ready =
    state.waitingBp === undefined || step === null
      ? ''
      : `Waiting for ${copies} ${copies === 1 ? 'copy' : 'copies'} of it before ${formatWeight(step.fromBp ?? step.weightBp)}.`
  const asked = gateAsked(state, plan)
  if (asked === null) return ready
  const { name } = asked.gate
  const people =
    asked.gate.kind === 'approval' ? ` (${state.approvals?.length ?? 0} of ${peopleText(asked.gate.people)})` : ''
  return joined(ready, `Waiting for the gate "${name}"${people}.`)
}

function peopleText(count: number): string {
  return count === 1 ? '1 person' : `${count} people`
}

function holdingSentence(state: StateOf<'holding'>, plan: Plan, judgement: Judgement | null): string {
  if (state.step < 0) return `Held before any traffic by ${state.by}${because(state.why)}.`
  const bp = askedWeightBp(state, plan)
  const place = `Holding ${plan.canary} ${bp === 0 ? 'without traffic' : `at ${formatWeight(bp)}`}`
  const why = {
    gate: `: the gate "${gateAsked(state, plan)?.gate.name ?? ''}" has failed${because(state.why)}`,
    'no-evidence': `: evidence is missing${because(state.why)}`,
    operator: `, by ${state.by}${because(state.why)}`,
    'pause-step': `, by ${state.by}${because(state.why)}`,
    deadline: `, by ${state.by}${because(state.why)}`,
  }[state.reason]
  return joined(`${place}${why}.`, judgement?.sentence)
}

function joined(...sentences: readonly (string | undefined)[]): string {
  return sentences.filter((each) => each !== undefined && each !== '').join(' ')
}

function because(why: string): string {
  return why === '' ? '' : `: ${why.replace(/\.$/, '')}`
}

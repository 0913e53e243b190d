import { formatDuration, formatWeight, type Judgement } from '@serin/spec'
import type { Plan } from '../plan.ts'
import type { RolloutState } from './state.ts'

/** Is it all right? One sentence about a rollout, for the first line of every view. */
export function rolloutSentence(state: RolloutState, plan: Plan, judgement: Judgement | null): string {
  switch (state.phase) {
    case 'preparing':
      return `Starting ${plan.canary}; ${plan.stable} has all traffic.`
    case 'watching': {
      const step = plan.steps[state.step]
      const weight = formatWeight(step?.weightBp ?? 0)
      const rest = Math.max(0, (step?.holdMs ?? 0) - state.evidenceMs)
      if (judgement?.verdict === 'safe' && rest > 0)
        return `Watching ${plan.canary} at ${weight}. ${judgement.sentence} ${formatDuration(rest)} of evidence to go.`
      return `Watching ${plan.canary} at ${weight}. ${judgement?.sentence ?? 'Waiting for the first evidence.'}`
    }
    case 'holding': {
      if (state.step < 0) return `Held before any traffic by ${state.by}${because(state.why)}.`
      return `Holding ${plan.canary} at ${formatWeight(plan.steps[state.step]?.weightBp ?? 0)}, by ${state.by}${because(state.why)}. ${judgement?.sentence ?? ''}`.trim()
    }
    case 'promoting':
      return `Promoting ${plan.canary} to 100 %${because(state.why)}.`
    case 'rolling-back':
      return `Rolling back to ${plan.stable}${because(state.why)}.`
    case 'promoted':
      return `${plan.canary} is promoted and has all traffic.`
    case 'rolled-back':
      return `${plan.canary} was rolled back (${state.reason}); ${plan.stable} has all traffic${because(state.why)}.`
  }
}

function because(why: string): string {
  return why === '' ? '' : `: ${why.replace(/\.$/, '')}`
}

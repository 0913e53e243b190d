import { formatDuration, formatWeight, type Judgement } from '@serin/spec'
import { figure } from './figures.ts'

/** What comes next, in sentences: when Serin looks again and when that may decide, and what a budget allows. */
export function outlookText({ next, ramp }: Judgement): string {
  return [next === undefined ? '' : nextText(next), ramp === undefined ? '' : rampText(ramp)]
    .filter((part) => part !== '')
    .join(' ')
}

function nextText({ lookMs, safeMs, harmMs }: NonNullable<Judgement['next']>): string {
  const soon = `Serin looks again within ${formatDuration(lookMs)}`
  const guesses = [
    ...(safeMs === null ? [] : [`safe in about ${rounded(safeMs)}`]),
    ...(harmMs === null ? [] : [`harm proved in about ${rounded(harmMs)}`]),
  ]
  return guesses.length === 0
    ? `${soon}; the evidence does not grow towards either side yet.`
    : `${soon}; if the evidence goes on like this: ${guesses.join(', ')}.`
}

function rampText({ budget, spent, growBp, stayBp, probability, impact }: NonNullable<Judgement['ramp']>): string {
  const risk = `canary is worse with probability ${figure(100 * probability)} %, by ${figure(100 * impact)} points if so`
  return `Of the budget of ${budget} failed requests ${figure(spent)} are spent. It allows to grow to ${formatWeight(growBp)} and to stay up to ${formatWeight(stayBp)}; ${risk}.`
}

/** Two digits at most: more would be a promise. */
function rounded(ms: number): string {
  const unit = ms >= 7_200_000 ? 3_600_000 : ms >= 120_000 ? 60_000 : 1_000
  return formatDuration(Math.max(1, Math.round(ms / unit)) * unit)
}

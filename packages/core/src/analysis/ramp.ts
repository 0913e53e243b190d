import { formatWeight, type Judgement } from '@serin/spec'
import { expectedEventsUpTo, rampShares, readRatio, riskOf } from '@serin/stats'
import type { Ramp } from '../machine/event.ts'
import { clusterReading, type EventTests } from './event-tests.ts'
import type { AnalysisState } from './fold.ts'
import { errorsQuestion, type AnalysisSetup } from './setup.ts'

/** More than this belief in a worsening beyond the margin, and the share does not grow. */
const mostDoubt = 0.1

/** Discounted counts of all requests, from which the traffic ahead is guessed. */
export interface TrafficRate {
  readonly requests: number
  readonly durationMs: number
}

/** How long traffic is remembered, in ms. */
const memoryMs = 30_000

/** Traffic before the rollout counts like ten seconds of it. */
export function startTraffic(setup: AnalysisSetup): TrafficRate {
  const durationMs = 10_000
  const perSecond = setup.ramp?.requestsPerSecond ?? 0
  return perSecond > 0 ? { requests: (perSecond * durationMs) / 1_000, durationMs } : { requests: 0, durationMs: 0 }
}

/** Adds a slot and forgets a little of the past. */
export function addTraffic(rate: TrafficRate, requests: number, durationMs: number): TrafficRate {
  const kept = Math.exp(-durationMs / memoryMs)
  return { requests: kept * rate.requests + requests, durationMs: kept * rate.durationMs + durationMs }
}

/**
 * What the budget allows, read from failed requests (docs/decisions/0019-adaptive-ramp.md): the bound on what canary's requests fail more than stable's
 * would is what each further one may cost. Null when the strategy has no budget or nobody watches errors.
 */
export function readRamp(setup: AnalysisSetup, state: AnalysisState): Judgement['ramp'] {
  const { ramp } = setup
  const question = errorsQuestion(setup)
  if (ramp === undefined || question === null) return undefined
  const { errors, randomised } = state.canary
  const perRequestUpTo = harmUpTo(setup, state)
  // What failed is counted, less what would have failed on stable; what is to come is bounded.
  const stable = state.stable
  const due = stable.randomised > 0 ? (randomised * stable.errors) / stable.randomised : 0
  const spent = Math.max(0, errors - due)
  const { requests, durationMs } = state.traffic
  const trialsAhead = durationMs > 0 ? (requests / durationMs) * ramp.intervalMs : 0
  const { grow, stay } = rampShares({ events: ramp.budget, spent, harmUpTo: perRequestUpTo, trialsAhead })
  const [rateOf, stableRate] = [smoothed(state.canary), smoothed(state.stable)]
  const margin = Math.max(question.marginRatio * stableRate.mean, question.marginAbs, 1e-6)
  const risk = riskOf({
    difference: rateOf.mean - stableRate.mean,
    standardError: Math.sqrt(rateOf.variance + stableRate.variance),
    margin,
  })
  const growBp = risk.beyondMargin > mostDoubt ? 0 : Math.floor(10_000 * grow)
  return {
    budget: ramp.budget,
    spent,
    perRequestUpTo,
    requestsPerInterval: trialsAhead,
    growBp,
    stayBp: Math.floor(10_000 * stay),
    ...risk,
  }
}

/** What a judgement allows, in the machine's words; none without a budget. */
export function rampOf({ ramp }: Pick<Judgement, 'ramp'>): { readonly ramp?: Ramp } {
  return ramp === undefined ? {} : { ramp: { growBp: ramp.growBp, stayBp: ramp.stayBp, why: rampSentence(ramp) } }
}

/** What the budget says, for people. */
export function rampSentence({ budget, spent, growBp, beyondMargin }: NonNullable<Judgement['ramp']>): string {
  const used = spent < 10 ? spent.toFixed(1) : spent.toFixed(0)
  const doubt =
    beyondMargin > mostDoubt
      ? `; it is worse than the margin with probability ${(100 * beyondMargin).toFixed(0)} %`
      : ''
  return `${used} of the ${budget} requests that the rollout may cost are spent; the budget allows ${formatWeight(growBp)}${doubt}.`
}

/** Extra failures per canary request at most, 0..1. One until something is known. */
function harmUpTo(setup: AnalysisSetup, { canary, tests }: AnalysisState): number {
  const question = errorsQuestion(setup)
  if (tests === null || question === null || canary.randomised === 0) return 1
  const alpha = setup.falsePromotionRatio
  if (tests.sticky)
    return unitsUpTo(tests.errors, { canary, alpha, clusters: clusterReading(tests.errors, question, 10_000) })
  const due = expectedEventsUpTo(canary.errors, alpha / 2)
  const ratio =
    tests.errors.kind === 'requests' && tests.errors.ratio !== null ? readRatio(tests.errors.ratio, { alpha }) : null
  // What is due at most, less what stable would have had of it: all of it while the ratio is not bounded.
  const part = ratio?.ok !== true || ratio.high === null ? 1 : Math.max(0, 1 - 1 / Math.max(1, ratio.high))
  return Math.min(1, (due * part) / canary.randomised)
}

/** Sticky users: the interval of the difference by buckets of users; before it can be read, their first requests, one trial each. */
function unitsUpTo(
  tests: EventTests,
  {
    canary,
    alpha,
    clusters,
  }: {
    readonly canary: AnalysisState['canary']
    readonly alpha: number
    readonly clusters: ReturnType<typeof clusterReading>
  },
): number {
  if (clusters?.ok === true && !clusters.dominated) return Math.min(1, Math.max(0, clusters.high))
  const trials = Object.values(tests.limits)[0]
  if (trials === undefined || trials.trials === 0) return 1
  const first = expectedEventsUpTo(trials.events, alpha) / trials.trials
  return Math.min(1, Math.max(first, canary.errors / canary.randomised))
}

function smoothed({ errors, randomised }: AnalysisState['canary']): {
  readonly mean: number
  readonly variance: number
} {
  const mean = (errors + 0.5) / (randomised + 1)
  return { mean, variance: (mean * (1 - mean)) / (randomised + 1) }
}

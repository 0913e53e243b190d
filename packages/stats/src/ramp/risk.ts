import { logSumExp } from '../numeric/log-space.ts'
import { normalCdf } from '../numeric/normal.ts'
import { requireBetween } from '../refusal.ts'
import { expectedExcess } from '../report/bayes.ts'

/** What a ramp may still spend, in events that would not have happened on stable. */
export interface RampBudget {
  /** Extra events the whole ramp may cost. */
  readonly events: number
  /** Extra events so far. */
  readonly spent: number
  /** Extra events per further trial at most: an upper bound that holds at all times together, 0..1. */
  readonly harmUpTo: number
  /** Trials of both versions until the share can be changed again. */
  readonly trialsAhead: number
}

/** Of what is left, the part an interval may spend: the rest stays for what the next one learns. */
const spendable = 0.25

/**
 * The shares, 0..1, that keep the harm of the whole ramp within its budget if every trial does as much harm as the bound allows: `grow`, for which
 * three quarters of what is left stay in reserve, and `stay`, which would spend all of it. What is spent is counted, what is to come is bounded at all times
 * together: so the expected harm exceeds the budget with a probability of at most the bound's alpha, whatever the ramp does. RangeError for bad numbers.
 */
export function rampShares({ events, spent, harmUpTo, trialsAhead }: RampBudget): {
  readonly grow: number
  readonly stay: number
} {
  for (const [name, value] of Object.entries({ events, spent, harmUpTo, trialsAhead })) {
    if (!(value >= 0 && value < Infinity)) throw new RangeError(`${name} must be finite and at least 0, got ${value}`)
  }
  const perShare = harmUpTo * trialsAhead
  const left = events - spent
  if (left <= 0) return { grow: 0, stay: 0 }
  const share = (part: number) => (perShare > part ? part / perShare : 1)
  return { grow: share(spendable * left), stay: share(left) }
}

/** Risk as people weigh it: how likely, how bad, how many. */
export interface Risk {
  /** Probability that the canary is worse at all, and that it is worse than the margin. */
  readonly probability: number
  readonly beyondMargin: number
  /** Extra events per trial if it is. */
  readonly impact: number
}

/** What is believed before any evidence: most versions differ by less than their margin (two standard deviations), one in ten may be broken outright. */
const priors = [
  { weight: 0.9, sd: (margin: number) => margin / 2 },
  { weight: 0.1, sd: () => 0.25 },
] as const

/**
 * The belief about a difference of rates (canary minus stable, per trial) that was estimated with a standard error, held against a sceptical prior. Display
 * and caution; the guarantee is that of `rampShares`. RangeError for bad numbers.
 */
export function riskOf(estimate: {
  readonly difference: number
  readonly standardError: number
  readonly margin: number
}): Risk {
  const { difference, standardError, margin } = estimate
  if (!Number.isFinite(difference)) throw new RangeError(`difference must be finite, got ${difference}`)
  requireBetween('standardError', standardError, 0, Infinity)
  requireBetween('margin', margin, 0, Infinity)
  const parts = priors.map(({ weight, sd }) => {
    const spread = Math.hypot(sd(margin), standardError)
    const trust = (sd(margin) / spread) ** 2
    const logLikelihood = Math.log(weight / spread) - (difference / spread) ** 2 / 2
    return { logLikelihood, mean: trust * difference, sd: Math.sqrt(trust) * standardError }
  })
  const total = logSumExp(parts.map(({ logLikelihood }) => logLikelihood))
  const believed = (of: (part: { readonly mean: number; readonly sd: number }) => number): number =>
    parts.reduce((sum, part) => sum + Math.exp(part.logLikelihood - total) * of(part), 0)
  const probability = believed(({ mean, sd }) => normalCdf(mean / sd))
  const excess = believed(({ mean, sd }) => expectedExcess(mean, sd))
  return {
    probability,
    beyondMargin: believed(({ mean, sd }) => normalCdf((mean - margin) / sd)),
    impact: probability > 0 ? excess / probability : 0,
  }
}

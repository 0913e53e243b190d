import { erfcx, normalCdf, normalQuantile, normalSurvival } from '../numeric/normal.ts'
import { insufficient, invalid, requireBetween } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'
import type { Effect } from './contrast.ts'
import { settled } from './settled.ts'

/** A normal prior on the effect, on the same scale as the effect; fixed before the data. */
export interface NormalPrior {
  readonly mean: number
  readonly variance: number
}

/** How a Bayesian report is asked. */
export interface BayesOptions {
  /** Null (the default) is flat: every effect equally likely. */
  readonly prior?: NormalPrior | null
  /** Which direction is the better one; default `up`. */
  readonly better?: 'up' | 'down'
  /** 1 - probability inside the interval; default 0.05. */
  readonly alpha?: number
}

/** What is believed of an effect after one look; a display, never a stopping rule. */
export interface BayesReading extends Effect {
  readonly ok: true
  readonly low: number
  readonly high: number
  /** Posterior probability that canary is better. */
  readonly chanceToWin: number
  /** Expected loss, in units of the effect, if stable is kept. */
  readonly riskOfKeeping: number
  /** Expected loss, in units of the effect, if canary is shipped. */
  readonly riskOfShipping: number
}

const INVERSE_SQRT_TWO_PI = 0.3989422804014327

/** E[max(d, 0)] for d ~ N(mean, sd²): sd φ(mean/sd) + mean Φ(mean/sd), without cancellation in the lower tail. */
export function expectedExcess(mean: number, sd: number): number {
  const at = mean / sd
  if (at > 0) return mean + expectedExcess(-mean, sd)
  const density = INVERSE_SQRT_TWO_PI * Math.exp((-at * at) / 2)
  // φ(at) + at Φ(at) = φ(at) (1 - |at| Mills); past 1e3 the density is 0 anyway.
  const mills = Math.sqrt(Math.PI / 2) * erfcx(-at / Math.SQRT2)
  return at < -1e3 ? 0 : sd * density * Math.max(0, 1 + at * mills)
}

/** The posterior of a normal effect: precisions add up, means are weighted by them. */
function posteriorOf({ estimate, standardError }: Effect, prior: NormalPrior | null): Effect {
  if (prior === null) return { estimate, standardError }
  const [data, before] = [1 / standardError ** 2, 1 / prior.variance]
  const precision = data + before
  return { estimate: (data * estimate + before * prior.mean) / precision, standardError: 1 / Math.sqrt(precision) }
}

/** The posterior of an effect, its credible interval, the chance to win and the risk of either choice. */
export function bayesReading(effect: Effect, options: BayesOptions = {}): BayesReading | Refusal {
  const { prior = null, better = 'up', alpha = 0.05 } = options
  requireBetween('alpha', alpha, 0, 1)
  if (!(effect.standardError > 0 && effect.standardError < Infinity) || !Number.isFinite(effect.estimate))
    return insufficient(`An effect of ${effect.estimate} with standard error ${effect.standardError} cannot be judged.`)
  if (prior && !(prior.variance > 0 && prior.variance < Infinity && Number.isFinite(prior.mean)))
    return invalid(`A prior needs a finite mean and a positive variance, got ${prior.mean} and ${prior.variance}.`)
  const posterior = posteriorOf(effect, prior)
  const { estimate, standardError } = posterior
  const half = -normalQuantile(alpha / 2) * standardError
  const [gain, loss] = [expectedExcess(estimate, standardError), expectedExcess(-estimate, standardError)]
  const up = better === 'up'
  return settled({
    ok: true,
    ...posterior,
    low: estimate - half,
    high: estimate + half,
    chanceToWin: up ? normalCdf(estimate / standardError) : normalSurvival(estimate / standardError),
    riskOfKeeping: up ? gain : loss,
    riskOfShipping: up ? loss : gain,
  })
}

/**
 * The effect behind a confidence interval that was made elsewhere with the normal distribution; a side that is null was not
 * bounded, and the other one then stands at the one-sided quantile. `insufficient` for an interval without width.
 */
export function effectFromInterval(
  interval: { readonly estimate: number; readonly low: number | null; readonly high: number | null },
  alpha: number,
): ({ readonly ok: true } & Effect) | Refusal {
  requireBetween('alpha', alpha, 0, 1)
  const { estimate, low, high } = interval
  const sides = (low === null ? 0 : 1) + (high === null ? 0 : 1)
  if (sides === 0) return insufficient('An interval without a bound says nothing of its precision.')
  const reach = sides === 2 ? ((high ?? 0) - (low ?? 0)) / 2 : Math.abs((low ?? high ?? 0) - estimate)
  if (!Number.isFinite(estimate)) return invalid(`An estimate must be finite, got ${estimate}.`)
  if (!(reach > 0 && reach < Infinity))
    return insufficient(`An interval that reaches ${reach} from its middle has no width.`)
  return { ok: true, estimate, standardError: reach / -normalQuantile(sides === 2 ? alpha / 2 : alpha) }
}

import { insufficient, invalid, isCount } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'
import { readingOf, welchDf } from './contrast.ts'
import type { MeanReading, ReportOptions } from './contrast.ts'
import { checkedSample } from './sample.ts'
import type { Sample } from './sample.ts'

/** When the covariate was measured and when units met canary, both as milliseconds of one clock. */
export interface CovariatePeriod {
  readonly covariateUntilMs: number
  readonly exposureFromMs: number
}

/** Sums over the units of an arm of an outcome and of its covariate. */
export interface CupedSums {
  readonly units: number
  readonly sum: number
  readonly sumSquares: number
  readonly preSum: number
  readonly preSumSquares: number
  /** Σ outcome × covariate. */
  readonly product: number
}

/** Sums over units for yes-or-no outcomes with a yes-or-no covariate. */
export interface CupedEvents {
  readonly units: number
  readonly events: number
  readonly preEvents: number
  /** Units with both. */
  readonly both: number
}

/** Options of a covariate-adjusted report. */
export interface CupedOptions extends ReportOptions {
  readonly period: CovariatePeriod
  /** A coefficient fixed in advance; by default it is estimated from both arms together. */
  readonly theta?: number
}

/** A comparison of means after the part that the covariate explains was taken out. */
export interface CupedReading extends MeanReading {
  /** The coefficient of the covariate; 0 when it (or the outcome) does not vary. */
  readonly theta: number
  /** Variance of the adjusted difference / variance of the plain one: 1 - r², the smaller the more was gained. */
  readonly varianceRatio: number
}

/** Outcome and covariate of one arm: means, variances of a unit, covariance. */
interface Pair {
  readonly units: number
  readonly mean: number
  readonly preMean: number
  readonly variance: number
  readonly preVariance: number
  readonly covariance: number
}

/** Refuses a covariate that canary may have changed. */
export function checkPeriod({ covariateUntilMs, exposureFromMs }: CovariatePeriod): Refusal | null {
  if (covariateUntilMs <= exposureFromMs) return null
  return invalid(`The covariate was measured until ${covariateUntilMs}, after exposure began at ${exposureFromMs}.`)
}

function pairOfSums(s: CupedSums): Pair {
  const free = s.units - 1
  return {
    units: s.units,
    mean: s.sum / s.units,
    preMean: s.preSum / s.units,
    variance: (s.sumSquares - (s.sum * s.sum) / s.units) / free,
    preVariance: (s.preSumSquares - (s.preSum * s.preSum) / s.units) / free,
    covariance: (s.product - (s.sum * s.preSum) / s.units) / free,
  }
}

function pairOfEvents({ units, events, preEvents, both }: CupedEvents): Pair {
  const [mean, preMean] = [events / units, preEvents / units]
  return {
    units,
    mean,
    preMean,
    variance: mean * (1 - mean),
    preVariance: preMean * (1 - preMean),
    covariance: both / units - mean * preMean,
  }
}

/** cov(outcome, covariate) / var(covariate) over all units of both arms; 0 when either has no variance. RangeError for impossible sums. */
export function cupedTheta(stable: CupedSums | CupedEvents, canary: CupedSums | CupedEvents): number {
  const all = pairOf(addArms(stable, canary))
  const counted = [stable, canary].every(({ units }) => isCount(units) && units >= 1)
  if (!counted || !Number.isFinite(all.variance + all.preVariance + all.covariance))
    throw new RangeError('cupedTheta needs finite sums of at least one unit in each arm')
  return thetaOf(all)
}

function thetaOf(all: Pair): number {
  return all.preVariance > 0 && all.variance > 0 ? all.covariance / all.preVariance : 0
}

function pairOf(arm: CupedSums | CupedEvents): Pair {
  return 'sum' in arm ? pairOfSums(arm) : pairOfEvents(arm)
}

function addArms<Arm extends CupedSums | CupedEvents>(a: Arm, b: Arm): Arm {
  const other = b as unknown as Readonly<Record<string, number>>
  return Object.fromEntries(
    Object.entries(a).map(([name, value]) => [name, value + (other[name] ?? 0)]),
  ) as unknown as Arm
}

function adjustedSample(pair: Pair, theta: number): Sample | Refusal {
  const variance = pair.variance + theta * theta * pair.preVariance - 2 * theta * pair.covariance
  return checkedSample(pair.units, pair.mean - theta * pair.preMean, variance)
}

/**
 * CUPED (Deng et al. 2013): canary - stable of outcome - theta × covariate, the covariate from before exposure. A relative effect
 * is a part of the unadjusted mean of stable; its variance is the joint delta method at the ratio of the unadjusted means.
 */
export function compareCuped<Arm extends CupedSums | CupedEvents>(
  arms: { readonly stable: Arm; readonly canary: Arm },
  options: CupedOptions,
): CupedReading | Refusal {
  const refusal = checkPeriod(options.period)
  if (refusal) return refusal
  const [a, b] = [pairOf(arms.stable), pairOf(arms.canary)]
  const theta = options.theta ?? thetaOf(pairOf(addArms(arms.stable, arms.canary)))
  const plain = [checkedSample(a.units, a.mean, a.variance), checkedSample(b.units, b.mean, b.variance)]
  for (const sample of plain) if (!sample.ok) return sample
  // Below 0 by more than a rounding: sums that no values have.
  if (![a, b].every(({ preVariance, preMean }) => preVariance >= -1e-9 * preMean * preMean))
    return invalid('The sums of the covariate cannot be.')
  const [stable, canary] = [adjustedSample(a, theta), adjustedSample(b, theta)]
  if (!stable.ok) return stable
  if (!canary.ok) return canary
  const variance = canary.variance / b.units + stable.variance / a.units
  const varianceRatio = variance / (a.variance / a.units + b.variance / b.units)
  const gap = canary.mean - stable.mean
  if (options.difference === 'relative' && a.mean === 0)
    return insufficient('The mean of stable is 0; a relative difference has no meaning.')
  const effect =
    options.difference === 'relative'
      ? {
          estimate: gap / Math.abs(a.mean),
          standardError: Math.sqrt(relativeVariance(a, canary, b.mean / a.mean, theta)),
        }
      : { estimate: gap, standardError: Math.sqrt(variance) }
  const reading = readingOf({ stable: a.mean, canary: b.mean }, effect, welchDf(stable, canary), options)
  return reading.ok ? { ...reading, theta, varianceRatio } : reading
}

/** Var of (adjusted difference) / stable's mean: stable's mean moves the effect directly and as the unit it is told in. */
function relativeVariance(stable: Pair, canary: Sample, share: number, theta: number): number {
  const moved =
    stable.variance * share * share - 2 * theta * share * stable.covariance + theta * theta * stable.preVariance
  return (canary.variance / canary.units + moved / stable.units) / (stable.mean * stable.mean)
}

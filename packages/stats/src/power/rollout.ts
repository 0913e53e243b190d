import { createHarm, readHarm, updateHarm } from '../count/harm-mixture.ts'
import { createNonInferiority, readNonInferiority, updateNonInferiority } from '../count/non-inferiority.ts'
import { createRatio, readRatioNonInferiority, updateRatio } from '../count/ratio-interval.ts'
import { halfDeviance, stirlingTail } from '../numeric/gamma.ts'
import { findRoot } from '../numeric/root.ts'
import { invalid, isCount, requireBetween } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'
import { firstPassage, meanPath } from './first-passage.ts'
import type { CountTest } from './first-passage.ts'
import { inverseGaussianCdf } from './inverse-gaussian.ts'

/** Traffic of a stage in which nothing changes, and what canary is taken to be. */
export interface StagePlan {
  /** Requests (or first requests of users) per second, both versions together. */
  readonly requestsPerSecond: number
  /** Canary's part of them, strictly between 0 and 1. */
  readonly share: number
  /** Events per request on stable, above 0 and at most 1. */
  readonly stableRate: number
  /** Canary's rate / stable's. */
  readonly ratio: number
  /** The alpha this one test alarms at. */
  readonly alpha: number
  /** How long the stage may last, in ms. */
  readonly horizonMs: number
}

/** What to expect of a sequential test in a stage. Times are from the start of the stage, without the slot's own length. */
export interface StageForecast {
  readonly ok: true
  /** P(the test decides within the horizon). */
  readonly power: number
  /** Mean of the time to the decision, or of the horizon where none comes, in ms. */
  readonly meanMs: number
  /** Time by which half of all rollouts are decided, in ms; null beyond the horizon. */
  readonly medianMs: number | null
  /** The same for 95 %. */
  readonly p95Ms: number | null
  /** Events of both versions that the mean time brings. */
  readonly meanEvents: number
  /** Requests canary has answered by the mean time. */
  readonly meanCanaryRequests: number
  /**
   * False beyond a hundred thousand events, where the mean path stands for the exact distribution: about 10 % late on average, and
   * up to 0.12 too low in the chance of an early decision.
   */
  readonly exact: boolean
}

/** Beyond this many events the distribution is not followed event by event. */
const MOST_EVENTS = 100_000

function checkStage(plan: StagePlan): Refusal | null {
  requireBetween('share', plan.share, 0, 1)
  requireBetween('alpha', plan.alpha, 0, 1)
  const { requestsPerSecond, stableRate, ratio, horizonMs } = plan
  if (!(requestsPerSecond > 0 && isCount(requestsPerSecond)))
    return invalid(`Requests per second must be positive, got ${requestsPerSecond}.`)
  if (!(stableRate > 0 && stableRate <= 1 && ratio >= 0 && stableRate * ratio <= 1))
    return invalid(`Rates of ${stableRate} and ${ratio} times that are not within 0..1.`)
  return horizonMs > 0 && isCount(horizonMs) ? null : invalid(`The horizon must be positive, got ${horizonMs} ms.`)
}

/** Chance that an event is canary's. */
function canaryPart({ share, ratio }: StagePlan): number {
  return (share * ratio) / (share * ratio + 1 - share)
}

/** How the harm test is set up. */
export interface HarmForecastOptions {
  /** Highest ratio still tolerated; default 1. */
  readonly harmFrom?: number
  /** Part of the capital kept for late onsets; default 0.5, as the test itself. */
  readonly restartFraction?: number
  /** Canary's events below which no harm is called; default 0. */
  readonly leastCanaryEvents?: number
}

/**
 * What to expect of the harm mixture on counts. Only the capital bet from the start is followed; the part kept for late onsets
 * counts as lost, so times are upper bounds (by a few percent) and powers lower ones.
 */
export function harmForecast(plan: StagePlan, options: HarmForecastOptions = {}): StageForecast | Refusal {
  const refusal = checkStage(plan)
  if (refusal) return refusal
  const { harmFrom = 1, restartFraction = 0.5, leastCanaryEvents = 0 } = options
  requireBetween('restartFraction', restartFraction, -1e-9, 1)
  const start = createHarm({ harmFrom, restarts: null })
  const { share } = plan
  return forecast(plan, {
    threshold: -Math.log(plan.alpha) - Math.log1p(-restartFraction),
    probability: canaryPart(plan),
    leastToward: leastCanaryEvents,
    evidence: (canary, n) => {
      const next = updateHarm(start, { share, canary, stable: n - canary })
      return next.ok ? readHarm(next.state).logE : 0
    },
  })
}

/**
 * What to expect of the proof that canary's rate is below 1 + margin times stable's. `prior` names the test: `grid` reads it from
 * the likelihood of every ratio (what a rollout decides with), `focused` is the test of one margin alone.
 */
export function nonInferiorityForecast(
  plan: StagePlan,
  { margin, prior = 'grid' }: { readonly margin: number; readonly prior?: 'grid' | 'focused' },
): StageForecast | Refusal {
  const refusal = checkStage(plan)
  if (refusal) return refusal
  const { share } = plan
  const empty = createRatio()
  const focused = createNonInferiority({ margin })
  const grid = (stable: number, n: number): number => {
    const next = updateRatio(empty, { share, canary: n - stable, stable })
    return next.ok ? readRatioNonInferiority(next.state, { margin }) : 0
  }
  const alone = (stable: number, n: number): number => {
    const next = updateNonInferiority(focused, { share, canary: n - stable, stable })
    return next.ok ? readNonInferiority(next.state).logE : 0
  }
  // Here stable's events speak for the proof.
  return forecast(plan, {
    threshold: -Math.log(plan.alpha),
    probability: 1 - canaryPart(plan),
    evidence: prior === 'grid' ? grid : alone,
  })
}

/** P(decided after m events), for every m up to a limit. */
interface Decided {
  readonly byEvents: (m: number) => number
  readonly exact: boolean
}

function forecast(plan: StagePlan, test: CountTest): StageForecast {
  const { requestsPerSecond, share, stableRate, ratio, horizonMs } = plan
  const eventsPerMs = (requestsPerSecond * stableRate * (share * ratio + 1 - share)) / 1000
  const due = eventsPerMs * horizonMs
  const decided = decide(test, due)
  const power = decidedBy(decided, due)
  const meanMs = meanTime(decided, due) * horizonMs
  const timeOf = (part: number): number | null => {
    if (power < part) return null
    const events = findRoot((mean) => decidedBy(decided, mean) - part, { low: 1e-12, high: due, relative: 1e-6 })
    return events / eventsPerMs
  }
  return {
    ok: true,
    power,
    meanMs,
    medianMs: timeOf(0.5),
    p95Ms: timeOf(0.95),
    meanEvents: meanMs * eventsPerMs,
    meanCanaryRequests: (meanMs * requestsPerSecond * share) / 1000,
    exact: decided.exact,
  }
}

/** Exactly where that is feasible within the horizon's events, by the mean path where it is not. */
function decide(test: CountTest, due: number): Decided {
  const most = Math.ceil(due + 9 * Math.sqrt(due) + 20)
  if (most <= MOST_EVENTS) return { ...decidedExactly(test, most), exact: true }
  const path = meanPath(test, most)
  // On average it never decides: what little there is comes from early strays.
  if (path === null) return { ...decidedExactly(test, MOST_EVENTS / 5), exact: false }
  if (path.events < MOST_EVENTS / 8) {
    const { byEvents, survived } = decidedExactly(test, MOST_EVENTS)
    if (survived < 1e-6) return { exact: true, byEvents }
  }
  return { exact: false, byEvents: (m) => inverseGaussianCdf(m, { mean: path.events, deviation: path.deviation }) }
}

function decidedExactly(
  test: CountTest,
  most: number,
): { readonly byEvents: (m: number) => number; readonly survived: number } {
  const { stopped, survived } = firstPassage(test, most)
  let sum = 0
  const sums = stopped.map((chance) => (sum += chance))
  return { survived, byEvents: (m) => sums[Math.min(Math.floor(m), sums.length - 1)] ?? 0 }
}

/** P(decided) once a Poisson number of events with this mean has come. */
function decidedBy({ byEvents, exact }: Decided, mean: number): number {
  if (!(mean > 0)) return byEvents(0)
  // Where the mean path is good enough, and past a million, the count is as good as its mean.
  if (!exact || mean > 1e6) return byEvents(mean)
  const reach = 9 * Math.sqrt(mean) + 20
  let sum = 0
  for (let m = Math.max(0, Math.floor(mean - reach)); m <= mean + reach; m += 1) {
    const chance =
      m === 0 ? Math.exp(-mean) : Math.exp(-halfDeviance(m, mean) - stirlingTail(m)) / Math.sqrt(2 * Math.PI * m)
    sum += chance * byEvents(m)
  }
  return Math.min(1, sum)
}

/** E[min(decision, horizon)] as a part of the horizon: the mean of what is not decided yet, by Simpson's rule in √time. */
function meanTime(decided: Decided, due: number): number {
  const steps = 400
  let sum = 0
  for (let i = 0; i <= steps; i += 1) {
    // Squared: early times, where most is decided, get most of the points.
    const part = i / steps
    const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2
    sum += weight * 2 * part * (1 - decidedBy(decided, due * part * part))
  }
  return sum / (3 * steps)
}

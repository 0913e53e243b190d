import type { ReleasePlan, ReleasePlanStep } from '@serin/spec'
import { harmForecast } from '@serin/stats'
import { isGuard, type AnalysisSetup } from '../analysis/setup.ts'
import { gateNeeds } from '../gates/needs.ts'
import type { Plan, PlanStep } from '../plan.ts'
import { playMeanPath, type ExpectedTraffic, type MeanPath } from './mean-path.ts'

/** What a forecast rests on. */
export interface ForecastInput {
  readonly service: string
  readonly plan: Plan
  readonly setup: AnalysisSetup
  readonly traffic: ExpectedTraffic
  /** How many users there are, when somebody said so. */
  readonly users: number | null
  readonly warmUpMs: number
}

/** The worsening that everybody asks about first. */
const asked = 2
const wantedPower = 0.8
/** Long enough to say when a worsening would be found if nothing else happened. */
const searchMs = 7 * 86_400_000

/**
 * What will happen before it happens: when each share comes at the earliest and likely, who is exposed by then, what harm would be seen, and what harm would
 * cost until it is.
 */
export function forecastRelease(input: ForecastInput): ReleasePlan {
  const { service, plan, traffic, users } = input
  const metrics = Object.entries(input.setup.metrics)
  // Without stable's latency there is nothing to compare with yet; labels come when they come, and only answers tell how a model speaks.
  const open = ([, { kind }]: (typeof metrics)[number]) =>
    kind === 'observation' || kind === 'generation' || (kind === 'latency' && input.setup.cuts.length === 0)
  const notForecast = metrics.filter((metric) => open(metric)).map(([name]) => name)
  const setup = { ...input.setup, metrics: Object.fromEntries(metrics.filter((metric) => !open(metric))) }
  const path = playMeanPath(plan, setup, traffic, input.warmUpMs)
  const harmAlpha = errorsAlpha(setup)
  return {
    service,
    stable: plan.stable,
    canary: plan.canary,
    strategy: plan.strategy,
    requestsPerSecond: traffic.requestsPerSecond,
    errorPercent: 100 * traffic.errorRatio,
    users,
    steps: plan.steps.map((_, at) => stepOf(at, { ...input, path, harmAlpha })),
    promoted: {
      earliestMs: plan.steps.reduce((sum, { holdMs }) => sum + holdMs, 0),
      likelyMs: path.promotedAtMs,
      canaryRequests: Math.round(path.canaryRequests),
    },
    ...(plan.goal === undefined ? {} : { experiment: plan.goal }),
    falseRollbackPercent: 100 * (setup.falseRollbackRatio + (setup.reflexRatio ?? 0)),
    notForecast,
  }
}

/** The level at which errors alone prove harm: their part of the budget. */
function errorsAlpha({ metrics, falseRollbackRatio }: AnalysisSetup): number | null {
  const guards = Object.values(metrics).filter(isGuard)
  const errors = guards.find(({ kind }) => kind === 'errors')
  if (errors === undefined) return null
  return (falseRollbackRatio * errors.importance) / guards.reduce((sum, { importance }) => sum + importance, 0)
}

interface StepInput extends ForecastInput {
  readonly path: MeanPath
  readonly harmAlpha: number | null
}

function stepOf(at: number, input: StepInput): ReleasePlanStep {
  const { plan, path, users, traffic, harmAlpha } = input
  const step = plan.steps[at]
  const weightBp = step?.weightBp ?? 0
  const arrivals = path.arrivals
  const here = arrivals.findIndex((arrival) => arrival.step === at)
  const arrival = arrivals[here]
  const next = arrivals[here + 1]
  const stayMs =
    arrival === undefined || (next === undefined && path.promotedAtMs === null)
      ? null
      : (next?.atMs ?? path.promotedAtMs ?? 0) - arrival.atMs
  const share = weightBp / 10_000
  const requests =
    arrival === undefined || stayMs === null
      ? null
      : (next?.canaryRequests ?? path.canaryRequests) - arrival.canaryRequests
  const known =
    share > 0 && share < 1 && harmAlpha !== null && traffic.errorRatio > 0 && traffic.errorRatio * asked <= 1
  const stage = (ratio: number, horizonMs: number) => ({
    requestsPerSecond: traffic.requestsPerSecond,
    share,
    stableRate: traffic.errorRatio,
    ratio,
    alpha: harmAlpha ?? 0.01,
    horizonMs,
  })
  const power = (ratio: number, horizonMs: number): number | null => {
    const forecast = harmForecast(stage(ratio, horizonMs), { leastCanaryEvents: 3 })
    return forecast.ok ? forecast.power : null
  }
  const found = known ? harmForecast(stage(asked, searchMs), { leastCanaryEvents: 3 }) : null
  const doubled = found?.ok === true ? found : null
  return {
    weightBp,
    holdMs: step?.holdMs ?? 0,
    pause: step?.pause ?? false,
    ...(step?.name === undefined ? {} : { name: step.name }),
    ...(step?.fromBp === undefined ? {} : { fromBp: step.fromBp }),
    needs: needsOf(step),
    earliestMs: plan.steps.slice(0, at).reduce((sum, { holdMs }) => sum + holdMs, 0),
    likelyMs: arrival?.atMs ?? null,
    stayMs,
    exposedUsers: users === null ? null : Math.round(users * share),
    requestsHere: requests === null ? null : Math.round(requests),
    doubledErrors: {
      foundHere: known && stayMs !== null && stayMs > 0 ? power(asked, stayMs) : null,
      likelyMs: doubled?.medianMs ?? null,
      p95Ms: doubled?.p95Ms ?? null,
      // Impact × exposure: extra failures until it is found.
      cost: doubled === null ? null : doubled.meanCanaryRequests * traffic.errorRatio * (asked - 1),
    },
    smallestFound:
      known && stayMs !== null && stayMs > 0 ? smallest((ratio) => power(ratio, stayMs) ?? 0, traffic) : null,
  }
}

/** What a step waits for besides its evidence. */
function needsOf(step: PlanStep | undefined): string[] {
  if (step === undefined) return []
  const { canaryReplicas, mirror, passes, gates = [], pause } = step
  return [
    ...(canaryReplicas === undefined ? [] : [`${canaryReplicas} ${canaryReplicas === 1 ? 'copy' : 'copies'} ready`]),
    ...(mirror === undefined
      ? []
      : [`answers alike: ${mirror.minPairs} compared, at most ${100 * mirror.maxDifferentRatio} % different`]),
    ...(passes === 'decided' ? ['the experiment to be decided'] : []),
    ...gates.map((gate) => gateNeeds(gate)),
    ...(pause ? ['a person'] : []),
  ]
}

/** The smallest ratio of error rates that is found with power 0.8, to two digits; null when not even a hundredfold is. */
function smallest(power: (ratio: number) => number, { errorRatio }: ExpectedTraffic): number | null {
  let low = 1
  let high = Math.min(100, 1 / errorRatio)
  if (power(high) < wantedPower) return null
  while (high / low > 1.05) {
    const middle = Math.sqrt(low * high)
    if (power(middle) >= wantedPower) high = middle
    else low = middle
  }
  return high
}

import {
  chooseCuts,
  kayentaRules,
  planOf,
  questionsOf,
  ratioOf,
  rollbackBudget,
  targetsOf,
  type AnalysisSetup,
  type Plan,
} from '@serin/core'
import type { Metric, Service } from '@serin/spec'
import { emptyHistogram, histogramOf } from '@serin/stats'
import type { Uniform } from '@serin/stats/seeded'
import { drawBinomial, drawLogNormal, drawPoisson } from './draw.ts'
import { expectedRequests, type World } from './world.ts'

/** What is tried: how a service releases, and how sure it has to be. */
export interface Policy {
  readonly service: string
  readonly plan: Plan
  readonly spec: Service
  /** What no simulation knows anything about, for people. */
  readonly notes: readonly string[]
}

/** The policy of a release. Metrics of observations and of models are left out: a simulated request has no label and no tokens. */
export function policyOf(service: string, spec: Service, to: string): Policy {
  const metrics = Object.entries(spec.metrics)
  const named = (wanted: Metric['kind']) => metrics.filter(([, { kind }]) => kind === wanted).map(([name]) => name)
  const [left, unspoken] = [named('observation'), named('generation')]
  const known = metrics.filter(([name]) => !left.includes(name) && !unspoken.includes(name))
  const plan = planOf(spec, { stable: spec.stable, canary: to })
  const notes = [
    ...(left.length === 0 ? [] : [`Not simulated, for nobody labels the requests: ${left.join(', ')}.`]),
    ...(unspoken.length === 0 ? [] : [`Not simulated, for no model answers: ${unspoken.join(', ')}.`]),
    ...(plan.goal === undefined ? [] : [`Without labels the goal "${plan.goal.metric}" is never shown to be better.`]),
    ...(plan.steps.some(({ gates }) => gates !== undefined) ? ['All gates are taken to pass.'] : []),
  ]
  return { service, plan, spec: { ...spec, metrics: Object.fromEntries<Metric>(known) }, notes }
}

/** Stable's traffic that is known when a rollout begins, in ms. */
const knownMs = 600_000
/** More latencies tell no more about the cuts. */
const mostLatencies = 5_000

/** Everything that is fixed before the first evidence, from stable's traffic before the release. */
export function setupOf({ plan, spec }: Policy, world: World, uniform: Uniform): AnalysisSetup {
  const { metrics, analysis } = spec
  const kayenta = kayentaRules(metrics, analysis)
  const expected = expectedRequests(world)
  // A release begins when the world does: what was before it is taken to be like the first minutes.
  const requests = drawPoisson(uniform, expected(0, knownMs))
  const { errorRatio, medianMs, sigma } = world.stable
  const answered = Math.min(mostLatencies, Math.round(requests * (1 - errorRatio)))
  const latencies = Array.from({ length: answered }, () => medianMs * drawLogNormal(uniform, sigma))
  const errors = drawBinomial(uniform, requests, errorRatio)
  return {
    stable: plan.stable,
    canary: plan.canary,
    metrics,
    cuts: chooseCuts(latencies.length === 0 ? emptyHistogram() : histogramOf(latencies)),
    targetsBp: targetsOf(plan),
    ...rollbackBudget(spec),
    falsePromotionRatio: ratioOf(analysis.falsePromotion),
    minUnits: analysis.minUnits,
    ...(kayenta === null ? {} : { kayenta }),
    ...(plan.steps.some(({ weightBp }) => weightBp === 10_000) ? { before: { requests, errors } } : {}),
    ...questionsOf(plan),
    ...(plan.budget === undefined
      ? {}
      : {
          ramp: {
            budget: plan.budget,
            intervalMs: plan.steps[0]?.holdMs ?? 0,
            requestsPerSecond: expected(0, 10_000) / 10,
          },
        }),
  }
}

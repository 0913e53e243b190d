import { invalid } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'
import { classify } from './classify.ts'
import type { Classification, JudgeConstants } from './classify.ts'
import { rulesOf } from './config.ts'
import type { KayentaConfig, KayentaMetric } from './config.ts'
import { scoreMetrics } from './score.ts'
import type { GroupScore } from './score.ts'
import { lenientFences, outliersOf, summaryOf, withoutGaps } from './series.ts'
import type { Points, SeriesSummary } from './series.ts'

/** The points of one metric, usually one a minute for each version. */
export interface KayentaSeries {
  readonly name: string
  readonly stable: Points
  readonly canary: Points
}

/** One judged metric. */
export interface KayentaMetricResult extends Classification {
  readonly name: string
  readonly groups: readonly string[]
  readonly muted: boolean
  /** What was compared, after gaps and outliers were dealt with. */
  readonly stable: SeriesSummary
  readonly canary: SeriesSummary
}

/** What the judge says of a canary. */
export interface KayentaReading {
  readonly ok: true
  readonly verdict: 'Pass' | 'Marginal' | 'Fail'
  /** 0..100. */
  readonly score: number
  readonly failed: string | null
  readonly groups: readonly GroupScore[]
  readonly metrics: readonly KayentaMetricResult[]
}

/**
 * Judges a canary config the way NetflixACAJudge does, for people who bring one along: same inputs, same classifications, same
 * score. What differs, on purpose:
 *
 * - The ends of a shift's interval are exact. The peer's root finder stops within 1e-4 of the metric's unit whatever its scale, so
 *   that error fractions of 1e-5 are compared with noise.
 * - Two different constants are compared as they are. The peer adds random noise of 1e-5 of their size first; the label is the same.
 * - A name nobody knows (a direction, a strategy, a measure) is refused, not taken for the default.
 *
 * It is a fixed-horizon test of points taken for independent, without correction for looking again: a second opinion, and what
 * decides only where a release file asks for it by name.
 */
export function judgeKayenta(
  config: KayentaConfig,
  series: readonly KayentaSeries[],
  constants: JudgeConstants = {},
): KayentaReading | Refusal {
  const { groupWeights = {}, scoreThresholds: { pass = 95, marginal = 75 } = {} } = config.classifier ?? {}
  if (!(pass >= marginal && marginal >= 0 && pass <= 100))
    return invalid(`Thresholds must be 0 <= marginal <= pass <= 100, got ${marginal} and ${pass}.`)
  const refusal = checkNames(config, series)
  if (refusal) return refusal
  const byName = new Map(series.map((each) => [each.name, each]))
  const metrics: KayentaMetricResult[] = []
  for (const metric of config.metrics) {
    const judged = judgeMetric(
      metric,
      byName.get(metric.name) ?? { name: metric.name, stable: [], canary: [] },
      constants,
    )
    if (!judged.ok) return judged
    metrics.push(judged.result)
  }
  const scored = scoreMetrics(
    metrics.filter(({ muted }) => !muted),
    groupWeights,
  )
  if (!scored.ok) return scored
  const verdict = scored.score >= pass ? 'Pass' : scored.score >= marginal ? 'Marginal' : 'Fail'
  return { ok: true, verdict, score: scored.score, failed: scored.failed, groups: scored.groups, metrics }
}

function checkNames(config: KayentaConfig, series: readonly KayentaSeries[]): Refusal | null {
  const known = new Set(config.metrics.map(({ name }) => name))
  if (known.size < config.metrics.length) return invalid('Two metrics have the same name.')
  const stranger = series.find(({ name }) => !known.has(name))
  return stranger ? invalid(`No metric is called "${stranger.name}"; known are ${[...known].join(', ')}.`) : null
}

function judgeMetric(
  metric: KayentaMetric,
  series: KayentaSeries,
  constants: JudgeConstants,
): { readonly ok: true; readonly result: KayentaMetricResult } | Refusal {
  const rules = rulesOf(metric)
  if (!rules.ok) return rules
  const clean = (points: Points) => {
    const { ok, ...rest } = rules
    const kept = withoutGaps(points, rest.nanStrategy)
    if (!kept.ok || !rest.removeOutliers || kept.values.length === 0) return kept
    const dropped = new Set(outliersOf(kept.values, lenientFences(kept.values, rest.outlierFactor)))
    return { ok, values: kept.values.filter((_, i) => !dropped.has(i)) }
  }
  const stable = clean(series.stable)
  if (!stable.ok) return invalid(`${metric.name}, stable: ${stable.message}`)
  const canary = clean(series.canary)
  if (!canary.ok) return invalid(`${metric.name}, canary: ${canary.message}`)
  const result = {
    name: metric.name,
    groups: metric.groups,
    muted: rules.muted,
    stable: summaryOf(stable.values),
    canary: summaryOf(canary.values),
    ...classify({ stable: stable.values, canary: canary.values }, rules, constants),
  }
  return { ok: true, result }
}

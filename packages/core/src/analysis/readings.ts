import { type ErrorsMetric, type LatencyMetric, type MetricReading, type ObservationMetric } from '@serin/spec'
import { averageLogE, countAbove, quantileMs, readContrast, readRatioInterval, totalOf } from '@serin/stats'
import { eventHarmLogE, eventSafeLogE, type EventTests } from './event-tests.ts'
import { guardCut, type AnalysisState, type ArmTotals } from './fold.ts'
import { marginAt, ratioOf, type AnalysisSetup } from './setup.ts'
import { metricSentence } from './words.ts'

/** What a reading is made from. */
export interface ReadInput {
  readonly setup: AnalysisSetup
  readonly state: AnalysisState
  readonly nextBp: number
  /** Natural logs of 1/α for this metric. */
  readonly thresholds: { readonly harm: number; readonly safe: number }
}

type Draft = Omit<MetricReading, 'verdict' | 'sentence' | 'role'>

/** Failed requests: exact tests on units, rates of requests to look at. */
export function readErrors(name: string, metric: ErrorsMetric, { state, nextBp, thresholds }: ReadInput): MetricReading {
  const rate = (arm: ArmTotals) => (arm.randomised > 0 ? (100 * arm.errors) / arm.randomised : null)
  const stable = rate(state.stable)
  const allowed = Math.max((marginAt(ratioOf(metric.margin), nextBp) * (stable ?? 0)), marginAt(metric.marginAbsolute, nextBp))
  return finish(metric.role, thresholds, {
    name,
    kind: 'errors',
    stable,
    canary: rate(state.canary),
    difference: difference(rate(state.canary), stable),
    ...ratioInterval(state.errors),
    unit: 'percent',
    allowed: Math.min(100, allowed),
    harm: { logE: eventHarmLogE(state.errors, state.sticky), threshold: thresholds.harm },
    safety: { logE: eventSafeLogE(state.errors, nextBp), threshold: thresholds.safe },
    counts: counts(state, (arm) => arm.errors),
    exact: true,
    missing: [],
  })
}

/** Latency: harm at every cut (averaged), safety at the asked quantile of stable. Exact given the routing. */
export function readLatency(name: string, metric: LatencyMetric, { setup, state, nextBp, thresholds }: ReadInput): MetricReading {
  const guard = guardCut(setup, metric.quantile)
  const cut = setup.cuts[guard]
  const tests = state.slow[guard]
  const above = (arm: ArmTotals) => (cut === undefined ? 0 : countAbove(arm.latency, cut.cutMs))
  const rate = (arm: ArmTotals) => (cut === undefined || totalOf(arm.latency) === 0 ? null : (100 * above(arm)) / totalOf(arm.latency))
  const harm = state.slow.length === 0 ? 0 : averageLogE(state.slow.map((slow, i) => ({ name: String(i), weight: 1, logE: eventHarmLogE(slow, state.sticky) }))).logE
  const stable = rate(state.stable)
  return finish(metric.role, thresholds, {
    name,
    kind: 'latency',
    stable,
    canary: rate(state.canary),
    difference: difference(rate(state.canary), stable),
    ...(tests === undefined ? { interval: null, intervalOf: 'ratio' as const } : ratioInterval(tests)),
    unit: 'percent',
    allowed: stable === null ? null : Math.min(100, stable * marginAt(ratioOf(metric.margin), nextBp)),
    harm: { logE: harm, threshold: thresholds.harm },
    safety: { logE: tests === undefined ? 0 : eventSafeLogE(tests, nextBp), threshold: thresholds.safe },
    counts: counts(state, above),
    exact: true,
    missing: cut === undefined ? ['more traffic on stable before the rollout, to know how fast it is'] : [],
    cut: cut === undefined ? null : { quantile: cut.quantile, cutMs: cut.cutMs },
    quantileMs: {
      stable: cut === undefined ? null : quantileMs(state.stable.latency, cut.quantile),
      canary: cut === undefined ? null : quantileMs(state.canary.latency, cut.quantile),
    },
  })
}

/** A mean of pushed observations: cluster-robust by hash buckets of units; asymptotic. */
export function readObservations(name: string, metric: ObservationMetric, { setup, state, nextBp, thresholds }: ReadInput): MetricReading {
  const contrast = state.observed[name]
  const marginRatio = marginAt(ratioOf(metric.margin), nextBp)
  const marginAbsolute = marginAt(ratioOf(metric.marginAbsolute), nextBp)
  const direction = metric.better === 'lower' ? 1 : -1
  const alphaHarm = Math.exp(-thresholds.harm)
  const reading =
    contrast === undefined
      ? null
      : readContrast(contrast, { marginRatio, marginAbsolute, direction, alphaHarm, alphaSafe: setup.falsePromotionRatio, alphaInterval: 0.05 })
  const percent = (value: number | null | undefined) => (value === null || value === undefined ? null : value * 100)
  const stable = percent(reading?.stable.mean)
  return finish(metric.role, thresholds, {
    name,
    kind: 'observation',
    stable,
    canary: percent(reading?.canary.mean),
    difference: percent(reading?.difference),
    interval: reading?.interval == null ? null : [percent(reading.interval[0]), percent(reading.interval[1])],
    intervalOf: 'difference',
    unit: 'percent',
    allowed: 100 * Math.max(marginRatio * Math.abs((stable ?? 0) / 100), marginAbsolute),
    harm: { logE: reading?.harmLogE ?? 0, threshold: thresholds.harm },
    safety: { logE: reading?.safeLogE ?? 0, threshold: thresholds.safe },
    counts: {
      stable: reading?.stable.den ?? 0,
      canary: reading?.canary.den ?? 0,
      stableEvents: reading?.stable.num ?? 0,
      canaryEvents: reading?.canary.num ?? 0,
    },
    exact: false,
    missing: [...(reading?.missing ?? ['observations of both versions'])],
  })
}

function finish(role: MetricReading['role'], thresholds: ReadInput['thresholds'], draft: Draft): MetricReading {
  const verdict = draft.harm.logE >= thresholds.harm ? 'harmful' : draft.safety.logE >= thresholds.safe ? 'safe' : 'undecided'
  const reading = { ...draft, role, verdict } as const
  return { ...reading, sentence: metricSentence(reading) }
}

function ratioInterval(tests: EventTests): { readonly interval: [number | null, number | null] | null; readonly intervalOf: 'ratio' } {
  const { low, high } = readRatioInterval(tests.interval, 0.05)
  return { interval: low === null && high === null ? null : [low, high], intervalOf: 'ratio' }
}

function counts(state: AnalysisState, events: (arm: ArmTotals) => number): MetricReading['counts'] {
  return { stable: state.stable.randomised, canary: state.canary.randomised, stableEvents: events(state.stable), canaryEvents: events(state.canary) }
}

function difference(canary: number | null, stable: number | null): number | null {
  return canary === null || stable === null ? null : canary - stable
}

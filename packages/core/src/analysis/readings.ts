import { type ErrorsMetric, type LatencyMetric, type MetricReading, type ObservationMetric } from '@serin/spec'
import { combineEvidence, countAbove, histogramCount, histogramQuantile, type LogHistogram } from '@serin/stats'
import { eventHarmLogE, eventInterval, eventSafeLogE } from './event-tests.ts'
import { guardCut, type AnalysisState, type ArmTotals } from './fold.ts'
import { createObserved, readObserved, totalsOf } from './observed.ts'
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
export function readErrors(
  name: string,
  metric: ErrorsMetric,
  { state, nextBp, thresholds }: ReadInput,
): MetricReading {
  const rate = (arm: ArmTotals) => (arm.randomised > 0 ? (100 * arm.errors) / arm.randomised : null)
  const stable = rate(state.stable)
  const allowed = Math.max(
    marginAt(ratioOf(metric.margin), nextBp) * (stable ?? 0),
    marginAt(metric.marginAbsolute, nextBp),
  )
  return finish(metric.role, thresholds, {
    name,
    kind: 'errors',
    stable,
    canary: rate(state.canary),
    difference: difference(rate(state.canary), stable),
    interval: eventInterval(state.errors),
    intervalOf: 'ratio',
    unit: 'percent',
    allowed: Math.min(100, allowed),
    harm: { logE: eventHarmLogE(state.errors, state.sticky), threshold: thresholds.harm },
    safety: { logE: eventSafeLogE(state.errors, nextBp, ratioOf(metric.margin)), threshold: thresholds.safe },
    counts: counts(state, (arm) => arm.errors),
    exact: true,
    missing: [],
  })
}

/** Latency: harm at every cut (averaged), safety at the asked quantile of stable. Exact given the routing. */
export function readLatency(
  name: string,
  metric: LatencyMetric,
  { setup, state, nextBp, thresholds }: ReadInput,
): MetricReading {
  const guard = guardCut(setup, metric.quantile)
  const cut = setup.cuts[guard]
  const tests = state.slow[guard]
  const above = (arm: ArmTotals) => (cut === undefined ? 0 : countAbove(arm.latency, cut.bin))
  const rate = (arm: ArmTotals) =>
    cut === undefined || histogramCount(arm.latency) === 0 ? null : (100 * above(arm)) / histogramCount(arm.latency)
  const harm =
    state.slow.length === 0
      ? 0
      : combineEvidence(
          state.slow.map((slow, i) => ({ name: String(i), weight: 1, logE: eventHarmLogE(slow, state.sticky) })),
        ).logE
  const stable = rate(state.stable)
  return finish(metric.role, thresholds, {
    name,
    kind: 'latency',
    stable,
    canary: rate(state.canary),
    difference: difference(rate(state.canary), stable),
    interval: tests === undefined ? null : eventInterval(tests),
    intervalOf: 'ratio',
    unit: 'percent',
    allowed: stable === null ? null : Math.min(100, stable * marginAt(ratioOf(metric.margin), nextBp)),
    harm: { logE: harm, threshold: thresholds.harm },
    safety: {
      logE: tests === undefined ? 0 : eventSafeLogE(tests, nextBp, ratioOf(metric.margin)),
      threshold: thresholds.safe,
    },
    counts: counts(state, above),
    exact: true,
    missing: cut === undefined ? ['more traffic on stable before the rollout, to know how fast it is'] : [],
    cut: cut === undefined ? null : { quantile: cut.quantile, cutMs: cut.cutMs },
    quantileMs: {
      stable: cut === undefined ? null : quantileOf(state.stable.latency, cut.quantile),
      canary: cut === undefined ? null : quantileOf(state.canary.latency, cut.quantile),
    },
  })
}

/** A mean of pushed observations: cluster-robust by hash buckets of units; asymptotic. */
export function readObservations(
  name: string,
  metric: ObservationMetric,
  { state, nextBp, thresholds }: ReadInput,
): MetricReading {
  const observed = state.observed[name] ?? createObserved()
  const margins = {
    marginRatio: marginAt(ratioOf(metric.margin), nextBp),
    marginAbs: marginAt(ratioOf(metric.marginAbsolute), nextBp),
  }
  const reading = readObserved(observed, metric, margins)
  const [stable, canary] = [totalsOf(observed, 'stable'), totalsOf(observed, 'canary')]
  const mean = ({ num, den }: { readonly num: number; readonly den: number }) => (den > 0 ? (100 * num) / den : null)
  const known = reading.ok ? reading : null
  return finish(metric.role, thresholds, {
    name,
    kind: 'observation',
    stable: mean(stable),
    canary: mean(canary),
    difference: known === null ? difference(mean(canary), mean(stable)) : 100 * known.difference,
    interval: known === null ? null : [100 * known.low, 100 * known.high],
    intervalOf: 'difference',
    unit: 'percent',
    allowed: 100 * (known?.allowed ?? margins.marginAbs),
    harm: { logE: known?.logEHarm ?? 0, threshold: thresholds.harm },
    safety: { logE: known?.logENonInferiority ?? 0, threshold: thresholds.safe },
    counts: { stable: stable.den, canary: canary.den, stableEvents: stable.num, canaryEvents: canary.num },
    exact: false,
    missing: reading.ok ? (reading.dominated ? ['more units: a few of them decide'] : []) : [reading.message],
  })
}

function finish(role: MetricReading['role'], thresholds: ReadInput['thresholds'], draft: Draft): MetricReading {
  const verdict =
    draft.harm.logE >= thresholds.harm ? 'harmful' : draft.safety.logE >= thresholds.safe ? 'safe' : 'undecided'
  const reading = { ...draft, role, verdict } as const
  return { ...reading, sentence: metricSentence(reading) }
}

function quantileOf(histogram: LogHistogram, quantile: number): number | null {
  const reading = histogramQuantile(histogram, quantile)
  return reading.ok ? reading.estimateMs : null
}

function counts(state: AnalysisState, events: (arm: ArmTotals) => number): MetricReading['counts'] {
  return {
    stable: state.stable.randomised,
    canary: state.canary.randomised,
    stableEvents: events(state.stable),
    canaryEvents: events(state.canary),
  }
}

function difference(canary: number | null, stable: number | null): number | null {
  return canary === null || stable === null ? null : canary - stable
}

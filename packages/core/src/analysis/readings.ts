import { eventHarmLogE } from './event-harm.ts'
import {
  metricSaid,
  sentenceOf,
  type ErrorsMetric,
  type GenerationMetric,
  type LatencyMetric,
  type MetricReading,
  type ObservationMetric,
} from '@serin/spec'
import { countAbove, histogramCount, histogramQuantile, type LogHistogram } from '@serin/stats'
import { noClusters, totalsOf } from './clusters.ts'
import { clusterReading, combinedHarm, eventInterval, eventSafeLogE, type EventTests } from './event-tests.ts'
import type { AnalysisState, ArmTotals } from './fold.ts'
import { nothingGenerated, ratioFor, readGenerated } from './generation.ts'
import { readObserved } from './observed.ts'
import { errorsQuestion, guardCut, latencyQuestion, marginAt, ratioOf } from './setup.ts'
import type { AnalysisSetup, EventQuestion } from './setup.ts'

/** What a reading is made from. */
export interface ReadInput {
  readonly setup: AnalysisSetup
  readonly state: AnalysisState
  readonly nextBp: number
  /** Natural logs of 1/α for this metric. */
  readonly thresholds: { readonly harm: number; readonly safe: number }
}

type Draft = Omit<MetricReading, 'verdict' | 'sentence' | 'role'>

/** Failed requests: tests on units, rates of requests to look at. */
export function readErrors(
  name: string,
  metric: ErrorsMetric,
  { setup, state, nextBp, thresholds }: ReadInput,
): MetricReading {
  const rate = (arm: ArmTotals) => (arm.randomised > 0 ? (100 * arm.errors) / arm.randomised : null)
  const [stable, canary] = [rate(state.stable), rate(state.canary)]
  const question = errorsQuestion(setup)
  const tests = state.tests?.errors ?? null
  return finish(metric.role, thresholds, {
    name,
    kind: 'errors',
    stable,
    canary,
    difference: difference(canary, stable),
    ...drawn(tests, question, nextBp),
    unit: 'percent',
    allowed: question === null ? null : 100 * allowedAt(question, (stable ?? 0) / 100, nextBp),
    harm: { logE: tests === null ? 0 : eventHarmLogE(tests), threshold: thresholds.harm },
    safety: { logE: safety(tests, question, nextBp, canary), threshold: thresholds.safe },
    counts: counts(state, (arm) => arm.errors),
    missing: [],
  })
}

/** Latency: harm at every cut (averaged), safety at the asked quantile of stable. */
export function readLatency(
  name: string,
  metric: LatencyMetric,
  { setup, state, nextBp, thresholds }: ReadInput,
): MetricReading {
  const guard = guardCut(setup, metric.quantile)
  const slow = state.tests?.slow ?? []
  const tests = slow[guard] ?? null
  const harmLogE = state.tests?.slowHarm.logE ?? 0
  // Harm is told at the cut where it shows most, anything else at the cut that promotion is judged at.
  const told = harmLogE >= thresholds.harm ? Number(combinedHarm(slow).contributions[0]?.name ?? guard) : guard
  const cut = setup.cuts[told]
  const above = (arm: ArmTotals) => (cut === undefined ? 0 : countAbove(arm.latency, cut.bin))
  const rate = (arm: ArmTotals) =>
    cut === undefined || histogramCount(arm.latency) === 0 ? null : (100 * above(arm)) / histogramCount(arm.latency)
  const [stable, canary] = [rate(state.stable), rate(state.canary)]
  const question = latencyQuestion(setup)
  const atGuard = told === guard && canary !== null ? canary : null
  const judged = told === guard ? judgedTotals(tests) : null
  const counted = judged ?? {
    stable: { num: above(state.stable), den: histogramCount(state.stable.latency) },
    canary: { num: above(state.canary), den: histogramCount(state.canary.latency) },
  }
  const shown = judged === null ? { stable, canary } : { stable: mean(judged.stable), canary: mean(judged.canary) }
  return finish(metric.role, thresholds, {
    name,
    kind: 'latency',
    ...shown,
    difference: difference(shown.canary, shown.stable),
    ...drawn(told === guard ? tests : null, question, nextBp),
    exact: tests?.kind !== 'units',
    unit: 'percent',
    allowed: stable === null || question === null ? null : 100 * allowedAt(question, stable / 100, nextBp),
    harm: { logE: harmLogE, threshold: thresholds.harm },
    safety: { logE: safety(tests, question, nextBp, atGuard), threshold: thresholds.safe },
    counts: {
      stable: counted.stable.den,
      canary: counted.canary.den,
      stableEvents: counted.stable.num,
      canaryEvents: counted.canary.num,
    },
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
  const observed = state.observed[name] ?? noClusters()
  const margins = {
    marginRatio: marginAt(ratioOf(metric.margin), nextBp),
    marginAbs: marginAt(ratioOf(metric.marginAbsolute), nextBp),
  }
  const reading = readObserved(observed, metric, margins)
  const [stable, canary] = [totalsOf(observed, 'stable'), totalsOf(observed, 'canary')]
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
    missing: reading.ok
      ? reading.dominated
        ? ['more units: a few of them decide']
        : []
      : [reading.message.replace(/\.$/, '')],
  })
}

/** A mean of a model's answers: cluster-robust by hash buckets of units; asymptotic. */
export function readGeneration(
  name: string,
  metric: GenerationMetric,
  { state, nextBp, thresholds }: ReadInput,
): MetricReading {
  const { sums, harm, counts, unread } = state.generation?.[name] ?? nothingGenerated
  const ratio = ratioFor(name, metric)
  const reading = readGenerated(sums, { ratio, metric }, marginAt(ratioOf(metric.margin), nextBp))
  const { scale } = ratio
  const mean = (arm: 'stable' | 'canary') => {
    const { num, den } = totalsOf(sums, arm)
    return den > 0 ? (scale * num) / den : null
  }
  const [stable, canary] = [mean('stable'), mean('canary')]
  const dominated = reading.ok && reading.dominated ? ['more units: a few of them decide'] : []
  const needed = reading.ok ? dominated : [reading.message.replace(/\.$/, '')]
  return finish(metric.role, thresholds, {
    name,
    kind: 'generation',
    stable,
    canary,
    difference: reading.ok ? scale * reading.difference : difference(canary, stable),
    interval: reading.ok ? [scale * reading.low, scale * reading.high] : null,
    intervalOf: 'difference',
    unit: ratio.unit,
    allowed: reading.ok ? scale * reading.allowed : null,
    harm: { logE: harm.logE, threshold: thresholds.harm },
    safety: { logE: reading.ok ? (reading.logENonInferiority ?? 0) : 0, threshold: thresholds.safe },
    counts: { ...counts, stableEvents: counts.stable, canaryEvents: counts.canary },
    exact: false,
    missing: [
      ...needed,
      ...(needed.length > 0 && unread > 0
        ? [`answers without a content coding: ${unread} of canary’s could not be read`]
        : []),
    ],
  })
}

function finish(role: MetricReading['role'], thresholds: ReadInput['thresholds'], draft: Draft): MetricReading {
  const verdict =
    draft.harm.logE >= thresholds.harm ? 'harmful' : draft.safety.logE >= thresholds.safe ? 'safe' : 'undecided'
  const reading = { ...draft, role, verdict } as const
  return { ...reading, sentence: sentenceOf(metricSaid(reading)) }
}

/** The worsening that a share allows, given stable's rate: the larger of the two margins. */
function allowedAt({ marginRatio, marginAbs }: EventQuestion, stableRate: number, targetBp: number): number {
  return Math.min(1, marginAt(Math.max(marginRatio * stableRate, marginAbs), targetBp))
}

/** The interval to draw and whether the proof of safety is exact: of the ratio without units, of the difference with them. */
function drawn(
  tests: EventTests | null,
  question: EventQuestion | null,
  nextBp: number,
): Pick<Draft, 'interval' | 'intervalOf' | 'exact'> & { readonly difference?: number } {
  if (tests?.kind !== 'units')
    return { interval: tests === null ? null : eventInterval(tests), intervalOf: 'ratio', exact: true }
  const reading = question === null ? null : clusterReading(tests, question, nextBp)
  if (reading?.ok !== true) return { interval: null, intervalOf: 'difference', exact: false }
  const { low, high, difference: known } = reading
  // The estimate the interval is of: step by step, as the shares were.
  return { interval: [100 * low, 100 * high], intervalOf: 'difference', exact: false, difference: 100 * known }
}

function safety(
  tests: EventTests | null,
  question: EventQuestion | null,
  targetBp: number,
  canaryPercent: number | null,
): number {
  if (tests === null || question === null) return 0
  return eventSafeLogE(tests, question, {
    targetBp,
    canaryRate: canaryPercent === null ? null : ratioOf(canaryPercent),
  })
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

interface Totals {
  readonly num: number
  readonly den: number
}

/** What a test with users as units has counted: while a version warms up it serves requests that are not judged, and those are not told either. */
function judgedTotals(tests: EventTests | null): { readonly stable: Totals; readonly canary: Totals } | null {
  if (tests?.kind !== 'units' || tests.clusters === null) return null
  const [stable, canary] = [totalsOf(tests.clusters, 'stable'), totalsOf(tests.clusters, 'canary')]
  return stable.den > 0 && canary.den > 0 ? { stable, canary } : null
}

function mean({ num, den }: Totals): number | null {
  return den > 0 ? (100 * num) / den : null
}

function difference(canary: number | null, stable: number | null): number | null {
  return canary === null || stable === null ? null : canary - stable
}

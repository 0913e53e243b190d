import type { Judgement, Metric, MetricReading } from '@serin/spec'
import { combineEvidence, readAllocation } from '@serin/stats'
import type { AnalysisState } from './fold.ts'
import { labelled, readKayenta } from './kayenta/judgement.ts'
import { readNext } from './next-look.ts'
import { rampSentence, readRamp } from './ramp.ts'
import { readErrors, readLatency, readObservations } from './readings.ts'
import type { AnalysisSetup } from './setup.ts'
import { readSlices, slicesSentence } from './slices.ts'
import { judgementSentence } from './words.ts'

/** Evidence for a mismatch between asked and observed split that suspends decisions: a thousand to one. */
const sampleRatioThreshold = Math.log(1_000)
/** Without a slot for this long the source counts as down; without a canary sample for the second, canary as silent. */
const sourceDownMs = 5_000
const noDataMs = 10_000

/** With few users a budget still bounds what they can lose; with anything else amiss it says nothing. */
const affordable: ReadonlySet<Judgement['health']> = new Set(['ok', 'low-traffic'])

/** What the question is asked for: the share a safe verdict would lead to, and the time. */
export interface JudgeContext {
  readonly nextBp: number
  readonly now: number
  /** When the step in force began; silence is counted from then. */
  readonly since: number
  readonly warmingUp: boolean
}

/**
 * The decision table (docs/why/statistics.md). A split that is not as asked suspends decisions: all tests rest on it. Harm: the weighted average of all guardrails'
 * e-processes reaches 1/α. Safe: every guardrail has proved that canary is within the margin of the next share, the floors are met, and evidence is arriving.
 * Everything else is undecided. With the judge `kayenta` its score takes the place of the evidence, and every other floor stays.
 */
export function judge(setup: AnalysisSetup, state: AnalysisState, context: JudgeContext): Judgement {
  const metrics = readMetrics(setup, state, context.nextBp)
  const guards = metrics.filter((reading) => reading.role === 'guardrail')
  const importance = (name: string) => setup.metrics[name]?.importance ?? 1
  const total = combineEvidence(
    guards.map((reading) => ({ name: reading.name, weight: importance(reading.name), logE: reading.harm.logE })),
  )
  const threshold = Math.log(1 / setup.falseRollbackRatio)
  const allocation = readAllocation(state.allocation)
  const srmLogE = allocation.ok ? allocation.logE : 0
  const leading = total.contributions[0]?.name ?? null
  const health = healthOf(setup, state, context, srmLogE)
  const kayenta = setup.kayenta === undefined ? undefined : readKayenta(setup.kayenta, state.kayenta)
  const proved = guards.length > 0 && total.logE >= threshold
  const harmful = health !== 'sample-ratio-mismatch' && (kayenta === undefined ? proved : kayenta.verdict === 'harmful')
  const within = guards.length > 0 && guards.every((reading) => reading.verdict === 'safe')
  const safe = health === 'ok' && (kayenta === undefined ? within : kayenta.verdict === 'safe')
  const verdict = harmful ? 'harmful' : safe ? 'safe' : 'undecided'
  const ramp = affordable.has(health) ? readRamp(setup, state) : undefined
  const slices = state.slices === undefined ? undefined : readSlices(state.slices, srmLogE < sampleRatioThreshold)
  const withoutSentence = {
    at: context.now,
    verdict,
    health,
    forWeightBp: context.nextBp,
    harm: { logE: total.logE, threshold, leading },
    units: { stable: state.stable.units, canary: state.canary.units },
    srm: { logE: srmLogE, threshold: sampleRatioThreshold },
    ...(ramp === undefined ? {} : { ramp }),
    ...(slices === undefined ? {} : { slices }),
    ...(verdict === 'undecided' && health === 'ok' && kayenta === undefined
      ? { next: readNext(guards, { logE: total.logE, threshold }, state.watchedMs) }
      : {}),
    ...(kayenta === undefined ? {} : { kayenta }),
    metrics: [...(kayenta === undefined ? metrics : labelled(kayenta, metrics))].sort(
      (a, b) => b.harm.logE - b.harm.threshold - (a.harm.logE - a.harm.threshold),
    ),
  } satisfies Omit<Judgement, 'sentence'>
  const sentences = [
    judgementSentence(withoutSentence),
    ramp === undefined || verdict !== 'undecided' ? '' : rampSentence(ramp),
    // Advice: said beside the verdict, never part of it.
    slicesSentence(slices ?? []),
  ]
  return { ...withoutSentence, sentence: sentences.filter((sentence) => sentence !== '').join(' ') }
}

function readMetrics(setup: AnalysisSetup, state: AnalysisState, nextBp: number): readonly MetricReading[] {
  const weights = Object.values(setup.metrics).filter((metric) => metric.role === 'guardrail')
  const sum = weights.reduce((total, metric) => total + metric.importance, 0)
  return Object.entries(setup.metrics).map(([name, metric]) => {
    const share = metric.role === 'guardrail' && sum > 0 ? metric.importance / sum : 1
    const thresholds = {
      harm: Math.log(1 / (share * setup.falseRollbackRatio)),
      safe: Math.log(1 / setup.falsePromotionRatio),
    }
    return read(name, metric, { setup, state, nextBp, thresholds })
  })
}

function read(name: string, metric: Metric, input: Parameters<typeof readErrors>[2]): MetricReading {
  switch (metric.kind) {
    case 'errors':
      return readErrors(name, metric, input)
    case 'latency':
      return readLatency(name, metric, input)
    case 'observation':
      return readObservations(name, metric, input)
  }
}

function healthOf(
  setup: AnalysisSetup,
  state: AnalysisState,
  context: JudgeContext,
  srmLogE: number,
): Judgement['health'] {
  // First, because it suspends decisions even when nothing new arrives.
  if (srmLogE >= sampleRatioThreshold) return 'sample-ratio-mismatch'
  if (context.now - Math.max(state.lastSlotAt, context.since) > sourceDownMs) return 'source-down'
  if (context.now - Math.max(state.lastCanaryAt, context.since) > noDataMs) return 'no-data'
  const watchesLatency = Object.values(setup.metrics).some(
    ({ kind, role }) => kind === 'latency' && role === 'guardrail',
  )
  if (watchesLatency && setup.cuts.length === 0) return 'no-baseline'
  if (watchesLatency && context.warmingUp) return 'warming-up'
  if (state.canary.units < setup.minUnits) return 'low-traffic'
  return 'ok'
}

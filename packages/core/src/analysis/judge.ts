import type { Judgement, Metric, MetricReading, Compared } from '@serin/spec'
import { combineEvidence, readAllocation } from '@serin/stats'
import { readAlone } from './alone.ts'
import type { AnalysisState } from './fold.ts'
import { readGoal } from './goal.ts'
import { labelled, readKayenta } from './kayenta/judgement.ts'
import { readMirror, type MirrorReading } from './mirror.ts'
import { readNext } from './next-look.ts'
import { rampSentence, readRamp } from './ramp.ts'
import { readErrors, readGeneration, readLatency, readObservations } from './readings.ts'
import { isGuard, type AnalysisSetup } from './setup.ts'
import { readSlices, slicesSentence } from './slices.ts'
import { judgementSentence } from './words.ts'

/** Evidence for a mismatch between asked and observed split that suspends decisions: a thousand to one. */
const sampleRatioThreshold = Math.log(1_000)
/** Without a slot for this long the source counts as down; without a canary sample for the second, canary as silent. */
const sourceDownMs = 5_000
const noDataMs = 10_000

/** What canary does with all traffic, among the guardrails. */
const aloneName = 'all-traffic'
/** What copies of requests show. */
const mirrorName = 'mirror'

/** With few users a budget still bounds what they can lose; with anything else amiss it says nothing. */
const affordable: ReadonlySet<Judgement['health']> = new Set(['ok', 'low-traffic'])

/** What the question is asked for: the share a safe verdict would lead to, and the time. */
export interface JudgeContext {
  readonly nextBp: number
  readonly now: number
  /** When the step in force began; silence is counted from then. */
  readonly since: number
  readonly warmingUp: boolean
  /** What the step compares. Absent: the traffic of both versions. */
  readonly compares?: Compared
  /** The step waits for no proof of safety: only the words differ. */
  readonly noProof?: true
}

/**
 * The decision table (docs/why/statistics.md). A split that is not as asked suspends decisions: all tests rest on it. Harm: the weighted average of all guardrails'
 * e-processes reaches 1/α. Safe: every guardrail has proved that canary is within the margin of the next share, the floors are met, and evidence is arriving.
 * Everything else is undecided. With the judge `kayenta` its score takes the place of the evidence, and every other floor stays.
 */
export function judge(setup: AnalysisSetup, state: AnalysisState, context: JudgeContext): Judgement {
  const metrics = readMetrics(setup, state, context.nextBp)
  const guards = metrics.filter(isGuard)
  const importance = (name: string) => setup.metrics[name]?.importance ?? 1
  const mirror = mirrorOf(setup, state)
  const total = combineEvidence([
    ...guards.map((reading) => ({ name: reading.name, weight: importance(reading.name), logE: reading.harm.logE })),
    ...(mirror === undefined ? [] : [{ name: mirrorName, weight: 1, logE: mirror.harm.logE }]),
    // Its part of the budget is kept from the beginning, not only when it is needed.
    ...(setup.before === undefined ? [] : [{ name: aloneName, weight: 1, logE: state.alone?.test.logE ?? 0 }]),
  ])
  const threshold = Math.log(1 / setup.falseRollbackRatio)
  const allocation = readAllocation(state.allocation)
  const srmLogE = allocation.ok ? allocation.logE : 0
  const leading = total.contributions[0]?.name ?? null
  const health = healthOf(setup, state, context, srmLogE)
  const kayenta = setup.kayenta === undefined ? undefined : readKayenta(setup.kayenta, state.kayenta)
  const proved = total.logE >= threshold
  const harmful = health !== 'sample-ratio-mismatch' && (kayenta === undefined ? proved : kayenta.verdict === 'harmful')
  const alike = context.compares === undefined || mirror?.verdict === 'safe'
  const within =
    alike && (context.compares === 'copies' || (guards.length > 0 && guards.every(({ verdict }) => verdict === 'safe')))
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
    ...(state.alone === undefined ? {} : { alone: readAlone(state.alone, threshold) }),
    ...(mirror === undefined ? {} : { mirror }),
    ...(setup.goal === undefined ? {} : { goal: readGoal(setup, state, setup.goal) }),
    ...(verdict === 'undecided' && health === 'ok' && kayenta === undefined
      ? { next: readNext(guards, { logE: total.logE, threshold }, state.watchedMs) }
      : {}),
    ...(kayenta === undefined ? {} : { kayenta }),
    metrics: [...(kayenta === undefined ? metrics : labelled(kayenta, metrics))].sort(
      (a, b) => b.harm.logE - b.harm.threshold - (a.harm.logE - a.harm.threshold),
    ),
  } satisfies Omit<Judgement, 'sentence'>
  const sentences = [
    judgementSentence(withoutSentence, context),
    ramp === undefined || verdict !== 'undecided' ? '' : rampSentence(ramp),
    // Advice: said beside the verdict, never part of it.
    slicesSentence(slices ?? []),
  ]
  return { ...withoutSentence, sentence: sentences.filter((sentence) => sentence !== '').join(' ') }
}

/** Evidence besides the metrics that has a part of the false-rollback budget. */
function ownParts({ before, mirror }: AnalysisSetup): number {
  return (before === undefined ? 0 : 1) + (mirror === undefined ? 0 : 1)
}

function mirrorOf(setup: AnalysisSetup, { mirror }: AnalysisState): MirrorReading | undefined {
  if (setup.mirror === undefined || mirror === undefined) return undefined
  const { falseRollbackRatio, falsePromotionRatio } = setup
  return readMirror(mirror, { falseRollbackRatio, falsePromotionRatio, minPairs: setup.mirror.minPairs })
}

function readMetrics(setup: AnalysisSetup, state: AnalysisState, nextBp: number): readonly MetricReading[] {
  const weights = Object.values(setup.metrics).filter(isGuard)
  const sum = weights.reduce((total, metric) => total + metric.importance, ownParts(setup))
  return Object.entries(setup.metrics).map(([name, metric]) => {
    const share = isGuard(metric) && sum > 0 ? metric.importance / sum : 1
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
    case 'generation':
      return readGeneration(name, metric, input)
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
  if (context.compares === 'nothing') return 'ok'
  if (context.now - Math.max(state.lastCanaryAt, context.since) > noDataMs) return 'no-data'
  if (context.compares === 'copies') return 'ok'
  const watches = (wanted: Metric['kind']) =>
    Object.values(setup.metrics).some(({ kind, role }) => kind === wanted && role === 'guardrail')
  if (watches('latency') && setup.cuts.length === 0) return 'no-baseline'
  if ((watches('latency') || watches('generation')) && context.warmingUp) return 'warming-up'
  if (state.canary.units < setup.minUnits) return 'low-traffic'
  return 'ok'
}

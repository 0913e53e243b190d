import type { Metric, Service, Slice } from '@serin/spec'
import { createThresholdBank, type LogHistogram } from '@serin/stats'
import type { Plan } from '../plan.ts'
import type { Failures } from './alone.ts'
import type { KayentaRules } from './kayenta/rules.ts'

/** A latency cut: a quantile of stable before the rollout, frozen for the whole of it. */
export interface LatencyCut {
  readonly quantile: number
  /** Bin of the log histogram whose upper edge is the cut. */
  readonly bin: number
  readonly cutMs: number
}

/** Everything the analysis of a rollout depends on besides the evidence; fixed before the first slot. */
export interface AnalysisSetup {
  readonly stable: string
  readonly canary: string
  readonly metrics: Readonly<Record<string, Metric>>
  /** Rising; empty when stable had too little traffic to choose them. */
  readonly cuts: readonly LatencyCut[]
  /** Shares a step may lead to, in basis points, rising, ending with 10000. */
  readonly targetsBp: readonly number[]
  /** Chance of rolling back a harmless version, over the whole rollout and all guardrails; without the gateway's part. */
  readonly falseRollbackRatio: number
  /** The gateway's part of that chance: it takes canary's share away by itself. Absent: it does not. */
  readonly reflexRatio?: number
  /** Chance, per guardrail, that a version worse than its margin passes. */
  readonly falsePromotionRatio: number
  readonly minUnits: number
  /** What Kayenta's judge goes by; absent when Serin's own evidence decides. */
  readonly kayenta?: KayentaRules
  /** The plan watches canary with all traffic: what stable did in the ten minutes before the rollout. */
  readonly before?: Failures
  /** Copies are compared in some step: the part of the answers that may differ, and the pairs it takes at least. */
  readonly mirror?: { readonly maxDifferentRatio: number; readonly minPairs: number }
  /** What an experiment is about, and the units of both versions after which it is given up. */
  readonly goal?: { readonly metric: string; readonly maxUnits: number }
  /** adaptive: what the rollout may cost, how often its share may change, and the traffic before it began. */
  readonly ramp?: RampSetup
  /** Parts of the traffic that are read by themselves; absent: none. */
  readonly slices?: Readonly<Record<string, Slice>>
}

/** A budget of failed requests, and how fast it could be spent. */
export interface RampSetup {
  readonly budget: number
  readonly intervalMs: number
  readonly requestsPerSecond: number
}

/** What is asked about an event besides harm: whether canary is within margins, at any of the target shares. */
export interface EventQuestion {
  readonly marginRatio: number
  /** Absolute margin as a ratio of requests; 0 for none. */
  readonly marginAbs: number
  /** Whether units bring a trial of their own (their first request), by which a rate below the absolute margin is proved alone. */
  readonly unitTrials: boolean
  readonly targetsBp: readonly number[]
}

/** What of the chance of a false rollback the gateway may spend by itself. */
const reflexPart = 0.2

/**
 * The chance of a false rollback, parted between the judge and the gateway's reflex; the parts add up to it (docs/decisions/0025-reflex.md).
 * The reflex looks at errors of one challenger: without such a guardrail, with another judge, or with a router that cannot pull back, all of it is the judge's.
 */
export function rollbackBudget(
  { metrics, analysis, router }: Pick<Service, 'metrics' | 'analysis' | 'router'>,
  challengers = 1,
): Pick<AnalysisSetup, 'falseRollbackRatio' | 'reflexRatio'> {
  const ratio = ratioOf(analysis.falseRollback)
  const reflexes =
    router === 'gateway' &&
    challengers === 1 &&
    analysis.judge !== 'kayenta' &&
    Object.values(metrics).some((metric) => metric.kind === 'errors' && isGuard(metric))
  if (!reflexes) return { falseRollbackRatio: ratio / challengers }
  return { falseRollbackRatio: ratio * (1 - reflexPart), reflexRatio: ratio * reflexPart }
}

/** The shares a plan can move to after its first step. */
export function targetsOf(plan: Plan): readonly number[] {
  const shares = [...plan.steps.slice(1).map((step) => step.weightBp), 10_000]
  return [...new Set(shares.filter((weightBp) => weightBp > 0))]
}

/** What of a plan its evidence depends on besides its shares. */
export function questionsOf({ steps, goal }: Plan): Pick<AnalysisSetup, 'goal' | 'mirror'> {
  const mirror = steps.find((step) => step.mirror !== undefined)?.mirror
  return {
    ...(goal === undefined ? {} : { goal }),
    ...(mirror === undefined
      ? {}
      : { mirror: { maxDifferentRatio: mirror.maxDifferentRatio, minPairs: mirror.minPairs } }),
  }
}

/** Whether a metric can stop a rollout: all but those that are only shown. */
export function isGuard({ role }: { readonly role: Metric['role'] }): boolean {
  return role !== 'monitor'
}

/** A percent of the release file as a ratio. */
export function ratioOf(percent: number): number {
  return percent / 100
}

/**
 * How much worse canary may be, when it is about to take `targetBp`, so that the whole service stays within the margin: margin ÷ share.
 * At 100 % it is the margin itself; before, a larger worsening of a smaller share is still the same harm to users (docs/decisions/0011-step-margins.md).
 */
export function marginAt(marginRatio: number, targetBp: number): number {
  return marginRatio / (targetBp / 10_000)
}

/** Stable samples needed before its quantiles are trusted as cuts. */
export const baselineSamples = 200

/** Freezes the latency cuts at stable's own quantiles; none when there are too few samples. */
export function chooseCuts(baseline: LogHistogram): readonly LatencyCut[] {
  const bank = createThresholdBank({ baseline, minSamples: baselineSamples })
  if (!bank.ok) return []
  return bank.state.cuts.flatMap(({ quantile, bin, cutMs }) => (quantile === null ? [] : [{ quantile, bin, cutMs }]))
}

/** Index of the cut that promotion is judged at: the asked quantile, or the highest below it that stable’s traffic allowed; −1 without cuts. */
export function guardCut(setup: AnalysisSetup, quantilePercent: number): number {
  return setup.cuts.findLastIndex((cut) => cut.quantile <= quantilePercent / 100 + 1e-9)
}

/** What is asked about failed requests; null when nobody watches them. */
export function errorsQuestion(setup: AnalysisSetup): EventQuestion | null {
  const metric = Object.values(setup.metrics).find((candidate) => candidate.kind === 'errors')
  if (metric?.kind !== 'errors') return null
  return {
    marginRatio: ratioOf(metric.margin),
    marginAbs: ratioOf(metric.marginAbsolute),
    unitTrials: true,
    targetsBp: setup.targetsBp,
  }
}

/** What is asked about slow requests at the cut that promotion is judged at; null when nobody watches latency. */
export function latencyQuestion(setup: AnalysisSetup): EventQuestion | null {
  const metric = Object.values(setup.metrics).find((candidate) => candidate.kind === 'latency')
  if (metric?.kind !== 'latency') return null
  const cut = setup.cuts[guardCut(setup, metric.quantile)]
  const marginRatio = ratioOf(metric.margin)
  // The same margin of the share that was above the cut when it was chosen: a service that has become faster since then is not asked for more.
  const marginAbs = cut === undefined ? 0 : marginRatio * (1 - cut.quantile)
  return { marginRatio, marginAbs, unitTrials: false, targetsBp: setup.targetsBp }
}

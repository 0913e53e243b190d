import type { Metric } from '@serin/spec'
import { createThresholdBank, type LogHistogram } from '@serin/stats'
import type { Plan } from '../plan.ts'

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
  /** Chance of rolling back a harmless version, over the whole rollout and all guardrails. */
  readonly falseRollbackRatio: number
  /** Chance, per guardrail, that a version worse than its margin passes. */
  readonly falsePromotionRatio: number
  readonly minUnits: number
}

/** The shares a plan can move to after its first step. */
export function targetsOf(plan: Plan): readonly number[] {
  return [...plan.steps.slice(1).map((step) => step.weightBp), 10_000]
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

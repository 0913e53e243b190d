import type { AnalysisSetup } from '@serin/core'
import { binOf, normalQuantile, normalSurvival, upperEdgeMs } from '@serin/stats'
import type { Behaviour } from './world.ts'

/** Latencies as far as they matter: which cuts each is above, for either version, and where it goes in the histogram. */
export interface Levels {
  /** Rising; level 0 lies below the first, the last level above the last. */
  readonly edgesMs: readonly number[]
  /** Of each level. */
  readonly bins: readonly number[]
  readonly slow: { readonly stable: readonly number[]; readonly canary: readonly number[] }
}

/** Where another judge looks at quantiles, latencies are told apart as finely as this. */
const fineSteps = 60

/** The levels of a setup. What is tolerated of canary's slowness is as in the gateway (docs/decisions/0015-latency-tolerance.md). */
export function levelsOf(setup: AnalysisSetup, stable: Behaviour): Levels {
  const cuts = setup.cuts.map(({ cutMs }) => cutMs)
  const metric = Object.values(setup.metrics).find(({ kind }) => kind === 'latency')
  const tolerated = cuts.map((cutMs) =>
    metric?.kind === 'latency'
      ? Math.max(cutMs * (1 + metric.tolerance / 100), cutMs + metric.toleranceAbsolute)
      : cutMs,
  )
  const fine =
    setup.kayenta === undefined
      ? []
      : Array.from({ length: fineSteps }, (_, i) => quantileMs(stable, (i + 0.5) / fineSteps))
  const edgesMs = [...new Set([...cuts, ...tolerated, ...fine.map((ms) => upperEdgeMs(binOf(ms)))])].sort(
    (a, b) => a - b,
  )
  const lower = [0, ...edgesMs]
  const above = (limits: readonly number[]) => lower.map((ms) => limits.filter((limit) => limit <= ms).length)
  return {
    edgesMs,
    bins: lower.map((ms) => (ms === 0 ? binOf(edgesMs[0] ?? stable.medianMs) : binOf(ms * 1.000_001))),
    slow: { stable: above(cuts), canary: above(tolerated) },
  }
}

/** Chance that a latency is above each edge. */
export function chancesAbove({ edgesMs }: Levels, { medianMs, sigma }: Behaviour): readonly number[] {
  return edgesMs.map((ms) => (sigma > 0 ? normalSurvival(Math.log(ms / medianMs) / sigma) : ms < medianMs ? 1 : 0))
}

/** A latency of stable at a quantile. */
export function quantileMs({ medianMs, sigma }: Behaviour, quantile: number): number {
  return medianMs * Math.exp(sigma * normalQuantile(quantile))
}

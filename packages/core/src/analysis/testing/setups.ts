/** Setups and slots for tests of the analysis. */
import type { ErrorsMetric, LatencyMetric, ObservationMetric } from '@serin/spec'
import { binOf, upperEdgeMs } from '@serin/stats'
import type { ArmSlot, EvidenceSlot } from '../../evidence.ts'
import type { AnalysisSetup, LatencyCut } from '../setup.ts'
import { emptyArm } from './traffic.ts'

/** Failed requests with the default margins. */
export const errors: ErrorsMetric = {
  kind: 'errors',
  role: 'guardrail',
  margin: 25,
  marginAbsolute: 0.5,
  importance: 1,
}

/** Latency with the default margin at the 95th percentile. */
export const latency: LatencyMetric = {
  kind: 'latency',
  role: 'guardrail',
  quantile: 95,
  margin: 50,
  tolerance: 10,
  toleranceAbsolute: 2,
  importance: 1,
}

/** A pushed rate, lower is better, with the default margins. */
export const observed: ObservationMetric = {
  kind: 'observation',
  role: 'guardrail',
  better: 'lower',
  margin: 10,
  marginAbsolute: 0.5,
  importance: 1,
}

/** A cut at the upper edge of the bin of a latency. */
export function cutAt(quantile: number, ms: number): LatencyCut {
  const bin = binOf(ms)
  return { quantile, bin, cutMs: upperEdgeMs(bin) }
}

/** A canary v2 of v1 on the way 5, 25, 50, 100 %, with errors and latency, at the default levels. */
export function setupOf(more: Partial<AnalysisSetup>): AnalysisSetup {
  return {
    stable: 'v1',
    canary: 'v2',
    metrics: { errors, latency },
    cuts: [cutAt(0.5, 50), cutAt(0.95, 134)],
    targetsBp: [2_500, 5_000, 10_000],
    falseRollbackRatio: 0.01,
    falsePromotionRatio: 0.05,
    minUnits: 50,
    ...more,
  }
}

/** A slot of one second at 5 %, in which each version did what is given and nothing else. */
export function slotOf(
  arms: { readonly v1?: Partial<ArmSlot>; readonly v2?: Partial<ArmSlot> },
  more: Partial<EvidenceSlot> & { readonly canaryBp?: number } = {},
): EvidenceSlot {
  const { canaryBp = 500, ...rest } = more
  return {
    boot: 'boot',
    seq: 1,
    at: 1_000,
    durationMs: 1_000,
    revision: 1,
    rollout: 'r',
    epoch: 0,
    weights: { v2: canaryBp, v1: 10_000 - canaryBp },
    sticky: true,
    arms: { v1: { ...emptyArm(2), ...arms.v1 }, v2: { ...emptyArm(2), ...arms.v2 } },
    ...rest,
  }
}

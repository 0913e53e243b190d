import { createHarm, readHarm, updateHarm } from '../count/harm-mixture.ts'
import type { HarmState } from '../count/harm-mixture.ts'
import { createNonInferiority, readNonInferiority, updateNonInferiority } from '../count/non-inferiority.ts'
import type { NonInferiorityState } from '../count/non-inferiority.ts'
import type { Restarts } from '../count/coin-mixture.ts'
import { logSumExp } from '../numeric/log-space.ts'
import { insufficient, invalid } from '../refusal.ts'
import type { Updated } from '../refusal.ts'
import { binOf, checkHistogram, countAbove, histogramCount, histogramQuantile, upperEdgeMs } from './log-histogram.ts'
import type { LogHistogram } from './log-histogram.ts'

/** How a bank of latency thresholds is set up; the cuts are frozen when it is created. */
export interface ThresholdBankOptions {
  /** Stable's latencies from before the rollout: the cuts are its quantiles. */
  readonly baseline: LogHistogram
  /** Default .5 .75 .9 .95 .99 .999; those with fewer than 5 expected exceedances in the baseline are left out. */
  readonly quantiles?: readonly number[]
  /** Further cuts in ms, for service level objectives; each is raised to the edge of its bin. */
  readonly cutsMs?: readonly number[]
  /** Baseline observations needed before quantile cuts are trusted. Default 200. */
  readonly minSamples?: number
  /** Margin on "share of requests slower than the cut" for non-inferiority, as a ratio. Default 0.25. */
  readonly margin?: number
  /** Tolerated ratio of those shares before it is harm. Default 1. */
  readonly harmFrom?: number
  readonly restarts?: Restarts | null
}

/** One cut of the bank: "slower than upperEdgeMs(bin)" is an event, counted like an error. */
export interface ThresholdCut {
  /** The baseline quantile this cut came from, null for a cut given in ms. */
  readonly quantile: number | null
  readonly bin: number
  readonly cutMs: number
  /** Share of the baseline above the cut. */
  readonly baselineShare: number
  readonly harm: HarmState
  readonly nonInferiority: NonInferiorityState
}

/** State of a bank: plain JSON, bit-equal on replay. */
export interface ThresholdBankState {
  readonly kind: 'threshold-bank'
  readonly cuts: readonly ThresholdCut[]
  readonly canary: number
  readonly stable: number
}

/** Latencies of one slot in which the share of traffic did not change. */
export interface LatencyBatch {
  readonly canary: LogHistogram
  readonly stable: LogHistogram
  /** Default 1000. */
  readonly durationMs?: number
}

const DEFAULT_QUANTILES = [0.5, 0.75, 0.9, 0.95, 0.99, 0.999] as const
const MIN_EXCEEDANCES = 5

function chooseCuts(options: ThresholdBankOptions, samples: number): { bin: number; quantile: number | null }[] {
  const chosen: { bin: number; quantile: number | null }[] = []
  const add = (bin: number, quantile: number | null): void => {
    if (Number.isFinite(upperEdgeMs(bin)) && !chosen.some((cut) => cut.bin === bin)) chosen.push({ bin, quantile })
  }
  for (const ms of options.cutsMs ?? []) {
    if (!(ms > 0 && ms < Infinity)) throw new RangeError(`A latency cut must be positive, got ${ms}`)
    add(binOf(ms), null)
  }
  if (samples >= (options.minSamples ?? 200)) {
    for (const quantile of options.quantiles ?? DEFAULT_QUANTILES) {
      if (!(quantile > 0 && quantile < 1)) throw new RangeError(`A quantile must be within 0..1, got ${quantile}`)
      if ((1 - quantile) * samples < MIN_EXCEEDANCES) continue
      const at = histogramQuantile(options.baseline, quantile)
      if (at.ok) add(at.bin, quantile)
    }
  }
  return chosen.sort((a, b) => a.bin - b.bin)
}

/** Freezes the cuts. `insufficient` when the baseline is too small and no cut was given in ms. */
export function createThresholdBank(options: ThresholdBankOptions): Updated<ThresholdBankState> {
  const refusal = checkHistogram(options.baseline)
  if (refusal) return refusal
  const samples = histogramCount(options.baseline)
  const { margin = 0.25, harmFrom = 1, minSamples = 200, restarts = { fraction: 0.5 } } = options
  if (Number.isNaN(minSamples)) throw new RangeError('minSamples must be a number')
  const cuts = chooseCuts(options, samples).map(({ bin, quantile }): ThresholdCut => {
    const baselineShare = samples > 0 ? countAbove(options.baseline, bin) / samples : 0
    const harm = createHarm({ harmFrom, restarts })
    const nonInferiority = createNonInferiority({ margin })
    return { quantile, bin, cutMs: upperEdgeMs(bin), baselineShare, harm, nonInferiority }
  })
  if (cuts.length === 0) {
    return insufficient(`${samples} baseline latencies are too few: ${minSamples} are needed.`)
  }
  return { ok: true, state: { kind: 'threshold-bank', cuts, canary: 0, stable: 0 } }
}

/** Takes in one slot: each cut counts its exceedances at the share of requests seen in this slot. */
export function updateThresholdBank(state: ThresholdBankState, batch: LatencyBatch): Updated<ThresholdBankState> {
  const refusal = checkHistogram(batch.canary) ?? checkHistogram(batch.stable)
  if (refusal) return refusal
  const canary = histogramCount(batch.canary)
  const stable = histogramCount(batch.stable)
  const { durationMs = 1000 } = batch
  if (!(durationMs >= 0 && durationMs < Infinity))
    return invalid(`The slot's duration must be >= 0, got ${durationMs}.`)
  const share = canary + stable > 0 ? canary / (canary + stable) : 0
  const cuts: ThresholdCut[] = []
  for (const cut of state.cuts) {
    const events = {
      share,
      canary: countAbove(batch.canary, cut.bin),
      stable: countAbove(batch.stable, cut.bin),
      durationMs,
    }
    const harm = updateHarm(cut.harm, events)
    if (!harm.ok) return harm
    const nonInferiority = updateNonInferiority(cut.nonInferiority, events)
    if (!nonInferiority.ok) return nonInferiority
    cuts.push({ ...cut, harm: harm.state, nonInferiority: nonInferiority.state })
  }
  return { ok: true, state: { ...state, cuts, canary: state.canary + canary, stable: state.stable + stable } }
}

/** Evidence at one cut; ratios are of "share of requests slower than cutMs". */
export interface CutReading {
  readonly quantile: number | null
  readonly cutMs: number
  readonly baselineShare: number
  readonly canarySlower: number
  readonly stableSlower: number
  readonly ratio: number | null
  readonly logEHarm: number
  readonly logENonInferiority: number
}

/** Evidence of the whole bank. */
export interface ThresholdBankReading {
  readonly ok: true
  /** ln of the average of the cuts' harm e-processes: the canary is slower somewhere in the distribution. */
  readonly logEHarm: number
  readonly canary: number
  readonly stable: number
  readonly cuts: readonly CutReading[]
}

/** The evidence; always a number, 0 without data. */
export function readThresholdBank(state: ThresholdBankState): ThresholdBankReading {
  const cuts = state.cuts.map((cut): CutReading => {
    const harm = readHarm(cut.harm)
    return {
      quantile: cut.quantile,
      cutMs: cut.cutMs,
      baselineShare: cut.baselineShare,
      canarySlower: harm.canaryEvents,
      stableSlower: harm.stableEvents,
      ratio: harm.ratio,
      logEHarm: harm.logE,
      logENonInferiority: readNonInferiority(cut.nonInferiority).logE,
    }
  })
  const logEHarm = logSumExp(cuts.map((cut) => cut.logEHarm)) - Math.log(cuts.length)
  return { ok: true, logEHarm, canary: state.canary, stable: state.stable, cuts }
}

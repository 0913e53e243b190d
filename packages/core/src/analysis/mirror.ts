import { mirrorSaid, sentenceOf } from '@serin/spec'
import {
  combineEvidence,
  createAboveLimit,
  createBelowLimit,
  createHarm,
  emptyHistogram,
  histogramQuantile,
  mergeHistograms,
  readHarm,
  readLimit,
  shareInterval,
  updateHarm,
  updateLimit,
  type HarmState,
  type LimitState,
  type LogHistogram,
} from '@serin/stats'
import type { MirrorSlot } from '../evidence.ts'

/** What the copies of an attempt add up to. Plain JSON: a pure fold over slots, so a replay gives the same numbers bit by bit. */
export interface MirrorState {
  readonly sent: number
  readonly dropped: number
  readonly compared: number
  readonly different: number
  readonly differentStatus: number
  readonly differentBody: number
  readonly onlyCanaryFailed: number
  readonly onlyStableFailed: number
  /** More pairs differ than may, and fewer do. */
  readonly above: LimitState
  readonly below: LimitState
  /** Canary fails alone more often than stable does: of the pairs in which one failed, each is a fair coin between equals. */
  readonly failures: HarmState
  readonly canaryLatency: LogHistogram
  readonly stableLatency: LogHistogram
}

/** How sure a verdict has to be; all of it is fixed before the first pair. */
export interface MirrorQuestion {
  /** Chance that a canary that is all right is ever called harmful. */
  readonly falseRollbackRatio: number
  /** Chance that a canary whose answers differ too often is ever called safe. */
  readonly falsePromotionRatio: number
  /** Part of the first chance that is spent on answers that differ, the rest on failures. Default half. */
  readonly differentPart?: number
  /** Pairs that have to be compared before anything is called safe. Default 100. */
  readonly minPairs?: number
}

/** Median and 95th percentile of the answers of one version, in ms. */
export interface MirrorLatency {
  readonly p50Ms: number
  readonly p95Ms: number
}

/** What the copies say about canary. */
export interface MirrorReading {
  readonly sent: number
  readonly dropped: number
  readonly compared: number
  readonly different: number
  readonly differentStatus: number
  readonly differentBody: number
  /** different / compared, null without pairs. */
  readonly differentRatio: number | null
  /** Where the ratio lies; right at all times together with 95 %. */
  readonly interval: readonly [low: number, high: number] | null
  readonly maxDifferentRatio: number
  readonly verdict: 'harmful' | 'safe' | 'undecided'
  /** Both kinds of harm together: an e-process, harmful at the threshold. */
  readonly harm: { readonly logE: number; readonly threshold: number; readonly leading: 'different' | 'failures' }
  readonly safety: { readonly logE: number; readonly threshold: number }
  readonly failures: { readonly onlyCanary: number; readonly onlyStable: number; readonly logE: number }
  readonly latency: { readonly canary: MirrorLatency | null; readonly stable: MirrorLatency | null }
  readonly sentence: string
}

/** Starts to add up copies of which at most this part (0..1) may be answered differently. RangeError for another number. */
export function startMirror(maxDifferentRatio: number): MirrorState {
  return {
    sent: 0,
    dropped: 0,
    compared: 0,
    different: 0,
    differentStatus: 0,
    differentBody: 0,
    onlyCanaryFailed: 0,
    onlyStableFailed: 0,
    above: createAboveLimit({ limit: maxDifferentRatio }),
    below: createBelowLimit({ limit: maxDifferentRatio }),
    failures: createHarm(),
    canaryLatency: emptyHistogram(),
    stableLatency: emptyHistogram(),
  }
}

/** Takes in what the copies of one slot showed. Counts that cannot be leave the tests as they were. */
export function foldMirror(state: MirrorState, slot: MirrorSlot, durationMs: number): MirrorState {
  const pairs = { trials: slot.compared, events: slot.different, durationMs }
  const [above, below] = [updateLimit(state.above, pairs), updateLimit(state.below, pairs)]
  const alone = { share: 0.5, canary: slot.onlyCanaryFailed, stable: slot.onlyStableFailed, durationMs }
  const failures = updateHarm(state.failures, alone)
  return {
    sent: state.sent + slot.sent,
    dropped: state.dropped + slot.dropped,
    compared: state.compared + slot.compared,
    different: state.different + slot.different,
    differentStatus: state.differentStatus + slot.differentStatus,
    differentBody: state.differentBody + slot.differentBody,
    onlyCanaryFailed: state.onlyCanaryFailed + slot.onlyCanaryFailed,
    onlyStableFailed: state.onlyStableFailed + slot.onlyStableFailed,
    above: above.ok ? above.state : state.above,
    below: below.ok ? below.state : state.below,
    failures: failures.ok ? failures.state : state.failures,
    canaryLatency: added(state.canaryLatency, slot.canaryLatency),
    stableLatency: added(state.stableLatency, slot.stableLatency),
  }
}

/**
 * What the copies say. Harmful: the average of "more differ than may" and "canary alone fails more often", weighted by the parts of the chance they were
 * given, reaches 1/α; that holds at all times together, so it may be read after every slot. Safe: enough pairs, and proof that fewer differ than may. A pair
 * in which one failed differs, so failures speak against safety too.
 */
export function readMirror(state: MirrorState, question: MirrorQuestion): MirrorReading {
  const { falseRollbackRatio, falsePromotionRatio, differentPart = 0.5, minPairs = 100 } = question
  const { compared, different, onlyCanaryFailed, onlyStableFailed } = state
  const failuresLogE = readHarm(state.failures).logE
  const total = combineEvidence([
    { name: 'different', weight: differentPart, logE: readLimit(state.above).logE },
    { name: 'failures', weight: 1 - differentPart, logE: failuresLogE },
  ])
  const leading = total.contributions[0]?.name === 'failures' ? 'failures' : 'different'
  const harm = { logE: total.logE, threshold: Math.log(1 / falseRollbackRatio), leading } as const
  const safety = { logE: readLimit(state.below).logE, threshold: Math.log(1 / falsePromotionRatio) }
  const share = shareInterval({ trials: compared, events: different })
  const proved = compared >= minPairs && safety.logE >= safety.threshold
  const reading: Omit<MirrorReading, 'sentence'> = {
    sent: state.sent,
    dropped: state.dropped,
    compared,
    different,
    differentStatus: state.differentStatus,
    differentBody: state.differentBody,
    differentRatio: share.ok ? share.share : null,
    interval: share.ok ? [share.low, share.high] : null,
    maxDifferentRatio: state.above.limit,
    verdict: harm.logE >= harm.threshold ? 'harmful' : proved ? 'safe' : 'undecided',
    harm,
    safety,
    failures: { onlyCanary: onlyCanaryFailed, onlyStable: onlyStableFailed, logE: failuresLogE },
    latency: { canary: latencyOf(state.canaryLatency), stable: latencyOf(state.stableLatency) },
  }
  return { ...reading, sentence: sentenceOf(mirrorSaid(reading, minPairs)) }
}

function added(histogram: LogHistogram, bins: MirrorSlot['canaryLatency']): LogHistogram {
  return bins.length === 0 ? histogram : mergeHistograms(histogram, { scheme: 'log-1.02', bins })
}

function latencyOf(histogram: LogHistogram): MirrorLatency | null {
  const [median, high] = [histogramQuantile(histogram, 0.5), histogramQuantile(histogram, 0.95)]
  return median.ok && high.ok ? { p50Ms: median.estimateMs, p95Ms: high.estimateMs } : null
}

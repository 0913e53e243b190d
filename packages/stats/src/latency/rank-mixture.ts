import { createCapital, playCapital, type Capital } from '../betting/capital.ts'
import type { Restarts } from '../count/coin-mixture.ts'
import { insufficient, invalid, isCount } from '../refusal.ts'
import type { Refusal, Updated } from '../refusal.ts'
import { logAverageOverDeals, type Alike } from './deals.ts'
import { checkHistogram, histogramCount, mergeHistograms, type LogHistogram } from './log-histogram.ts'
import { rankItems, slowShapes, type RankItems, type SlowShape } from './rank-items.ts'

/** How the latency test is set up; everything must be fixed before the data it will judge. */
export interface RankMixtureOptions {
  /** Stable's latencies from before the rollout: the first reference. */
  readonly reference: LogHistogram
  /** Observations without which no reference is trusted. Default 200. */
  readonly minSamples?: number
  /** Capital kept for regressions that begin late. Default half; null bets all from the start. */
  readonly restarts?: Restarts | null
}

/** State of the latency test: plain JSON of a few kB, bit-equal on replay. */
export interface RankMixtureState {
  readonly kind: 'rank-mixture'
  /** About the last 10 000 latencies of stable: what "slow" means now. */
  readonly reference: LogHistogram
  /** Latencies of stable that will be part of the next reference. */
  readonly pending: LogHistogram
  readonly canary: number
  readonly stable: number
  readonly capital: Capital
}

/** Latencies of the successful requests of one slot in which the share of traffic did not change. */
export interface RankBatch {
  readonly canary: LogHistogram
  readonly stable: LogHistogram
  /**
   * The probability, 0..1, that a scored request is the canary's, when it is known from the assignment alone: units scored once each, or requests
   * of which nothing is left out. Null: it is unknown (failures and warm-ups are left out), and the numbers of the slot are taken as given.
   */
  readonly share: number | null
  /** Default 1000. */
  readonly durationMs?: number
}

/** Evidence that the canary is slower. */
export interface RankMixtureReading {
  readonly ok: true
  /** ln of an e-process for "the canary's latency is stochastically at most stable's": alarm at ln(1/alpha). */
  readonly logE: number
  readonly peakLogE: number
  readonly canary: number
  readonly stable: number
  /** The way to be slower that has predicted best so far, and its part of the evidence, 0..1. */
  readonly shape: SlowShape
  readonly shapeShare: number
}

/** How many latencies the reference remembers, and after how many new ones it is renewed. */
const REMEMBERED = 10_000
const RENEWAL = 1_000

/** Starts the test of "the canary is not slower"; `insufficient` when the reference is too small. */
export function createRankMixture(options: RankMixtureOptions): Updated<RankMixtureState> {
  const { reference, minSamples = 200, restarts = { fraction: 0.5 } } = options
  const refusal = checkWhole(reference)
  if (refusal) return refusal
  if (Number.isNaN(minSamples)) throw new RangeError('minSamples must be a number')
  const samples = histogramCount(reference)
  if (samples < Math.max(1, minSamples))
    return insufficient(`${samples} latencies of stable are too few: ${minSamples} are needed.`)
  const state: RankMixtureState = {
    kind: 'rank-mixture',
    reference: thinned(reference, REMEMBERED),
    pending: { scheme: reference.scheme, bins: [] },
    canary: 0,
    stable: 0,
    capital: createCapital(slowShapes.length, restarts),
  }
  return { ok: true, state }
}

/**
 * Takes in one slot: predict the arm from the latency. An item with weight ρ multiplies its capital by ρ / (aρ + 1 - a) for a request of the canary
 * and by 1 / (aρ + 1 - a) for one of stable, a being the share. Whatever ρ is, the expectation is 1 when both versions draw from one law, however
 * that law drifts; and since ρ rises with the latency, it is at most 1 for every canary that is stochastically faster. Without a known share the
 * product is divided by its average over all ways to deal the slot's latencies to the two versions, which has the same two properties.
 */
export function updateRankMixture(state: RankMixtureState, batch: RankBatch): Updated<RankMixtureState> {
  const { canary, stable, share, durationMs = 1_000 } = batch
  const refusal = checkWhole(canary) ?? checkWhole(stable)
  if (refusal) return refusal
  if (!isCount(durationMs)) return invalid(`The slot's duration must be between 0 and 2^53, got ${durationMs}.`)
  if (share !== null && !(share > 0 && share < 1))
    return invalid(`The canary's share must be above 0 and below 1, or null, got ${share}.`)
  const { logWeights, logRatios } = itemsOf(state.reference)
  const bins = pair(canary, stable)
  const outcomes = logRatios.map((logRatio) =>
    share === null ? outcomeOfDeal(logRatio, bins) : outcomeAt(logRatio, bins, share),
  )
  const capital = playCapital(state.capital, { logWeights, outcomes, durationMs })
  const counts = { canary: histogramCount(canary), stable: histogramCount(stable) }
  const next = { ...state, capital, canary: state.canary + counts.canary, stable: state.stable + counts.stable }
  return { ok: true, state: learn(next, stable) }
}

/** The evidence gathered. Always a number: without data logE is 0. */
export function readRankMixture(state: RankMixtureState): RankMixtureReading {
  const { capital, canary, stable, reference } = state
  const { logWeights } = itemsOf(reference)
  let best = 0
  let bestLog = -Infinity
  for (let item = 0; item < slowShapes.length; item += 1) {
    const own = (logWeights[item] ?? 0) + strategyLog(capital, item)
    if (own > bestLog) [best, bestLog] = [item, own]
  }
  const shape = slowShapes[best] ?? { kind: 'shift', spreads: 0 }
  const shapeShare = Math.min(1, Math.exp(bestLog - capital.logE))
  return { ok: true, logE: capital.logE, peakLogE: capital.peakLogE, canary, stable, shape, shapeShare }
}

/** ln of what a unit staked on an item has become, early and late bets together. */
function strategyLog({ fromStart, fromRestarts, restartFraction }: Capital, item: number): number {
  const early = (1 - restartFraction) * Math.exp(fromStart[item] ?? -Infinity)
  return Math.log(early + Math.exp(fromRestarts[item] ?? -Infinity))
}

/** The dictionary depends on the reference alone; it is remembered as long as the reference lives. */
const remembered = new WeakMap<LogHistogram, RankItems>()

function itemsOf(reference: LogHistogram): RankItems {
  const known = remembered.get(reference)
  if (known !== undefined) return known
  const items = rankItems(reference)
  remembered.set(reference, items)
  return items
}

interface Pair {
  readonly bin: number
  readonly canary: number
  readonly stable: number
}

/** Both arms' counts per bin, in rising order; bins without a count are left out. */
function pair(canary: LogHistogram, stable: LogHistogram): readonly Pair[] {
  const pairs: Pair[] = []
  let [i, j] = [0, 0]
  while (i < canary.bins.length || j < stable.bins.length) {
    const [a, b] = [canary.bins[i], stable.bins[j]]
    const bin = Math.min(a?.[0] ?? Infinity, b?.[0] ?? Infinity)
    const both = { bin, canary: a?.[0] === bin ? a[1] : 0, stable: b?.[0] === bin ? b[1] : 0 }
    if (a?.[0] === bin) i += 1
    if (b?.[0] === bin) j += 1
    if (both.canary + both.stable > 0) pairs.push(both)
  }
  return pairs
}

/** ln of what a unit staked on an item becomes when each latency is the canary's with a known chance; equal weights in a row are one term. */
function outcomeAt(logRatio: Float64Array, bins: readonly Pair[], share: number): number {
  let [won, norm, weight, count] = [0, 0, 0, 0]
  for (const { bin, canary, stable } of bins) {
    const value = logRatio[bin] ?? 0
    won += canary * value
    if (value !== weight && count > 0) {
      norm += count * Math.log1p(share * Math.expm1(weight))
      count = 0
    }
    weight = value
    count += canary + stable
  }
  if (count > 0) norm += count * Math.log1p(share * Math.expm1(weight))
  return won - norm
}

/** The same when the number of the canary's latencies is taken as given. */
function outcomeOfDeal(logRatio: Float64Array, bins: readonly Pair[]): number {
  let won = 0
  let dealt = 0
  const alike: { logWeight: number; count: number }[] = []
  for (const { bin, canary, stable } of bins) {
    const value = logRatio[bin] ?? 0
    won += canary * value
    dealt += canary
    const last = alike.at(-1)
    if (last !== undefined && last.logWeight === value) last.count += canary + stable
    else alike.push({ logWeight: value, count: canary + stable })
  }
  return won - logAverageOverDeals(alike satisfies readonly Alike[], dealt)
}

/** Stable's latencies of the slot become part of the reference, but only for slots that come after it. */
function learn(state: RankMixtureState, stable: LogHistogram): RankMixtureState {
  const pending = mergeHistograms(state.pending, stable)
  const reference = renewReference(state.reference, pending)
  if (reference === state.reference) return { ...state, pending }
  return { ...state, reference, pending: { scheme: pending.scheme, bins: [] } }
}

/** The reference once enough new latencies wait (the very same object before): it forgets as many of the old ones, evenly. */
export function renewReference(reference: LogHistogram, pending: LogHistogram): LogHistogram {
  const fresh = histogramCount(pending)
  if (fresh < RENEWAL) return reference
  const kept = thinned(reference, Math.max(0, REMEMBERED - fresh))
  return thinned(mergeHistograms(kept, pending), REMEMBERED)
}

/** At most `most` observations of a histogram, in proportion, in whole numbers: what is cut off a bin is owed to the next. */
function thinned(histogram: LogHistogram, most: number): LogHistogram {
  const total = histogramCount(histogram)
  if (total <= most) return histogram
  let seen = 0
  let given = 0
  const bins: (readonly [number, number])[] = []
  for (const [bin, count] of histogram.bins) {
    seen += count
    const upTo = Math.floor((seen * most) / total)
    if (upTo > given) bins.push([bin, upTo - given])
    given = upTo
  }
  return { scheme: histogram.scheme, bins }
}

function checkWhole(histogram: LogHistogram): Refusal | null {
  const refusal = checkHistogram(histogram)
  if (refusal) return refusal
  const broken = histogram.bins.find(([, count]) => !Number.isInteger(count))
  return broken === undefined ? null : invalid(`Bin ${broken[0]} has ${broken[1]} latencies: they must be whole.`)
}

import { addLog, LOG_ZERO, logAddExp, logSumExp } from '../numeric/log-space.ts'
import { insufficient, requireBetween } from '../refusal.ts'
import type { Refusal, Updated } from '../refusal.ts'
import { addArrivals, checkArrivals, estimateRatio, noArrivals } from './arrivals.ts'
import type { ArrivalBatch, ArrivalTotals } from './arrivals.ts'

const STEP = 0.036
const FIRST = -122
const LAST = 135
const SCALE = 0.1

/** Log ratios from about -4 to 6.45: 0.4 % apart near ratio 1, 3.6 % at ratio e, and 0 is a node. */
const NODES: readonly number[] = Array.from(
  { length: LAST - FIRST + 1 },
  (_, i) => SCALE * Math.sinh(STEP * (FIRST + i)),
)

/** exp(u) - 1 of every node. */
const EXCESSES: readonly number[] = NODES.map(Math.expm1)

/** A Laplace(1) prior on the log ratio, weighted by the distance between nodes. */
const LOG_WEIGHTS: readonly number[] = (() => {
  const raw = NODES.map((u, i) => Math.exp(-Math.abs(u)) * Math.cosh(STEP * (FIRST + i)))
  let total = 0
  for (const weight of raw) total += weight
  return raw.map((weight) => Math.log(weight / total))
})()

/** The likelihood of every rate ratio on a fixed grid: plain JSON (258 doubles), bit-equal on replay. */
export interface RatioState {
  readonly kind: 'ratio'
  readonly totals: ArrivalTotals
  readonly logLikelihood: readonly number[]
}

/** An interval that holds the true rate ratio at all times together with probability 1 - alpha. */
export interface RatioReading {
  readonly ok: true
  /** Estimated rate ratio, null while stable has had no event. */
  readonly ratio: number | null
  readonly low: number
  /** Infinity is never given: null says that no upper bound is known yet. */
  readonly high: number | null
  readonly canaryEvents: number
  readonly stableEvents: number
}

/** Starts with every ratio equally likely. */
export function createRatio(): RatioState {
  return { kind: 'ratio', totals: noArrivals(), logLikelihood: NODES.map(() => 0) }
}

/** Takes in one slot at its own share. */
export function updateRatio(state: RatioState, batch: ArrivalBatch): Updated<RatioState> {
  const refusal = checkArrivals(batch)
  if (refusal) return refusal
  const { share, canary, stable } = batch
  const events = canary + stable
  if (events === 0) return { ok: true, state }
  const logLikelihood = state.logLikelihood.map((value, i) => {
    return addLog(value, canary * (NODES[i] ?? 0) - events * Math.log1p(share * (EXCESSES[i] ?? 0)))
  })
  return { ok: true, state: { ...state, totals: addArrivals(state.totals, batch), logLikelihood } }
}

/**
 * The confidence sequence for the rate ratio, rounded outward to the grid: {u : ln M - l(u) < ln(1/alpha)}, M being the
 * prior average of the likelihood. `insufficient` before the first event.
 */
export function readRatio(state: RatioState, options: { readonly alpha: number }): RatioReading | Refusal {
  requireBetween('alpha', options.alpha, 0, 1)
  const { logLikelihood, totals } = state
  if (totals.canary + totals.stable === 0) return insufficient('No event has been seen yet.')
  const average = logSumExp(logLikelihood.map((value, i) => value + (LOG_WEIGHTS[i] ?? LOG_ZERO)))
  const floor = average + Math.log(options.alpha)
  let best = 0
  for (let i = 1; i < NODES.length; i += 1) {
    if ((logLikelihood[i] ?? LOG_ZERO) > (logLikelihood[best] ?? LOG_ZERO)) best = i
  }
  // The likelihood is concave in u, so what is kept is one run of nodes; one node more on each side is outward.
  let low = best
  while (low >= 0 && (logLikelihood[low] ?? LOG_ZERO) > floor) low -= 1
  let high = best
  while (high < NODES.length && (logLikelihood[high] ?? LOG_ZERO) > floor) high += 1
  if (low === best) low -= 1
  if (high === best) high += 1
  return {
    ok: true,
    ratio: estimateRatio(totals),
    low: low < 0 ? 0 : Math.exp(NODES[low] ?? 0),
    high: high >= NODES.length ? null : Math.exp(NODES[high] ?? 0),
    canaryEvents: totals.canary,
    stableEvents: totals.stable,
  }
}

/**
 * ln of the evidence that the ratio is below 1 + margin, for any margin from one state. The margin is rounded down to a
 * node (a stricter claim, so the evidence stays valid); half the prior is on ratio 1, half the unit exponential below the
 * margin. Margins must come from the plan, not from the data.
 */
export function readRatioNonInferiority(state: RatioState, options: { readonly margin: number }): number {
  const { margin } = options
  if (!(margin > 0 && margin < Infinity)) throw new RangeError(`margin must be a positive ratio, got ${margin}`)
  const limit = Math.log1p(margin)
  const parity = -FIRST
  let anchor = parity
  while (anchor + 1 < NODES.length && (NODES[anchor + 1] ?? 0) <= limit) anchor += 1
  // A margin finer than the grid can tell is never proven.
  if (anchor === parity) return 0
  const base = state.logLikelihood[anchor] ?? 0
  const { weights, logTotal } = weightsBelow(anchor)
  const spread = logSumExp(weights.map((weight, i) => weight + (state.logLikelihood[i] ?? LOG_ZERO) - base)) - logTotal
  const atParity = (state.logLikelihood[parity] ?? LOG_ZERO) - base
  return logAddExp(spread, atParity) - Math.LN2
}

interface Below {
  readonly weights: readonly number[]
  readonly logTotal: number
}

/** By node: a plan has few margins, and each is asked for every second. */
const belowNodes: (Below | undefined)[] = []

/** ln of the unit exponential below a node, per node, and of their sum. */
function weightsBelow(anchor: number): Below {
  const known = belowNodes[anchor]
  if (known !== undefined) return known
  const edge = NODES[anchor] ?? 0
  const weights = NODES.slice(0, anchor).map((node, i) => node - edge + Math.log(Math.cosh(STEP * (FIRST + i))))
  const below = { weights, logTotal: logSumExp(weights) }
  belowNodes[anchor] = below
  return below
}

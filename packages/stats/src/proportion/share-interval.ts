import { tuningInformation } from '../mean/normal-mixture.ts'
import { halfDeviance, logBeta, stirlingTail } from '../numeric/gamma.ts'
import { findRoot } from '../numeric/root.ts'
import { insufficient, invalid, isCount, requireBetween } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'

/** How an interval that is watched all the time is set up; both must be fixed before the data. */
export interface WatchedOptions {
  /** Chance that the interval ever misses. Default 0.05. */
  readonly alpha?: number
  /** The number of trials at which the interval is tightest. Default 1000; it holds at every other number too. */
  readonly plannedTrials?: number
}

/** A share and its interval. */
export interface ShareReading {
  readonly ok: true
  readonly share: number
  readonly low: number
  readonly high: number
}

/** Concentration of the mixture for the number of trials planned. RangeError for bad options. */
export function concentrationFor({ alpha = 0.05, plannedTrials = 1_000 }: WatchedOptions): number {
  requireBetween('alpha', alpha, 0, 1)
  requireBetween('plannedTrials', plannedTrials, 0, Number.MAX_SAFE_INTEGER)
  return Math.max(tuningInformation(plannedTrials, alpha) - 1, 1e-3)
}

/**
 * ln of an e-process for "each trial has the event with chance p": the likelihood of the counts averaged over other chances, Beta around p, over that
 * at p. Written with deviances, so that it keeps its digits when the counts are huge.
 */
export function shareLogE({ trials, events }: Trials, p: number, concentration: number): number {
  const [a, b] = [concentration * p, concentration * (1 - p)]
  const [up, down, all] = [a + events, b + (trials - events), concentration + trials]
  const fit = halfDeviance(up, all * p) + halfDeviance(down, all * (1 - p))
  const size = 0.5 * (Math.log(2 * Math.PI) + Math.log(all) - Math.log(up) - Math.log(down))
  const tails = stirlingTail(up) + stirlingTail(down) - stirlingTail(all)
  return fit + size + tails + a * Math.log(p) + b * Math.log1p(-p) - logBeta(a, b)
}

/** How often an event happened in how many independent trials. */
export interface Trials {
  readonly trials: number
  readonly events: number
}

/** The ends of 0..1 that are looked at; what is not rejected here is not rejected further out. */
const [FIRST, LAST] = [1e-100, 1 - 2 ** -52]

/**
 * The interval of a share (requests that fail, or that are slower than a cut fixed before) for trials that are independent with one chance: it holds at
 * all times together, exactly at any count. `insufficient` without a trial.
 */
export function shareInterval(counts: Trials, options: WatchedOptions = {}): ShareReading | Refusal {
  const concentration = concentrationFor(options)
  const { trials, events } = counts
  if (!isCount(trials) || !isCount(events)) return invalid(`Counts must be between 0 and 2^53: ${events} of ${trials}.`)
  if (events > trials) return invalid(`${events} events out of ${trials} trials cannot be.`)
  if (trials === 0) return insufficient('A share needs at least one trial.')
  const level = -Math.log(options.alpha ?? 0.05)
  const share = events / trials
  // A step of the root finder may round to 0 or 1.
  const beyond = (p: number): number => shareLogE(counts, Math.min(LAST, Math.max(FIRST, p)), concentration) - level
  const low = share <= FIRST ? 0 : endOf(beyond, { from: Math.min(share, LAST), last: FIRST, open: 0 })
  const high = share >= LAST ? 1 : endOf(beyond, { from: Math.max(share, FIRST), last: LAST, open: 1 })
  return { ok: true, share, low: Math.min(low, share), high: Math.max(high, share) }
}

/** Where, on the way from the share to the last point looked at, chances begin to be rejected; `open` when they never are. */
function endOf(
  beyond: (p: number) => number,
  { from, last, open }: { readonly from: number; readonly last: number; readonly open: number },
): number {
  if (beyond(last) < 0) return open
  // With a level of almost nothing even the share itself may be rejected, by a rounding.
  return beyond(from) < 0 ? findRoot(beyond, { low: Math.min(from, last), high: Math.max(from, last) }) : from
}

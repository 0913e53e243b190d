import type { Updated } from '../refusal.ts'
import { addArrivals, checkArrivals, estimateRatio, noArrivals, SLOT_MS } from './arrivals.ts'
import type { ArrivalBatch, ArrivalTotals } from './arrivals.ts'
import { createCoinMixture, playCoinMixture } from './coin-mixture.ts'
import type { CoinMixture, Restarts } from './coin-mixture.ts'

/** How the harm test is set up; everything must be fixed before the data it will judge. */
export interface HarmOptions {
  /** Highest rate ratio canary / stable that is still tolerated (r0). Default 1: any increase is harm. */
  readonly harmFrom?: number
  /** Capital kept for regressions that begin late. Default half; null bets all from the start. */
  readonly restarts?: Restarts | null
  /** Prior over ratios. Default: 24 ratios from 1.1 to 800. */
  readonly grid?: 'ratios-24' | 'exponential-64'
}

/** State of a harm test: plain JSON, bit-equal on replay of the same batches. */
export interface HarmState {
  readonly kind: 'harm'
  readonly harmFrom: number
  readonly totals: ArrivalTotals
  readonly capital: CoinMixture
}

/** Evidence of an arrival test; `logE` is the natural log of an e-process, alarm at ln(1/alpha). */
export interface ArrivalReading {
  readonly ok: true
  readonly logE: number
  /** Highest logE so far: min(1, exp(-peakLogE)) is an anytime-valid p-value. */
  readonly peakLogE: number
  readonly canaryEvents: number
  readonly stableEvents: number
  /** Estimated rate ratio canary / stable (Mantel-Haenszel over slots), null while undefined. */
  readonly ratio: number | null
}

/** Starts a test of "the canary's event rate is at most `harmFrom` times stable's"; RangeError for bad options. */
export function createHarm(options: HarmOptions = {}): HarmState {
  const { harmFrom = 1, restarts = { fraction: 0.5 }, grid = 'ratios-24' } = options
  if (!(harmFrom > 0 && harmFrom < Infinity)) throw new RangeError(`harmFrom must be a positive ratio, got ${harmFrom}`)
  return { kind: 'harm', harmFrom, totals: noArrivals(), capital: createCoinMixture(grid, restarts) }
}

/**
 * Takes in one slot. Given an event it is the canary's with probability a θ / (a θ + 1 - a); the base rate cancels, so
 * incidents that hit both versions and drifting traffic change nothing. Valid for every ratio at or below `harmFrom`,
 * also with the realised share of the slot: for independent units ln E[e^increment] = Σ ln(1 + p (f - 1)) <= Σ p (f - 1),
 * which is 0 at the null's edge and below it inside.
 */
export function updateHarm(state: HarmState, batch: ArrivalBatch): Updated<HarmState> {
  const refusal = checkArrivals(batch)
  if (refusal) return refusal
  const { share, canary, stable, durationMs = SLOT_MS } = batch
  const anchor = Math.log(state.harmFrom)
  const capital = playCoinMixture(state.capital, { anchor, share, first: canary, second: stable, durationMs })
  return { ok: true, state: { ...state, totals: addArrivals(state.totals, batch), capital } }
}

/** The evidence that the canary is worse than tolerated. Always a number: without data logE is 0. */
export function readHarm(state: HarmState): ArrivalReading {
  return readArrivalTest(state)
}

/** The reading shared by the tests on arrivals. */
export function readArrivalTest(state: {
  readonly totals: ArrivalTotals
  readonly capital: CoinMixture
}): ArrivalReading {
  const { totals, capital } = state
  return {
    ok: true,
    logE: capital.logE,
    peakLogE: capital.peakLogE,
    canaryEvents: totals.canary,
    stableEvents: totals.stable,
    ratio: estimateRatio(totals),
  }
}

import type { Updated } from '../refusal.ts'
import { addArrivals, checkArrivals, noArrivals, SLOT_MS } from './arrivals.ts'
import type { ArrivalBatch, ArrivalTotals } from './arrivals.ts'
import { createCoinMixture, playCoinMixture } from './coin-mixture.ts'
import type { CoinMixture } from './coin-mixture.ts'
import { readArrivalTest } from './harm-mixture.ts'
import type { ArrivalReading } from './harm-mixture.ts'

/** How the non-inferiority test is set up. */
export interface NonInferiorityOptions {
  /** Margin m as a ratio above stable: 0.25 asks for proof that the canary's rate is below 1.25 times stable's. */
  readonly margin: number
}

/** State of a non-inferiority test: plain JSON, bit-equal on replay. */
export interface NonInferiorityState {
  readonly kind: 'non-inferiority'
  readonly margin: number
  readonly totals: ArrivalTotals
  readonly capital: CoinMixture
}

/** Starts a test of "the canary's event rate is at least (1 + margin) times stable's"; RangeError unless margin > 0. */
export function createNonInferiority(options: NonInferiorityOptions): NonInferiorityState {
  const { margin } = options
  if (!(margin > 0 && margin < Infinity)) throw new RangeError(`margin must be a positive ratio, got ${margin}`)
  const capital = createCoinMixture('focused-67', null)
  return { kind: 'non-inferiority', margin, totals: noArrivals(), capital }
}

/**
 * Takes in one slot. Evidence grows when the canary has proportionally fewer events than (1 + margin) allows. A canary
 * event multiplies the capital by a factor below 1 and a stable event by one above 1, so the expected factor falls as
 * the true ratio rises: a supermartingale for every ratio at or above 1 + margin, with shares that vary per slot.
 */
export function updateNonInferiority(state: NonInferiorityState, batch: ArrivalBatch): Updated<NonInferiorityState> {
  const refusal = checkArrivals(batch)
  if (refusal) return refusal
  const { share, canary, stable, durationMs = SLOT_MS } = batch
  const anchor = Math.log1p(state.margin)
  const capital = playCoinMixture(state.capital, { anchor, share, first: canary, second: stable, durationMs })
  return { ok: true, state: { ...state, totals: addArrivals(state.totals, batch), capital } }
}

/** The evidence that the canary is within the margin. */
export function readNonInferiority(state: NonInferiorityState): ArrivalReading {
  return readArrivalTest(state)
}

import { invalid, isCount, requireBetween } from '../refusal.ts'
import type { Refusal, Updated } from '../refusal.ts'
import { SLOT_MS } from './arrivals.ts'
import { createCoinMixture, playCoinMixture } from './coin-mixture.ts'
import type { CoinMixture, Restarts } from './coin-mixture.ts'

/** Trials and how many of them had the event, on the canary alone. */
export interface TrialBatch {
  readonly trials: number
  readonly events: number
  /** How long the slot lasted; only late starts use it. Default 1000. */
  readonly durationMs?: number
}

/** State of a test against an absolute limit, independent of stable: plain JSON, bit-equal on replay. */
export interface LimitState {
  readonly kind: 'below-limit' | 'above-limit'
  /** The limit as a ratio 0..1 of trials. */
  readonly limit: number
  readonly trials: number
  readonly events: number
  readonly capital: CoinMixture
}

/** Evidence against an absolute limit. */
export interface LimitReading {
  readonly ok: true
  readonly logE: number
  readonly peakLogE: number
  readonly trials: number
  readonly events: number
  /** events / trials, null without trials. */
  readonly rate: number | null
}

/** Options of a test against an absolute limit. */
export interface LimitOptions {
  /** The limit as a ratio, strictly between 0 and 1. */
  readonly limit: number
}

/**
 * Starts a test of "the canary's event rate is at or above the limit". Its evidence proves the rate is below it; a
 * spotless canary needs about ln(4/alpha)/limit trials. Exact for Bernoulli trials, also when their rates differ.
 */
export function createBelowLimit(options: LimitOptions): LimitState {
  requireBetween('limit', options.limit, 0, 1)
  const capital = createCoinMixture('below-12', null)
  return { kind: 'below-limit', limit: options.limit, trials: 0, events: 0, capital }
}

/** Starts a test of "the canary's event rate is at or below the limit"; its evidence proves harm. */
export function createAboveLimit(options: LimitOptions & { readonly restarts?: Restarts | null }): LimitState {
  requireBetween('limit', options.limit, 0, 1)
  const { restarts = { fraction: 0.5 } } = options
  const capital = createCoinMixture('ratios-24', restarts)
  return { kind: 'above-limit', limit: options.limit, trials: 0, events: 0, capital }
}

function checkTrials(batch: TrialBatch): Refusal | null {
  const { trials, events, durationMs = 0 } = batch
  if (!isCount(trials) || !isCount(events)) return invalid(`Counts must be between 0 and 2^53: ${events} of ${trials}.`)
  if (events > trials) return invalid(`${events} events out of ${trials} trials cannot be.`)
  if (!isCount(durationMs)) return invalid(`The slot's duration must be between 0 and 2^53, got ${durationMs}.`)
  return null
}

/** Takes in trials; each is a coin that shows the event with probability `limit` at the edge of the null. */
export function updateLimit(state: LimitState, batch: TrialBatch): Updated<LimitState> {
  const refusal = checkTrials(batch)
  if (refusal) return refusal
  const { trials, events, durationMs = SLOT_MS } = batch
  const coin = { anchor: 0, share: state.limit, first: events, second: trials - events, durationMs }
  const capital = playCoinMixture(state.capital, coin)
  return { ok: true, state: { ...state, trials: state.trials + trials, events: state.events + events, capital } }
}

/** The evidence gathered; a proof of "below" for createBelowLimit, of "above" for createAboveLimit. */
export function readLimit(state: LimitState): LimitReading {
  const { trials, events, capital } = state
  const rate = trials > 0 ? events / trials : null
  return { ok: true, logE: capital.logE, peakLogE: capital.peakLogE, trials, events, rate }
}

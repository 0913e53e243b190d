import { createCapital, playCapital, type Capital } from '../betting/capital.ts'
import type { Restarts } from '../count/coin-mixture.ts'
import { logSumExp } from '../numeric/log-space.ts'
import { insufficient, invalid, isCount, requireBetween } from '../refusal.ts'
import type { Refusal, Updated } from '../refusal.ts'

/** Trials of both versions in one slot, and how many of them had the event. */
export interface TwoByTwoBatch {
  readonly canary: { readonly trials: number; readonly events: number }
  readonly stable: { readonly trials: number; readonly events: number }
  /** How long the slot lasted; only late starts use it. Default 1000. */
  readonly durationMs?: number
}

/** How the test is set up; everything must be fixed before the data it will judge. */
export interface TwoByTwoOptions {
  /** Which direction is harm: more events (failures) or fewer (conversions). Default `up`. */
  readonly worse?: 'up' | 'down'
  /** A guess of the event's rate, strictly between 0 and 1; it counts for 50 trials and is soon forgotten. Default 0.5. */
  readonly expectedRate?: number
  /** Capital kept for changes that begin late. Default half; null bets all from the start. */
  readonly restarts?: Restarts | null
}

/** State of the test: plain JSON, bit-equal on replay. */
export interface TwoByTwoState {
  readonly kind: 'two-by-two'
  readonly worse: 'up' | 'down'
  /** Events and trials of both versions so far, older ones discounted: the rate the next bets start from. */
  readonly pastEvents: number
  readonly pastTrials: number
  readonly canary: { readonly trials: number; readonly events: number }
  readonly stable: { readonly trials: number; readonly events: number }
  readonly capital: Capital
}

/** Evidence that the canary's rate is worse. */
export interface TwoByTwoReading {
  readonly ok: true
  /** ln of an e-process for "the canary's rate is not worse than stable's in any slot": alarm at ln(1/alpha). */
  readonly logE: number
  readonly peakLogE: number
  readonly canaryRate: number
  readonly stableRate: number
}

const NODES = 24
const PRIOR_TRIALS = 50
/** What a slot's trials still count for one slot later. */
const MEMORY = 0.999

/**
 * Log odds ratios from 0.05 (hardly any difference) to 4 (odds 55 times as high), geometric, with weights that fall exponentially: where events are
 * frequent, differences are small.
 */
const logOddsRatios: readonly number[] = Array.from({ length: NODES }, (_, i) => 0.05 * (4 / 0.05) ** (i / (NODES - 1)))
const logTotal = logSumExp(logOddsRatios.map((gap) => -gap))
const logWeights: readonly number[] = logOddsRatios.map((gap) => -gap - logTotal)

/**
 * Starts a test of "the canary's rate is no worse", for events that are frequent (above about 3 %): it also scores the trials without the event, which
 * the test on arrivals throws away. RangeError for bad options.
 */
export function createTwoByTwo(options: TwoByTwoOptions = {}): TwoByTwoState {
  const { worse = 'up', expectedRate = 0.5, restarts = { fraction: 0.5 } } = options
  requireBetween('expectedRate', expectedRate, 0, 1)
  return {
    kind: 'two-by-two',
    worse,
    pastEvents: PRIOR_TRIALS * expectedRate,
    pastTrials: PRIOR_TRIALS,
    canary: { trials: 0, events: 0 },
    stable: { trials: 0, events: 0 },
    capital: createCapital(NODES, restarts),
  }
}

/**
 * Takes in one slot, which is one block: for two alternatives chosen from the past, the likelihood ratio against their average, weighted by trials, has
 * expectation at most 1 for every common rate of the slot (Turner, Ly and Grünwald 2024), so rates may drift from slot to slot; and since each
 * alternative has the canary worse, also for every slot in which it is better.
 */
export function updateTwoByTwo(state: TwoByTwoState, batch: TwoByTwoBatch): Updated<TwoByTwoState> {
  const refusal = checkTrials(batch)
  if (refusal) return refusal
  const { canary, stable, durationMs = 1_000 } = batch
  const outcomes = logOddsRatios.map((gap) => outcomeOf(state, batch, state.worse === 'up' ? gap : -gap))
  const capital = playCapital(state.capital, { logWeights, outcomes, durationMs })
  return {
    ok: true,
    state: {
      ...state,
      pastEvents: MEMORY * state.pastEvents + canary.events + stable.events,
      // Added in the same order as the events, so that rounding can never make them more than the trials.
      pastTrials: MEMORY * state.pastTrials + canary.trials + stable.trials,
      canary: { trials: state.canary.trials + canary.trials, events: state.canary.events + canary.events },
      stable: { trials: state.stable.trials + stable.trials, events: state.stable.events + stable.events },
      capital,
    },
  }
}

/** The evidence gathered; `insufficient` before both versions had a trial. */
export function readTwoByTwo(state: TwoByTwoState): TwoByTwoReading | Refusal {
  const { canary, stable, capital } = state
  if (!(canary.trials > 0 && stable.trials > 0)) return insufficient('Both versions need at least one trial.')
  return {
    ok: true,
    logE: capital.logE,
    peakLogE: capital.peakLogE,
    canaryRate: canary.events / canary.trials,
    stableRate: stable.events / stable.trials,
  }
}

/** The chances of an event and of none, each to full precision, for a log odds. */
interface Chances {
  readonly event: number
  readonly none: number
}

function chancesOf(logOdds: number): Chances {
  return { event: 1 / (1 + Math.exp(-logOdds)), none: 1 / (1 + Math.exp(logOdds)) }
}

/** ln of what a bet on this log odds ratio wins: both alternatives lie around the past rate, nearer for the version with more trials. */
function outcomeOf(state: TwoByTwoState, { canary, stable }: TwoByTwoBatch, gap: number): number {
  const trials = canary.trials + stable.trials
  if (!(canary.trials > 0 && stable.trials > 0)) return 0
  const share = canary.trials / trials
  const events = state.pastEvents
  // Half a trial to each side keeps the odds finite when the event never or always happened.
  const logOdds = Math.log((events + 0.5) / (state.pastTrials - events + 0.5))
  const [ofCanary, ofStable] = [chancesOf(logOdds + (1 - share) * gap), chancesOf(logOdds - share * gap)]
  const average = {
    event: share * ofCanary.event + (1 - share) * ofStable.event,
    none: share * ofCanary.none + (1 - share) * ofStable.none,
  }
  return score(canary, ofCanary, average) + score(stable, ofStable, average)
}

function score({ trials, events }: TwoByTwoBatch['canary'], own: Chances, average: Chances): number {
  return events * Math.log(own.event / average.event) + (trials - events) * Math.log(own.none / average.none)
}

function checkTrials({ canary, stable, durationMs = 0 }: TwoByTwoBatch): Refusal | null {
  for (const { trials, events } of [canary, stable]) {
    if (!isCount(trials) || !isCount(events))
      return invalid(`Counts must be between 0 and 2^53: ${events} of ${trials}.`)
    if (events > trials) return invalid(`${events} events out of ${trials} trials cannot be.`)
  }
  if (!isCount(durationMs)) return invalid(`The slot's duration must be between 0 and 2^53, got ${durationMs}.`)
  return null
}

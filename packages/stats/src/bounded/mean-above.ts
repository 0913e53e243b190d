import { createCapital, playCapital } from '../betting/capital.ts'
import type { Capital } from '../betting/capital.ts'
import type { Restarts } from '../count/coin-mixture.ts'
import { invalid, isCount, requireBetween } from '../refusal.ts'
import type { Updated } from '../refusal.ts'

/** Parts of the largest bet that cannot lose everything on a zero. */
const bets = [0.01, 0.03, 0.1, 0.3, 0.6, 0.9] as const
const logWeights = bets.map(() => -Math.log(bets.length))

/** State of a test of a mean against a limit: plain JSON, bit-equal on replay. */
export interface MeanAboveState extends Capital {
  readonly kind: 'mean-above'
  readonly limit: number
}

/** Options of a test of a mean against a limit. */
export interface MeanAboveOptions {
  /** Strictly between 0 and 1. */
  readonly limit: number
  readonly restarts?: Restarts | null
}

/**
 * Starts a test of "whatever has happened, the next value is at most the limit in the mean", for values in [0, 1] such as the part of a slot's requests
 * that fail. Nothing is asked of how the requests of a slot hang together, nor of the order. Betting on a bounded mean: Waudby-Smith & Ramdas 2024, §4.
 */
export function createMeanAbove({ limit, restarts = { fraction: 0.5 } }: MeanAboveOptions): MeanAboveState {
  requireBetween('limit', limit, 0, 1)
  return { kind: 'mean-above', limit, ...createCapital(bets.length, restarts) }
}

/** Takes in one value. */
export function updateMeanAbove(
  state: MeanAboveState,
  { value, durationMs = 1_000 }: { readonly value: number; readonly durationMs?: number },
): Updated<MeanAboveState> {
  if (!(value >= 0 && value <= 1)) return invalid(`A value must be between 0 and 1, got ${value}.`)
  if (!isCount(durationMs)) return invalid(`The slot's duration must be between 0 and 2^53, got ${durationMs}.`)
  const { limit } = state
  const outcomes = bets.map((bet) => Math.log1p((bet * (value - limit)) / limit))
  return { ok: true, state: playCapital(state, { logWeights, outcomes, durationMs }) }
}

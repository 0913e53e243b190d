import { invalid, isCount } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'

/**
 * Events (errors, slow requests, crashes) of one slot or stage in which the share of traffic did not change.
 * Count each unit once per test when assignment is sticky: clustered events break every test of this kind.
 */
export interface ArrivalBatch {
  /** Canary's share, 0..1, of the units or requests that could have had the event in this slot: n_c / (n_c + n_s). */
  readonly share: number
  /** Events seen on the canary. */
  readonly canary: number
  /** Events seen on stable. */
  readonly stable: number
  /** How long the slot lasted; only late starts of the harm test use it. Default 1000. */
  readonly durationMs?: number
}

/** Running totals that every arrival test keeps beside its capital. */
export interface ArrivalTotals {
  readonly canary: number
  readonly stable: number
  /** Mantel-Haenszel sums: their quotient estimates the rate ratio whatever the shares and base rates did. */
  readonly canaryWeighted: number
  readonly stableWeighted: number
}

/** No events yet. */
export function noArrivals(): ArrivalTotals {
  return { canary: 0, stable: 0, canaryWeighted: 0, stableWeighted: 0 }
}

/** Adds a batch to the totals. */
export function addArrivals(totals: ArrivalTotals, batch: ArrivalBatch): ArrivalTotals {
  return {
    canary: totals.canary + batch.canary,
    stable: totals.stable + batch.stable,
    canaryWeighted: totals.canaryWeighted + batch.canary * (1 - batch.share),
    stableWeighted: totals.stableWeighted + batch.stable * batch.share,
  }
}

/** The estimated rate ratio canary / stable, or null while it is undefined (no stable events at a useful share). */
export function estimateRatio(totals: ArrivalTotals): number | null {
  return totals.stableWeighted > 0 ? totals.canaryWeighted / totals.stableWeighted : null
}

/** Refuses a batch that cannot be true: not finite, negative, or events on a side that had no units. */
export function checkArrivals(batch: ArrivalBatch): Refusal | null {
  const { share, canary, stable, durationMs = 0 } = batch
  if (!isCount(canary) || !isCount(stable))
    return invalid(`Event counts must be between 0 and 2^53: ${canary}, ${stable}.`)
  if (!(share >= 0 && share <= 1)) return invalid(`The canary's share must be within 0..1, got ${share}.`)
  if (share === 0 && canary > 0) return invalid(`${canary} canary events, but the canary had no units in this slot.`)
  if (share === 1 && stable > 0) return invalid(`${stable} stable events, but stable had no units in this slot.`)
  if (!isCount(durationMs)) return invalid(`The slot's duration must be between 0 and 2^53, got ${durationMs}.`)
  return null
}

/** A slot's default length in ms. */
export const SLOT_MS = 1000

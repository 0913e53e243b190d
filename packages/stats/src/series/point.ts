import { invalid } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'

/** One measurement of a series. */
export interface SeriesPoint {
  /** When, in milliseconds; must grow from point to point. */
  readonly atMs: number
  /** What, in the metric's own unit. */
  readonly value: number
}

/** What a detector says about the newest point. Advice: one series without control cannot tell a release from a Monday. */
export interface SeriesReading {
  readonly ok: true
  /** Points taken in. */
  readonly points: number
  /** 0..1, one half where the detector's own limit lies; for ranking, not a probability. */
  readonly score: number
  readonly alarm: boolean
}

/** Squares and sums of such numbers stay finite. */
const LARGEST = 1e150

/** Refuses a point that is no number, is not finite, or does not come after the one before. */
export function checkPoint(lastAtMs: number | null, { atMs, value }: SeriesPoint): Refusal | null {
  if (!(Math.abs(value) <= LARGEST)) return invalid(`A value must be a number within ${LARGEST}, got ${value}.`)
  if (!Number.isFinite(atMs)) return invalid(`A time must be a finite number of milliseconds, got ${atMs}.`)
  if (lastAtMs !== null && atMs <= lastAtMs) return invalid(`Time goes back: ${atMs} ms after ${lastAtMs} ms.`)
  return null
}

/** The statistic as 0..1 with one half at its limit; 1 for an infinite one. */
export function scoreOf(statistic: number, limit: number): number {
  return statistic === Infinity ? 1 : statistic / (statistic + limit)
}

/** The newest `most` values with one more. */
export function pushed(values: readonly number[], value: number, most: number): readonly number[] {
  return [...values.slice(Math.max(0, values.length - most + 1)), value]
}

/** Throws a RangeError unless `value` is a whole number from `least` to 100 000: the limit of any detector's memory. */
export function requireLength(name: string, value: number, least: number): void {
  if (!(Number.isInteger(value) && value >= least && value <= 100_000))
    throw new RangeError(`${name} must be a whole number from ${least} to 100000, got ${value}`)
}

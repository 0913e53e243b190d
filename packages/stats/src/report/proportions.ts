import { hypergeometricTails } from '../numeric/discrete.ts'
import { normalQuantile, normalSurvival } from '../numeric/normal.ts'
import { insufficient, invalid, isCount, requireBetween } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'
import { pValueOf } from './contrast.ts'
import type { Alternative, Interval } from './contrast.ts'
import type { EventSums } from './sample.ts'

/** Below this expected count in any cell the normal test is not trusted and Fisher's takes its place. */
const LEAST_EXPECTED = 5

/** Two rates at a single look. */
export interface ProportionReading extends Interval {
  readonly ok: true
  /** Rates 0..1. */
  readonly stable: number
  readonly canary: number
  /** canary - stable. */
  readonly difference: number
  /** canary / stable, null while stable has no event. */
  readonly ratio: number | null
  readonly pValue: number
  readonly method: 'pooled z' | 'fisher mid-p'
  /** The pooled statistic; null when it was not used. */
  readonly z: number | null
}

/** Options of a report on two rates. */
export interface ProportionOptions {
  readonly alternative?: Alternative
  readonly alpha?: number
  /** Newcombe's hybrid of Wilson intervals (default), which stays within -1..1 and holds for rare events, or Wald's. */
  readonly interval?: 'newcombe' | 'wald'
}

function checkEvents({ units, events }: EventSums): Refusal | null {
  if (!isCount(units) || !isCount(events) || events > units)
    return invalid(`${events} events of ${units} units cannot be.`)
  return units === 0 ? insufficient('An arm has no unit.') : null
}

/** Wilson's interval of a rate: the rates that a score test at `z` does not reject; never empty, never outside 0..1. RangeError for impossible counts. */
export function wilsonInterval(
  { units, events }: EventSums,
  z: number,
): { readonly low: number; readonly high: number } {
  const refusal = checkEvents({ units, events })
  if (refusal) throw new RangeError(refusal.message)
  requireBetween('z', z, -Infinity, Infinity)
  const rate = events / units
  const square = (z * z) / units
  const middle = (rate + square / 2) / (1 + square)
  const half = (z / (1 + square)) * Math.sqrt((rate * (1 - rate) + square / 4) / units)
  return { low: events === 0 ? 0 : Math.max(0, middle - half), high: events === units ? 1 : Math.min(1, middle + half) }
}

function newcombe(stable: EventSums, canary: EventSums, z: number): { readonly low: number; readonly high: number } {
  const [p, q] = [canary.events / canary.units, stable.events / stable.units]
  const [c, s] = [wilsonInterval(canary, z), wilsonInterval(stable, z)]
  return {
    low: p - q - Math.hypot(p - c.low, s.high - q),
    high: p - q + Math.hypot(c.high - p, q - s.low),
  }
}

function wald(stable: EventSums, canary: EventSums, z: number): { readonly low: number; readonly high: number } {
  const [p, q] = [canary.events / canary.units, stable.events / stable.units]
  const half = z * Math.sqrt((p * (1 - p)) / canary.units + (q * (1 - q)) / stable.units)
  return { low: p - q - half, high: p - q + half }
}

/**
 * Fisher's mid-p value of a 2 × 2 table of whole counts: the table itself counts half, which takes out most of the exact test's
 * caution; two-sided as twice the smaller tail. RangeError for impossible counts.
 */
export function fisherMidP(
  { stable, canary }: { readonly stable: EventSums; readonly canary: EventSums },
  alternative: Alternative = 'two-sided',
): number {
  for (const { units, events } of [stable, canary]) {
    const whole = Number.isInteger(units) && Number.isInteger(events)
    if (!(whole && events >= 0 && events <= units))
      throw new RangeError(`fisherMidP got ${events} events of ${units} units`)
  }
  const urn = {
    first: stable.events + canary.events,
    second: stable.units + canary.units - stable.events - canary.events,
    drawn: canary.units,
  }
  const { below, at, above } = hypergeometricTails(canary.events, urn)
  const less = below + at / 2
  const greater = above + at / 2
  if (alternative === 'less') return less
  if (alternative === 'greater') return greater
  return Math.min(1, 2 * Math.min(less, greater))
}

/** Two proportions of independent units: the pooled z test, or Fisher's mid-p when any expected count is below 5. */
export function compareProportions(
  arms: { readonly stable: EventSums; readonly canary: EventSums },
  options: ProportionOptions = {},
): ProportionReading | Refusal {
  const { alternative = 'two-sided', alpha = 0.05, interval = 'newcombe' } = options
  requireBetween('alpha', alpha, 0, 1)
  const { stable, canary } = arms
  const refusal = checkEvents(stable) ?? checkEvents(canary)
  if (refusal) return refusal
  const total = stable.units + canary.units
  const events = stable.events + canary.events
  const [q, p] = [stable.events / stable.units, canary.events / canary.units]
  const smallest = (Math.min(stable.units, canary.units) * Math.min(events, total - events)) / total
  const quantile = -normalQuantile(alternative === 'two-sided' ? alpha / 2 : alpha)
  const { low, high } = (interval === 'newcombe' ? newcombe : wald)(stable, canary, quantile)
  const shared = {
    ok: true,
    stable: q,
    canary: p,
    difference: p - q,
    ratio: q === 0 ? null : p / q,
    low: alternative === 'less' ? null : low,
    high: alternative === 'greater' ? null : high,
  } as const
  if (smallest < LEAST_EXPECTED) {
    const counts = [stable.units, stable.events, canary.units, canary.events]
    if (!counts.every(Number.isInteger))
      return insufficient(
        `An expected count of ${smallest.toFixed(2)} needs Fisher's test, and that needs whole counts.`,
      )
    return { ...shared, method: 'fisher mid-p', z: null, pValue: fisherMidP(arms, alternative) }
  }
  const pooled = (events / total) * (1 - events / total)
  const z = (p - q) / Math.sqrt(pooled * (1 / stable.units + 1 / canary.units))
  return { ...shared, method: 'pooled z', z, pValue: pValueOf(z, alternative, normalSurvival) }
}

import { insufficient, invalid, requireBetween } from '../refusal.ts'
import type { Refusal, Updated } from '../refusal.ts'
import { checkPoint, scoreOf } from './point.ts'
import type { SeriesPoint, SeriesReading } from './point.ts'
import { createReference, learn } from './reference.ts'
import type { Reference, ReferenceOptions } from './reference.ts'
import { standardise } from './spread.ts'

/** How an EWMA chart is set up. */
export interface EwmaOptions {
  /** Weight of the newest point, above 0 and below 1. Default 0.2. */
  readonly lambda?: number
  /** Deviations of the average up to the limit. Default 3. */
  readonly reach?: number
  /** Default: learnt from 100 calm points, again and again. In the scale of 2 √(x + 3/8) for counts. */
  readonly reference?: ReferenceOptions
  /** The values are Poisson counts: judged as 2 √(x + 3/8), whose deviation is near 1. Default false. */
  readonly counts?: boolean
}

/** State of an EWMA chart: plain JSON, bounded by its reference. */
export interface EwmaState {
  readonly kind: 'ewma'
  readonly lambda: number
  readonly reach: number
  readonly counts: boolean
  readonly reference: Reference
  /** The average, in deviations from the middle of the reference. */
  readonly average: number
  /** Its limit now, in the same unit; 0 before the first judged point. */
  readonly limit: number
  readonly judged: number
  readonly points: number
  readonly lastAtMs: number | null
}

/** A deviation that is infinite counts as this many: enough for any alarm, and the average can still return. */
const MOST_DEVIATIONS = 1e6

/** Starts a chart; RangeError for options that make no sense. */
export function createEwma(options: EwmaOptions = {}): EwmaState {
  const { lambda = 0.2, reach = 3, reference = { learn: 100 }, counts = false } = options
  requireBetween('lambda', lambda, 0, 1)
  requireBetween('reach', reach, 0, 1000)
  return {
    kind: 'ewma',
    lambda,
    reach,
    counts,
    reference: createReference(reference),
    average: 0,
    limit: 0,
    judged: 0,
    points: 0,
    lastAtMs: null,
  }
}

/** Takes in one point; normal is learnt from points at which the chart is calm. */
export function updateEwma(state: EwmaState, point: SeriesPoint): Updated<EwmaState> {
  const refusal = checkPoint(state.lastAtMs, point)
  if (refusal) return refusal
  if (state.counts && point.value < 0) return invalid(`A count cannot be negative, got ${point.value}.`)
  const value = state.counts ? 2 * Math.sqrt(point.value + 3 / 8) : point.value
  const next = { ...state, points: state.points + 1, lastAtMs: point.atMs }
  const { spread } = state.reference
  if (spread === null) return { ok: true, state: { ...next, reference: learn(state.reference, value) } }
  const scale = state.counts && state.reference.learn > 0 ? { ...spread, width: 1 } : spread
  const raw = standardise(value, scale)
  const deviations = Math.max(-MOST_DEVIATIONS, Math.min(MOST_DEVIATIONS, raw))
  const { lambda, reach } = state
  const judged = state.judged + 1
  const average = lambda * deviations + (1 - lambda) * state.average
  const limit = reach * Math.sqrt((lambda / (2 - lambda)) * (1 - (1 - lambda) ** (2 * judged)))
  const reference = Math.abs(average) > limit ? state.reference : learn(state.reference, value)
  return { ok: true, state: { ...next, average, limit, judged, reference } }
}

/**
 * Whether the average leaves its limits. With a known normal and independent normal points a false alarm comes about
 * once in 560 points at the defaults; a learnt normal and neighbours that resemble each other make it oftener.
 */
export function readEwma(state: EwmaState): SeriesReading | Refusal {
  if (state.judged === 0) return insufficient(`${state.points} points; normal is not learnt yet.`)
  const size = Math.abs(state.average)
  return { ok: true, points: state.points, score: scoreOf(size, state.limit), alarm: size > state.limit }
}

import { insufficient, requireBetween } from '../refusal.ts'
import type { Refusal, Updated } from '../refusal.ts'
import { checkPoint, scoreOf } from './point.ts'
import type { SeriesPoint, SeriesReading } from './point.ts'
import { createReference, learn } from './reference.ts'
import type { Reference, ReferenceOptions } from './reference.ts'
import { standardise } from './spread.ts'

/** How a CUSUM chart is set up. */
export interface CusumOptions {
  /** Deviations that are forgiven per point; half of the shift it is quickest for. Default 0.5. */
  readonly slack?: number
  /** Summed deviations up to the limit. Default 5. */
  readonly limit?: number
  /** Which shifts count. Default both. */
  readonly side?: 'both' | 'up' | 'down'
  /** Default: learnt from 100 calm points, again and again. */
  readonly reference?: ReferenceOptions
}

/** State of a CUSUM chart: plain JSON, bounded by its reference. */
export interface CusumState {
  readonly kind: 'cusum'
  readonly slack: number
  readonly limit: number
  readonly side: 'both' | 'up' | 'down'
  readonly reference: Reference
  /** Summed deviations above and below, beyond the slack. */
  readonly above: number
  readonly below: number
  readonly judged: number
  readonly points: number
  readonly lastAtMs: number | null
}

/** No point counts for more, so that a single absurd one is not held against a series for ever. */
const MOST_DEVIATIONS = 1e6

/** Starts a chart; RangeError for options that make no sense. */
export function createCusum(options: CusumOptions = {}): CusumState {
  const { slack = 0.5, limit = 5, side = 'both', reference = { learn: 100 } } = options
  requireBetween('slack', slack, 0, 100)
  requireBetween('limit', limit, 0, 1e6)
  if (side !== 'both' && side !== 'up' && side !== 'down') throw new RangeError(`side got ${String(side)}`)
  return {
    kind: 'cusum',
    slack,
    limit,
    side,
    reference: createReference(reference),
    above: 0,
    below: 0,
    judged: 0,
    points: 0,
    lastAtMs: null,
  }
}

/** Takes in one point; normal is learnt from points at which the chart is calm. */
export function updateCusum(state: CusumState, point: SeriesPoint): Updated<CusumState> {
  const refusal = checkPoint(state.lastAtMs, point)
  if (refusal) return refusal
  const next = { ...state, points: state.points + 1, lastAtMs: point.atMs }
  const { spread } = state.reference
  if (spread === null) return { ok: true, state: { ...next, reference: learn(state.reference, point.value) } }
  const deviations = Math.max(-MOST_DEVIATIONS, Math.min(MOST_DEVIATIONS, standardise(point.value, spread)))
  const above = Math.max(0, state.above + deviations - state.slack)
  const below = Math.max(0, state.below - deviations - state.slack)
  const charted = { ...next, above, below, judged: state.judged + 1 }
  const reference = sizeOf(charted) > state.limit ? state.reference : learn(state.reference, point.value)
  return { ok: true, state: { ...charted, reference } }
}

/**
 * Whether a sum leaves its limit. With a known normal and independent normal points a false alarm comes about once in
 * 465 points at the defaults, and a shift of one deviation is seen after about 10; a learnt normal makes both worse.
 */
export function readCusum(state: CusumState): SeriesReading | Refusal {
  if (state.judged === 0) return insufficient(`${state.points} points; normal is not learnt yet.`)
  const size = sizeOf(state)
  return { ok: true, points: state.points, score: scoreOf(size, state.limit), alarm: size > state.limit }
}

function sizeOf({ side, above, below }: CusumState): number {
  if (side === 'both') return Math.max(above, below)
  return side === 'up' ? above : below
}

import { quantileOf } from '../report/quantile.ts'
import { insufficient, requireBetween } from '../refusal.ts'
import type { Refusal, Updated } from '../refusal.ts'
import { checkPoint, pushed, requireLength, scoreOf } from './point.ts'
import type { SeriesPoint, SeriesReading } from './point.ts'
import { robustSpread, standardise } from './spread.ts'

/** How the tail detector is set up. */
export interface TailOptions {
  /** Points that say what is normal. Default 300. */
  readonly window?: number
  /** Share of deviations that the series' own tail lies beyond, above 0 and below 0.5. Default 0.01. */
  readonly tail?: number
  /** How many times that tail is an alarm. Default 2. */
  readonly reach?: number
  /** Points after which a score that is no record is heard again: an incident is announced once. Default 150. */
  readonly quiet?: number
}

/** State of the tail detector: plain JSON, at most 2 × window + quiet numbers. */
export interface TailState {
  readonly kind: 'tail'
  readonly window: number
  readonly tail: number
  readonly reach: number
  readonly quiet: number
  readonly values: readonly number[]
  readonly deviations: readonly number[]
  /** The newest scores; the last one is the newest point's. */
  readonly scores: readonly number[]
  readonly points: number
  readonly lastAtMs: number | null
}

/** Deviations below which a tail is not known. */
const MIN_POINTS = 30
/** An infinite deviation counts as this many. */
const MOST_DEVIATIONS = 1e6

/** Starts the detector; RangeError for options that make no sense. */
export function createTail(options: TailOptions = {}): TailState {
  const { window = 300, tail = 0.01, reach = 2, quiet = 150 } = options
  requireLength('window', window, MIN_POINTS)
  requireLength('quiet', quiet, 1)
  requireBetween('tail', tail, 0, 0.5)
  requireBetween('reach', reach, 0, 1000)
  const empty = { values: [], deviations: [], scores: [], points: 0, lastAtMs: null }
  return { kind: 'tail', window, tail, reach, quiet, ...empty }
}

/** Measures a point against the window before it and against how far the series itself used to stray, then takes it in. */
export function updateTail(state: TailState, point: SeriesPoint): Updated<TailState> {
  const refusal = checkPoint(state.lastAtMs, point)
  if (refusal) return refusal
  const { values, deviations, scores, window, quiet } = state
  const next = {
    ...state,
    values: pushed(values, point.value, window),
    points: state.points + 1,
    lastAtMs: point.atMs,
  }
  if (values.length < MIN_POINTS) return { ok: true, state: next }
  const deviation = Math.min(MOST_DEVIATIONS, Math.abs(standardise(point.value, robustSpread(values))))
  const score = deviations.length < MIN_POINTS ? 0 : scoreOf(deviation / usual(deviations, state.tail), state.reach)
  return {
    ok: true,
    state: { ...next, deviations: pushed(deviations, deviation, window), scores: pushed(scores, score, quiet) },
  }
}

/**
 * Whether the newest point strays `reach` times farther than the series' own tail, and farther than lately. No rate of
 * false alarms is promised: the tail is measured, and a series that changes its habits will alarm.
 */
export function readTail(state: TailState): SeriesReading | Refusal {
  if (state.deviations.length <= MIN_POINTS)
    return insufficient(`${state.points} points; ${2 * MIN_POINTS} are needed.`)
  const newest = state.scores.at(-1) ?? 0
  const record = state.scores.slice(0, -1).every((score) => score < newest)
  const score = record ? newest : 0
  return { ok: true, points: state.points, score, alarm: score > 0.5 }
}

/** The size beyond which only the share `tail` of the deviations lay, at least 3. */
function usual(deviations: readonly number[], tail: number): number {
  return Math.max(
    3,
    quantileOf(
      deviations.toSorted((a, b) => a - b),
      1 - tail,
    ),
  )
}

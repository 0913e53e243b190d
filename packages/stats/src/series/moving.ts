import { insufficient, requireBetween } from '../refusal.ts'
import type { Refusal, Updated } from '../refusal.ts'
import { checkPoint, pushed, requireLength, scoreOf } from './point.ts'
import type { SeriesPoint, SeriesReading } from './point.ts'
import { plainSpread, robustSpread, standardise } from './spread.ts'

/** How a moving window is set up. */
export interface MovingOptions {
  /** Points a new one is compared with. Default 60. */
  readonly window?: number
  /** Median and MAD instead of mean and standard deviation. Default false. */
  readonly robust?: boolean
  /** Standard deviations up to the limit. Default 3. */
  readonly reach?: number
  /** An alarm needs `hits` points outside among the last `of`. Default 1 of 1; 3 of 5 is calm. */
  readonly rule?: { readonly hits: number; readonly of: number }
}

/** State of a moving window: plain JSON, at most `window` values. */
export interface MovingState {
  readonly kind: 'moving'
  readonly window: number
  readonly robust: boolean
  readonly reach: number
  readonly rule: { readonly hits: number; readonly of: number }
  readonly values: readonly number[]
  /** The newest scores, as many as the rule looks at. */
  readonly scores: readonly number[]
  readonly points: number
  readonly lastAtMs: number | null
}

/** Points below which no spread is honest. */
const MIN_POINTS = 10

/** Starts a moving window; RangeError for options that make no sense. */
export function createMoving(options: MovingOptions = {}): MovingState {
  const { window = 60, robust = false, reach = 3, rule = { hits: 1, of: 1 } } = options
  requireLength('window', window, MIN_POINTS)
  requireBetween('reach', reach, 0, 1000)
  requireLength('rule.of', rule.of, 1)
  requireLength('rule.hits', rule.hits, 1)
  if (rule.hits > rule.of) throw new RangeError(`rule wants ${rule.hits} hits of ${rule.of}`)
  return { kind: 'moving', window, robust, reach, rule, values: [], scores: [], points: 0, lastAtMs: null }
}

/** Compares a point with the window before it, then takes it in. */
export function updateMoving(state: MovingState, point: SeriesPoint): Updated<MovingState> {
  const refusal = checkPoint(state.lastAtMs, point)
  if (refusal) return refusal
  const { values, window, robust, reach, rule } = state
  const spread = robust ? robustSpread : plainSpread
  const ready = values.length >= MIN_POINTS
  const score = ready ? scoreOf(Math.abs(standardise(point.value, spread(values))), reach) : 0
  return {
    ok: true,
    state: {
      ...state,
      values: pushed(values, point.value, window),
      scores: ready ? pushed(state.scores, score, rule.of) : state.scores,
      points: state.points + 1,
      lastAtMs: point.atMs,
    },
  }
}

/**
 * Whether the newest point leaves the band. With independent normal points and 3 deviations that happens falsely about
 * once in 370 points for a very long window, oftener for a short one, and far oftener when neighbours resemble each other.
 */
export function readMoving(state: MovingState): SeriesReading | Refusal {
  const score = state.scores.at(-1)
  if (score === undefined) return insufficient(`${state.points} points; more than ${MIN_POINTS} are needed.`)
  const ranked = state.scores.toSorted((a, b) => b - a)
  const deciding = ranked[state.rule.hits - 1] ?? 0
  return { ok: true, points: state.points, score: deciding, alarm: deciding > 0.5 }
}

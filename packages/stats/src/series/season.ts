import { insufficient, requireBetween } from '../refusal.ts'
import type { Refusal, Updated } from '../refusal.ts'
import { quantileOf } from '../report/quantile.ts'
import { checkPoint, pushed, requireLength, scoreOf } from './point.ts'
import type { SeriesPoint, SeriesReading } from './point.ts'
import { medianOf } from './spread.ts'

/** How a seasonal forecast is set up. */
export interface SeasonOptions {
  /** Points per season, from 2; 288 for a day of five minutes. Default 288. */
  readonly period?: number
  /** Seasons remembered per phase. Default 5. */
  readonly seasons?: number
  /** Share of forecast errors that may lie outside the band. Default 0.005. */
  readonly outside?: number
}

/** State of a seasonal forecast: plain JSON, at most period × (seasons + 2) numbers. Counts points, so gaps shift it. */
export interface SeasonState {
  readonly kind: 'season'
  readonly period: number
  readonly seasons: number
  readonly outside: number
  readonly values: readonly number[]
  /** Sizes of forecast errors, in the unit of the series. */
  readonly errors: readonly number[]
  readonly last: { readonly expected: number; readonly halfWidth: number; readonly value: number } | null
  readonly points: number
  readonly lastAtMs: number | null
}

/** What was forecast, beside the reading. */
export interface SeasonReading extends SeriesReading {
  /** The median of the same phase of earlier seasons. */
  readonly expected: number
  readonly low: number
  readonly high: number
}

/** Errors below which no band is drawn. */
const MIN_ERRORS = 30

/** Starts a forecast; RangeError for options that make no sense. */
export function createSeason(options: SeasonOptions = {}): SeasonState {
  const { period = 288, seasons = 5, outside = 0.005 } = options
  requireLength('period', period, 2)
  requireLength('seasons', seasons, 1)
  requireLength('period × seasons', period * seasons, 2)
  requireBetween('outside', outside, 0, 0.5)
  return { kind: 'season', period, seasons, outside, values: [], errors: [], last: null, points: 0, lastAtMs: null }
}

/** Compares a point with its forecast, then takes it in. */
export function updateSeason(state: SeasonState, point: SeriesPoint): Updated<SeasonState> {
  const refusal = checkPoint(state.lastAtMs, point)
  if (refusal) return refusal
  const { period, seasons, values, errors, outside } = state
  const same: number[] = []
  for (let i = values.length - period; i >= 0; i -= period) same.push(values[i] ?? 0)
  const next = {
    ...state,
    values: pushed(values, point.value, period * seasons),
    points: state.points + 1,
    lastAtMs: point.atMs,
  }
  if (same.length === 0) return { ok: true, state: next }
  const expected = medianOf(same)
  const sorted = errors.toSorted((a, b) => a - b)
  const last =
    errors.length < MIN_ERRORS ? null : { expected, halfWidth: quantileOf(sorted, 1 - outside), value: point.value }
  // Two seasons, but never so few that the quantile is their maximum for ever.
  const kept = pushed(errors, Math.abs(point.value - expected), Math.max(MIN_ERRORS, 2 * period))
  return { ok: true, state: { ...next, last, errors: kept } }
}

/**
 * The forecast and whether the newest point leaves its band. About the share `outside` of points does so falsely, as long
 * as errors stay what they were and so many were seen (with fewer the largest error is the band).
 */
export function readSeason(state: SeasonState): SeasonReading | Refusal {
  if (state.last === null) return insufficient(`${state.points} points; a season and ${MIN_ERRORS} more are needed.`)
  const { expected, halfWidth, value } = state.last
  const error = Math.abs(value - expected)
  return {
    ok: true,
    points: state.points,
    score: error === 0 ? 0 : scoreOf(error, halfWidth),
    alarm: error > halfWidth,
    expected,
    low: expected - halfWidth,
    high: expected + halfWidth,
  }
}

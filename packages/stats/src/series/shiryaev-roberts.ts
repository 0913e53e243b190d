import { requireBetween } from '../refusal.ts'
import type { Updated } from '../refusal.ts'
import { checkPoint, requireLength, scoreOf } from './point.ts'
import type { SeriesPoint, SeriesReading } from './point.ts'

/** How the restarting e-process is set up. */
export interface ShiryaevRobertsOptions {
  /** Mean number of points between false alarms that is promised at least. Default 1000. */
  readonly falseAlarmEvery?: number
  /** Points a block of ranks holds, even. Default 200. */
  readonly block?: number
}

/** State of the process: plain JSON, at most two blocks of values. */
export interface ShiryaevRobertsState {
  readonly kind: 'shiryaev-roberts'
  readonly falseAlarmEvery: number
  readonly block: number
  /** Two rows of blocks, half a block apart: a shift at the beginning of one falls into the middle of the other. */
  readonly rows: readonly Row[]
  readonly points: number
  readonly lastAtMs: number | null
}

interface Row {
  readonly values: readonly number[]
  /** One statistic per bet. */
  readonly capital: readonly number[]
}

/** Stakes on the newest point ranking high (positive) or low; fair at any rank as they are linear. */
const STAKES = [-0.9, -0.45, 0.45, 0.9]
/** Far beyond every alarm; keeps the capital finite through a long incident. */
const MOST = 1e12

/** Starts the process; RangeError for options that make no sense. */
export function createShiryaevRoberts(options: ShiryaevRobertsOptions = {}): ShiryaevRobertsState {
  const { falseAlarmEvery = 1000, block = 200 } = options
  requireBetween('falseAlarmEvery', falseAlarmEvery, 1, 1e9)
  requireLength('block', block, 20)
  const row: Row = { values: [], capital: STAKES.map(() => 0) }
  return { kind: 'shiryaev-roberts', falseAlarmEvery, block, rows: [row, row], points: 0, lastAtMs: null }
}

/**
 * Takes in one point. Among exchangeable points its rank in its block is uniform whatever came before, so each bet
 * multiplies by a factor of mean 1 and R ← (R + 1) · factor grows by 1 a point in the mean.
 */
export function updateShiryaevRoberts(state: ShiryaevRobertsState, point: SeriesPoint): Updated<ShiryaevRobertsState> {
  const refusal = checkPoint(state.lastAtMs, point)
  if (refusal) return refusal
  const { block, points } = state
  const rows = state.rows.map((row, i) => {
    const fresh = (points + (i * block) / 2) % block < 1
    return play(fresh ? [] : row.values, row.capital, point.value)
  })
  return { ok: true, state: { ...state, rows, points: points + 1, lastAtMs: point.atMs } }
}

/**
 * Whether the evidence for a change reaches its threshold. The mean number of points to a false alarm is at least
 * `falseAlarmEvery` for independent points of any one distribution, exactly; not when neighbours resemble each other.
 */
export function readShiryaevRoberts(state: ShiryaevRobertsState): SeriesReading {
  const all = state.rows.flatMap(({ capital }) => capital)
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length
  const score = scoreOf(Math.log1p(mean), Math.log1p(state.falseAlarmEvery))
  return { ok: true, points: state.points, score, alarm: mean >= state.falseAlarmEvery }
}

function play(before: readonly number[], capital: readonly number[], value: number): Row {
  // Points that are equal share the mean of their ranks: the mean of a linear bet over them.
  let rank = 0
  for (const other of before) rank += other < value ? 2 : Number(other === value)
  // From -1 to 1, of mean 0 over the ranks.
  const place = (rank - before.length) / (before.length + 1)
  return {
    values: [...before, value],
    capital: capital.map((held, i) => Math.min(MOST, (held + 1) * (1 + (STAKES[i] ?? 0) * place))),
  }
}

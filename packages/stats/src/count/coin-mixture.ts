import { addLog, LOG_ZERO, logAddExp, logSumExp } from '../numeric/log-space.ts'
import { gridOf, type Grid } from './grids.ts'
import type { GridName } from './grids.ts'

/**
 * The capital of a bettor who, at each event, guesses which of two sides it falls on. Under the null at its edge the
 * first side has odds `exp(logOddsNull)`; each node of the grid bets that those odds are multiplied by another factor.
 */
export interface CoinMixture {
  readonly grid: GridName
  /** Share of the capital kept for alternatives that begin later than the test (0 = none). */
  readonly restartFraction: number
  readonly restartScaleMs: number
  readonly elapsedMs: number
  /** ln of the capital per node, bet from the beginning. */
  readonly fromStart: readonly number[]
  /** ln of the capital per node, bet from later starts; empty without restarts. */
  readonly fromRestarts: readonly number[]
  readonly logE: number
  readonly peakLogE: number
}

/** How much capital is kept for late onsets, and how slowly it is put to work. */
export interface Restarts {
  /** Share of the capital for late starts, 0 <= fraction < 1. */
  readonly fraction: number
  /** Time scale of the heavy-tailed start density in ms; 60 000 unless told. */
  readonly scaleMs?: number
}

const DEFAULT_SCALE_MS = 60_000

/** Starts a bettor with capital 1; throws RangeError for a fraction outside 0..1. */
export function createCoinMixture(grid: GridName, restarts: Restarts | null): CoinMixture {
  const fraction = restarts?.fraction ?? 0
  const scaleMs = restarts?.scaleMs ?? DEFAULT_SCALE_MS
  if (!(fraction >= 0 && fraction < 1)) throw new RangeError(`restarts.fraction must be in [0, 1), got ${fraction}`)
  if (!(scaleMs > 0 && scaleMs < Infinity)) throw new RangeError(`restarts.scaleMs must be positive, got ${scaleMs}`)
  const size = gridOf(grid, 0).offsets.length
  return {
    grid,
    restartFraction: fraction,
    restartScaleMs: scaleMs,
    elapsedMs: 0,
    fromStart: Array.from({ length: size }, () => 0),
    fromRestarts: fraction > 0 ? Array.from({ length: size }, () => LOG_ZERO) : [],
    logE: 0,
    peakLogE: 0,
  }
}

/** What share of late starts has begun by `elapsedMs`: heavy-tailed, so any delay keeps some capital. */
function startedShare(elapsedMs: number, scaleMs: number): number {
  return 1 - 1 / (1 + Math.log1p(elapsedMs / scaleMs))
}

interface Excesses {
  readonly anchor: number
  readonly values: readonly number[]
}

/** The last anchor each grid was used with: a plan's, the same every second. */
const remembered = new WeakMap<Grid, Excesses>()

function excessesOf(grid: Grid, anchor: number): readonly number[] {
  const known = remembered.get(grid)
  if (known?.anchor === anchor) return known.values
  const values = grid.offsets.map((offset) => Math.expm1(anchor + offset))
  remembered.set(grid, { anchor, values })
  return values
}

/**
 * ln of what a bet on odds `ratio` times `exp(anchor)` wins against odds `exp(anchor)` over `first` and `second` events,
 * when at log odds ratio 0 the first side has probability `share`. `offset` may be -Infinity (the first side never comes); `logNull` is the same for
 * every offset: the ln of how the anchor stretches the probabilities; `excess` is exp(anchor + offset) - 1.
 */
function betOutcome(offset: number, excess: number, { share, first, second }: CoinBatch, logNull: number): number {
  if (offset === -Infinity && first > 0) return LOG_ZERO
  const events = first + second
  if (events === 0) return 0
  const won = first === 0 ? 0 : first * offset
  const norm = Math.log1p(share * excess) - logNull
  return won - events * norm
}

/** One batch of events in which, at log odds ratio 0, each falls on the first side with probability `share`. */
export interface CoinBatch {
  readonly anchor: number
  readonly share: number
  readonly first: number
  readonly second: number
  readonly durationMs: number
}

/** Plays one batch. Late capital is injected before the batch is scored, so it can only use what comes after it. */
export function playCoinMixture(mixture: CoinMixture, batch: CoinBatch): CoinMixture {
  const grid = gridOf(mixture.grid, batch.anchor)
  const { offsets, logWeights } = grid
  const excesses = excessesOf(grid, batch.anchor)
  const { restartFraction, restartScaleMs } = mixture
  const elapsedMs = mixture.elapsedMs + batch.durationMs
  const startedBefore = startedShare(mixture.elapsedMs, restartScaleMs)
  const started = startedShare(elapsedMs, restartScaleMs)
  const injected = restartFraction * (started - startedBefore)
  const logInjected = injected > 0 ? Math.log(injected) : LOG_ZERO
  const fromStart: number[] = []
  const fromRestarts: number[] = []
  const parts: number[] = []
  const logStartFraction = Math.log1p(-restartFraction)
  const logNull = Math.log1p(batch.share * Math.expm1(batch.anchor))
  for (let node = 0; node < offsets.length; node += 1) {
    const outcome = betOutcome(offsets[node] ?? 0, excesses[node] ?? 0, batch, logNull)
    const weight = logWeights[node] ?? LOG_ZERO
    const capital = addLog(mixture.fromStart[node] ?? LOG_ZERO, outcome)
    fromStart.push(capital)
    parts.push(weight + logStartFraction + capital)
    if (restartFraction === 0) continue
    const late = addLog(logAddExp(mixture.fromRestarts[node] ?? LOG_ZERO, logInjected), outcome)
    fromRestarts.push(late)
    parts.push(weight + late)
  }
  // Capital not yet put to work is cash: it keeps its value, and makes the total start at exactly 1.
  const cash = restartFraction * (1 - started)
  if (cash > 0) parts.push(Math.log(cash))
  const logE = logSumExp(parts)
  return { ...mixture, elapsedMs, fromStart, fromRestarts, logE, peakLogE: Math.max(mixture.peakLogE, logE) }
}

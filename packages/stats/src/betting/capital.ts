import type { Restarts } from '../count/coin-mixture.ts'
import { addLog, LOG_ZERO, logAddExp, logSumExp } from '../numeric/log-space.ts'

/**
 * The capital of a bettor who spreads it over several strategies, each of which bets at odds that are fair (or worse than fair) under the null:
 * `exp(logE)` is then an e-process. Plain JSON, bit-equal on replay.
 */
export interface Capital {
  /** Share of the capital kept for alternatives that begin later than the test (0 = none). */
  readonly restartFraction: number
  readonly restartScaleMs: number
  readonly elapsedMs: number
  /** ln of the capital per strategy, bet from the beginning. */
  readonly fromStart: readonly number[]
  /** ln of the capital per strategy, bet from later starts; empty without restarts. */
  readonly fromRestarts: readonly number[]
  readonly logE: number
  readonly peakLogE: number
}

const DEFAULT_SCALE_MS = 60_000

/** Starts with capital 1; throws RangeError for a restart fraction outside 0..1 or a time scale that is not positive. */
export function createCapital(strategies: number, restarts: Restarts | null): Capital {
  const fraction = restarts?.fraction ?? 0
  const scaleMs = restarts?.scaleMs ?? DEFAULT_SCALE_MS
  if (!(fraction >= 0 && fraction < 1)) throw new RangeError(`restarts.fraction must be in [0, 1), got ${fraction}`)
  if (!(scaleMs > 0 && scaleMs < Infinity)) throw new RangeError(`restarts.scaleMs must be positive, got ${scaleMs}`)
  const each = (value: number): number[] => Array.from({ length: strategies }, () => value)
  return {
    restartFraction: fraction,
    restartScaleMs: scaleMs,
    elapsedMs: 0,
    fromStart: each(0),
    fromRestarts: fraction > 0 ? each(LOG_ZERO) : [],
    logE: 0,
    peakLogE: 0,
  }
}

/** What share of late starts has begun by `elapsedMs`: heavy-tailed, so any delay keeps some capital. */
function startedShare(elapsedMs: number, scaleMs: number): number {
  return 1 - 1 / (1 + Math.log1p(elapsedMs / scaleMs))
}

/** One slot: ln of the prior weight of each strategy (they sum to 1), and ln of what each unit staked on it has become. */
export interface Slot {
  readonly logWeights: ArrayLike<number>
  readonly outcomes: ArrayLike<number>
  readonly durationMs: number
}

/** Plays one slot. Late capital is injected before the slot is scored, so it can only win by what comes after it. */
export function playCapital<Of extends Capital>(capital: Of, { logWeights, outcomes, durationMs }: Slot): Of {
  const { restartFraction, restartScaleMs } = capital
  const elapsedMs = capital.elapsedMs + durationMs
  const started = startedShare(elapsedMs, restartScaleMs)
  const injected = restartFraction * (started - startedShare(capital.elapsedMs, restartScaleMs))
  const logInjected = injected > 0 ? Math.log(injected) : LOG_ZERO
  const logStartFraction = Math.log1p(-restartFraction)
  const fromStart: number[] = []
  const fromRestarts: number[] = []
  const parts: number[] = []
  for (let i = 0; i < capital.fromStart.length; i += 1) {
    const outcome = outcomes[i] ?? 0
    const weight = logWeights[i] ?? LOG_ZERO
    const own = addLog(capital.fromStart[i] ?? LOG_ZERO, outcome)
    fromStart.push(own)
    parts.push(weight + logStartFraction + own)
    if (restartFraction === 0) continue
    const late = addLog(logAddExp(capital.fromRestarts[i] ?? LOG_ZERO, logInjected), outcome)
    fromRestarts.push(late)
    parts.push(weight + late)
  }
  // Capital not yet put to work is cash: it keeps its value, and makes the total start at exactly 1.
  const cash = restartFraction * (1 - started)
  if (cash > 0) parts.push(Math.log(cash))
  const logE = logSumExp(parts)
  return { ...capital, elapsedMs, fromStart, fromRestarts, logE, peakLogE: Math.max(capital.peakLogE, logE) }
}

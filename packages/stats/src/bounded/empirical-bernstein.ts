import { insufficient, invalid, requireBetween } from '../refusal.ts'
import type { Refusal, Updated } from '../refusal.ts'

/** How the sequence is set up; the range must be known before the data, and hold for every value. */
export interface BoundedMeanOptions {
  /** Chance that an interval ever misses, both versions together. Default 0.05. */
  readonly alpha?: number
  /** The least and the greatest value a unit can have. Default 0 and 1. */
  readonly low?: number
  readonly high?: number
}

/** One version's sums, in units of the range: five numbers, whatever its traffic. */
export interface BoundedArm {
  readonly units: number
  readonly sum: number
  /** Σ of squared distances from the mean known at the time. */
  readonly squares: number
  readonly bets: number
  readonly betSum: number
  /** Σ of ψ(bet) × squared distance from the mean known before: what the variance costs. */
  readonly cost: number
}

/** State of the sequence: plain JSON, bit-equal on replay. */
export interface BoundedMeanState {
  readonly kind: 'bounded-mean'
  readonly alpha: number
  readonly low: number
  readonly high: number
  readonly canary: BoundedArm
  readonly stable: BoundedArm
}

/** Values of completed units, in the order in which they were completed. */
export interface BoundedBatch {
  readonly canary: readonly number[]
  readonly stable: readonly number[]
}

/** One version's mean and its interval. */
export interface BoundedArmReading {
  readonly units: number
  readonly mean: number
  readonly low: number
  readonly high: number
}

/** Intervals that hold at all times together, for small numbers of units too. */
export interface BoundedMeanReading {
  readonly ok: true
  readonly canary: BoundedArmReading
  readonly stable: BoundedArmReading
  /** Canary's mean minus stable's, and its interval. */
  readonly difference: number
  readonly differenceLow: number
  readonly differenceHigh: number
}

const fresh: BoundedArm = { units: 0, sum: 0, squares: 0, bets: 0, betSum: 0, cost: 0 }
/** No bet is larger, so that no single value can ruin it. */
const LARGEST_BET = 0.5

/** Starts the sequence; RangeError for a bad alpha or range. */
export function createBoundedMean(options: BoundedMeanOptions = {}): BoundedMeanState {
  const { alpha = 0.05, low = 0, high = 1 } = options
  requireBetween('alpha', alpha, 0, 1)
  if (!(Number.isFinite(low) && high > low && Number.isFinite(high - low)))
    throw new RangeError(`The range must be finite and not empty, got ${low} to ${high}`)
  return { kind: 'bounded-mean', alpha, low, high, canary: fresh, stable: fresh }
}

/** Takes in completed units, each once; refuses the batch when a value is outside the range. */
export function updateBoundedMean(state: BoundedMeanState, batch: BoundedBatch): Updated<BoundedMeanState> {
  const { low, high } = state
  for (const values of [batch.canary, batch.stable]) {
    const outside = values.find((value) => !(value >= low && value <= high))
    if (outside !== undefined) return invalid(`The value ${outside} is outside the range ${low} to ${high}.`)
  }
  const scaled = (values: readonly number[]): readonly number[] => values.map((value) => (value - low) / (high - low))
  const canary = scaled(batch.canary).reduce((arm, value) => addUnit(arm, value, state.alpha / 2), state.canary)
  const stable = scaled(batch.stable).reduce((arm, value) => addUnit(arm, value, state.alpha / 2), state.stable)
  return { ok: true, state: { ...state, canary, stable } }
}

/** The intervals; `insufficient` before both versions have a unit. */
export function readBoundedMean(state: BoundedMeanState): BoundedMeanReading | Refusal {
  if (state.canary.units === 0 || state.stable.units === 0) return insufficient('Both versions need at least one unit.')
  const [canary, stable] = [readArm(state, state.canary), readArm(state, state.stable)]
  return {
    ok: true,
    canary,
    stable,
    difference: canary.mean - stable.mean,
    differenceLow: canary.low - stable.high,
    differenceHigh: canary.high - stable.low,
  }
}

/**
 * The predictable plug-in empirical-Bernstein sequence (Waudby-Smith and Ramdas 2024): each value is bet on with a stake chosen from the values before
 * it. Not asymptotic: it holds from the first unit on, for units that are independent with one mean.
 */
function addUnit(arm: BoundedArm, value: number, alpha: number): BoundedArm {
  const unit = arm.units + 1
  const meanBefore = (0.5 + arm.sum) / unit
  const varianceBefore = (0.25 + arm.squares) / unit
  const bet = Math.min(LARGEST_BET, Math.sqrt((2 * Math.log(2 / alpha)) / (varianceBefore * unit * Math.log1p(unit))))
  const sum = arm.sum + value
  const mean = (0.5 + sum) / (unit + 1)
  return {
    units: unit,
    sum,
    squares: arm.squares + (value - mean) ** 2,
    bets: arm.bets + bet,
    betSum: arm.betSum + bet * value,
    cost: arm.cost + (value - meanBefore) ** 2 * (-Math.log1p(-bet) - bet),
  }
}

function readArm({ alpha, low, high }: BoundedMeanState, arm: BoundedArm): BoundedArmReading {
  const centre = arm.betSum / arm.bets
  const half = (Math.log(2 / (alpha / 2)) + arm.cost) / arm.bets
  const range = high - low
  return {
    units: arm.units,
    mean: low + range * (arm.sum / arm.units),
    low: low + range * Math.max(0, centre - half),
    high: low + range * Math.min(1, centre + half),
  }
}

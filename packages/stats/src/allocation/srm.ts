import { chiSquareSurvival, lgamma } from '../numeric/gamma.ts'
import { logSumExp } from '../numeric/log-space.ts'
import { insufficient, invalid, isCount } from '../refusal.ts'
import type { Refusal, Updated } from '../refusal.ts'

/** How strongly the alternative is tied to the plan: low finds gross mistakes soon, high finds small ones. */
const CONCENTRATIONS: readonly number[] = [100, 10_000]

/** Units newly seen per arm in one slot, and the shares the plan gave the arms in it. */
export interface AllocationBatch {
  /** Planned share per arm; all positive, together 1. A change closes the stage. */
  readonly shares: readonly number[]
  /** First exposures of units per arm (not requests: a user who clicks twice is one unit). */
  readonly counts: readonly number[]
  /** Closes the stage when it differs from the last one, even at equal shares (re-hash, restart of an arm). */
  readonly stage?: number | string
}

/** State of a sample-ratio test: plain JSON, bit-equal on replay. */
export interface AllocationState {
  readonly kind: 'allocation'
  readonly concentrations: readonly number[]
  /** ln e-value of the closed stages, per concentration. */
  readonly closed: readonly number[]
  readonly stage: number | string | null
  readonly shares: readonly number[]
  readonly counts: readonly number[]
  readonly totals: readonly number[]
  readonly expected: readonly number[]
  readonly logE: number
  readonly peakLogE: number
}

/** Evidence that units do not arrive in the planned shares. */
export interface AllocationReading {
  readonly ok: true
  readonly logE: number
  readonly peakLogE: number
  /** Anytime-valid p-value, min(1, exp(-peakLogE)). */
  readonly pValue: number
  /** Single-look chi-square p-value, for reports only. */
  readonly chiSquarePValue: number
  readonly observed: readonly number[]
  readonly expected: readonly number[]
}

/** Starts with no units seen. */
export function createAllocation(options: { readonly concentrations?: readonly number[] } = {}): AllocationState {
  const { concentrations = CONCENTRATIONS } = options
  if (concentrations.length === 0 || !concentrations.every((k) => k > 0 && k < Infinity)) {
    throw new RangeError('concentrations must be positive and at least one')
  }
  return {
    kind: 'allocation',
    concentrations: [...concentrations],
    closed: concentrations.map(() => 0),
    stage: null,
    shares: [],
    counts: [],
    totals: [],
    expected: [],
    logE: 0,
    peakLogE: 0,
  }
}

/**
 * ln of the Dirichlet-multinomial over the multinomial likelihood of the counts: the e-process of one stage
 * (Lindon & Malek; Optimizely ssrm).
 */
export function dirichletLogE(counts: readonly number[], shares: readonly number[], prior: readonly number[]): number {
  let priorSum = 0
  let countSum = 0
  let sum = 0
  for (const [arm, count] of counts.entries()) {
    const alpha = prior[arm] ?? 0
    priorSum += alpha
    countSum += count
    if (count > 0) sum += lgamma(alpha + count) - lgamma(alpha) - count * Math.log(shares[arm] ?? 0)
  }
  return countSum > 0 ? sum + lgamma(priorSum) - lgamma(priorSum + countSum) : 0
}

function stageLogE(state: AllocationState, concentration: number): number {
  const prior = state.shares.map((share) => concentration * share)
  return dirichletLogE(state.counts, state.shares, prior)
}

function checkAllocation(state: AllocationState, batch: AllocationBatch): Refusal | null {
  const { shares, counts } = batch
  if (shares.length < 2 || shares.length !== counts.length) return invalid('Shares and counts need one entry per arm.')
  if (state.totals.length > 0 && state.totals.length !== counts.length) return invalid('The number of arms changed.')
  if (!counts.every(isCount)) return invalid(`Unit counts must be between 0 and 2^53: ${counts.join(', ')}.`)
  if (!shares.every((share) => share > 0 && share < 1)) return invalid('Every share must be above 0 and below 1.')
  let sum = 0
  for (const share of shares) sum += share
  if (Math.abs(sum - 1) > 1e-9) return invalid(`Shares must add up to 1, got ${sum}.`)
  return null
}

function openStage(state: AllocationState, batch: AllocationBatch, stage: number | string | null): AllocationState {
  const closed = state.closed.map((value, i) => value + stageLogE(state, state.concentrations[i] ?? 0))
  return { ...state, closed, stage, shares: [...batch.shares], counts: batch.counts.map(() => 0) }
}

/** Takes in new units; a change of shares or stage closes the stage, and stages multiply. */
export function updateAllocation(state: AllocationState, batch: AllocationBatch): Updated<AllocationState> {
  const refusal = checkAllocation(state, batch)
  if (refusal) return refusal
  const stage = batch.stage ?? null
  const same = stage === state.stage && batch.shares.every((share, i) => share === state.shares[i])
  const open = same ? state : openStage(state, batch, stage)
  let units = 0
  for (const count of batch.counts) units += count
  const next = {
    ...open,
    counts: batch.counts.map((count, i) => count + (open.counts[i] ?? 0)),
    totals: batch.counts.map((count, i) => count + (open.totals[i] ?? 0)),
    expected: batch.shares.map((share, i) => units * share + (open.expected[i] ?? 0)),
  }
  const parts = next.concentrations.map((k, i) => (next.closed[i] ?? 0) + stageLogE(next, k))
  const logE = logSumExp(parts) - Math.log(parts.length)
  return { ok: true, state: { ...next, logE, peakLogE: Math.max(state.peakLogE, logE) } }
}

/** The evidence of a sample-ratio mismatch; `insufficient` before the first unit. */
export function readAllocation(state: AllocationState): AllocationReading | Refusal {
  const { totals, expected, logE, peakLogE } = state
  let units = 0
  for (const count of totals) units += count
  if (!(units > 0)) return insufficient('No unit has been seen yet.')
  const pValue = Math.min(1, Math.exp(-peakLogE))
  return {
    ok: true,
    logE,
    peakLogE,
    pValue,
    chiSquarePValue: chiSquareFit(totals, expected),
    observed: totals,
    expected,
  }
}

/**
 * Chi-square goodness of fit for a single look: arms with no expected units or no count are left out; 1 when fewer than two are left.
 * `expected` may be on any scale (shares will do). RangeError for a number that is negative or not finite.
 */
export function chiSquareFit(observed: readonly number[], expected: readonly number[]): number {
  for (const value of [...observed, ...expected])
    if (!(value >= 0 && value < Infinity)) throw new RangeError(`chiSquareFit got the count or share ${value}`)
  let observedSum = 0
  let expectedSum = 0
  for (const [arm, weight] of expected.entries()) {
    if (!(weight > 0) || observed[arm] === undefined) continue
    observedSum += observed[arm] ?? 0
    expectedSum += weight
  }
  let statistic = 0
  let df = -1
  for (const [arm, weight] of expected.entries()) {
    if (!(weight > 0) || observed[arm] === undefined) continue
    const mean = (weight / expectedSum) * observedSum
    if (mean > 0) statistic += ((observed[arm] ?? 0) - mean) ** 2 / mean
    df += 1
  }
  return df < 1 || observedSum === 0 ? 1 : chiSquareSurvival(statistic, df)
}

import { LOG_ZERO, logSumExp } from '../numeric/log-space.ts'

/** The evidence of one metric and its part of the alpha budget. */
export interface Weighted {
  readonly name: string
  /** Positive; weights are normalised to sum 1. */
  readonly weight: number
  readonly logE: number
}

/** What one metric adds to the combined evidence. */
export interface Contribution {
  readonly name: string
  /** ln(w_k E_k): this metric alone alarms when it reaches ln(1/alpha). */
  readonly logE: number
  /** Part of the combined e-value that comes from this metric, 0..1. */
  readonly share: number
}

/** The combined evidence, and the metrics behind it, strongest first. */
export interface CombinedReading {
  readonly logE: number
  readonly contributions: readonly Contribution[]
}

/**
 * The weighted average of e-values: an e-process again under any dependence, as long as all are read at the same moment
 * (never multiply dependent ones, never average p-values). No metrics give logE 0. RangeError for a bad weight or logE.
 */
export function combineEvidence(entries: readonly Weighted[]): CombinedReading {
  if (entries.length === 0) return { logE: 0, contributions: [] }
  let total = 0
  for (const { name, weight, logE } of entries) {
    if (!(weight > 0 && weight < Infinity))
      throw new RangeError(`The weight of ${name} must be positive, got ${weight}`)
    if (!Number.isFinite(logE)) throw new RangeError(`The logE of ${name} must be finite, got ${logE}`)
    total += weight
  }
  const parts = entries.map(({ name, weight, logE }) => ({ name, logE: Math.log(weight / total) + logE }))
  const logE = logSumExp(parts.map((part) => part.logE))
  const contributions = parts.map((part) => ({ ...part, share: logE <= LOG_ZERO ? 0 : Math.exp(part.logE - logE) }))
  return { logE, contributions: contributions.sort((a, b) => b.logE - a.logE) }
}

/**
 * Adjusted ln e-values by closed testing with averages: naming metric i as a reason at adjusted logE >= ln(1/alpha)
 * keeps the chance of naming any innocent metric at alpha. RangeError for a bad logE.
 */
export function closedAverage(logE: readonly number[]): number[] {
  for (const value of logE) if (!Number.isFinite(value)) throw new RangeError(`A logE must be finite, got ${value}`)
  const order = logE.map((value, index) => ({ value, index })).sort((a, b) => a.value - b.value)
  return logE.map((own, index) => {
    let parts = [own]
    let least = own
    for (const other of order) {
      if (other.index === index) continue
      parts = [...parts, other.value]
      least = Math.min(least, logSumExp(parts) - Math.log(parts.length))
    }
    return least
  })
}

/** An anytime-valid p-value from the highest logE seen; RangeError for one that is not a number. */
export function anytimePValue(peakLogE: number): number {
  if (Number.isNaN(peakLogE)) throw new RangeError('peakLogE must be a number')
  return Math.min(1, Math.exp(-peakLogE))
}

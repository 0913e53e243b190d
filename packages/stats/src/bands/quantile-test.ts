import { checkHistogram, type LogHistogram } from '../latency/log-histogram.ts'
import { concentrationFor, shareLogE, type WatchedOptions } from '../proportion/share-interval.ts'
import { insufficient, invalid, isCount, requireBetween } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'

/** How many values of each version lie in a cell: one value, or a bin; cells in rising order. */
export interface QuantileCell {
  readonly stable: number
  readonly canary: number
}

/** Evidence that the q-quantiles of two versions differ, either way. */
export interface SameQuantileReading {
  readonly ok: true
  /** ln of an e-process: it may be looked at all the time, and reaches ln(1/alpha) with probability alpha at most if they are equal. */
  readonly logE: number
}

/**
 * Tests "both versions have the same q-quantile", 0 < q < 1: for each place it could be, the product of two e-processes on the share of values below it, one per
 * version; the least of them is one (Howard and Ramdas 2022). For independent values with laws that stay; exact at any count.
 */
export function sameQuantile(
  cells: readonly QuantileCell[],
  q: number,
  options: WatchedOptions = {},
): SameQuantileReading | Refusal {
  requireBetween('q', q, 0, 1)
  const concentration = concentrationFor(options)
  const wrong = cells.find(({ stable, canary }) => !isCount(stable) || !isCount(canary))
  if (wrong !== undefined) return invalid(`Counts must be between 0 and 2^53: ${wrong.stable} and ${wrong.canary}.`)
  const sum = (arm: keyof QuantileCell): number => cells.reduce((total, cell) => total + cell[arm], 0)
  const totals = { stable: sum('stable'), canary: sum('canary') }
  if (!(totals.stable > 0 && totals.canary > 0)) return insufficient('Both versions need at least one value.')
  // A place within a cell has as many values below it as suits the hypothesis best.
  const evidence = (arm: keyof QuantileCell, below: number, inside: number): number => {
    const trials = totals[arm]
    const events = Math.min(below + inside, trials, Math.max(below, q * trials))
    return shareLogE({ trials, events }, q, concentration)
  }
  let [stable, canary, least] = [0, 0, Infinity]
  for (const cell of cells) {
    least = Math.min(least, evidence('stable', stable, cell.stable) + evidence('canary', canary, cell.canary))
    stable += cell.stable
    canary += cell.canary
  }
  return { ok: true, logE: least }
}

/** The same for latencies; a bin is a cell, which only makes it later. */
export function sameLatencyQuantile(
  arms: { readonly canary: LogHistogram; readonly stable: LogHistogram },
  q: number,
  options: WatchedOptions = {},
): SameQuantileReading | Refusal {
  const refusal = checkHistogram(arms.canary) ?? checkHistogram(arms.stable)
  if (refusal) return refusal
  const [canary, stable] = [new Map(arms.canary.bins), new Map(arms.stable.bins)]
  const bins = [...new Set([...canary.keys(), ...stable.keys()])].sort((a, b) => a - b)
  return sameQuantile(
    bins.map((bin) => ({ stable: stable.get(bin) ?? 0, canary: canary.get(bin) ?? 0 })),
    q,
    options,
  )
}

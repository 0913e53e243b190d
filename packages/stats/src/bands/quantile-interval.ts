import {
  checkHistogram,
  histogramCount,
  histogramQuantile,
  upperEdgeMs,
  type LogHistogram,
} from '../latency/log-histogram.ts'
import { concentrationFor, shareLogE, type WatchedOptions } from '../proportion/share-interval.ts'
import { requireBetween } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'

/** The interval of a quantile in ms, at all times together; `highMs` is Infinity while nothing bounds it. */
export interface QuantileBand {
  readonly ok: true
  readonly estimateMs: number
  readonly lowMs: number
  readonly highMs: number
}

/**
 * The interval of one q-quantile (0 < q < 1) chosen before the data, for independent latencies: the edges of bins at which "a share q is at most so slow"
 * is not rejected. It holds at all times together and exactly at any count. For all quantiles at once see quantileBand, which is wider.
 */
export function quantileInterval(
  histogram: LogHistogram,
  q: number,
  options: WatchedOptions = {},
): QuantileBand | Refusal {
  requireBetween('q', q, 0, 1)
  const concentration = concentrationFor(options)
  const refusal = checkHistogram(histogram)
  if (refusal) return refusal
  const estimate = histogramQuantile(histogram, q)
  if (!estimate.ok) return estimate
  const level = -Math.log(options.alpha ?? 0.05)
  const trials = histogramCount(histogram)
  let [lowMs, highMs, events] = [0, Infinity, 0]
  for (const [bin, count] of histogram.bins) {
    // Between this bin and the last the count stays what it was: only its own edges can be ends.
    if (bin > 0 && events < q * trials && shareLogE({ trials, events }, q, concentration) >= level)
      lowMs = upperEdgeMs(bin - 1)
    events = Math.min(trials, events + count)
    if (events <= q * trials || shareLogE({ trials, events }, q, concentration) < level) continue
    highMs = upperEdgeMs(bin)
    break
  }
  return { ok: true, estimateMs: estimate.estimateMs, lowMs, highMs }
}

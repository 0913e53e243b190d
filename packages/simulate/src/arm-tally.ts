import type { ArmSlot } from '@serin/core'
import { slotBuckets } from '@serin/core/evidence'

/** What one version did in a slot, counted as a gateway counts it. */
export class ArmTally {
  requests = 0
  errors = 0
  newUnits = 0
  servedUnits = 0
  firstRequests = 0
  firstErrors = 0
  scored = 0
  /** `[first, third, tenth]` of errors, then of each latency cut. */
  readonly events: Float64Array
  readonly recent: Float64Array
  /** Requests, errors, latencies scored and above each cut, by bucket. */
  readonly rows: Float64Array
  readonly width: number
  readonly levels: Float64Array
  readonly #cuts: number

  constructor(cuts: number, levels: number) {
    this.#cuts = cuts
    this.events = new Float64Array(3 * (1 + cuts))
    this.recent = new Float64Array(3 * (1 + cuts))
    this.width = 3 + cuts
    this.rows = new Float64Array(slotBuckets * this.width)
    this.levels = new Float64Array(levels)
  }

  /** The arm of a slot. */
  slot(sticky: boolean, bins: readonly number[]): ArmSlot {
    const { requests, errors, newUnits, servedUnits, firstRequests, firstErrors, scored } = this
    return {
      requests,
      errors,
      statusClasses: [0, 0, requests - errors, 0, 0, errors],
      randomised: requests,
      randomisedErrors: errors,
      newUnits,
      servedUnits,
      firstRequests,
      firstErrors,
      events: this.#told(this.events),
      recentEvents: sticky ? this.#told(this.recent) : {},
      buckets: sticky ? this.#buckets() : [],
      latency: this.#latency(bins),
      // Nothing is decided by the sum.
      latencySumMs: 0,
      latencyScored: scored,
      inFlight: 0,
    }
  }

  #told(counts: Float64Array): Record<string, [number, number, number]> {
    const told: Record<string, [number, number, number]> = {}
    for (let kind = 0; kind <= this.#cuts; kind += 1) {
      const at = 3 * kind
      told[kind === 0 ? 'error' : `slow${kind - 1}`] = [counts[at] ?? 0, counts[at + 1] ?? 0, counts[at + 2] ?? 0]
    }
    return told
  }

  #buckets(): number[][] {
    const buckets: number[][] = []
    for (let bucket = 0; bucket < slotBuckets; bucket += 1) {
      const at = bucket * this.width
      if ((this.rows[at] ?? 0) > 0) buckets.push([bucket, ...this.rows.subarray(at, at + this.width)])
    }
    return buckets
  }

  /** Levels that share a bin are one. */
  #latency(bins: readonly number[]): (readonly [number, number])[] {
    const latency: (readonly [number, number])[] = []
    for (const [level, count] of this.levels.entries()) {
      if (count === 0) continue
      const bin = bins[level] ?? 0
      const last = latency.at(-1)
      if (last?.[0] === bin) latency[latency.length - 1] = [bin, last[1] + count]
      else latency.push([bin, count])
    }
    return latency
  }
}

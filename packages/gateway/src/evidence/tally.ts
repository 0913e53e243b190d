import type { ArmSlot } from '@serin/core'
import { slotBuckets } from '@serin/core/evidence'
import { BIN_COUNT, binOf } from '@serin/stats'

/** Place of an event kind in the counters: the error, then the latency cuts in order. */
export const errorKind = 0

/** Kinds of events: the error and six latency cuts. */
export const kindCount = 7

/** Numbers per bucket: requests, errors, latencies scored, and one per latency cut. */
const bucketWidth = 3 + kindCount - 1

/** Which parts of a slot the table in force asks for. */
export interface SlotParts {
  /** Latency cuts of the table. */
  readonly cuts: number
  /** Whether units are sticky: then recent events are told. */
  readonly sticky: boolean
  /** Whether sums per bucket are told. */
  readonly buckets: boolean
}

/** What one version did since the last cut. Mutated on the hot path; `takeSlot` reads it out and empties it. */
export class Tally {
  requests = 0
  errors = 0
  shielded = 0
  randomised = 0
  randomisedErrors = 0
  newUnits = 0
  servedUnits = 0
  firstRequests = 0
  firstErrors = 0
  latencySumMs = 0
  latencyScored = 0
  readonly #classes = new Uint32Array(6)
  readonly #events = new Uint32Array(kindCount * 3)
  readonly #recent = new Uint32Array(kindCount * 3)
  readonly #buckets = new Uint32Array(slotBuckets * bucketWidth)
  readonly #latency = new Uint32Array(BIN_COUNT)

  /** An answered request by the first digit of its status, or 0 for no (whole) answer. */
  addClass(statusClass: number): void {
    this.#classes[statusClass] = (this.#classes[statusClass] ?? 0) + 1
  }

  /** An event of a kind at depth 0 (first), 1 (third) or 2 (tenth). */
  addEvent(kind: number, depth: number): void {
    const place = kind * 3 + depth
    this.#events[place] = (this.#events[place] ?? 0) + 1
  }

  /** The same since the epoch began. */
  addRecent(kind: number, depth: number): void {
    const place = kind * 3 + depth
    this.#recent[place] = (this.#recent[place] ?? 0) + 1
  }

  /** A randomised request of a unit in a bucket. */
  addRequest(bucket: number, failed: boolean): void {
    this.randomised += 1
    this.#add(bucket, 0)
    if (!failed) return
    this.randomisedErrors += 1
    this.#add(bucket, 1)
  }

  addLatency(bucket: number, ms: number): void {
    const bin = binOf(ms)
    this.#latency[bin] = (this.#latency[bin] ?? 0) + 1
    this.latencySumMs += ms
    this.latencyScored += 1
    this.#add(bucket, 2)
  }

  /** The latency just added was above a cut. */
  addSlow(bucket: number, cut: number): void {
    this.#add(bucket, 3 + cut)
  }

  /** The arm of a slot; the tally is empty afterwards. */
  takeSlot({ cuts, sticky, buckets }: SlotParts, inFlight: number): ArmSlot {
    const slot: ArmSlot = {
      requests: this.requests,
      errors: this.errors,
      statusClasses: [this.#class(0), this.#class(1), this.#class(2), this.#class(3), this.#class(4), this.#class(5)],
      randomised: this.randomised,
      randomisedErrors: this.randomisedErrors,
      newUnits: this.newUnits,
      servedUnits: this.servedUnits,
      firstRequests: this.firstRequests,
      firstErrors: this.firstErrors,
      events: takeEvents(this.#events, cuts),
      recentEvents: sticky ? takeEvents(this.#recent, cuts) : {},
      buckets: buckets ? this.#bucketCounts(cuts) : [],
      latency: this.latencyScored === 0 ? [] : this.#takeLatency(),
      latencySumMs: Math.round(this.latencySumMs * 1_000) / 1_000,
      latencyScored: this.latencyScored,
      inFlight,
      ...(this.shielded === 0 ? {} : { shielded: this.shielded }),
    }
    this.requests = 0
    this.errors = 0
    this.shielded = 0
    this.randomised = 0
    this.randomisedErrors = 0
    this.newUnits = 0
    this.servedUnits = 0
    this.firstRequests = 0
    this.firstErrors = 0
    this.latencySumMs = 0
    this.latencyScored = 0
    this.#classes.fill(0)
    this.#events.fill(0)
    this.#recent.fill(0)
    this.#buckets.fill(0)
    return slot
  }

  #class(digit: number): number {
    return this.#classes[digit] ?? 0
  }

  #add(bucket: number, place: number): void {
    const at = bucket * bucketWidth + place
    this.#buckets[at] = (this.#buckets[at] ?? 0) + 1
  }

  #bucketCounts(cuts: number): number[][] {
    const counts: number[][] = []
    for (let bucket = 0; bucket < slotBuckets; bucket += 1) {
      const at = bucket * bucketWidth
      if ((this.#buckets[at] ?? 0) > 0) counts.push([bucket, ...this.#buckets.subarray(at, at + 3 + cuts)])
    }
    return counts
  }

  #takeLatency(): [number, number][] {
    const bins: [number, number][] = []
    for (const [bin, count] of this.#latency.entries()) if (count > 0) bins.push([bin, count])
    this.#latency.fill(0)
    return bins
  }
}

function takeEvents(counts: Uint32Array, cuts: number): Record<string, [number, number, number]> {
  const events: Record<string, [number, number, number]> = {}
  for (let kind = 0; kind <= cuts; kind += 1) {
    const at = kind * 3
    const name = kind === errorKind ? 'error' : `slow${kind - 1}`
    events[name] = [counts[at] ?? 0, counts[at + 1] ?? 0, counts[at + 2] ?? 0]
  }
  return events
}

import type { ArmSlot } from '@serin/core'
import { BIN_COUNT, binOf } from '@serin/stats'

/** Place of an event kind in the counters: the error, then the latency cuts in order. */
export const errorKind = 0

/** Kinds of events: the error and six latency cuts. */
export const kindCount = 7

/** What one version did since the last cut. Mutated on the hot path; `takeSlot` reads it out and empties it. */
export class Tally {
  requests = 0
  errors = 0
  randomised = 0
  randomisedErrors = 0
  newUnits = 0
  latencySumMs = 0
  latencyScored = 0
  readonly #classes = new Uint32Array(6)
  readonly #events = new Uint32Array(kindCount * 3)
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

  addLatency(ms: number): void {
    const bin = binOf(ms)
    this.#latency[bin] = (this.#latency[bin] ?? 0) + 1
    this.latencySumMs += ms
    this.latencyScored += 1
  }

  /** The arm of a slot, with `cuts` latency cuts; the tally is empty afterwards. */
  takeSlot(cuts: number, inFlight: number): ArmSlot {
    const slot: ArmSlot = {
      requests: this.requests,
      errors: this.errors,
      statusClasses: [this.#class(0), this.#class(1), this.#class(2), this.#class(3), this.#class(4), this.#class(5)],
      randomised: this.randomised,
      randomisedErrors: this.randomisedErrors,
      newUnits: this.newUnits,
      events: this.#takeEvents(cuts),
      latency: this.latencyScored === 0 ? [] : this.#takeLatency(),
      latencySumMs: Math.round(this.latencySumMs * 1_000) / 1_000,
      latencyScored: this.latencyScored,
      inFlight,
    }
    this.requests = 0
    this.errors = 0
    this.randomised = 0
    this.randomisedErrors = 0
    this.newUnits = 0
    this.latencySumMs = 0
    this.latencyScored = 0
    this.#classes.fill(0)
    return slot
  }

  #class(digit: number): number {
    return this.#classes[digit] ?? 0
  }

  #takeEvents(cuts: number): Record<string, [number, number, number]> {
    const events: Record<string, [number, number, number]> = {}
    for (let kind = 0; kind <= cuts; kind += 1) {
      const at = kind * 3
      const name = kind === errorKind ? 'error' : `slow${kind - 1}`
      events[name] = [this.#events[at] ?? 0, this.#events[at + 1] ?? 0, this.#events[at + 2] ?? 0]
    }
    this.#events.fill(0)
    return events
  }

  #takeLatency(): [number, number][] {
    const bins: [number, number][] = []
    for (const [bin, count] of this.#latency.entries()) if (count > 0) bins.push([bin, count])
    this.#latency.fill(0)
    return bins
  }
}

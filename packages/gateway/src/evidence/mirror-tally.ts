import type { MirrorSlot } from '@serin/core'
import { createDense, recordMs, toSparse } from '@serin/stats'

/** A pair that has been compared. */
export interface ComparedPair {
  readonly difference: 'none' | 'status' | 'body'
  readonly canaryFailed: boolean
  readonly stableFailed: boolean
  /** Null when either failed, or was not read to its end. */
  readonly latencyMs: { readonly canary: number; readonly stable: number } | null
}

/** What copies showed since the last cut. */
export class MirrorTally {
  #sent = 0
  #dropped = 0
  #compared = 0
  #differentStatus = 0
  #differentBody = 0
  #onlyCanaryFailed = 0
  #onlyStableFailed = 0
  #canaryLatency = createDense()
  #stableLatency = createDense()

  /** A copy was begun. */
  sent(): void {
    this.#sent += 1
  }

  /** There was no room for a copy. */
  dropped(): void {
    this.#dropped += 1
  }

  /** A pair is complete. */
  compared({ difference, canaryFailed, stableFailed, latencyMs }: ComparedPair): void {
    this.#compared += 1
    if (difference === 'status') this.#differentStatus += 1
    if (difference === 'body') this.#differentBody += 1
    if (canaryFailed && !stableFailed) this.#onlyCanaryFailed += 1
    if (stableFailed && !canaryFailed) this.#onlyStableFailed += 1
    if (latencyMs === null) return
    recordMs(this.#canaryLatency, latencyMs.canary)
    recordMs(this.#stableLatency, latencyMs.stable)
  }

  /** The counts of a slot; the tally is empty afterwards. */
  takeSlot(): MirrorSlot {
    const slot: MirrorSlot = {
      sent: this.#sent,
      dropped: this.#dropped,
      compared: this.#compared,
      different: this.#differentStatus + this.#differentBody,
      differentStatus: this.#differentStatus,
      differentBody: this.#differentBody,
      onlyCanaryFailed: this.#onlyCanaryFailed,
      onlyStableFailed: this.#onlyStableFailed,
      canaryLatency: toSparse(this.#canaryLatency).bins,
      stableLatency: toSparse(this.#stableLatency).bins,
    }
    this.#sent = 0
    this.#dropped = 0
    this.#compared = 0
    this.#differentStatus = 0
    this.#differentBody = 0
    this.#onlyCanaryFailed = 0
    this.#onlyStableFailed = 0
    this.#canaryLatency = createDense()
    this.#stableLatency = createDense()
    return slot
  }
}

import type { EvidenceSlot } from '@serin/core'
import type { EvidenceCursor } from '@serin/kit'

/** As many as the gateway keeps. */
const kept = 900

/** The last slots of a source in this process, and who waits for the next. */
export class SlotFeed {
  readonly #boot: string
  readonly #slots: EvidenceSlot[] = []
  readonly #waiting = new Set<() => void>()
  #closed = false

  constructor(boot: string) {
    this.#boot = boot
  }

  push(slot: EvidenceSlot | null): void {
    if (slot === null) return
    this.#slots.push(slot)
    if (this.#slots.length > kept) this.#slots.shift()
    this.#wake()
  }

  /** Ends every iteration. */
  close(): void {
    this.#closed = true
    this.#wake()
  }

  /** Kept slots after the cursor, then each as it comes, until the signal aborts or the feed is closed. */
  async *slots(after: EvidenceCursor | null, signal: AbortSignal): AsyncGenerator<EvidenceSlot> {
    let seq = after?.boot === this.#boot ? after.seq : 0
    while (!signal.aborted && !this.#closed) {
      const next = this.#slots.filter((slot) => slot.seq > seq)
      for (const slot of next) {
        if (signal.aborted) return
        seq = slot.seq
        yield slot
      }
      if (next.length === 0) await this.#more(signal)
    }
  }

  async #more(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiting.add(wake)
      signal.addEventListener('abort', wake)
      if (signal.aborted) wake()
    })
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
  }
}

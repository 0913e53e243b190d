import type { EvidenceSlot } from '@serin/core'

/** A slot as it goes over the wire: one line of JSON without the line end. */
export interface SlotLine {
  readonly seq: number
  readonly line: string
}

/** The last slots, and who wants the next ones. */
export class SlotRing {
  readonly #size: number
  readonly #lines: SlotLine[] = []
  readonly #followers = new Set<(line: SlotLine) => void>()

  constructor(size = 900) {
    this.#size = size
  }

  /** Keeps a slot and hands it to all followers. */
  push(slot: EvidenceSlot): void {
    const line = { seq: slot.seq, line: JSON.stringify(slot) }
    this.#lines.push(line)
    if (this.#lines.length > this.#size) this.#lines.shift()
    for (const follower of this.#followers) follower(line)
  }

  /** Calls with every kept slot after `seq`, then with each new one, until the returned function is called. */
  follow(seq: number, follower: (line: SlotLine) => void): () => void {
    for (const line of this.#lines) if (line.seq > seq) follower(line)
    this.#followers.add(follower)
    return () => {
      this.#followers.delete(follower)
    }
  }
}

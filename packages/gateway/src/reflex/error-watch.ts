import { createEventHarm, eventHarmLogE, updateEventHarm } from '@serin/core/harm'
import type { EventHarm } from '@serin/core/harm'

/** Who had an error. */
export type Side = 'canary' | 'stable'

type Counts = [number, number, number]
const none = (): Counts => [0, 0, 0]

/**
 * The evidence that canary fails more often, as the control plane computes it, on errors alone: each error falls on canary with its share's
 * probability when the versions are alike. Errors are collected and played when somebody looks, always at one share.
 */
export class ErrorWatch {
  readonly threshold: number
  #harm: EventHarm
  #share = 0
  #newEpoch = false
  #all: Record<Side, Counts> = { canary: none(), stable: none() }
  #recent: Record<Side, Counts> = { canary: none(), stable: none() }

  constructor({ sticky, alpha }: { readonly sticky: boolean; readonly alpha: number }) {
    this.#harm = createEventHarm(sticky)
    this.threshold = Math.log(1 / alpha)
  }

  /** Canary's share from now on, between 0 and 1. */
  share(share: number): void {
    if (share === this.#share) return
    this.look()
    this.#share = share
  }

  /** From now on recent errors are counted anew. */
  beginEpoch(): void {
    this.look()
    this.#newEpoch = true
  }

  /** An error, and which of its unit it was: 0 the first, 1 the third, 2 the tenth, −1 another; in all and since the epoch began. */
  failed(side: Side, depth: number, recentDepth: number): void {
    bump(this.#all[side], depth)
    bump(this.#recent[side], recentDepth)
  }

  /** Plays what has come since the last look; ln of the evidence against canary. */
  look(): number {
    const [all, recent] = [this.#all, this.#recent]
    this.#all = { canary: none(), stable: none() }
    this.#recent = { canary: none(), stable: none() }
    if (!(this.#share > 0 && this.#share < 1)) return eventHarmLogE(this.#harm)
    this.#harm = updateEventHarm(this.#harm, {
      canary: all.canary,
      stable: all.stable,
      recentCanary: recent.canary,
      recentStable: recent.stable,
      share: this.#share,
      newEpoch: this.#newEpoch,
      sameBoot: true,
      durationMs: 1_000,
    })
    this.#newEpoch = false
    return eventHarmLogE(this.#harm)
  }
}

function bump(counts: Counts, depth: number): void {
  if (depth === 0 || depth === 1 || depth === 2) counts[depth] += 1
}

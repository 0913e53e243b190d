import type { RoutingTable } from '@serin/core'
import type { ComparedPair } from '@serin/gateway'
import type { CopyLine, LogLine } from './log-evidence.ts'

/** Sides that wait for their other one; a line of the log may be lost on its way. */
const mostWaiting = 10_000

/** What a version made of a request: a status, or null when it gave no whole answer. */
interface Side {
  readonly status: number | null
  readonly durationMs: number
  /** Whether its time says something. */
  readonly timed: boolean
}

/** Brings the lines of requests and of their copies together, whichever comes first. */
export class MirrorPairs {
  readonly #waiting = new Map<string, { readonly of: 'stable' | 'canary'; readonly side: Side | null }>()
  #question = ''

  /** Goes on under a table; sides that answer another question are forgotten. */
  begin({ measurement: { rollout }, mirror, stable }: RoutingTable): void {
    const question = JSON.stringify([rollout, stable, mirror?.version])
    if (question !== this.#question) this.#waiting.clear()
    this.#question = question
  }

  /** A request that was copied is over. One that its client gave up says nothing. */
  stable({ pair = '', status, end, durationMs, scored }: LogLine): ComparedPair | null {
    const side = { status: end === 'failed' ? null : status, durationMs, timed: scored }
    return this.#met(pair, 'stable', end === 'abandoned' ? null : side)
  }

  /** A copy is over. */
  canary({ pair, status, durationMs }: CopyLine): ComparedPair | null {
    return this.#met(pair, 'canary', { status, durationMs, timed: true })
  }

  #met(pair: string, of: 'stable' | 'canary', side: Side | null): ComparedPair | null {
    const other = this.#waiting.get(pair)
    if (other === undefined || other.of === of) {
      this.#waiting.set(pair, { of, side })
      const [oldest] = this.#waiting.keys()
      if (this.#waiting.size > mostWaiting && oldest !== undefined) this.#waiting.delete(oldest)
      return null
    }
    this.#waiting.delete(pair)
    if (side === null || other.side === null) return null
    return of === 'stable' ? compared(side, other.side) : compared(other.side, side)
  }
}

function compared(stable: Side, canary: Side): ComparedPair {
  const [stableFailed, canaryFailed] = [failed(stable), failed(canary)]
  const timed = stable.timed && canary.timed && !stableFailed && !canaryFailed
  return {
    difference: stable.status === canary.status ? 'none' : 'status',
    stableFailed,
    canaryFailed,
    latencyMs: timed ? { stable: stable.durationMs, canary: canary.durationMs } : null,
  }
}

function failed({ status }: Side): boolean {
  return status === null || status >= 500
}

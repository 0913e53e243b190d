import type { Generated } from '../evidence/generation/answer-watch.ts'
import type { ComparedPair } from '../evidence/mirror-tally.ts'

/**
 * What a record says, and how many numbers it takes, its kind included. A request or a hold is named by a number of its own, a version by its
 * place in `versions`; −1 stands for nothing.
 */
export const records = {
  /** request, version, whether the hash chose it, unit, slices, number of the table, ms since the epoch */
  started: { kind: 1, length: 8 },
  /** request, status, whether latency is scored, ms since it began, whether the model said that it failed, generated */
  answered: { kind: 2, length: 7 },
  /** request */
  failed: { kind: 3, length: 2 },
  /** request */
  abandoned: { kind: 4, length: 2 },
  /** request */
  shielded: { kind: 5, length: 2 },
  /** request or hold */
  left: { kind: 6, length: 2 },
  /** version */
  cutOff: { kind: 7, length: 2 },
  /** hold, version */
  held: { kind: 8, length: 3 },
  /** version: what was in flight before a gap is so no more */
  released: { kind: 9, length: 2 },
  mirrored: { kind: 10, length: 1 },
  unmirrored: { kind: 11, length: 1 },
  /** pair */
  compared: { kind: 12, length: 2 },
} as const

/** What a worker has to tell of its requests, in the order in which it happened. */
export interface Batch {
  readonly numbers: Float64Array
  readonly versions: readonly string[]
  readonly slices: readonly (readonly string[])[]
  readonly generated: readonly Generated[]
  readonly pairs: readonly ComparedPair[]
  /** Records before this batch that there was no room for, or null. */
  readonly gap: Gap | null
}

/** What is missing before a batch, and what was in flight then, by version. */
export interface Gap {
  readonly records: number
  readonly inFlight: Readonly<Record<string, number>>
}

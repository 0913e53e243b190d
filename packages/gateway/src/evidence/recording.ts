import type { Decision } from '@serin/core/assignment'
import type { GenerationWatch } from './generation/answer-watch.ts'
import type { MirrorTally } from './mirror-tally.ts'

/** A request under way, as who carries it knows it. */
export interface Underway {
  readonly account: { readonly version: string }
  /** Looks into the answer of its version; null when nobody wants to know. */
  readonly watch: GenerationWatch | null
  /** ms since the epoch. */
  readonly startedAt: number
  readonly startedMs: number
}

/** Where it is told what becomes of requests: a `Recorder` in this process, or in another one. What each verb means is said there. */
export interface Recording {
  readonly mirror: Pick<MirrorTally, 'sent' | 'dropped' | 'compared'>
  start(decision: Decision, slices?: readonly string[] | null): Underway
  answered(request: Underway, status: number, latencyScored: boolean): void
  failed(request: Underway): void
  abandoned(request: Underway): void
  shielded(request: Underway): void
  wasCutOff(version: string): void
  left(request: Underway): void
  hold(version: string): () => void
}

import { stepOf, type RolloutEvent } from '@serin/core'
import type { Clock } from '@serin/kit'
import type { RolloutDocument } from '../documents.ts'
import type { Replicas } from './replicas.ts'

/** A canary without any ready replica for this long has failed. */
const downMs = 10_000

/** What the workload says about a canary. */
export class Canary {
  readonly #replicas: Replicas
  readonly #clock: Clock
  #downSince: number | null = null

  constructor(replicas: Replicas, clock: Clock) {
    this.#replicas = replicas
    this.#clock = clock
  }

  /** A fact the machine knows, or that time has passed. `mayBegin` says whether anything else keeps it from its first traffic. */
  fact(rollout: RolloutDocument, mayBegin: () => boolean): RolloutEvent {
    const { canary } = rollout.plan
    const { state, plan } = rollout
    // Between two lives a version says nothing.
    if (this.#replicas.isStopping(canary)) {
      this.#downSince = null
      return { type: 'tick' }
    }
    const runs = this.#replicas.observe(canary)
    const ready = this.#replicas.endpoints(canary).length
    const serves = state.phase === 'promoting' || stepOf(state, plan) !== null
    if (!serves || ready > 0) this.#downSince = null
    else this.#downSince ??= this.#clock.now()
    if (runs.state === 'failed') return { type: 'canary-failed', why: runs.failure?.message ?? `${canary} failed.` }
    if (this.#downSince !== null && this.#clock.now() - this.#downSince > downMs)
      return { type: 'canary-failed', why: `No replica of ${canary} has been ready for ${downMs / 1_000} s.` }
    if (state.phase === 'preparing' && runs.state === 'ready' && mayBegin()) return { type: 'canary-ready' }
    const waits = 'waitingBp' in state && state.waitingBp !== undefined
    if (waits && ready >= (stepOf(state, plan)?.canaryReplicas ?? 0))
      return { type: 'scaled', attempt: state.attempt, step: state.step }
    return { type: 'tick' }
  }
}

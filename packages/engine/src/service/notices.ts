import { askedWeightBp, rolloutSentence, stepOf } from '@serin/core'
import type { Clock, GateRunner, JournalDraft, StepNews } from '@serin/kit'
import type { Notice } from '@serin/spec'
import type { RolloutDocument } from '../documents.ts'
import { withPatience } from '../patience.ts'
import { rolloutEntry } from './changes.ts'

/** What notices work with. */
export interface NoticesPorts {
  readonly clock: Clock
  readonly runner: GateRunner
  /** Those of the service. */
  readonly ofService: () => readonly Notice[]
  /** Directory of the file, for paths in headers. */
  readonly baseDirectory: () => string
  readonly write: (entry: JournalDraft) => void
}

/** Tells others that a rollout has moved. Whether it arrives decides nothing; what did not arrive is in the journal. */
export class Notices {
  readonly #ports: NoticesPorts
  readonly #stop = new AbortController()
  readonly #underWay = new Set<Promise<void>>()

  constructor(ports: NoticesPorts) {
    this.#ports = ports
  }

  /** The rollout has gone to another phase or step. */
  tell(rollout: RolloutDocument): void {
    const { plan, state, id, service } = rollout
    const notices = [...this.#ports.ofService(), ...(stepOf(state, plan)?.notices ?? [])]
    const news: StepNews = {
      service,
      baseDirectory: this.#ports.baseDirectory(),
      rollout: id,
      attempt: state.attempt,
      step: 'step' in state ? state.step : -1,
      stable: plan.stable,
      canary: plan.canary,
      weightBp: askedWeightBp(state, plan),
      sentence: rolloutSentence(state, plan, rollout.judgement),
    }
    for (const notice of notices) {
      const sent = this.#send(rollout, notice, news).finally(() => this.#underWay.delete(sent))
      this.#underWay.add(sent)
    }
  }

  /** Gives up what has not arrived. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('stopped'))
    await Promise.all(this.#underWay)
  }

  async #send(rollout: RolloutDocument, notice: Notice, news: StepNews): Promise<void> {
    const { runner, clock, write } = this.#ports
    try {
      const patience = { clock, ms: notice.timeout, signal: this.#stop.signal }
      await withPatience(patience, (signal) => runner.tell(notice, news, signal))
    } catch (error) {
      if (this.#stop.signal.aborted) return
      write(
        rolloutEntry(rollout, 'notice.failed', 'serin', {
          why: error instanceof Error ? error.message : String(error),
        }),
      )
    }
  }
}

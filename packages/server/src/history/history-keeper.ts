import type { Engine } from '@serin/engine'
import { pointOf, withPoint, type RolloutPoint } from '@serin/spec'
import { forgetOldest, readHistory, writeHistory } from './history-file.ts'

/** A control plane that is killed loses no more than this of a picture, and nothing of the journal. */
const saveEveryMs = 15_000
const pointEveryMs = 1_000

/** What a keeper works with. */
export interface HistoryKeeperOptions {
  readonly engine: Pick<Engine, 'subscribe' | 'service'>
  readonly dataDirectory: string
  readonly now: () => number
  readonly log: (line: string) => void
}

interface Kept {
  points: readonly RolloutPoint[]
  savedAt: number
  /** Whether it has no file yet. */
  isNew: boolean
}

/**
 * Keeps how each rollout went, moment by moment, in a file per rollout: for pictures and replay. Nothing is decided by it, so it is beside the store, and what
 * cannot be written is said once and missed.
 */
export class HistoryKeeper {
  readonly #options: HistoryKeeperOptions
  readonly #open = new Map<string, Kept>()
  readonly #unsubscribe: () => void
  #complained = false

  constructor(options: HistoryKeeperOptions) {
    this.#options = options
    this.#unsubscribe = options.engine.subscribe(({ service }) => {
      if (service !== null) this.#look(service)
    })
  }

  /** How a rollout went, oldest first. */
  of(rollout: string): readonly RolloutPoint[] {
    return this.#open.get(rollout)?.points ?? readHistory(this.#options.dataDirectory, rollout)
  }

  /** Writes down what is not yet. */
  close(): void {
    this.#unsubscribe()
    for (const [id, kept] of this.#open) this.#save(id, kept)
    this.#open.clear()
  }

  #look(service: string): void {
    const { engine, now } = this.#options
    const { rollout, versions } = engine.service(service)
    if (rollout === null) return
    const { id, endedAt, phase, step } = rollout
    // Of one that is over only its end is missing; what came before it is not opened for that again and again.
    if (endedAt !== null && !this.#open.has(id)) return
    const kept = this.#open.get(id) ?? this.#begun(id)
    this.#open.set(id, kept)
    const last = kept.points.at(-1)
    const isTurn = last === undefined || last.phase !== phase || last.step !== step
    if (!isTurn && now() - last.at < pointEveryMs) return
    kept.points = withPoint(kept.points, pointOf({ ...rollout, judgement: lean(rollout) }, versions, now()))
    if (isTurn || now() - kept.savedAt >= saveEveryMs) this.#save(id, kept)
    if (endedAt !== null) this.#open.delete(id)
  }

  #begun(id: string): Kept {
    const points = readHistory(this.#options.dataDirectory, id)
    return { points, savedAt: 0, isNew: points.length === 0 }
  }

  #save(id: string, kept: Kept): void {
    const { dataDirectory, now, log } = this.#options
    kept.savedAt = now()
    try {
      writeHistory(dataDirectory, id, kept.points)
      if (kept.isNew) forgetOldest(dataDirectory)
      kept.isNew = false
      this.#complained = false
    } catch (error) {
      if (!this.#complained) log(`the history of rollouts is not kept: ${String(error)}`)
      this.#complained = true
    }
  }
}

/** Slices are many, and no picture shows how they went. */
function lean({ judgement }: ReturnType<Engine['rollout']>): RolloutPoint['judgement'] {
  if (judgement === null) return null
  const { slices: _slices, ...rest } = judgement
  return rest
}

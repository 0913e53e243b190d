import { isOver, type RolloutEvent } from '@serin/core'
import type { Clock, JournalDraft, JournalEntry, Store } from '@serin/kit'
import { SerinError } from '@serin/spec'
import {
  keys,
  type Assignment,
  type RolloutDocument,
  type ServiceDocument,
  type ServiceDocuments,
} from '../documents.ts'
import { serviceEntry, type Changes } from './changes.ts'
import type { Reading } from './reading.ts'
import { promoted, transition } from './transition.ts'

/** What a record works with. */
export interface RecordPorts {
  readonly store: Store
  readonly clock: Clock
  /** Hears of every durable change. */
  readonly publish: (journal: readonly JournalEntry[]) => void
  /** Hears that the documents, or the trouble of the store, have changed. */
  readonly changed: () => void
  /** Hears that a rollout has gone to another phase or step, once that is durable. */
  readonly moved: (rollout: RolloutDocument) => void
  /** When the router last sent a request to a version. */
  readonly lastRequestAt: (version: string) => number | null
}

/** The store does not write: since when, and what it says. */
export interface StoreTrouble {
  readonly message: string
  readonly since: number
}

/** The documents of one service, and the only way to change them: first durable, then in memory. */
export class ServiceRecord {
  #service: ServiceDocument
  #cursor: Reading | null
  #assignments: readonly Assignment[]
  readonly #rollouts: Map<string, RolloutDocument>
  readonly #ports: RecordPorts
  #trouble: StoreTrouble | null = null

  constructor({ service, cursor, assignments, rollouts }: ServiceDocuments, ports: RecordPorts) {
    this.#service = service
    this.#cursor = cursor
    this.#assignments = assignments
    this.#rollouts = new Map(rollouts.map((rollout) => [rollout.id, rollout]))
    this.#ports = ports
  }

  get service(): ServiceDocument {
    return this.#service
  }

  get cursor(): Reading | null {
    return this.#cursor
  }

  get assignments(): readonly Assignment[] {
    return this.#assignments
  }

  /** Oldest first. */
  get rollouts(): readonly RolloutDocument[] {
    return [...this.#rollouts.values()].sort((a, b) => a.number - b.number)
  }

  /** The latest rollout, or null before the first. */
  get latest(): RolloutDocument | null {
    return this.#service.latest === null ? null : (this.#rollouts.get(this.#service.latest) ?? null)
  }

  /** The latest rollout while it is not over. */
  get active(): RolloutDocument | null {
    const { latest } = this
    return latest === null || isOver(latest.state) ? null : latest
  }

  get trouble(): StoreTrouble | null {
    return this.#trouble
  }

  /** A rollout of this service by its id. */
  find(id: string): RolloutDocument | undefined {
    return this.#rollouts.get(id)
  }

  /** Writes all of it or throws having changed nothing; memory follows only what is durable. */
  commit(changes: Changes): void {
    const { service, cursor, assignments, rollouts = [], forgotten = [], journal = [], evidence = [] } = changes
    const { name } = this.#service
    const documents = [
      ...(service === undefined ? [] : [{ key: keys.service(name), value: service }]),
      ...(cursor === undefined ? [] : [{ key: keys.cursor(name), value: cursor }]),
      ...(assignments === undefined ? [] : [{ key: keys.assignments(name), value: assignments }]),
      ...rollouts.map((rollout) => ({ key: keys.rollout(rollout.id), value: rollout })),
    ]
    let entries: readonly JournalEntry[]
    try {
      const removed = forgotten.map(keys.rollout)
      const soon = changes.soon === true && journal.length === 0 && service === undefined
      entries = this.#ports.store.commit({ at: this.#ports.clock.now(), soon, documents, removed, journal, evidence })
    } catch (error) {
      this.#unwritten(error)
      throw error
    }
    if (service !== undefined) this.#service = service
    if (cursor !== undefined) this.#cursor = cursor
    if (assignments !== undefined) this.#assignments = assignments
    for (const rollout of rollouts) this.#rollouts.set(rollout.id, rollout)
    for (const id of forgotten) this.#rollouts.delete(id)
    if (service !== undefined || rollouts.length > 0) this.#ports.changed()
    this.#ports.publish(entries)
  }

  /** Takes over a service document that somebody else has made durable. */
  adopt(service: ServiceDocument, entries: readonly JournalEntry[]): void {
    this.#service = service
    this.#ports.changed()
    this.#ports.publish(entries)
  }

  /**
   * Gives a rollout an event, and commits what comes of it with what else is to be written. Throws `rollout.refused` when the event does not fit.
   * Nothing is written when nothing changes.
   */
  advance(rollout: RolloutDocument, event: RolloutEvent, more: Changes = {}): RolloutDocument {
    const now = this.#ports.clock.now()
    const lastCanaryRequestAt = this.#ports.lastRequestAt(rollout.plan.canary)
    const outcome = transition(rollout, event, { now, lastCanaryRequestAt })
    if ('refused' in outcome) throw new SerinError('rollout.refused', `${rollout.id}: ${outcome.refused}`)
    const { rollout: next, journal, moved } = outcome
    if (next === this.#rollouts.get(rollout.id) && Object.keys(more).length === 0) return next
    const service =
      moved && next.state.phase === 'promoted' ? promoted(more.service ?? this.#service, next, now) : more.service
    this.commit({
      ...more,
      ...(service === undefined ? {} : { service }),
      rollouts: [...(more.rollouts ?? []), next],
      journal: [...(more.journal ?? []), ...journal],
    })
    if (moved) this.#ports.moved(next)
    return next
  }

  /**
   * Tries to write again after trouble. The rollout under way goes back: what happened meanwhile is not in the journal, so it cannot count as evidence.
   */
  recover(): void {
    const trouble = this.#trouble
    if (trouble === null) return
    const seconds = Math.max(1, Math.round((this.#ports.clock.now() - trouble.since) / 1_000))
    const why = `The store could not write for ${seconds} s; stable took all traffic.`
    const { message } = trouble
    const journal: readonly JournalDraft[] = [
      serviceEntry(this.#service.name, 'store.recovered', { by: 'serin', why }, { message }),
    ]
    const { active } = this
    if (active === null) this.commit({ journal })
    else this.advance(active, { type: 'canary-failed', why }, { journal })
    this.#trouble = null
    this.#ports.changed()
  }

  /** Whatever the reason: what cannot be written down must not go on. */
  #unwritten(error: unknown): void {
    const message = error instanceof SerinError ? error.message : 'A change could not be written: a defect in Serin.'
    this.#trouble ??= { message, since: this.#ports.clock.now() }
    this.#ports.changed()
  }
}

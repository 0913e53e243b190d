import type { EvidenceSlot, RoutingTable } from '@serin/core'
import { isNewer } from '@serin/core/routing'
import { weightsOf } from '../admin/report.ts'
import type { ApplyAnswer } from '../admin/report.ts'
import { snapshotOf } from '../decide/snapshot.ts'
import type { Snapshot } from '../decide/snapshot.ts'
import type { Recorder } from '../evidence/recorder.ts'
import type { SlotRing } from '../evidence/slot-ring.ts'
import { pulledBack } from '../reflex/pulled-back.ts'
import type { Reflexes } from '../reflex/reflexes.ts'
import type { TableOnDisk } from '../state/table-on-disk.ts'
import { keepSlot, tableOf } from '../table-in-force.ts'
import type { Crew } from './crew.ts'
import type { NumberedTable } from './messages.ts'

/** What follows a table. */
export interface TableOnAllOptions {
  readonly service: string
  readonly recorder: Recorder
  readonly reflexes: Reflexes
  readonly slots: SlotRing
  readonly disk: TableOnDisk
  readonly crew: Pick<Crew, 'put' | 'commit'>
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void
}

/**
 * As `TableInForce`, in several processes: a table is in force when all of them follow it, one table after another. What they count is parted
 * where each of them began to follow, so that a slot holds what happened under its own table.
 */
export class TableOnAll {
  readonly #options: TableOnAllOptions
  #snapshot: Snapshot | null = null
  #number = 0
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: TableOnAllOptions) {
    this.#options = options
  }

  /** Null before the first table. */
  get snapshot(): Snapshot | null {
    return this.#snapshot
  }

  /** What workers begin with. */
  get inForce(): NumberedTable | null {
    return this.#snapshot === null ? null : { number: this.#number, table: this.#snapshot.table }
  }

  /** The next table waits for something: others still answer by the one before. */
  after(something: Promise<void>): void {
    void this.#inTurn(async () => await something)
  }

  /** Puts a table in force in all workers, then on disk; a text says why it cannot. An older one than that in force changes nothing. */
  async apply(value: unknown): Promise<ApplyAnswer | string> {
    const { service, disk } = this.#options
    const table = tableOf(service, value)
    if (typeof table === 'string') return table
    const { applied, inForce } = await this.#inTurn(async () => {
      const before = this.#snapshot
      const older = before !== null && !isNewer(table, before.table)
      return { applied: !older, inForce: older ? before : await this.#swap(table) }
    })
    const problem = await disk.write(inForce.table)
    return { applied, revision: inForce.table.revision, appliedAt: inForce.appliedAt, problem }
  }

  /** Begins with a table that was on disk, if it is one of this service. Call it before there are workers. */
  goOnWith(value: unknown): void {
    const { service, disk, recorder, reflexes } = this.#options
    const found = tableOf(service, value)
    if (typeof found === 'string') return
    disk.found(found)
    const table = reflexes.under(found)
    recorder.change(table)
    this.#snapshot = snapshotOf(table, Date.now())
    this.#said(table)
  }

  /** Canary's share has been taken away, or given back: the table is made anew. */
  again(): void {
    void this.#inTurn(async () => {
      if (this.#snapshot !== null) await this.#swap(this.#snapshot.table)
    })
  }

  /** Ends the slot under way. */
  cut(): void {
    this.#keep(this.#options.recorder.cut())
  }

  /** Runs something while no table is on its way: then the recorder is told everything at once. */
  async between<Result>(run: () => Promise<Result>): Promise<Result> {
    return await this.#inTurn(run)
  }

  async #swap(wished: RoutingTable): Promise<Snapshot> {
    const { recorder, reflexes, crew } = this.#options
    const beganMs = performance.now()
    let pulled
    do {
      // Canary may lose its share while the table is on its way.
      ;({ pulled } = reflexes)
      this.#number += 1
      const table = pulled?.rollout === wished.measurement.rollout ? pulledBack(wished) : wished
      await crew.put({ number: this.#number, table })
    } while (reflexes.pulled !== pulled)
    // Nothing between these lines: errors under the old table must not be taken for such under the new one.
    const table = reflexes.under(wished)
    this.#keep(recorder.change(table))
    this.#snapshot = snapshotOf(table, Date.now())
    crew.commit(this.#number)
    this.#said(table, { tookMs: Math.round((performance.now() - beganMs) * 100) / 100 })
    return this.#snapshot
  }

  async #inTurn<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(run)
    this.#turn = result.catch(() => {})
    return await result
  }

  #keep(slot: EvidenceSlot | null): void {
    keepSlot(slot, this.#options)
  }

  #said(table: RoutingTable, more: object = {}): void {
    this.#options.log('table.applied', { revision: table.revision, weights: weightsOf(table), ...more })
  }
}

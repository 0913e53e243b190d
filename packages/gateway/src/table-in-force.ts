import type { EvidenceSlot, RoutingTable } from '@serin/core'
import { isNewer } from '@serin/core/routing'
import { weightsOf } from './admin/report.ts'
import type { ApplyAnswer } from './admin/report.ts'
import { parseRoutingTable } from './decide/routing-table.ts'
import { snapshotOf } from './decide/snapshot.ts'
import type { Snapshot } from './decide/snapshot.ts'
import type { Recorder } from './evidence/recorder.ts'
import type { SlotRing } from './evidence/slot-ring.ts'
import type { Reflexes } from './reflex/reflexes.ts'
import type { TableOnDisk } from './state/table-on-disk.ts'

/** What follows a table. */
export interface TableInForceOptions {
  readonly service: string
  readonly recorder: Recorder
  readonly reflexes: Reflexes
  readonly slots: SlotRing
  readonly disk: TableOnDisk
  /** Hears of each table before the next request does. */
  readonly changed: (table: RoutingTable) => void
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void
}

/** The table by which requests are decided: one at a time, swapped whole, what was counted before kept apart from what comes after. */
export class TableInForce {
  readonly #options: TableInForceOptions
  #snapshot: Snapshot | null = null

  constructor(options: TableInForceOptions) {
    this.#options = options
  }

  /** Null before the first table. */
  get snapshot(): Snapshot | null {
    return this.#snapshot
  }

  /** Puts a table in force with the next request, then on disk; a text says why it cannot. An older one than that in force changes nothing. */
  async apply(value: unknown): Promise<ApplyAnswer | string> {
    const { service, disk } = this.#options
    const parsed = parseRoutingTable(value)
    if ('problem' in parsed) return parsed.problem
    const { table } = parsed
    if (table.service !== service) return `This is the gateway of ${service}, the table is for ${table.service}.`
    const before = this.#snapshot
    const older = before !== null && !isNewer(table, before.table)
    const inForce = older ? before : this.#swap(table)
    const problem = await disk.write(inForce.table)
    return { applied: !older, revision: inForce.table.revision, appliedAt: inForce.appliedAt, problem }
  }

  /** Goes on with a table that was on disk, if it is one of this service. */
  goOnWith(value: unknown): void {
    const { service, disk } = this.#options
    const found = parseRoutingTable(value)
    if (!('table' in found) || found.table.service !== service) return
    disk.found(found.table)
    this.#swap(found.table)
  }

  /** Canary's share has been taken away, or given back: the table is made anew. */
  again(): void {
    if (this.#snapshot !== null) this.#swap(this.#snapshot.table)
  }

  /** Ends the slot under way. */
  cut(): void {
    this.#keep(this.#options.recorder.cut())
  }

  #swap(wished: RoutingTable): Snapshot {
    const { recorder, reflexes, changed, log } = this.#options
    const table = reflexes.under(wished)
    const next = snapshotOf(table, Date.now())
    this.#keep(recorder.change(table))
    this.#snapshot = next
    changed(table)
    log('table.applied', { revision: table.revision, weights: weightsOf(table) })
    return next
  }

  #keep(slot: EvidenceSlot | null): void {
    if (slot === null) return
    const { pulled } = this.#options.reflexes
    this.#options.slots.push(pulled?.rollout === slot.rollout ? { ...slot, reflex: pulled } : slot)
  }
}

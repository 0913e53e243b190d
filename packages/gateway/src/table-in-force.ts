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
    const table = tableOf(service, value)
    if (typeof table === 'string') return table
    const before = this.#snapshot
    const older = before !== null && !isNewer(table, before.table)
    const inForce = older ? before : this.#swap(table)
    const problem = await disk.write(inForce.table)
    return { applied: !older, revision: inForce.table.revision, appliedAt: inForce.appliedAt, problem }
  }

  /** Goes on with a table that was on disk, if it is one of this service. */
  goOnWith(value: unknown): void {
    const { service, disk } = this.#options
    const found = tableOf(service, value)
    if (typeof found === 'string') return
    disk.found(found)
    this.#swap(found)
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
    keepSlot(slot, this.#options)
  }
}

/** A table of a service, or why it is none in one sentence. */
export function tableOf(service: string, value: unknown): RoutingTable | string {
  const parsed = parseRoutingTable(value)
  if ('problem' in parsed) return parsed.problem
  const { table } = parsed
  return table.service === service ? table : `This is the gateway of ${service}, the table is for ${table.service}.`
}

/** Keeps a slot, and with it what the reflex has done to its rollout. */
export function keepSlot(
  slot: EvidenceSlot | null,
  { slots, reflexes }: Pick<TableInForceOptions, 'slots' | 'reflexes'>,
): void {
  if (slot === null) return
  const { pulled } = reflexes
  slots.push(pulled?.rollout === slot.rollout ? { ...slot, reflex: pulled } : slot)
}

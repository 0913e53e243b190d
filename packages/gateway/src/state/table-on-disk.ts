import type { RoutingTable } from '@serin/core'
import { writeAtomically } from './files.ts'

/** Keeps the table on disk up to date: writes follow each other, and a disk that is full never keeps a table from being in force. */
export class TableOnDisk {
  readonly #file: string
  readonly #log: (event: string, fields: Readonly<Record<string, unknown>>) => void
  #revision: number | null = null
  #problem: string | null = null
  #queue: Promise<void> = Promise.resolve()

  constructor(file: string, log: (event: string, fields: Readonly<Record<string, unknown>>) => void) {
    this.#file = file
    this.#log = log
  }

  /** What is on disk, and why the table in force is not, if so. */
  get state(): { readonly revision: number | null; readonly problem: string | null } {
    return { revision: this.#revision, problem: this.#problem }
  }

  /** The table that was there at the start. */
  found(table: RoutingTable): void {
    this.#revision = table.revision
  }

  /** Writes the table unless a newer one is there; resolves with the problem, or null. */
  async write(table: RoutingTable): Promise<string | null> {
    const before = this.#queue
    this.#queue = this.#writeAfter(before, table)
    await this.#queue
    return this.#problem
  }

  async #writeAfter(before: Promise<void>, table: RoutingTable): Promise<void> {
    await before
    if (this.#revision !== null && table.revision <= this.#revision) return
    try {
      await writeAtomically(this.#file, `${JSON.stringify(table)}\n`)
      this.#revision = table.revision
      this.#problem = null
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error)
      this.#log('table.unwritten', { revision: table.revision, problem: this.#problem })
    }
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await this.#queue
  }
}

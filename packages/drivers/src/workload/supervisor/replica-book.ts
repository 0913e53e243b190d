import { removeRecord, replicaPath, writeRecord, type ReplicaRecord } from './replica-file.ts'

/** A replica's record, in memory and on disk. */
export class ReplicaBook {
  readonly #directory: string
  #record: ReplicaRecord
  /** The token of the file, or empty when there is no file. */
  #tokenOnDisk: string
  #unsaved = false
  #closed = false

  /** A book with the record of a file, or one that is nowhere yet. */
  constructor(directory: string, record: ReplicaRecord) {
    this.#directory = directory
    this.#record = record
    this.#tokenOnDisk = record.token
  }

  get record(): ReplicaRecord {
    return this.#record
  }

  get logFile(): string {
    return replicaPath(this.#directory, this.#record.version, this.#record.index, 'log')
  }

  /**
   * Writes what is about to happen; throws what the system says, and then it must not happen. A replica that has been ready may go on
   * under the token it has on disk: whoever finds the old record finds, and ends, what runs under that token.
   */
  intend(change: Partial<ReplicaRecord>): void {
    const record = { ...this.#record, ...change }
    try {
      writeRecord(this.#directory, record)
      this.#tokenOnDisk = record.token
      this.#record = record
    } catch (error) {
      if (!record.everReady || this.#tokenOnDisk === '') throw error
      this.#record = { ...record, token: this.#tokenOnDisk }
    }
  }

  /** Writes what happened. What the disk does not take now it gets with the next change or `retry`; until then the token finds the process. */
  note(change: Partial<ReplicaRecord>): void {
    this.#record = { ...this.#record, ...change }
    // Then the record is the next control plane's.
    if (this.#closed) return
    try {
      writeRecord(this.#directory, this.#record)
      this.#tokenOnDisk = this.#record.token
      this.#unsaved = false
    } catch {
      this.#unsaved = true
    }
  }

  /** Changes only what this control plane remembers. */
  remember(change: Partial<ReplicaRecord>): void {
    this.#record = { ...this.#record, ...change }
  }

  /** Writes what could not be written. */
  retry(): void {
    if (this.#unsaved) this.note({})
  }

  /** Leaves the file to somebody else. */
  close(): void {
    this.#closed = true
  }

  remove(): void {
    if (!this.#closed) removeRecord(this.#directory, this.#record)
  }
}

/** The record of a replica that has never been started. */
export function emptyRecord(version: string, index: number, now: number): ReplicaRecord {
  return {
    pid: 0,
    startTime: null,
    boot: null,
    version,
    index,
    token: '',
    phase: 'down',
    fingerprint: '',
    port: 0,
    launchedAt: 0,
    wantedSince: now,
    readySince: null,
    readySinceLaunch: false,
    everReady: false,
    restarts: 0,
    failuresInRow: 0,
    parting: 'no',
  }
}

import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What the next control plane has to know of a replica. One file each, replaced whole. */
export interface ReplicaRecord {
  /** 0 while nothing runs, or while nobody could write down what was just started. First, for the log keeper reads it too. */
  readonly pid: number
  readonly startTime: number | null
  /** Boot of the machine the start time counts from. */
  readonly boot: string | null
  readonly version: string
  readonly index: number
  /** In the environment of the process and of all it starts. */
  readonly token: string
  /** `launching` is written before the process is started: whoever finds it without a pid looks for the token. */
  readonly phase: 'launching' | 'running' | 'down'
  readonly fingerprint: string
  readonly port: number
  readonly launchedAt: number
  /** Since when the replica is wanted: the time to get ready counts from here. */
  readonly wantedSince: number
  readonly readySince: number | null
  /** Whether it has been ready since it was launched, and whether ever. */
  readonly readySinceLaunch: boolean
  readonly everReady: boolean
  readonly restarts: number
  readonly failuresInRow: number
  /** `leaving` until it is dismissed or wanted again; one that was dismissed has to end, whoever finds it. */
  readonly parting: 'no' | 'leaving' | 'dismissed'
}

/** Makes the owner-only directory. Throws what the system says. */
export function openReplicaDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  chmodSync(directory, 0o700)
}

/** Path of a replica's file with an ending of its own, such as `v1.0.json` and `v1.0.log`. */
export function replicaPath(directory: string, version: string, index: number, ending: string): string {
  return join(directory, `${version}.${index}.${ending}`)
}

/** Records of all replicas, by version and index. What is not a whole record is nobody's. Throws what the system says of the directory. */
export function readRecords(directory: string): readonly ReplicaRecord[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .flatMap((name) => {
      const record = readRecord(join(directory, name))
      return record !== null && name === `${record.version}.${record.index}.json` ? [record] : []
    })
}

/**
 * Writes a record so that a reader, or a crash at any moment, finds the old or the new one. Not flushed to the platter: after a loss of
 * power its process is gone too. Throws what the system says, such as a full disk, and leaves the old one.
 */
export function writeRecord(directory: string, record: ReplicaRecord): void {
  const file = replicaPath(directory, record.version, record.index, 'json')
  const temporary = `${file}.new`
  try {
    writeFileSync(temporary, `${JSON.stringify(record)}\n`, { mode: 0o600 })
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** Removes a record, if there is one. */
export function removeRecord(directory: string, { version, index }: Pick<ReplicaRecord, 'version' | 'index'>): void {
  rmSync(replicaPath(directory, version, index, 'json'), { force: true })
}

const shape = {
  pid: 'number',
  version: 'string',
  index: 'number',
  token: 'string',
  phase: 'string',
  fingerprint: 'string',
  port: 'number',
  launchedAt: 'number',
  wantedSince: 'number',
  readySinceLaunch: 'boolean',
  everReady: 'boolean',
  restarts: 'number',
  failuresInRow: 'number',
} as const

function readRecord(file: string): ReplicaRecord | null {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof value !== 'object' || value === null) return null
    const fields = new Map<string, unknown>(Object.entries(value))
    const whole = Object.entries(shape).every(([field, type]) => typeof fields.get(field) === type)
    // Records of before replicas could leave say nothing of it.
    return whole ? ({ ...value, parting: fields.get('parting') ?? 'no' } as ReplicaRecord) : null
  } catch {
    return null
  }
}

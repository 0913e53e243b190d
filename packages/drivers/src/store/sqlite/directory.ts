import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { SerinError } from '@serin/spec'

/** The files of a data directory that belong to the store. */
export interface StoreFiles {
  readonly directory: string
  readonly database: string
  /** The id of the database, beside it: an emptied or replaced database must not be taken for a new one. */
  readonly instance: string
}

/** Where the files of a data directory are. */
export function filesOf(directory: string): StoreFiles {
  return { directory, database: join(directory, 'serin.db'), instance: join(directory, 'instance.json') }
}

/** Makes the directory and the database's file, both for their owner only. Somebody else's directory keeps its mode: `/srv` is not closed by a mistyped path. */
export function makeDirectory({ directory, database, instance }: StoreFiles): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const ours = existsSync(instance) || existsSync(database) || readdirSync(directory).length === 0
  if (ours) chmodSync(directory, 0o700)
  closeSync(openSync(database, 'a', 0o600))
  chmodSync(database, 0o600)
}

/** The id the directory's database had, or null before the first. Throws `store.corrupt` when there was one and the database is gone or empty. */
export function knownInstance({ database, instance }: StoreFiles): string | null {
  if (!existsSync(instance)) return null
  const id = readId(instance)
  const size = existsSync(database) ? statSync(database).size : null
  if (size === null || size === 0)
    throw new SerinError('store.corrupt', `${database} is ${size === null ? 'gone' : 'empty'}, but was not before.`)
  return id
}

function readId(file: string): string {
  try {
    const known: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (known !== null && typeof known === 'object' && 'instance' in known && typeof known.instance === 'string')
      return known.instance
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new SerinError('store.corrupt', `${file} does not hold the id of the database.`)
}

/** Writes the id beside the database: whole or not at all, and durably. */
export function writeInstance({ directory, instance }: StoreFiles, id: string): void {
  const descriptor = openSync(`${instance}.new`, 'w', 0o600)
  try {
    writeSync(descriptor, `${JSON.stringify({ instance: id })}\n`)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(`${instance}.new`, instance)
  const folder = openSync(directory, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

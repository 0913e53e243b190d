import { createHash } from 'node:crypto'
import type { JournalDraft, JournalEntry } from '@serin/kit'

/** The hash before the first entry. */
export const genesis = '0'.repeat(64)

/** A place in the journal: the number of an entry and its hash. */
export interface JournalPlace {
  readonly seq: number
  readonly hash: string
}

/** The place before the first entry. */
export const beginning: JournalPlace = { seq: 0, hash: genesis }

/** The entry that follows a place: SHA-256 over the previous hash and the entry's own fields, keys sorted. */
export function chained(draft: JournalDraft, at: number, previous: JournalPlace): JournalEntry {
  const { stream, kind, actor, data } = draft
  const fields = { seq: previous.seq + 1, at, stream, kind, actor, data }
  return { ...fields, hash: hashOf(fields, previous.hash) }
}

/** Whether an entry is the one that was written after that place. */
export function follows(entry: JournalEntry, previous: JournalPlace): boolean {
  const { hash, ...fields } = entry
  return entry.seq === previous.seq + 1 && hashOf(fields, previous.hash) === hash
}

function hashOf(fields: Omit<JournalEntry, 'hash'>, previousHash: string): string {
  return createHash('sha256')
    .update(previousHash)
    .update(JSON.stringify(sortKeys(fields)))
    .digest('hex')
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sortKeys(item)]),
  )
}

import { createHash } from 'node:crypto'
import type { JournalDraft, JournalEntry } from '@serin/kit'

/** The hash before the first entry. */
export const genesis = '0'.repeat(64)

/** The entry that follows a hash: SHA-256 over the previous hash and the entry's own fields, keys sorted. */
export function chained(draft: JournalDraft, seq: number, at: number, previousHash: string): JournalEntry {
  const { stream, kind, actor, data } = draft
  return { seq, at, stream, kind, actor, data, hash: hashOf({ seq, at, stream, kind, actor, data }, previousHash) }
}

/** Whether an entry is the one that was written after that hash. */
export function follows(entry: JournalEntry, previousHash: string): boolean {
  const { hash, ...fields } = entry
  return hashOf(fields, previousHash) === hash
}

/** The text of a value as the store keeps it; throws a TypeError for what JSON would silently change. */
export function jsonText(value: unknown): string {
  check(value)
  return JSON.stringify(value)
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

function check(value: unknown): void {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`The store keeps no ${value}.`)
  if (value === undefined || typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol')
    throw new TypeError(`The store keeps no ${typeof value}.`)
  if (value === null || typeof value !== 'object') return
  for (const item of Object.values(value)) if (item !== undefined) check(item)
}

import type { DatabaseSync } from 'node:sqlite'
import type { JournalEntry } from '@serin/kit'
import { beginning, type JournalPlace } from '../journal-chain.ts'

/** Rows of the journal as entries. One that was made unreadable becomes one that does not follow from anything. */
export function entriesOf(rows: readonly Record<string, unknown>[]): readonly JournalEntry[] {
  return rows.map((row) => ({
    seq: Number(row['seq']),
    at: Number(row['at']),
    stream: String(row['stream']),
    kind: String(row['kind']),
    actor: String(row['actor']),
    data: dataOf(String(row['data'])),
    hash: String(row['hash']),
  }))
}

function dataOf(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return { unreadable: text }
  }
}

/** Where the journal ends, as the last commit wrote it beside the entries: entries cut off at the end are missed, too. */
export function headOf(database: DatabaseSync): JournalPlace {
  const text = database.prepare("select value from meta where key = 'journal'").get()?.['value']
  try {
    const head: unknown = JSON.parse(String(text))
    if (head !== null && typeof head === 'object' && 'seq' in head && 'hash' in head)
      return { seq: Number(head.seq), hash: String(head.hash) }
  } catch {
    // Unreadable is as good as changed: nothing ends there.
  }
  return { ...beginning, seq: -1 }
}

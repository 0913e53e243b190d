import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { JournalDraft, JournalEntry, Store } from '@serin/kit'
import { beginning, chained, follows, type JournalPlace } from '../journal-chain.ts'
import { jsonText, nameText } from '../plain-json.ts'
import { explained } from './faults.ts'
import { openDatabase } from './open.ts'
import { entriesOf, headOf } from './rows.ts'

const expireSlice = 500
const verifySlice = 1_000
const pageLimit = 10_000
/** What may be lost with the power is at most this old. */
const soonMs = 5_000

/**
 * Opens (or makes) the embedded store of a data directory. Throws `data-directory.in-use` when another process has it, `store.corrupt` when the file is torn,
 * emptied, from elsewhere, or its journal does not hold together, `store.full` or `store.unwritable` when the directory cannot be written.
 */
export function openSqliteStore({ directory }: { readonly directory: string }): Store {
  return storeOver(openDatabase(directory), directory)
}

function storeOver(database: DatabaseSync, directory: string): Store {
  const prepared = new Map<string, StatementSync>()
  const sql = (text: string) => {
    const known = prepared.get(text) ?? database.prepare(text)
    prepared.set(text, known)
    return known
  }
  const guarded = <T>(act: () => T): T => {
    try {
      return act()
    } catch (error) {
      throw error instanceof TypeError ? error : explained(error, directory)
    }
  }
  const transaction = <T>(act: () => T): T =>
    guarded(() => {
      try {
        database.exec('begin immediate')
        const result = act()
        database.exec('commit')
        return result
      } finally {
        if (database.isOpen && database.isTransaction) database.exec('rollback')
      }
    })
  let head = headOf(database)
  let [syncs, syncedAt] = [true, 0]
  /** Whether the next transactions wait until the disk has them. */
  const waitForDisk = (wait: boolean): void => {
    if (wait !== syncs) guarded(() => database.exec(`pragma synchronous = ${wait ? 'full' : 'normal'}`))
    syncs = wait
  }

  const append = (draft: JournalDraft, at: number, previous: JournalPlace): JournalEntry => {
    const data = jsonText(draft.data)
    const [stream, kind, actor] = [nameText(draft.stream), nameText(draft.kind), nameText(draft.actor)]
    const entry = chained({ stream, kind, actor, data: JSON.parse(data) as JournalDraft['data'] }, at, previous)
    sql('insert into journal (seq, at, stream, kind, actor, data, hash) values (?, ?, ?, ?, ?, ?, ?)').run(
      entry.seq,
      at,
      stream,
      kind,
      actor,
      data,
      entry.hash,
    )
    return entry
  }

  return {
    commit({ at, soon = false, documents = [], removed = [], journal = [], evidence = [] }) {
      const texts = documents.map(({ key, value }) => [nameText(key), jsonText(value)] as const)
      const rows = evidence.map(({ series, at: time, value }) => [nameText(series), time, jsonText(value)] as const)
      const entries: JournalEntry[] = []
      // A clock that was set back must not put it off for ever.
      waitForDisk(!soon || journal.length > 0 || Math.abs(at - syncedAt) >= soonMs)
      transaction(() => {
        for (const row of texts) sql(upsertDocument).run(...row)
        for (const key of removed) sql('delete from document where key = ?').run(key)
        for (const row of rows) sql(upsertEvidence).run(...row)
        for (const draft of journal) entries.push(append(draft, at, entries.at(-1) ?? head))
        const { seq, hash } = entries.at(-1) ?? head
        if (entries.length > 0)
          sql("update meta set value = ? where key = 'journal'").run(JSON.stringify({ seq, hash }))
      })
      head = entries.at(-1) ?? head
      if (syncs) syncedAt = at
      return entries
    },
    get: (key) =>
      guarded(() => {
        const text = sql('select value from document where key = ?').get(key)?.['value']
        return typeof text === 'string' ? (JSON.parse(text) as unknown) : undefined
      }),
    list: (prefix) =>
      guarded(() =>
        sql('select key, value from document where key >= ? and key < ? order by key')
          .all(prefix, `${prefix}\u{10ffff}`)
          .map((row) => ({ key: String(row['key']), value: JSON.parse(String(row['value'])) as unknown })),
      ),
    journal({ after = 0, stream, limit = pageLimit, newestFirst = false }) {
      const order = newestFirst ? 'desc' : 'asc'
      const capped = Math.min(limit, pageLimit)
      return guarded(() =>
        entriesOf(
          stream === undefined
            ? sql(`select * from journal where seq > ? order by seq ${order} limit ?`).all(after, capped)
            : sql(`select * from journal where stream = ? and seq > ? order by seq ${order} limit ?`).all(
                stream,
                after,
                capped,
              ),
        ),
      )
    },
    evidence: (series, from, to) =>
      guarded(() =>
        sql('select at, value from evidence where series = ? and at >= ? and at < ? order by at')
          .all(series, from, to)
          .map((row) => ({ at: Number(row['at']), value: JSON.parse(String(row['value'])) as unknown })),
      ),
    expire(before) {
      // What is old and comes back after a power cut goes again.
      waitForDisk(false)
      return transaction(() => {
        const { changes } = sql('delete from evidence where id in (select id from evidence where at < ? limit ?)').run(
          before,
          expireSlice,
        )
        if (Number(changes) > 0) database.exec('pragma incremental_vacuum(200)')
        return Number(changes)
      })
    },
    verify: () => guarded(() => verify(sql, headOf(database))),
    close() {
      if (database.isOpen) database.close()
    },
  }
}

const upsertDocument =
  'insert into document (key, value) values (?, ?) on conflict (key) do update set value = excluded.value'
const upsertEvidence =
  'insert into evidence (series, at, value) values (?, ?, ?) on conflict (series, at) do update set value = excluded.value'

/** Walks the chain in slices, so that a long journal is never in memory as a whole. */
function verify(sql: (text: string) => StatementSync, head: JournalPlace): ReturnType<Store['verify']> {
  let previous = beginning
  for (;;) {
    const slice = entriesOf(
      sql('select * from journal where seq > ? order by seq limit ?').all(previous.seq, verifySlice),
    )
    for (const entry of slice) {
      if (!follows(entry, previous)) return { ok: false, entries: Math.max(head.seq, entry.seq), firstBad: entry.seq }
      previous = entry
    }
    if (slice.length === verifySlice) continue
    const whole = previous.seq === head.seq && previous.hash === head.hash
    return { ok: whole, entries: previous.seq, firstBad: whole ? null : previous.seq + 1 }
  }
}

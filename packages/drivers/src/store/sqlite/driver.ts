import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { Commit, JournalDraft, JournalEntry, Store } from '@serin/kit'
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
  return new SqliteStore(openDatabase(directory), directory)
}

const upsertDocument =
  'insert into document (key, value) values (?, ?) on conflict (key) do update set value = excluded.value'
const upsertEvidence =
  'insert into evidence (series, at, value) values (?, ?, ?) on conflict (series, at) do update set value = excluded.value'
const insertEntry = 'insert into journal (seq, at, stream, kind, actor, data, hash) values (?, ?, ?, ?, ?, ?, ?)'

class SqliteStore implements Store {
  readonly #database: DatabaseSync
  readonly #directory: string
  readonly #prepared = new Map<string, StatementSync>()
  #head: JournalPlace
  /** Whether a transaction waits until the disk has it, and when one last did. */
  #waits = true
  #waitedAt = 0
  readonly epoch: number

  constructor(database: DatabaseSync, directory: string) {
    this.#database = database
    this.#directory = directory
    this.#head = headOf(database)
    this.epoch = this.#transaction(() => {
      this.#run(
        "insert into meta (key, value) values ('openings', 1) on conflict (key) do update set value = value + 1",
      )
      return Number(this.#all("select value from meta where key = 'openings'")[0]?.['value'])
    })
  }

  /** The file is locked as long as it is open: nobody else can have it. */
  isHeld(): boolean {
    return true
  }

  commit(commit: Commit): readonly JournalEntry[] {
    const { at, soon = false, documents = [], removed = [], journal = [], evidence = [] } = commit
    const texts = documents.map(({ key, value }) => [nameText(key), jsonText(value)] as const)
    const rows = evidence.map(({ series, at: time, value }) => [nameText(series), time, jsonText(value)] as const)
    const entries: JournalEntry[] = []
    // A clock that was set back must not put the wait off for ever.
    this.#waitForDisk(!soon || journal.length > 0 || Math.abs(at - this.#waitedAt) >= soonMs)
    this.#transaction(() => {
      for (const row of texts) this.#run(upsertDocument, ...row)
      for (const key of removed) this.#run('delete from document where key = ?', key)
      for (const row of rows) this.#run(upsertEvidence, ...row)
      for (const draft of journal) entries.push(this.#append(draft, at, entries.at(-1) ?? this.#head))
      const { seq, hash } = entries.at(-1) ?? this.#head
      if (entries.length > 0)
        this.#run("update meta set value = ? where key = 'journal'", JSON.stringify({ seq, hash }))
    })
    this.#head = entries.at(-1) ?? this.#head
    if (this.#waits) this.#waitedAt = at
    return entries
  }

  get(key: string): unknown {
    return this.#guarded(() => {
      const [row] = this.#all('select value from document where key = ?', key)
      return row === undefined ? undefined : JSON.parse(String(row['value']))
    })
  }

  list(prefix: string): ReturnType<Store['list']> {
    const sql = 'select key, value from document where key >= ? and key < ? order by key'
    return this.#guarded(() =>
      this.#all(sql, prefix, `${prefix}\u{10ffff}`).map((row) => ({
        key: String(row['key']),
        value: JSON.parse(String(row['value'])) as unknown,
      })),
    )
  }

  journal({
    after = 0,
    stream,
    limit = pageLimit,
    newestFirst = false,
  }: Parameters<Store['journal']>[0]): readonly JournalEntry[] {
    const order = newestFirst ? 'desc' : 'asc'
    const capped = Math.min(limit, pageLimit)
    const own = stream === undefined ? [] : [stream]
    const sql = `select * from journal where ${own.length > 0 ? 'stream = ? and ' : ''}seq > ? order by seq ${order} limit ?`
    return this.#guarded(() => entriesOf(this.#all(sql, ...own, after, capped)))
  }

  evidence(series: string, from: number, to: number): ReturnType<Store['evidence']> {
    const sql = 'select at, value from evidence where series = ? and at >= ? and at < ? order by at'
    return this.#guarded(() =>
      this.#all(sql, series, from, to).map((row) => ({
        at: Number(row['at']),
        value: JSON.parse(String(row['value'])) as unknown,
      })),
    )
  }

  expire(before: number): number {
    // What is old and comes back after a power cut goes again.
    this.#waitForDisk(false)
    const sql = 'delete from evidence where id in (select id from evidence where at < ? limit ?)'
    return this.#transaction(() => {
      const gone = this.#run(sql, before, expireSlice)
      if (gone > 0) this.#database.exec('pragma incremental_vacuum(200)')
      return gone
    })
  }

  /** In slices, so that a long journal is never in memory as a whole. */
  verify(): ReturnType<Store['verify']> {
    return this.#guarded(() => {
      const head = headOf(this.#database)
      let previous = beginning
      for (;;) {
        const slice = this.journal({ after: previous.seq, limit: verifySlice })
        for (const entry of slice) {
          if (!follows(entry, previous))
            return { ok: false, entries: Math.max(head.seq, entry.seq), firstBad: entry.seq }
          previous = entry
        }
        if (slice.length === verifySlice) continue
        const whole = previous.seq === head.seq && previous.hash === head.hash
        return { ok: whole, entries: previous.seq, firstBad: whole ? null : previous.seq + 1 }
      }
    })
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close()
  }

  #append(draft: JournalDraft, at: number, previous: JournalPlace): JournalEntry {
    const data = jsonText(draft.data)
    const [stream, kind, actor] = [nameText(draft.stream), nameText(draft.kind), nameText(draft.actor)]
    const entry = chained({ stream, kind, actor, data: JSON.parse(data) as JournalDraft['data'] }, at, previous)
    this.#run(insertEntry, entry.seq, at, stream, kind, actor, data, entry.hash)
    return entry
  }

  #statement(sql: string): StatementSync {
    const statement = this.#prepared.get(sql) ?? this.#database.prepare(sql)
    this.#prepared.set(sql, statement)
    return statement
  }

  /** Returns how many rows it changed. */
  #run(sql: string, ...values: readonly SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes)
  }

  #all(sql: string, ...values: readonly SQLInputValue[]): readonly Record<string, unknown>[] {
    return this.#statement(sql).all(...values)
  }

  #waitForDisk(wait: boolean): void {
    if (wait !== this.#waits)
      this.#guarded(() => this.#database.exec(`pragma synchronous = ${wait ? 'full' : 'normal'}`))
    this.#waits = wait
  }

  #transaction<T>(act: () => T): T {
    const database = this.#database
    return this.#guarded(() => {
      try {
        database.exec('begin immediate')
        const result = act()
        database.exec('commit')
        return result
      } finally {
        if (database.isOpen && database.isTransaction) database.exec('rollback')
      }
    })
  }

  /** What fails here is a fault of the disk or a mistake of ours; the latter stays what it is. */
  #guarded<T>(act: () => T): T {
    try {
      return act()
    } catch (error) {
      throw error instanceof TypeError ? error : explained(error, this.#directory)
    }
  }
}

import { randomUUID } from 'node:crypto'
import { chmodSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { JournalEntry, Store } from '@serin/kit'
import { SerinError } from '@serin/spec'
import { chained, follows, genesis, jsonText } from '../journal-chain.ts'

const expireSlice = 500
const verifySlice = 1_000
const tailChecked = 200

/** Sizes are fixed before the first table; FULL and EXCLUSIVE: an acknowledged commit survives a power cut, and nobody else writes (docs/decisions/0006-embedded-store.md). */
const settings = `
  pragma page_size = 16384;
  pragma auto_vacuum = incremental;
  pragma locking_mode = exclusive;
  pragma journal_mode = wal;
  pragma synchronous = full;
  pragma foreign_keys = on;
`
const schema = `
  create table if not exists meta (key text primary key, value text not null);
  create table if not exists document (key text primary key, value text not null);
  create table if not exists journal (seq integer primary key, at integer not null, stream text not null, kind text not null, actor text not null, data text not null, hash text not null);
  create index if not exists journal_stream on journal (stream, seq);
  create trigger if not exists journal_no_update before update on journal begin select raise(abort, 'the journal is append-only'); end;
  create trigger if not exists journal_no_delete before delete on journal begin select raise(abort, 'the journal is append-only'); end;
  create table if not exists evidence (id integer primary key, series text not null, at integer not null, value text not null, unique (series, at));
  create index if not exists evidence_at on evidence (at);
`

/**
 * Opens (or makes) the embedded store of a data directory. Throws `data-directory.in-use` when another process has it, `store.corrupt` when the file is torn,
 * emptied, from elsewhere, or its journal does not hold together, `store.unwritable` when the directory cannot be written.
 */
export function openSqliteStore({ directory }: { readonly directory: string }): Store {
  const file = join(directory, 'serin.db')
  const database = opened(directory, file)
  try {
    checkIdentity(database, directory, file)
    checkHealth(database, file)
  } catch (error) {
    database.close()
    throw error instanceof SerinError ? error : explained(error, directory, file)
  }
  return storeOver(database, directory, file)
}

function opened(directory: string, file: string): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    chmodSync(directory, 0o700)
    database = new DatabaseSync(file)
    database.exec(settings)
    database.exec(`begin immediate; ${schema} commit;`)
    chmodSync(file, 0o600)
    return database
  } catch (error) {
    database?.close()
    throw explained(error, directory, file)
  }
}

/** A database that was emptied or replaced must not be taken for a new one: its id also stands beside it. */
function checkIdentity(database: DatabaseSync, directory: string, file: string): void {
  const beside = join(directory, 'instance.json')
  const inside = database.prepare("select value from meta where key = 'instance'").get()?.['value']
  if (existsSync(beside)) {
    const known: unknown = JSON.parse(readFileSync(beside, 'utf8'))
    const id = known !== null && typeof known === 'object' && 'instance' in known ? known.instance : undefined
    if (id === inside) return
    throw new SerinError(
      'store.corrupt',
      `${file} is not the database this directory had before: it was emptied or replaced.`,
    )
  }
  const id = typeof inside === 'string' ? inside : randomUUID()
  database.prepare("insert or ignore into meta (key, value) values ('instance', ?)").run(id)
  const descriptor = openSync(beside, 'w', 0o600)
  writeSync(descriptor, `${JSON.stringify({ instance: id })}\n`)
  fsyncSync(descriptor)
  closeSync(descriptor)
  const folder = openSync(directory, 'r')
  fsyncSync(folder)
  closeSync(folder)
}

function checkHealth(database: DatabaseSync, file: string): void {
  const found = database.prepare('pragma quick_check(1)').get()?.['quick_check']
  if (found !== 'ok') throw new SerinError('store.corrupt', `${file} is damaged: ${String(found)}.`)
  const tail = database
    .prepare('select * from journal order by seq desc limit ?')
    .all(tailChecked + 1)
    .map(entryOf)
    .reverse()
  for (let i = 1; i < tail.length; i += 1) {
    const [before, entry] = [tail[i - 1], tail[i]]
    if (before !== undefined && entry !== undefined && (entry.seq !== before.seq + 1 || !follows(entry, before.hash))) {
      throw new SerinError('store.corrupt', `The journal in ${file} was changed at entry ${entry.seq}.`)
    }
  }
}

function storeOver(database: DatabaseSync, directory: string, file: string): Store {
  const prepared = new Map<string, StatementSync>()
  const sql = (text: string) => {
    const known = prepared.get(text) ?? database.prepare(text)
    prepared.set(text, known)
    return known
  }
  const last = sql('select seq, hash from journal order by seq desc limit 1').get()
  let head = { seq: Number(last?.['seq'] ?? 0), hash: String(last?.['hash'] ?? genesis) }
  const transaction = <T>(act: () => T): T => {
    try {
      database.exec('begin immediate')
      const result = act()
      database.exec('commit')
      return result
    } catch (error) {
      if (database.isTransaction) database.exec('rollback')
      throw error instanceof TypeError ? error : explained(error, directory, file)
    }
  }
  return {
    commit({ at, documents = [], removed = [], journal = [], evidence = [] }) {
      const texts = documents.map(({ key, value }) => [key, jsonText(value)] as const)
      const rows = evidence.map(({ series, at: time, value }) => [series, time, jsonText(value)] as const)
      const entries: JournalEntry[] = []
      let next = head
      transaction(() => {
        for (const [key, text] of texts)
          sql(
            'insert into document (key, value) values (?, ?) on conflict (key) do update set value = excluded.value',
          ).run(key, text)
        for (const key of removed) sql('delete from document where key = ?').run(key)
        for (const row of rows)
          sql(
            'insert into evidence (series, at, value) values (?, ?, ?) on conflict (series, at) do update set value = excluded.value',
          ).run(...row)
        for (const draft of journal) {
          const data = jsonText(draft.data)
          const entry = chained(
            { ...draft, data: JSON.parse(data) as Record<string, unknown> },
            next.seq + 1,
            at,
            next.hash,
          )
          sql('insert into journal (seq, at, stream, kind, actor, data, hash) values (?, ?, ?, ?, ?, ?, ?)').run(
            entry.seq,
            at,
            entry.stream,
            entry.kind,
            entry.actor,
            data,
            entry.hash,
          )
          entries.push(entry)
          next = { seq: entry.seq, hash: entry.hash }
        }
      })
      head = next
      return entries
    },
    get(key) {
      const text = sql('select value from document where key = ?').get(key)?.['value']
      return typeof text === 'string' ? (JSON.parse(text) as unknown) : undefined
    },
    list: (prefix) =>
      sql('select key, value from document where substr(key, 1, ?) = ? order by key')
        .all(prefix.length, prefix)
        .map((row) => ({ key: String(row['key']), value: JSON.parse(String(row['value'])) as unknown })),
    journal({ after = 0, stream, limit = 10_000, newestFirst = false }) {
      const order = newestFirst ? 'desc' : 'asc'
      const capped = Math.min(limit, 10_000)
      const rows =
        stream === undefined
          ? sql(`select * from journal where seq > ? order by seq ${order} limit ?`).all(after, capped)
          : sql(`select * from journal where stream = ? and seq > ? order by seq ${order} limit ?`).all(
              stream,
              after,
              capped,
            )
      return rows.map(entryOf)
    },
    evidence: (series, from, to) =>
      sql('select at, value from evidence where series = ? and at >= ? and at < ? order by at')
        .all(series, from, to)
        .map((row) => ({ at: Number(row['at']), value: JSON.parse(String(row['value'])) as unknown })),
    expire: (before) =>
      transaction(() => {
        const { changes } = sql('delete from evidence where id in (select id from evidence where at < ? limit ?)').run(
          before,
          expireSlice,
        )
        if (Number(changes) > 0) database.exec('pragma incremental_vacuum(200)')
        return Number(changes)
      }),
    verify() {
      let [previous, seen] = [{ seq: 0, hash: genesis }, 0]
      for (;;) {
        const slice = sql('select * from journal where seq > ? order by seq limit ?')
          .all(previous.seq, verifySlice)
          .map(entryOf)
        for (const entry of slice) {
          if (entry.seq !== previous.seq + 1 || !follows(entry, previous.hash))
            return { ok: false, entries: head.seq, firstBad: entry.seq }
          previous = { seq: entry.seq, hash: entry.hash }
          seen += 1
        }
        if (slice.length < verifySlice)
          return { ok: seen === head.seq, entries: seen, firstBad: seen === head.seq ? null : seen + 1 }
      }
    },
    close() {
      database.close()
    },
  }
}

function entryOf(row: Record<string, unknown>): JournalEntry {
  return {
    seq: Number(row['seq']),
    at: Number(row['at']),
    stream: String(row['stream']),
    kind: String(row['kind']),
    actor: String(row['actor']),
    data: JSON.parse(String(row['data'])) as Record<string, unknown>,
    hash: String(row['hash']),
  }
}

/** SQLite's primary result codes that mean something to a person. */
const busyCodes = new Set([5, 6])
const corruptCodes = new Set([11, 26])

function explained(error: unknown, directory: string, file: string): SerinError {
  const code =
    error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
  const system = error instanceof Error && 'code' in error ? error.code : undefined
  const text = error instanceof Error ? error.message : String(error)
  if (code === 13 || system === 'ENOSPC')
    return new SerinError('store.full', `The disk of ${directory} is full; nothing was written.`, { cause: error })
  if (code !== undefined && busyCodes.has(code))
    return new SerinError('data-directory.in-use', `Another process has ${directory} open.`, { cause: error })
  if (code !== undefined && corruptCodes.has(code))
    return new SerinError('store.corrupt', `${file} is damaged: ${text}.`, { cause: error })
  return new SerinError('store.unwritable', `${directory} cannot be written: ${text}.`, { cause: error })
}

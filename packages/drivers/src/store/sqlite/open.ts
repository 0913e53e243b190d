import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { SerinError } from '@serin/spec'
import { beginning, follows } from '../journal-chain.ts'
import { filesOf, knownInstance, makeDirectory, writeInstance, type StoreFiles } from './directory.ts'
import { explained } from './faults.ts'
import { entriesOf, headOf } from './rows.ts'

const tailChecked = 200

/** Nobody else may have it open; set before anything is read. */
const alone = 'pragma locking_mode = exclusive'

/** Sizes are fixed before the first table; FULL: an acknowledged commit survives a power cut (docs/decisions/0006-embedded-store.md). */
const settings = `
  pragma page_size = 16384;
  pragma auto_vacuum = incremental;
  pragma journal_mode = wal;
  pragma synchronous = full;
  pragma journal_size_limit = 67108864;
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
  insert or ignore into meta (key, value) values ('journal', '${JSON.stringify(beginning)}');
`

/**
 * Opens (or makes) the database of a data directory, checked. Nothing of a database that is not the one this directory had is touched.
 * Throws `data-directory.in-use`, `store.corrupt`, `store.full` or `store.unwritable`.
 */
export function openDatabase(directory: string): DatabaseSync {
  const files = filesOf(directory)
  let database: DatabaseSync | undefined
  try {
    const known = knownInstance(files)
    makeDirectory(files)
    database = new DatabaseSync(files.database)
    database.exec(alone)
    // A damaged database is left as it is: somebody may want to save what is in it.
    if (!isNew(database, files, known)) checkHealth(database, files)
    database.exec(settings)
    database.exec(`begin immediate; ${schema} commit;`)
    if (known === null) writeInstance(files, ownInstance(database))
    return database
  } catch (error) {
    database?.close()
    throw explained(error, directory)
  }
}

/** Whether nothing has been written yet. A database that was replaced, or that another program made, is not ours to write to. */
function isNew(database: DatabaseSync, files: StoreFiles, known: string | null): boolean {
  const tables = database.prepare("select name from sqlite_schema where type = 'table'").all()
  const ours = tables.some((table) => table['name'] === 'meta')
  if (known !== null && (!ours || instanceIn(database) !== known))
    throw new SerinError('store.corrupt', `${files.database} is not the database this directory had before.`)
  if (!ours && tables.length > 0)
    throw new SerinError('store.corrupt', `${files.database} is a database of another program.`)
  return !ours
}

function instanceIn(database: DatabaseSync): string | null {
  const value = database.prepare("select value from meta where key = 'instance'").get()?.['value']
  return typeof value === 'string' ? value : null
}

/** First inside, then beside: a start that is killed in between goes on with the same id. */
function ownInstance(database: DatabaseSync): string {
  database.prepare("insert or ignore into meta (key, value) values ('instance', ?)").run(randomUUID())
  return instanceIn(database) ?? ''
}

function checkHealth(database: DatabaseSync, { database: file }: StoreFiles): void {
  const found = database.prepare('pragma quick_check(1)').get()?.['quick_check']
  if (found !== 'ok') throw new SerinError('store.corrupt', `${file} is damaged: ${String(found)}.`)
  const head = headOf(database)
  const tail = entriesOf(
    database.prepare('select * from journal order by seq desc limit ?').all(tailChecked + 1),
  ).toReversed()
  const [first, ...rest] = tail
  // The oldest of the tail is only known good when it is the first of all.
  let previous = first === undefined || first.seq === 1 ? beginning : first
  for (const entry of previous === first ? rest : tail) {
    if (!follows(entry, previous))
      throw new SerinError('store.corrupt', `The journal in ${file} was changed at entry ${entry.seq}.`)
    previous = entry
  }
  if (previous.seq !== head.seq || previous.hash !== head.hash)
    throw new SerinError('store.corrupt', `The journal in ${file} ends at ${previous.seq}, not at entry ${head.seq}.`)
}

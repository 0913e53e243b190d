import type { Store } from '@serin/kit'
import assert from 'node:assert/strict'
import { copyFileSync, cpSync, existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { openSqliteStore } from './driver.ts'
import { temporaryDirectory } from './testing/directory.ts'

const corrupt = { code: 'store.corrupt' }

/** Commits 1 to `count`: a document, an entry and a slot each. */
function write(store: Store, count: number): void {
  for (let n = 1; n <= count; n += 1) {
    store.commit({
      at: n,
      documents: [
        { key: 'state', value: n },
        { key: `document/${n}`, value: `${n} ${'x'.repeat(n % 10 === 0 ? 40_000 : 400)}` },
      ],
      journal: [{ stream: 'test', kind: 'test.counted', actor: 'serin', data: { n } }],
      evidence: [{ series: 'test', at: n, value: { n } }],
    })
  }
}

/** A closed store with `count` commits. */
function closedStore(directory: string, count: number): void {
  const store = openSqliteStore({ directory })
  write(store, count)
  store.close()
}

/** Everything it holds. */
function contents(store: Store): unknown {
  return [store.list(''), store.journal({}), store.evidence('test', 0, 1e15), store.verify()]
}

const damages: Readonly<Record<string, (file: string) => void>> = {
  'cut in half': (file) => truncateSync(file, Math.floor(statSync(file).size / 2)),
  'cut in the middle of a page': (file) => truncateSync(file, statSync(file).size - 5_000),
  emptied: (file) => truncateSync(file, 0),
  deleted: (file) => rmSync(file),
  'overwritten at its beginning': (file) => {
    const bytes = readFileSync(file)
    writeFileSync(file, bytes.fill(7, 0, 200))
  },
  'overwritten with text': (file) => writeFileSync(file, 'not a database\n'.repeat(2_000)),
}

for (const [how, damage] of Object.entries(damages)) {
  test(`a database that was ${how} is not taken for another, and not touched`, () => {
    using directory = temporaryDirectory()
    closedStore(directory.path, 50)
    const file = join(directory.path, 'serin.db')
    damage(file)
    const before = existsSync(file) ? readFileSync(file) : null
    assert.throws(() => openSqliteStore({ directory: directory.path }), corrupt)
    const after = existsSync(file) ? readFileSync(file) : null
    assert.ok(
      before === null ? after === null : after?.equals(before),
      `${before?.length} bytes became ${after?.length}`,
    )
  })
}

test('a database that was replaced by that of another directory is refused', () => {
  using one = temporaryDirectory()
  using other = temporaryDirectory()
  closedStore(one.path, 3)
  closedStore(other.path, 3)
  copyFileSync(join(other.path, 'serin.db'), join(one.path, 'serin.db'))
  assert.throws(() => openSqliteStore({ directory: one.path }), corrupt)
})

test('a database of another program is refused, whether or not there was one of ours', () => {
  using directory = temporaryDirectory()
  const foreign = new DatabaseSync(join(directory.path, 'serin.db'))
  foreign.exec('create table customers (name text)')
  foreign.close()
  assert.throws(() => openSqliteStore({ directory: directory.path }), corrupt)
  const again = new DatabaseSync(join(directory.path, 'serin.db'))
  assert.deepEqual(
    again
      .prepare('select name from sqlite_schema')
      .all()
      .map((row) => row['name']),
    ['customers'],
  )
  again.close()
})

test('a zero-byte file in a new directory is a new store', () => {
  using directory = temporaryDirectory()
  writeFileSync(join(directory.path, 'serin.db'), '')
  closedStore(directory.path, 2)
  const store = openSqliteStore({ directory: directory.path })
  assert.equal(store.get('state'), 2)
  store.close()
})

test('an id beside the database that is torn is said to be, and a lost one is made good', () => {
  using directory = temporaryDirectory()
  closedStore(directory.path, 2)
  const beside = join(directory.path, 'instance.json')
  const before = readFileSync(beside, 'utf8')
  for (const torn of ['', '{"insta', '[]', 'null']) {
    writeFileSync(beside, torn)
    assert.throws(() => openSqliteStore({ directory: directory.path }), corrupt, torn)
  }
  rmSync(beside)
  closedStore(directory.path, 0)
  assert.equal(readFileSync(beside, 'utf8'), before)
})

test('whichever page is wiped, the loss is found or there is none', () => {
  using directory = temporaryDirectory()
  closedStore(directory.path, 120)
  const file = join(directory.path, 'serin.db')
  const whole = readFileSync(file)
  const pageBytes = 16_384
  const store = openSqliteStore({ directory: directory.path })
  const before = contents(store)
  store.close()
  let found = 0
  for (let page = 0; page < whole.length / pageBytes; page += 1) {
    writeFileSync(file, Buffer.from(whole).fill(0, page * pageBytes, (page + 1) * pageBytes))
    let damaged: Store | undefined
    try {
      damaged = openSqliteStore({ directory: directory.path })
      assert.deepEqual(contents(damaged), before, `page ${page + 1}`)
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'store.corrupt', `page ${page + 1}: ${String(error)}`)
      found += 1
    } finally {
      damaged?.close()
    }
  }
  assert.ok(found > whole.length / pageBytes / 2, `${found} of ${whole.length / pageBytes}`)
})

test('a log that was torn by a crash loses its tail at most: what is there is whole', () => {
  using directory = temporaryDirectory()
  using image = temporaryDirectory()
  const store = openSqliteStore({ directory: directory.path })
  write(store, 60)
  // What the disk holds while the store is open is what a crash would leave.
  cpSync(directory.path, image.path, { recursive: true })
  store.close()
  const log = readFileSync(join(image.path, 'serin.db-wal'))
  const seen = new Set<unknown>()
  for (let cut = 0; cut <= 40; cut += 1) {
    using crashed = temporaryDirectory()
    cpSync(image.path, crashed.path, { recursive: true })
    writeFileSync(join(crashed.path, 'serin.db-wal'), log.subarray(0, Math.floor((log.length * cut) / 40)))
    let reopened: Store
    try {
      reopened = openSqliteStore({ directory: crashed.path })
    } catch (error) {
      // So little is left that not even the id is there.
      assert.equal((error as { code?: string }).code, 'store.corrupt')
      assert.ok(cut < 5, `cut ${cut}`)
      continue
    }
    const n = reopened.get('state') ?? 0
    seen.add(n)
    assert.deepEqual(reopened.verify(), { ok: true, entries: n, firstBad: null })
    assert.equal(reopened.list('document/').length, n)
    assert.equal(reopened.evidence('test', 0, 1e15).length, n)
    reopened.close()
  }
  assert.ok(seen.has(60) && seen.size > 10, [...seen].join())
})

/** Changes a closed journal of 300 entries by hand. */
function tampered(directory: string, statement: string): void {
  const store = openSqliteStore({ directory })
  const entries = Array.from({ length: 300 }, (_, n) => ({
    stream: 'test',
    kind: 'test.counted',
    actor: 'serin',
    data: { n },
  }))
  store.commit({ at: 1, journal: entries })
  store.close()
  const database = new DatabaseSync(join(directory, 'serin.db'))
  database.exec(`drop trigger journal_no_update; drop trigger journal_no_delete; ${statement}`)
  database.close()
}

const tamperings: Readonly<Record<string, readonly [statement: string, firstBad: number]>> = {
  'a changed reason': [`update journal set data = '{"n":0}' where seq = 7`, 7],
  'another actor': ["update journal set actor = 'somebody' where seq = 7", 7],
  'another time': ['update journal set at = at + 1 where seq = 7', 7],
  'another hash': [`update journal set hash = '${'0'.repeat(64)}' where seq = 7`, 7],
  'an unreadable entry': ["update journal set data = '{' where seq = 7", 7],
  'a missing entry': ['delete from journal where seq = 7', 8],
  'a missing first entry': ['delete from journal where seq = 1', 2],
  'a missing end': ['delete from journal where seq > 297', 298],
  'an empty journal': ['delete from journal', 1],
  'two entries in each other’s place': [
    'update journal set seq = -1 where seq = 7; update journal set seq = 7 where seq = 8; update journal set seq = 8 where seq = -1',
    7,
  ],
  'an entry too many': [
    'insert into journal select 301, at, stream, kind, actor, data, hash from journal where seq = 300',
    301,
  ],
}

for (const [what, [statement, firstBad]] of Object.entries(tamperings)) {
  test(`${what} in the journal is found`, () => {
    using directory = temporaryDirectory()
    tampered(directory.path, statement)
    let store: Store
    try {
      store = openSqliteStore({ directory: directory.path })
    } catch (error) {
      // The end is looked at whenever a store is opened.
      assert.equal((error as { code?: string }).code, 'store.corrupt')
      assert.ok(firstBad > 100 || firstBad === 1, String(error))
      return
    }
    const { ok, firstBad: found } = store.verify()
    store.close()
    assert.deepEqual([ok, found], [false, firstBad])
    assert.ok(firstBad < 100)
  })
}

test('the journal takes no change and no deletion through the database either', () => {
  using directory = temporaryDirectory()
  closedStore(directory.path, 3)
  const database = new DatabaseSync(join(directory.path, 'serin.db'))
  assert.throws(() => database.exec("update journal set actor = 'x'"), /append-only/)
  assert.throws(() => database.exec('delete from journal'), /append-only/)
  database.close()
})

test('an entry of the tail that was changed keeps the store from opening, and is named', () => {
  using directory = temporaryDirectory()
  tampered(directory.path, `update journal set data = '{"n":0}' where seq = 299`)
  assert.throws(() => openSqliteStore({ directory: directory.path }), { ...corrupt, message: /entry 299/ })
})

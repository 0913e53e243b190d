import { roles, SerinError } from '@serin/spec'
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ControlPlane } from '../testing/control-plane.ts'
import { digestOf, newSecret, ownerOf } from './secret.ts'
import { TokenBook } from './token-book.ts'

/** A directory with a book over it that can be opened again. */
class Shelf implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'serin-tokens-'))
  readonly file = join(this.directory, 'tokens.json')
  readonly lines: string[] = []
  readonly records: string[] = []
  now = 1_700_000_000_000
  /** What the journal says to the next entry. */
  fault: Error | null = null

  open(): TokenBook {
    return new TokenBook({
      dataDirectory: this.directory,
      adminToken: 'the-admin',
      now: () => this.now,
      record: (kind, { by }, data) => {
        if (this.fault !== null) throw this.fault
        this.records.push(`${kind} ${String(data['token'])} ${by}`)
      },
      log: (line) => this.lines.push(line),
    })
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true })
  }
}

const wanted = { role: 'operator', expiresInMs: null, why: '' } as const

test('all that is kept is digests, for the owner only, and it is known again', () => {
  using shelf = new Shelf()
  const book = shelf.open()
  const secrets = ['ada', 'bob'].map((name) => book.create({ ...wanted, name }, 'admin').secret)
  const text = readFileSync(shelf.file, 'utf8')
  for (const secret of secrets) {
    assert.ok(!text.includes(secret.slice(6, -4)))
    assert.ok(text.includes(digestOf(secret)) && text.includes(`"lastFour": "${secret.slice(-4)}"`))
  }
  assert.equal(statSync(shelf.file).mode & 0o777, 0o600)
  assert.equal(existsSync(`${shelf.file}.new`), false)
  chmodSync(shelf.file, 0o644)
  const again = shelf.open()
  assert.equal(statSync(shelf.file).mode & 0o777, 0o600)
  assert.deepEqual(
    secrets.map((secret) => again.personOf(secret).name),
    ['ada', 'bob'],
  )
  assert.equal(again.personOf('the-admin').role, 'admin')
  again.revoke('ada', { by: 'bob', why: '' })
  assert.ok(!readFileSync(shelf.file, 'utf8').includes(digestOf(secrets[0] ?? '')))
  assert.throws(() => shelf.open().personOf(secrets[0] ?? ''), { code: 'auth.refused' })
  assert.deepEqual(shelf.records, ['token.created ada admin', 'token.created bob admin', 'token.revoked ada bob'])
})

test('a token is good until its end and not a millisecond longer', () => {
  using shelf = new Shelf()
  const book = shelf.open()
  const { secret } = book.create({ ...wanted, name: 'ada', expiresInMs: 1_000 }, 'admin')
  shelf.now += 999
  assert.equal(book.personOf(secret).name, 'ada')
  shelf.now += 1
  assert.throws(() => book.personOf(secret), {
    code: 'auth.expired',
    message: /^The token of ada has expired on 2023-/,
  })
  assert.equal(book.list().length, 1)
})

test('a torn file is said, costs nobody but its own, and is set aside, not lost', () => {
  using shelf = new Shelf()
  const { secret } = shelf.open().create({ ...wanted, name: 'ada' }, 'admin')
  const whole = readFileSync(shelf.file, 'utf8')
  const twice = whole.replace(/\[\s*(\{[^}]*\})/, '[$1, $1')
  assert.notEqual(twice, whole)
  const king = whole.replace('"operator"', '"king"')
  const torn = ['', whole.slice(0, -20), '[]', '{"serin":"tokens-v1"}', king, twice, whole.replace('ada', 'admin')]
  for (const [i, text] of torn.entries()) {
    writeFileSync(shelf.file, text)
    const book = shelf.open()
    assert.equal(shelf.lines.length, i + 1, text)
    assert.match(
      shelf.lines[i] ?? '',
      /^tokens\.json cannot be read \(.+\): only the token of the data directory is known$/,
    )
    assert.equal(book.personOf('the-admin').name, 'admin')
    assert.throws(() => book.personOf(secret), { code: 'auth.refused' })
    assert.equal(readFileSync(shelf.file, 'utf8'), text)
    book.create({ ...wanted, name: 'bob' }, 'admin')
    assert.equal(readFileSync(`${shelf.file}.unreadable`, 'utf8'), text)
    assert.deepEqual(
      shelf
        .open()
        .list()
        .map(({ name }) => name),
      ['bob'],
    )
  }
})

test('a start that was killed while it wrote leaves what there was', () => {
  using shelf = new Shelf()
  const { secret } = shelf.open().create({ ...wanted, name: 'ada' }, 'admin')
  writeFileSync(`${shelf.file}.new`, '{"serin":"tok')
  assert.equal(shelf.open().personOf(secret).name, 'ada')
  assert.deepEqual(shelf.lines, [])
})

test('no token works that the journal or the file does not know, and a revoked one works no more', () => {
  using shelf = new Shelf()
  const book = shelf.open()
  const { secret } = book.create({ ...wanted, name: 'ada' }, 'admin')
  shelf.fault = new SerinError('store.full', 'full')
  assert.throws(() => book.create({ ...wanted, name: 'bob' }, 'admin'), { code: 'store.full' })
  assert.deepEqual(
    shelf
      .open()
      .list()
      .map(({ name }) => name),
    ['ada'],
  )
  const { gone } = book.personOf(secret)
  const signal = gone()
  assert.throws(() => book.revoke('ada', { by: 'admin', why: '' }), { code: 'store.full' })
  assert.throws(() => book.personOf(secret), { code: 'auth.refused' })
  assert.equal(signal.aborted, true)
  shelf.fault = null
  // Nobody can write there.
  mkdirSync(`${shelf.file}.new`)
  assert.throws(() => book.create({ ...wanted, name: 'bob' }, 'admin'), { code: 'store.unwritable' })
  assert.deepEqual([book.list(), shelf.records.at(-1)], [[], 'token.created ada admin'])
})

test('there is a limit', () => {
  using shelf = new Shelf()
  const tokens = Array.from({ length: 500 }, (_, i) => ({
    name: `n${i}`,
    role: roles[i % roles.length],
    lastFour: 'abcd',
    createdAt: 0,
    createdBy: 'admin',
    expiresAt: null,
    digest: digestOf(String(i)),
  }))
  writeFileSync(shelf.file, JSON.stringify({ serin: 'tokens-v1', tokens }))
  const book = shelf.open()
  assert.equal(book.personOf('499').name, 'n499')
  assert.throws(() => book.create({ ...wanted, name: 'ada' }, 'admin'), {
    code: 'token.refused',
    message: /500 tokens/,
  })
})

test('looking a secret up compares with every digest, wherever the right one stands', () => {
  const secrets = Array.from({ length: 5 }, newSecret)
  assert.equal(new Set(secrets).size, 5)
  for (const given of [...secrets, 'none of them']) {
    const looked: number[] = []
    const candidates = secrets.map((secret, i) => ({
      i,
      get digest() {
        looked.push(i)
        return digestOf(secret)
      },
    }))
    assert.equal(ownerOf(given, candidates)?.i, secrets.includes(given) ? secrets.indexOf(given) : undefined)
    assert.deepEqual(looked, [0, 1, 2, 3, 4])
  }
})

test('a control plane with a torn token file says so and goes on with its own token', async () => {
  await using plane = new ControlPlane()
  mkdirSync(plane.dataDirectory, { mode: 0o700 })
  writeFileSync(join(plane.dataDirectory, 'tokens.json'), '{"serin":"tok')
  await plane.start()
  assert.equal((await plane.call('GET', '/v1/whoami')).status, 200)
  assert.match(plane.lines.join('\n'), /tokens\.json cannot be read/)
})

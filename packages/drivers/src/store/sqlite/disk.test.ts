import { noSmallDisk, onSmallDisk } from '@serin/kit/contract'
import type { SerinError } from '@serin/spec'
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openSqliteStore } from './driver.ts'
import { temporaryDirectory } from './testing/directory.ts'

const noMount = noSmallDisk()
const writer = fileURLToPath(new URL('testing/writer.ts', import.meta.url))

test(
  'a full disk is store.full, leaves nothing half-written, and is over when there is space',
  { skip: noMount },
  () => {
    const { status, output } = onSmallDisk(new URL('testing/full-disk.ts', import.meta.url), { megabytes: 6 })
    assert.equal(status, 0, output)
  },
)

test('a read-only disk is store.unwritable, and over when it can be written', { skip: noMount }, () => {
  const { status, output } = onSmallDisk(new URL('testing/read-only-disk.ts', import.meta.url), { megabytes: 6 })
  assert.equal(status, 0, output)
})

const root = process.getuid?.() === 0 ? 'Root may write to any directory; the read-only disk shows the same.' : false
test('a read-only directory is store.unwritable', { skip: root }, () => {
  using directory = temporaryDirectory()
  chmodSync(directory.path, 0o500)
  assert.throws(() => openSqliteStore({ directory: join(directory.path, 'data') }), {
    code: 'store.unwritable',
  } satisfies Partial<SerinError>)
  chmodSync(directory.path, 0o700)
})

/** The writer under strace, which reports on stderr. */
function traced(options: readonly string[], directory: string, commits: number, when = 'now') {
  return spawnSync(
    'strace',
    ['-f', '-e', 'signal=none', ...options, process.execPath, writer, directory, String(commits), when],
    {
      encoding: 'utf8',
      timeout: 120_000,
      maxBuffer: 50_000_000,
    },
  )
}
const noStrace =
  spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0 ? false : 'There is no strace that works here.'

test('a commit is on the disk before it is acknowledged', { skip: noStrace }, () => {
  using directory = temporaryDirectory()
  const { stderr } = traced(['-e', 'trace=fdatasync,fsync,write'], directory.path, 30)
  const calls = stderr.split('\n').filter((line) => /\b(fdatasync\(|fsync\(|write\(1, "\d)/.test(line))
  const acknowledgements = calls.flatMap((line, i) => (line.includes('write(1') ? [i] : []))
  assert.equal(acknowledgements.length, 30, stderr.slice(-2_000))
  for (const [i, at] of acknowledgements.entries()) {
    const since = calls.slice((acknowledgements[i - 1] ?? -1) + 1, at)
    assert.ok(since.length > 0, `acknowledgement ${i + 1} without a sync`)
  }
})

test(
  'a commit that may come soon does not wait for the disk, and one that may not makes it durable',
  { skip: noStrace },
  () => {
    using directory = temporaryDirectory()
    const { stderr } = traced(['-e', 'trace=fdatasync,fsync,write'], directory.path, 30, 'soon')
    const lines = stderr.split('\n')
    const first = lines.findIndex((line) => line.includes('write(1, "1\\n"'))
    const last = lines.findLastIndex((line) => line.includes('write(1, "30\\n"'))
    assert.ok(first > 0 && last > first, stderr.slice(-2_000))
    assert.deepEqual(
      lines.slice(first, last).filter((line) => /\b(fdatasync|fsync)\(/.test(line)),
      [],
    )
  },
)

test('a disk that fails to sync refuses the commit', { skip: noStrace }, () => {
  using directory = temporaryDirectory()
  const { stdout, stderr } = traced(
    ['-e', 'trace=fdatasync,fsync', '-e', 'inject=fdatasync,fsync:error=EIO:when=40+'],
    directory.path,
    1_000,
  )
  assert.match(stderr, /store\.unwritable/)
  const acknowledged = Number(stdout.trim().split('\n').at(-1))
  assert.ok(acknowledged > 1)
  const store = openSqliteStore({ directory: directory.path })
  // The refused one may be there, as after any lost answer; an acknowledged one must.
  assert.ok([acknowledged, acknowledged + 1].includes(Number(store.get('state'))))
  assert.equal(store.verify().ok, true)
  store.close()
})

test('its files are for their owner only', () => {
  using parent = temporaryDirectory()
  const directory = join(parent.path, 'deep', 'data')
  const store = openSqliteStore({ directory })
  store.commit({ at: 1, documents: [{ key: 'a', value: 1 }] })
  assert.equal(statSync(directory).mode & 0o777, 0o700)
  for (const file of readdirSync(directory)) assert.equal(statSync(join(directory, file)).mode & 0o077, 0, file)
  store.close()
})

test('a data directory that was opened to others is closed again; a directory of others keeps its mode', () => {
  using parent = temporaryDirectory()
  const own = join(parent.path, 'own')
  openSqliteStore({ directory: own }).close()
  chmodSync(own, 0o755)
  openSqliteStore({ directory: own }).close()
  assert.equal(statSync(own).mode & 0o777, 0o700)

  const others = join(parent.path, 'srv')
  mkdirSync(others, { mode: 0o755 })
  writeFileSync(join(others, 'index.html'), 'hello')
  openSqliteStore({ directory: others }).close()
  assert.equal(statSync(others).mode & 0o777, 0o755)
  assert.equal(statSync(join(others, 'serin.db')).mode & 0o777, 0o600)
})

test('a second process is told that the directory is in use, and disturbs nothing', async () => {
  using directory = temporaryDirectory()
  const store = openSqliteStore({ directory: directory.path })
  store.commit({ at: 1, documents: [{ key: 'state', value: 1 }] })
  const second = spawnSync(process.execPath, [writer, directory.path], { encoding: 'utf8' })
  assert.match(second.stderr, /data-directory\.in-use/)
  assert.equal(second.stdout, '')
  store.commit({ at: 2, documents: [{ key: 'state', value: 2 }] })
  assert.equal(store.get('state'), 2)
  store.close()
  const third = openSqliteStore({ directory: directory.path })
  assert.equal(third.get('state'), 2)
  third.close()
})

test('a process that stands still keeps its directory; one that was killed gives it back', async () => {
  using directory = temporaryDirectory()
  const first = spawn(process.execPath, [writer, directory.path], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(first.stdout, 'data')
  const gone = once(first, 'close')
  first.kill('SIGSTOP')
  try {
    assert.throws(() => openSqliteStore({ directory: directory.path }), { code: 'data-directory.in-use' })
  } finally {
    first.kill('SIGKILL')
    await gone
  }
  const store = openSqliteStore({ directory: directory.path })
  assert.deepEqual([store.epoch, store.verify().ok], [2, true])
  store.close()
})

test('its size is bounded by what it has to keep', () => {
  using directory = temporaryDirectory()
  const store = openSqliteStore({ directory: directory.path })
  const value = { ballast: 'x'.repeat(3_000) }
  for (let n = 1; n <= 6_000; n += 20) {
    const evidence = Array.from({ length: 20 }, (_, i) => ({ series: 'shop', at: n + i, value }))
    store.commit({ at: n, evidence, documents: [{ key: 'state', value: { n, ...value } }] })
    store.expire(n - 300)
  }
  store.close()
  const kept = 320 * 3_000
  const size = statSync(join(directory.path, 'serin.db')).size
  assert.ok(size < 4 * kept, `${size} bytes for ${kept}`)
  assert.ok(
    !existsSync(join(directory.path, 'serin.db-wal')) ||
      readFileSync(join(directory.path, 'serin.db-wal')).length === 0,
  )
})

import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { lineOf } from './evidence.ts'
import { LogTail } from './log-tail.ts'

const line = {
  decided: '7 hash =v2 =Zo%c3%ab =%2fcart',
  status: 200,
  flags: '-',
  ms: 12,
  headMs: 9,
}

test('a line of the access log tells who got what, and how it ended', () => {
  assert.deepEqual(lineOf(line), {
    version: 'v2',
    by: 'hash',
    unit: 'Zoë',
    revision: 7,
    end: 'answered',
    status: 200,
    scored: true,
    durationMs: 12,
    looks: ['/cart'],
  })
  const ends = (more: object): unknown[] => {
    const told = lineOf({ ...line, ...more })
    return [told?.end, told?.scored]
  }
  assert.deepEqual(ends({ status: 500 }), ['answered', true])
  assert.deepEqual(ends({ status: 503, flags: 'UF,URX' }), ['failed', false], 'no copy took it')
  assert.deepEqual(ends({ status: 503, flags: 'UH', headMs: null }), ['failed', false], 'there was no copy')
  assert.deepEqual(ends({ flags: 'UC' }), ['failed', false], 'the answer broke off')
  assert.deepEqual(ends({ status: 0, flags: 'DC', headMs: null }), ['abandoned', false])
  assert.deepEqual(ends({ flags: 'DC' }), ['answered', false], 'the client did not wait for the end')
  assert.deepEqual(ends({ status: 101 }), ['answered', false], 'a tunnel')
  assert.deepEqual(ends({ status: 503, flags: '-' }), ['answered', true], 'the version itself said so')
})

test('what tells of no decision is no line', () => {
  for (const other of [{}, { ...line, decided: null }, { ...line, decided: '-' }, { ...line, decided: '7 coin =v =u' }])
    assert.equal(lineOf(other), null)
})

test('a log is followed from where it was left, over to the next file, and no line is told twice', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'serin-tail-'))
  const [file, placeFile] = [join(directory, 'access.log'), join(directory, 'place.json')]
  const told: string[] = []
  let reopened = 0
  const open = async (): Promise<LogTail> =>
    await LogTail.open({
      file,
      placeFile,
      mostBytes: 30,
      onLine: (each) => told.push(each),
      reopen: async () => {
        reopened += 1
        // Who writes goes on for a while where it was.
        await appendFile(`${file}.old`, 'late\n')
        await writeFile(file, 'next\n')
      },
    })
  const has = async (...lines: readonly string[]): Promise<void> => {
    for (let attempt = 0; attempt < 500 && told.length < lines.length; attempt += 1) await sleep(20)
    assert.deepEqual(told, lines)
  }
  let tail = await open()
  try {
    await writeFile(file, 'one\ntw')
    await has('one')
    await appendFile(file, 'o\n')
    await has('one', 'two')
    tail.close()
    await appendFile(file, 'three\n')
    tail = await open()
    await has('one', 'two', 'three')
    assert.equal(reopened, 0)
    await appendFile(file, `${'x'.repeat(30)}\n`)
    await has('one', 'two', 'three', 'x'.repeat(30), 'late', 'next')
    assert.equal(reopened, 1)
    for (let attempt = 0; attempt < 500 && existsSync(`${file}.old`); attempt += 1) await sleep(20)
    assert.ok(!existsSync(`${file}.old`), 'what is read is removed')
    // Somebody else turns the file over.
    await rename(file, join(directory, 'elsewhere'))
    await writeFile(file, 'anew\n')
    await has('one', 'two', 'three', 'x'.repeat(30), 'late', 'next', 'anew')
    assert.match(await readFile(placeFile, 'utf8'), /"offset":5/)
  } finally {
    tail.close()
    await rm(directory, { recursive: true, force: true })
  }
})

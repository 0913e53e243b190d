import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../testing/model-process.ts'
import { ModelBook } from './model-book.ts'
import type { ModelEntry } from './model-book.ts'

const entry: ModelEntry = {
  server: 'http://triton:8000',
  model: 'spam-v1',
  version: 'v1',
  loaded: 'asked',
  wantedSince: 5,
  readySince: null,
  everReady: false,
  restarts: 0,
}

test('the next book finds what was written, and nothing when all of it was struck out', async () => {
  await using directory = await temporaryDirectory()
  const state = join(directory.path, 'state')
  new ModelBook(state).put(entry)
  const next = new ModelBook(state)
  assert.deepEqual([next.entries, next.find(entry)], [[entry], entry])
  const modes = await Promise.all(
    [state, join(state, 'models.json')].map(async (path) => (await stat(path)).mode & 0o777),
  )
  assert.deepEqual(modes, [0o700, 0o600])
  next.remove(entry)
  await assert.rejects(readFile(join(state, 'models.json')))
  assert.deepEqual(new ModelBook(state).entries, [])
})

test('a torn book, and entries of another form, are nobody’s', async () => {
  await using directory = await temporaryDirectory()
  new ModelBook(directory.path).put(entry)
  const file = join(directory.path, 'models.json')
  const whole = await readFile(file, 'utf8')
  for (const text of [whole.slice(0, -10), '', 'null', '{"models":1}', '{"models":[null,1,{"server":"x"}]}']) {
    await writeFile(file, text)
    assert.deepEqual(new ModelBook(directory.path).entries, [])
  }
})

test('what cannot be written down is as it was before', async () => {
  await using directory = await temporaryDirectory()
  const state = join(directory.path, 'state')
  const book = new ModelBook(state)
  await writeFile(state, '')
  assert.throws(() => book.put(entry))
  assert.deepEqual(book.entries, [])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repositoryOf } from '../repository.ts'
import { binaries } from './binaries.ts'

test('a binary or very large file has to be listed', () => {
  const files = {
    'a.bin': 'a\0b',
    'docs/long.md': 'a'.repeat(250_001),
    'docs/short.md': 'a',
    'docs/images/demo.png': 'a\0b',
    'package-lock.json': 'a'.repeat(300_000),
  }
  assert.deepEqual(
    binaries.find(repositoryOf(files)).map(({ file }) => file),
    ['a.bin', 'docs/long.md'],
  )
})

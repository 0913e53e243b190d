import assert from 'node:assert/strict'
import { test } from 'node:test'
import { textOf } from './text.ts'

test('a text is its bytes, one character each, however long it is', () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  for (let from = 0; from <= 256; from += 1)
    for (let to = from; to <= Math.min(256, from + 40); to += 1)
      assert.equal(textOf(bytes, from, to), bytes.toString('latin1', from, to))
})

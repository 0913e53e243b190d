import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { cleanText, clipLine, cutText, fitText, textWidth, wrapText } from './text.ts'

test('wide characters take two columns, accents none, styles none', () => {
  assert.equal(textWidth('abc'), 3)
  assert.equal(textWidth('日本'), 4)
  assert.equal(textWidth('e\u0301'), 1)
  assert.equal(textWidth('🐤!'), 3)
  assert.equal(textWidth('\u001B[1mabc\u001B[0m'), 3)
})

test('what others wrote cannot move the cursor, change colours or break the line', () => {
  assert.equal(cleanText('a\u001B[2Jb\u001B]0;title\u0007c\r\nd\u0000e\u202Ef'), 'abc def')
  assert.equal(cleanText('one\ntwo\tthree', { keepLines: true }), 'one\ntwothree')
})

test('a text that is too long ends with an ellipsis, never in half a character', () => {
  assert.equal(cutText('promoted', 5), 'prom…')
  assert.equal(cutText('日本語', 4), '日…')
  assert.equal(cutText('fits', 4), 'fits')
  assert.equal(fitText('ab', 4, 'right'), '  ab')
})

test('a styled line is cut by what is seen, and its style ends', () => {
  assert.equal(clipLine('\u001B[31mabcdef\u001B[0m', 4), '\u001B[31mabc…\u001B[0m')
})

test('wrapping keeps every word in order and no line is too wide', () => {
  fc.assert(
    fc.property(fc.lorem({ maxCount: 40 }), fc.integer({ min: 12, max: 90 }), (text, width) => {
      const lines = wrapText(text, width)
      for (const line of lines) assert.ok(textWidth(line) <= width)
      assert.equal(lines.join(' '), text)
    }),
  )
  assert.deepEqual(wrapText('abcdefgh', 3), ['abc', 'def', 'gh'])
  assert.deepEqual(wrapText('', 10), [''])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repositoryOf } from '../repository.ts'
import { leftovers } from './leftovers.ts'

function found(text: string, path = 'packages/core/src/a.test.ts'): readonly string[] {
  return leftovers.find(repositoryOf({ [path]: text })).map(({ line, message }) => `${line} ${message}`)
}

test('a test that runs alone and a debugger are found in code, not in texts', () => {
  assert.deepEqual(found("\ntest.only('a', () => {})\n"), ['2 Only this test would run.'])
  assert.deepEqual(found('  debugger\n'), ['1 A debugger statement.'])
  assert.deepEqual(found("const a = 'test.only('\n// debugger\n"), [])
})

test('marks of a merge conflict are found', () => {
  assert.deepEqual(found(`a\n${'<'.repeat(7)} HEAD\n${'='.repeat(7)}\n`, 'docs/a.md').length, 2)
})

test('characters nobody sees are found', () => {
  assert.deepEqual(found('a\u200bb\n', 'docs/a.md'), ['1 A character nobody sees: U+200B.'])
  assert.deepEqual(found('a\r\n', 'docs/a.md'), ['1 A character nobody sees: U+000D.'])
})

test('a line ends where it ends', () => {
  assert.deepEqual(found('a', 'docs/a.md'), ['1 The last line has no end.'])
  assert.deepEqual(found('a \n', 'docs/a.md'), ['1 Blanks at the end of the line.'])
  assert.deepEqual(found('a\n\nb\n', 'docs/a.md'), [])
})

test('data of others is left alone', () => {
  assert.deepEqual(found('a\r\n \tb', 'examples/x/data/a.tsv'), [])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repositoryOf } from '../repository.ts'
import { docComments } from './doc-comments.ts'

function found(text: string, path = 'packages/core/src/a.ts'): readonly string[] {
  return docComments.find(repositoryOf({ [path]: text })).map(({ line, message }) => `${line} ${message}`)
}

test('an export without a doc comment is found', () => {
  assert.deepEqual(found('export const a = 1\n// A note.\nexport function b(): void {}'), [
    '1 a has no doc comment.',
    '3 b has no doc comment.',
  ])
})

test('a doc comment is a sentence', () => {
  assert.deepEqual(found('/** Adds one */\nexport const a = 1'), [
    '2 The doc comment of a does not end with a full stop.',
  ])
  assert.deepEqual(found('/**\n * Adds one.\n */\nexport const a = 1\n/** Whole (see “b”). */\nexport class B {}'), [])
})

test('the type of a value, a command, a re-export, a test and what stays inside need none', () => {
  assert.deepEqual(found("export const abort = defineCommand({\n  summary: 'Aborts.',\n})"), [])
  assert.deepEqual(
    found('/** A name. */\nexport const Name = z.string()\nexport type Name = z.output<typeof Name>'),
    [],
  )
  assert.deepEqual(found("export * from './b.ts'\nexport { c } from './c.ts'\nconst d = 1"), [])
  assert.deepEqual(found('export const a = 1', 'packages/core/src/a.test.ts'), [])
  assert.deepEqual(found('export const a = 1', 'tools/src/a.ts'), [])
})

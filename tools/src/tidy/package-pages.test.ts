import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repositoryOf } from '../repository.ts'
import { packagePages } from './package-pages.ts'

const good = '# @serin/sdk\n\nA client.\n\nMay import: `spec`.\n\nStart reading at `client.ts`.\n'

function found(text: string | null): readonly string[] {
  const files = { 'packages/sdk/package.json': '{"name":"@serin/sdk"}', 'packages/sdk/src/client.ts': '' }
  return packagePages
    .find(repositoryOf(text === null ? files : { ...files, 'packages/sdk/README.md': text }))
    .map(({ message }) => message)
}

test('a good sign is accepted', () => {
  assert.deepEqual(found(good), [])
})

test('a missing, long, untitled or silent README is found', () => {
  assert.deepEqual(found(null), ['@serin/sdk has no README.md.'])
  assert.deepEqual(found(good + 'more\n'.repeat(30)), ['It has more than 30 lines.'])
  assert.deepEqual(found(good.replace('@serin/sdk', 'The client')), ['Its title is not "@serin/sdk".'])
  assert.deepEqual(found(good.replace('May', 'Can')), ['It has no line "May import: ….".'])
  assert.deepEqual(found(good.replace('client.ts', 'other.ts')), ['"other.ts" is not there to start reading at.'])
})

test('what it may import is what the boundaries allow', () => {
  assert.deepEqual(found(good.replace('`spec`', '`core`')), [
    'It may import spec, but does not say so.',
    'It says it may import core, but tools/src/boundaries/rooms.ts does not.',
  ])
})

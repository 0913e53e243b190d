import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repositoryOf } from '../repository.ts'
import { decisions } from './decisions.ts'

const page = (number: string) =>
  `# ${number} · A\n\n## Context\n\n## Decision\n\n## Price\n\n## What would change our mind\n`
const list = '# Decisions\n\n[a](0001-a.md) [b](0002-b.md)\n'

function found(files: Readonly<Record<string, string>>): readonly string[] {
  return decisions.find(repositoryOf({ 'docs/decisions/README.md': list, ...files })).map(({ message }) => message)
}

test('a whole decision is accepted', () => {
  assert.deepEqual(found({ 'docs/decisions/0001-a.md': page('0001'), 'docs/decisions/0002-b.md': page('0002') }), [])
})

test('a number is given once, and stands in the title and in the list', () => {
  assert.deepEqual(found({ 'docs/decisions/0001-a.md': page('0001'), 'docs/decisions/0001-c.md': page('0001') }), [
    'Number 0001 is taken.',
    'docs/decisions/README.md does not list it.',
  ])
  assert.deepEqual(found({ 'docs/decisions/0001-a.md': page('0009') }), ['Its title does not begin with "0001 · ".'])
})

test('a decision says its price', () => {
  const cheap = page('0001').replace('## Price', '## Cost')
  assert.deepEqual(found({ 'docs/decisions/0001-a.md': cheap }), ['It has no section "Price".'])
})

test('a comment that names a page of the docs is right', () => {
  const found1 = found({
    'packages/core/src/a.ts': '// See docs/decisions/0001-a.md and docs/why/b.md.\n',
    'docs/why/b.md': '',
  })
  assert.deepEqual(found1, ['There is no docs/decisions/0001-a.md in this repository.'])
})

test('a comment does not send its reader to a paper that is elsewhere', () => {
  const found1 = found({
    'packages/core/src/a.ts': '// As in STATISTICS §2.4.\n',
    'packages/core/src/b.ts': '// RFC 9457 §3.\n',
  })
  assert.deepEqual(found1, ['"STATISTICS §2.4" is not in this repository.'])
})

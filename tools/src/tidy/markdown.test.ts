import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repositoryOf } from '../repository.ts'
import { markdown } from './markdown.ts'

function found(text: string, more: Readonly<Record<string, string>> = {}): readonly string[] {
  return markdown
    .find(repositoryOf({ 'docs/a.md': text, ...more }))
    .filter(({ file }) => file === 'docs/a.md')
    .map(({ line, message }) => `${line} ${message}`)
}

test('a page has exactly one title and skips no level', () => {
  assert.deepEqual(found('text'), ['1 A page needs a title (# …).'])
  assert.deepEqual(found('# A\n# B'), ['2 A page has one title.'])
  assert.deepEqual(found('# A\n### B'), ['2 "B" skips a level of headings.'])
})

test('links inside the repository lead to files and headings that exist', () => {
  const others = { 'docs/b.md': '# B\n\n## Some part', 'docs/how-to/c.md': '# C' }
  assert.deepEqual(found('# A\n[b](b.md) [b](b.md#some-part) [c](how-to/) [w](https://example.org/x)', others), [])
  assert.deepEqual(found('# A\n[b](c.md)', others), ['2 "c.md" leads nowhere.'])
  assert.deepEqual(found('# A\n[b](b.md#other)', others), ['2 docs/b.md has no heading "#other".'])
  assert.deepEqual(found('# A\n[self](#a) [self](#b)'), ['2 docs/a.md has no heading "#b".'])
})

test('a path of the repository named in a page exists', () => {
  const others = { 'packages/core/src/x.ts': '', 'docs/decisions/0001-y.md': '# Y' }
  assert.deepEqual(
    found('# A\n`packages/core/src/x.ts` `packages/core/` `docs/decisions/0001-*` `packages/<name>/x`', others),
    [],
  )
  assert.deepEqual(found('# A\n`packages/core/src/z.ts`', others), [
    '2 There is no packages/core/src/z.ts in this repository.',
  ])
})

test('a block names a known language', () => {
  assert.match(found('# A\n```\nx\n```').join(), /^2 A block of ""/)
  assert.deepEqual(found('# A\n```yaml\nx: 1\n```'), [])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anchorOf, readMarkdown } from './markdown.ts'

test('headings, blocks, links and codes are read; what is in a fence is only a block', () => {
  const page = readMarkdown(
    '# A\n\nSee [b](b.md) and `c/d`.\n\n## E\n\n```ts\n# [no](x)\n```\n<img alt="f" src="f.svg">\n',
  )
  assert.deepEqual(page.headings, [
    { level: 1, text: 'A', line: 1 },
    { level: 2, text: 'E', line: 5 },
  ])
  assert.deepEqual(page.blocks, [{ language: 'ts', text: '# [no](x)', line: 7, under: 'E' }])
  assert.deepEqual(page.links, [
    { target: 'b.md', line: 3 },
    { target: 'f.svg', line: 10 },
  ])
  assert.deepEqual(page.codes, [{ text: 'c/d', line: 3 }])
})

test('a longer fence holds a shorter one', () => {
  assert.deepEqual(
    readMarkdown('````md\n```ts\n```\n````\n').blocks.map(({ language }) => language),
    ['md'],
  )
})

test('anchors are those of the reader', () => {
  assert.equal(anchorOf('What is `safe`, and why?'), 'what-is-safe-and-why')
})

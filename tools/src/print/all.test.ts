import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repositoryOf } from '../repository.ts'
import { between } from './all.ts'
import { printApiPage } from './api-page.ts'
import { printCliPage } from './cli-page.ts'
import { table } from './markdown.ts'
import { printRoomsGraph } from './rooms-graph.ts'

test('a part of a page is replaced between its marks and nowhere else', () => {
  const page = repositoryOf({ 'A.md': '# A\n\n<!-- x -->\nold\n<!-- /x -->\n\nrest\n' })
  assert.equal(between(page, 'A.md', 'x', 'new'), '# A\n\n<!-- x -->\n\nnew\n\n<!-- /x -->\n\nrest\n')
  assert.equal(between(page, 'A.md', 'y', 'new'), page.text('A.md'))
})

test('the graph shows what is imported; an arrow is dashed when no value is', () => {
  const manifest = (name: string) =>
    JSON.stringify({
      name: `@serin/${name}`,
      exports: { '.': './src/index.ts', './assignment': './src/assignment/index.ts' },
    })
  const repository = repositoryOf({
    'packages/core/package.json': manifest('core'),
    'packages/core/src/index.ts': "import '@serin/stats'",
    'packages/core/src/assignment/index.ts': '',
    'packages/stats/package.json': manifest('stats'),
    'packages/stats/src/index.ts': '',
    'packages/stats/src/a.test.ts': "import '@serin/core'",
    'packages/kit/package.json': manifest('kit'),
    'packages/kit/src/index.ts': "import type { Plan } from '@serin/core'",
  })
  assert.equal(printRoomsGraph(repository), '```mermaid\ngraph TD\n  core --> stats\n  kit -.-> core\n```')
})

test('a bar in a cell does not end it', () => {
  assert.equal(table(['a'], [['b | c\nd']]), '| a |\n| --- |\n| b \\| c d |')
})

test('the API page describes each resource once and links to it', () => {
  const page = printApiPage()
  assert.equal(page.match(/^## Rollout$/gm)?.length, 1)
  assert.match(page, /Answer: a \[Rollout\]\(#rollout\)\./)
  assert.match(page, /\| body \| `observations` \| list of \[Observation\]/)
})

test('the page of the command line has usage, options and examples', () => {
  const page = printCliPage({
    globalOptions: [{ name: 'output', short: 'o', value: 'format', description: 'How.', default: 'text' }],
    commands: [
      {
        name: 'journal verify',
        usage: 'serin journal verify',
        summary: 'Checks.',
        arguments: [{ name: 'name', description: 'Which.' }],
        options: [{ name: 'fast', description: 'Faster.' }],
        examples: [{ line: 'serin journal verify', does: 'Check' }],
      },
    ],
  })
  for (const part of [
    '[serin journal verify](#serin-journal-verify)',
    '| `-o, --output FORMAT` | How. | `text` |',
    '| `NAME` | Which. |',
    '# Check\nserin journal verify',
  ])
    assert.ok(page.includes(part), part)
})

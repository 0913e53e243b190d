import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repositoryOf } from '../repository.ts'
import { commandsOf, docBlocks } from './doc-blocks.ts'

const cli =
  '# The command line\n\n## Options of every command\n\n| `-o, --output FORMAT` |\n\n## serin release\n\n| `--to VERSION` |\n| `--wait` |\n\n## serin journal verify\n'

function found(language: string, text: string): readonly string[] {
  const repository = repositoryOf({
    'package.json': '{"name":"root","scripts":{"demo":"x","test":"y"}}',
    'docs/reference/cli.md': cli,
    'docs/a.md': `# A\n\n\`\`\`${language}\n${text}\n\`\`\`\n`,
  })
  return docBlocks.find(repository).map(({ line, message }) => `${line} ${message}`)
}

test('a release file in a page is valid; a part of one is left alone', () => {
  assert.match(found('yaml', 'serin: v1\nservices: {}').join(), /at least one service/)
  assert.deepEqual(found('yaml', 'steps:\n  - weight: 5%'), [])
})

test('JSON in a page is JSON', () => {
  assert.equal(found('json', '{ a: 1 }').length, 1)
  assert.deepEqual(found('json', '{ "a": 1 }'), [])
})

test('scripts, commands and options in a page exist', () => {
  assert.deepEqual(
    found('sh', 'npm run demo\nnpm test\nnpm ci\nserin release shop --to v2 --wait -o json # go\nserin journal verify'),
    [],
  )
  assert.deepEqual(found('sh', 'npm run dmeo'), ['4 package.json has no script "dmeo".'])
  assert.deepEqual(found('sh', '# first\nserin relaese shop'), ['5 There is no command "serin relaese".'])
  assert.deepEqual(found('sh', 'serin release shop --to v2 --wiat'), ['4 "serin release" has no option --wiat.'])
})

test('a line that goes on is one command', () => {
  assert.deepEqual(commandsOf('curl \\\n  -X POST\n\nls # x'), [
    { line: 1, words: ['curl', '-X', 'POST'] },
    { line: 4, words: ['ls'] },
  ])
})

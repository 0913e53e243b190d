import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repositoryOf } from '../repository.ts'
import { deadExports } from './dead-exports.ts'

test('an export that nobody mentions is found; a mention in a comment or text is none', () => {
  const repository = repositoryOf({
    'packages/core/src/a.ts':
      'export const used = 1\nexport function unused(): void {}\nexport type Own = string\nconst own: Own = ""\n',
    'packages/core/src/b.ts': "import { used } from './a.ts'\n// unused\nconst text = 'unused'\n",
  })
  assert.deepEqual(
    deadExports.find(repository).map(({ line, message }) => `${line} ${message}`),
    ['2 unused is exported, and nobody uses it.'],
  )
})

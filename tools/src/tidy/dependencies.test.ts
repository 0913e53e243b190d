import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repositoryOf } from '../repository.ts'
import { dependencies } from './dependencies.ts'

function found(manifest: object, source: string, page = '# D\n\n`zod`'): readonly string[] {
  return dependencies
    .find(
      repositoryOf({
        'packages/spec/package.json': JSON.stringify({ name: '@serin/spec', ...manifest }),
        'packages/spec/src/a.ts': source,
        'docs/decisions/dependencies.md': page,
      }),
    )
    .map(({ message }) => message)
}

test('a dependency that is pinned, used and explained is accepted', () => {
  assert.deepEqual(found({ dependencies: { zod: '4.6.7' } }, "import 'zod/v4'"), [])
})

test('a range, an unused package and one without a reason are found', () => {
  assert.deepEqual(found({ dependencies: { zod: '^4.0.0' } }, "import 'zod'"), ['zod has no exact version ("^4.0.0").'])
  assert.deepEqual(found({ dependencies: { zod: '4.6.7' } }, ''), ['zod is declared but not used.'])
  assert.deepEqual(found({ dependencies: { zod: '4.6.7' } }, "import 'zod'", '# D'), [
    'docs/decisions/dependencies.md gives no reason for zod.',
  ])
})

test('a dependency the lock file does not know is found', () => {
  const files = (locked: object) => ({
    'packages/spec/package.json': '{"name":"@serin/spec","dependencies":{"zod":"4.6.7"}}',
    'packages/spec/src/a.ts': "import 'zod'",
    'docs/decisions/dependencies.md': '# D\n\n`zod`',
    'package-lock.json': JSON.stringify({ packages: { 'packages/spec': { dependencies: locked } } }),
  })
  assert.deepEqual(dependencies.find(repositoryOf(files({ zod: '4.6.7' }))), [])
  assert.match(dependencies.find(repositoryOf(files({})))[0]?.message ?? '', /does not know zod 4\.6\.7/)
})

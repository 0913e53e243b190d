import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repositoryOf } from '../repository.ts'
import { purity } from './purity.ts'

test('a promise in a pure room is found, in a test or a comment it is not', () => {
  const text = '// await\nasync function a(): Promise<void> {\n  await b()\n}'
  const found = (path: string) => purity.find(repositoryOf({ [path]: text })).map(({ line }) => line)
  assert.deepEqual(found('packages/core/src/a.ts'), [2, 2, 3])
  assert.deepEqual(found('packages/core/src/a.test.ts'), [])
  assert.deepEqual(found('packages/engine/src/a.ts'), [])
})

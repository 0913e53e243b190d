import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repositoryOf } from '../repository.ts'
import { names } from './names.ts'

function found(path: string, text = ''): readonly string[] {
  return names.find(repositoryOf({ [path]: text })).map((finding) => finding.message)
}

test('drawers are refused as files, as folders and as parts of a name', () => {
  for (const path of ['utils.ts', 'helpers/a.ts', 'string-utils.ts', 'common.test.ts', 'rolloutThings.ts'])
    assert.equal(found(`packages/core/src/${path}`).length, 1, path)
  assert.deepEqual(found('packages/core/src/analysis/log-histogram.test.ts'), [])
})

test('exports that say nothing are refused', () => {
  assert.deepEqual(found('packages/core/src/a.ts', 'export class RolloutManager {}\nexport interface IThing {}'), [
    '"RolloutManager" does not say what it is for.',
    '"IThing" does not say what it is for.',
  ])
  assert.deepEqual(found('packages/core/src/a.ts', '// export class RolloutManager {}\nexport interface Import {}'), [])
})

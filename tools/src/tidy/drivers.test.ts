import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repositoryOf } from '../repository.ts'
import { drivers } from './drivers.ts'

test('a driver without a piece of its silhouette is found', () => {
  const files = [
    'store/sqlite/driver.ts',
    'store/sqlite/README.md',
    'store/journal-chain.ts',
    'workload/supervisor/a.ts',
  ]
  const repository = repositoryOf(Object.fromEntries(files.map((file) => [`packages/drivers/src/${file}`, ''])))
  assert.deepEqual(
    drivers.find(repository).map(({ message }) => message),
    ['The driver has no driver.test.ts.'],
  )
})

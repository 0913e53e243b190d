import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repositoryOf } from '../repository.ts'
import { secretsAndMachines } from './secrets.ts'

function found(text: string, path = 'docs/a.md'): number {
  return secretsAndMachines.find(repositoryOf({ [path]: text })).length
}

test('secrets are found', () => {
  assert.equal(found('-----BEGIN RSA PRIVATE KEY-----'), 1)
  assert.equal(found(`ghp_${'a1'.repeat(18)}`), 1)
  assert.equal(found('AKIAABCDEFGHIJKLMNOP'), 1)
  assert.equal(found(`Authorization: Bearer ${'x'.repeat(43)}`), 1)
  assert.equal(found('Authorization: Bearer TOKEN and a hash 0123456789abcdef0123456789abcdef0123456789abcdef'), 0)
})

test('paths of one machine are found', () => {
  assert.equal(found('see /work/main/a.ts'), 1)
  assert.equal(found('/home/alice/x and /Users/bob/y'), 2)
  assert.equal(found('C:\\Users\\bob'), 1)
  assert.equal(found('framework/main, ./work/x, https://example.org/work/1, /home/you/x'), 0)
})

test('a module that reads outside the repository is found', () => {
  assert.equal(found("new URL('../../../../x.json', import.meta.url)", 'packages/core/src/a.ts'), 1)
  assert.equal(found("new URL('../../../docs/x.json', import.meta.url)", 'packages/core/src/a.ts'), 0)
})

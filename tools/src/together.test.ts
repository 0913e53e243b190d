import assert from 'node:assert/strict'
import { test } from 'node:test'
import { together } from './together.ts'

const texts: Readonly<Record<string, string>> = {
  'e2e/src/a.test.ts': "test('a', () => {})",
  'packages/core/src/b.test.ts': "test('b', () => {})",
  'packages/core/src/c.test.ts': "before(() => {})\ntest('c', () => {})",
  'packages/core/src/d.test.ts': "describe('d', () => {\n  before(() => {})\n})",
  'packages/core/src/e.calibration.test.ts': "test('e', () => {})",
  'packages/engine/src/x.test.ts': "test('x', () => {\n  process.env['HOME'] = '/nowhere'\n})",
  'packages/gateway/src/f.test.ts': "test('f', () => {})",
  'packages/gateway/src/g.test.ts': "test('g', () => {})",
}

test('the files of a calm room share a process, but not one that takes long or that would disturb the others', () => {
  assert.deepEqual(
    together(Object.keys(texts), (file) => texts[file] ?? assert.fail(file)),
    [
      ['e2e/src/a.test.ts'],
      ['packages/core/src/b.test.ts', 'packages/core/src/d.test.ts'],
      ['packages/core/src/c.test.ts'],
      ['packages/core/src/e.calibration.test.ts'],
      ['packages/engine/src/x.test.ts'],
      ['packages/gateway/src/f.test.ts'],
      ['packages/gateway/src/g.test.ts'],
    ],
  )
})

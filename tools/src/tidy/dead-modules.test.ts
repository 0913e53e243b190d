import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repositoryOf } from '../repository.ts'
import { deadModules } from './dead-modules.ts'

test('a module that no entry reaches is found, and so is one that only its test reaches', () => {
  const repository = repositoryOf({
    'package.json': JSON.stringify({ name: 'root', scripts: { tidy: 'node tools/src/tidy/main.ts' } }),
    'packages/core/package.json': JSON.stringify({
      name: '@serin/core',
      exports: { '.': './src/index.ts', './x/*': './src/x/*/d.ts' },
    }),
    'packages/core/src/index.ts': "export * from './used.ts'",
    'packages/core/src/used.ts': "const run = new URL('process.ts', import.meta.url)",
    'packages/core/src/process.ts': '',
    'packages/core/src/x/one/d.ts': '',
    'packages/core/src/tested.ts': '',
    'packages/core/src/tested.test.ts': "import './tested.ts'\nimport './testing/world.ts'",
    'packages/core/src/testing/world.ts': '',
    'packages/core/src/testing/started.ts': '',
    'packages/core/src/other.test.ts': "spawn('started.ts')",
    'packages/core/src/measure.ts': '/** Measures: `node packages/core/src/measure.ts`. */',
    'packages/core/src/dead.ts': '',
    'tools/src/tidy/main.ts': '',
  })
  assert.deepEqual(
    deadModules.find(repository).map(({ file, message }) => `${file} ${message.slice(0, 7)}`),
    ['packages/core/src/dead.ts Nothing', 'packages/core/src/tested.ts Only te'],
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repositoryOf } from '../repository.ts'
import { checkBoundaries } from './check.ts'

/** Packages as they are, each with a front door and the dependencies the snippet needs. */
function house(files: Readonly<Record<string, string>>): readonly string[] {
  const all = ['stats', 'spec', 'core', 'kit', 'drivers', 'engine', 'gateway', 'sdk', 'server', 'cli']
  const dependencies = Object.fromEntries(all.map((name) => [`@serin/${name}`, '0.1.0']))
  const manifests = all.map((name) => [
    `packages/${name}/package.json`,
    JSON.stringify({
      name: `@serin/${name}`,
      exports: {
        '.': './src/index.ts',
        './assignment': './src/assignment/index.ts',
        './store/*': './src/store/*/driver.ts',
      },
      dependencies: { ...dependencies, zod: '4' },
    }),
  ])
  const doors = all.map((name) => [`packages/${name}/src/index.ts`, ''])
  const repository = repositoryOf({
    'package.json': JSON.stringify({ name: 'root', devDependencies: { 'fast-check': '4' } }),
    'sim/package.json': JSON.stringify({ name: '@serin/sim', dependencies }),
    ...(Object.fromEntries([...manifests, ...doors]) as Record<string, string>),
    ...files,
  })
  return checkBoundaries(repository).map(({ file, line, message }) => `${file}:${line} ${message}`)
}

test('arrows of the house are allowed', () => {
  assert.deepEqual(
    house({
      'packages/core/src/a.ts': "import { b } from './b.ts'\nimport '@serin/stats'\nimport '@serin/spec'",
      'packages/core/src/b.ts': '',
      'packages/cli/src/a.ts': "import '@serin/sdk'\nawait import('@serin/server')",
      'packages/drivers/src/store/sqlite/driver.ts':
        "import { chained } from '../journal-chain.ts'\nimport 'node:sqlite'",
      'packages/drivers/src/store/journal-chain.ts': '',
      'packages/server/src/a.ts': "import '@serin/drivers/store/sqlite'",
      'sim/src/a.ts': "import '@serin/engine'",
    }),
    [],
  )
})

test('an absent arrow is forbidden', () => {
  assert.deepEqual(house({ 'packages/stats/src/a.ts': "import { Service } from '@serin/spec'" }), [
    'packages/stats/src/a.ts:1 stats may not import spec. It may import: nothing.',
  ])
  assert.match(house({ 'packages/engine/src/a.ts': "import '@serin/drivers/store/sqlite'" }).join(), /leads nowhere/)
  assert.match(house({ 'packages/sdk/src/a.ts': "import '@serin/core'" }).join(), /sdk may not import core\./)
})

test('an arrow of types does not carry values, and a lazy one nothing at once', () => {
  assert.deepEqual(house({ 'packages/kit/src/a.ts': "import type { Plan } from '@serin/core'" }), [])
  assert.match(
    house({ 'packages/kit/src/a.ts': "import { advance } from '@serin/core'" }).join(),
    /may not import core\./,
  )
  assert.deepEqual(house({ 'packages/cli/src/a.ts': "import type { X } from '@serin/server'" }), [])
  assert.match(
    house({ 'packages/cli/src/a.ts': "import { x } from '@serin/server'" }).join(),
    /may not import server\./,
  )
})

test('one driver never imports another', () => {
  const found = house({
    'packages/drivers/src/store/sqlite/driver.ts': "import { openMemory } from '../memory/driver.ts'",
    'packages/drivers/src/store/memory/driver.ts': '',
  })
  assert.match(found.join(), /drivers\/each\/store\/sqlite may not import drivers\/each\/store\/memory/)
})

test('product code imports neither tests nor what is made for them', () => {
  const found = house({
    'packages/gateway/src/a.ts': "import { server } from './testing/servers.ts'",
    'packages/gateway/src/testing/servers.ts': '',
    'packages/gateway/src/a.test.ts': "import './testing/servers.ts'\nimport 'fast-check'",
  })
  assert.equal(found.length, 1)
  assert.match(found.join(), /a\.ts:1 Product code imports nothing that is made for tests/)
})

test('nothing imports the simulation', () => {
  const found = house({
    'packages/engine/src/a.ts': "import { world } from '../../../sim/src/world.ts'",
    'sim/src/world.ts': '',
  })
  assert.match(found.join(), /front door/)
})

test('another package is entered by its front door', () => {
  const found = house({ 'packages/engine/src/a.ts': "import { x } from '../../core/src/index.ts'" })
  assert.match(found.join(), /front door \("@serin\/core"\)/)
})

test('what is imported is declared, and pure rooms stay pure', () => {
  assert.match(
    house({ 'packages/engine/src/a.ts': "import 'left-pad'" }).join(),
    /"left-pad" is not among the dependencies/,
  )
  assert.match(house({ 'packages/core/src/a.ts': "import 'node:fs'" }).join(), /core is pure/)
  assert.match(house({ 'packages/core/src/a.ts': "import 'zod'" }).join(), /core is pure: it does not import "zod"/)
  assert.deepEqual(house({ 'packages/core/src/a.test.ts': "import 'node:fs'" }), [])
})

test('what is installed for development alone is imported only by what runs there alone', () => {
  const manifest = JSON.stringify({ name: '@serin/bench', exports: {}, devDependencies: { 'left-pad': '1' } })
  const found = house({
    'packages/bench/package.json': manifest,
    'packages/bench/src/gateway/peers/a.ts': "import 'left-pad'",
    'packages/bench/src/gateway/b.ts': "import 'left-pad'",
  })
  assert.deepEqual(found, [
    'packages/bench/src/gateway/b.ts:1 "left-pad" is not among the dependencies of @serin/bench.',
  ])
})

test('cycles are found once, whatever they are entered by; types make none', () => {
  const ring = {
    'packages/spec/src/a.ts': "import './b.ts'",
    'packages/spec/src/b.ts': "import './c.ts'",
    'packages/spec/src/c.ts': "import './a.ts'",
  }
  assert.deepEqual(house(ring), [
    'packages/spec/src/a.ts:1 A cycle: packages/spec/src/a.ts → packages/spec/src/b.ts → packages/spec/src/c.ts → packages/spec/src/a.ts.',
  ])
  assert.deepEqual(house({ ...ring, 'packages/spec/src/c.ts': "import type { A } from './a.ts'" }), [])
})

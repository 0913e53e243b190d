import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importsOf } from './imports.ts'

function seen(source: string): readonly string[] {
  return importsOf(source).map(({ specifier, kind, line }) => `${line} ${kind} ${specifier}`)
}

test('each form of import is seen with its kind and line', () => {
  const source = `import 'node:side'
import whole, { a } from './a.ts'
import * as star from "star"
import {
  type B,
  c,
} from './b.ts'
import { type D, type E } from './d.ts'
import type { F } from './f.ts'
export * from './g.ts'
export { h } from './h.ts'
export type { I } from './i.ts'
const later = await import('./later.ts')
type Module = typeof import('./typed.ts')
const entry = import.meta.resolve('@serin/gateway/main')
const file = new URL('data.json', import.meta.url)`
  assert.deepEqual(seen(source), [
    '1 value node:side',
    '2 value ./a.ts',
    '3 value star',
    '7 value ./b.ts',
    '8 type ./d.ts',
    '9 type ./f.ts',
    '10 value ./g.ts',
    '11 value ./h.ts',
    '12 type ./i.ts',
    '13 lazy ./later.ts',
    '14 type ./typed.ts',
    '15 process @serin/gateway/main',
    '16 process data.json',
  ])
})

test('an import in a comment or in a text is none', () => {
  assert.deepEqual(seen("// import './a.ts'\nconst text = `\nimport './b.ts'\n`\nf(\"import('./c.ts')\")"), [])
})

test('a declaration before an import is not taken for a part of it', () => {
  assert.deepEqual(seen("export const a = 1\nexport type B = string\nimport { c } from './c.ts'"), ['3 value ./c.ts'])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { functionsOf } from './functions.ts'

function seen(source: string): readonly string[] {
  return functionsOf(source).map(({ name, line, lines }) => `${name} ${line}+${lines}`)
}

test('functions, methods, arrows and accessors are found with their length', () => {
  const source = `export async function one(a: string): Promise<{ b: string }> {
  return { b: a }
}
function many(
  a: string,
  b: string,
): { readonly c: string } {
  return { c: a + b }
}
export const arrow = (a: number) => {
  return a
}
class Thing {
  constructor(a: string) {
    this.a = a
  }
  async #hidden<T>(a: T): Promise<T> {
    if (a) {
      return a
    }
    return a
  }
  get size(): number {
    return 1
  }
}
const table = {
  tick: (state) => {
    return state
  },
}`
  assert.deepEqual(seen(source), [
    'one 1+3',
    'many 4+6',
    'arrow 10+3',
    'constructor 14+3',
    '#hidden 17+6',
    'size 23+3',
    'tick 28+3',
  ])
})

test('blocks, objects, classes and types are no functions', () => {
  const source = `if (a) {
  b()
} else if (c) {
  d()
}
for (const e of f) {
  g(e)
}
switch (h) {
}
const o = {
  a: 1,
}
interface I {
  a(): void
}
const call = wrap({
  a: 1,
})
try {
} catch (error) {
}`
  assert.deepEqual(seen(source), [])
})

test('a brace in a text opens nothing', () => {
  assert.deepEqual(seen("const text = 'function a() {'\nconst other = '}'"), [])
})

test('a test is a function by its arrow', () => {
  assert.deepEqual(seen("test('a name', async () => {\n  a()\n})"), ['test 1+3'])
})

import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { differenceOf, failed, rulesOf } from './compare.ts'
import type { Answer } from './compare.ts'
import { alikeJson, ignoredTree } from './json.ts'

const json = rulesOf({ body: 'json', ignored: [], tolerance: 0 })
const exact = rulesOf({ body: 'exact', ignored: [], tolerance: 0 })
const answer = (body: string, status: number | null = 200): Answer => ({
  status,
  body: body === 'unseen' || body === 'longer' ? body : Buffer.from(body),
})
const strict = (ignored: readonly string[] = [], tolerance = 0) => ({ ignored: ignoredTree(ignored), tolerance })

/** The same value with its keys in another order. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, member]): [string, unknown] => [key, shuffled(member)])
  return Object.fromEntries(entries.reverse())
}

/** JSON as it comes out of a parser, in which 0 and -0 are one. */
const values = fc.json({ maxDepth: 4 }).map((text): unknown => JSON.parse(text.replaceAll(/-0(?![.\d])/g, '0')))

test('law: a value is alike itself, however its keys are ordered and its text is spaced', () => {
  fc.assert(
    fc.property(values, (value) => {
      assert.ok(alikeJson(value, shuffled(value), strict()))
      const wide = JSON.stringify(shuffled(value), null, 3)
      assert.equal(differenceOf(answer(JSON.stringify(value)), answer(wide), json), 'none')
    }),
  )
})

test('law: without tolerance and pointers, alike is deep equality, both ways round', () => {
  fc.assert(
    fc.property(values, values, fc.boolean(), (one, other, same) => {
      const second = same ? structuredClone(one) : other
      const equal = isDeepStrictEqual(JSON.parse(JSON.stringify(one)), JSON.parse(JSON.stringify(second)))
      assert.equal(alikeJson(one, second, strict()), equal)
      assert.equal(alikeJson(second, one, strict()), equal)
    }),
  )
})

const keys = fc.constantFrom('a', 'b/c', 'd~e', '__proto__', '')

test('law: what a pointer names may be anything or missing, and what it does not name may not', () => {
  const path = fc.array(keys, { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(path, values, values, fc.boolean(), (tokens, one, other, missing) => {
      const wrap = (value: unknown): unknown =>
        tokens.reduceRight<unknown>(
          (inner, key) =>
            Object.fromEntries([
              ['kept', 1],
              [key, inner],
            ]),
          value,
        )
      const pointer = tokens.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
      assert.ok(alikeJson(wrap(one), wrap(other), strict([pointer])))
      assert.equal(
        alikeJson(wrap(one), wrap(other), strict([`${pointer}/deeper/none`])),
        alikeJson(one, other, strict()),
      )
      const around = Object.fromEntries([
        ['x', one],
        ['y', 1],
      ])
      const without = missing ? { y: 1 } : { y: 2 }
      assert.equal(alikeJson(around, without, strict(['/x'])), missing)
      assert.equal(alikeJson(without, around, strict(['/x'])), missing)
    }),
  )
})

test('law: numbers are alike exactly within the tolerance, at any depth', () => {
  const ints = fc.integer({ min: -1_000, max: 1_000 })
  fc.assert(
    fc.property(ints, ints, fc.integer({ min: 0, max: 100 }), (one, other, tolerance) => {
      const alike = alikeJson({ p: [{ q: one }] }, { p: [{ q: other }] }, strict([], tolerance))
      assert.equal(alike, Math.abs(one - other) <= tolerance)
    }),
  )
})

test('places of a list can be left out, and lists of other lengths differ', () => {
  assert.ok(alikeJson({ a: [1, 2, 3] }, { a: [1, 9, 3] }, strict(['/a/1'])))
  assert.ok(!alikeJson({ a: [1, 2, 3] }, { a: [1, 9, 3] }, strict(['/a/2'])))
  assert.ok(!alikeJson([1, 2], [1, 2, 3], strict()))
  assert.ok(!alikeJson([], {}, strict()))
  assert.ok(!alikeJson({ a: null }, { a: {} }, strict()))
  assert.ok(!alikeJson({ a: '1' }, { a: 1 }, strict([], 5)))
})

test('a body as deep as it is long costs no stack', () => {
  const depth = 400_000
  const [one, other] = [`${'['.repeat(depth)}1${']'.repeat(depth)}`, `${'['.repeat(depth)}2${']'.repeat(depth)}`]
  assert.equal(differenceOf(answer(one), answer(`${one} `), json), 'none')
  assert.equal(differenceOf(answer(one), answer(other), json), 'body')
})

test('status comes first, and bodies count as they are asked to', () => {
  assert.equal(differenceOf(answer('a'), answer('b', 500), exact), 'status')
  assert.equal(differenceOf(answer('a', null), answer('b', null), exact), 'none')
  assert.equal(differenceOf(answer('a'), answer('b', null), exact), 'status')
  assert.equal(differenceOf(answer('a'), answer('b'), exact), 'body')
  assert.equal(differenceOf(answer('a'), answer('b'), rulesOf({ body: 'ignore', ignored: [], tolerance: 0 })), 'none')
  assert.equal(differenceOf(answer('{"a":1}'), answer('{ "a": 1 }'), exact), 'body')
  assert.equal(differenceOf(answer('{"a":1}'), answer('{ "a": 1 }'), json), 'none')
  // What is no JSON has to be alike byte by byte.
  assert.equal(differenceOf(answer('<p>'), answer('<p>'), json), 'none')
  assert.equal(differenceOf(answer('<p>'), answer('<p> '), json), 'body')
  assert.equal(differenceOf(answer('{}'), answer('<p>'), json), 'body')
})

test('a body that nobody kept is not compared; one that outgrows a kept one differs', () => {
  assert.equal(differenceOf(answer('unseen'), answer('b'), exact), 'none')
  assert.equal(differenceOf(answer('longer'), answer('b'), exact), 'none')
  assert.equal(differenceOf(answer('a'), answer('unseen'), exact), 'none')
  assert.equal(differenceOf(answer('a'), answer('longer'), exact), 'body')
  assert.equal(differenceOf(answer('longer'), answer('longer'), exact), 'none')
})

test('a failure is no whole answer, or one from 500 on', () => {
  assert.deepEqual(
    [null, 200, 404, 499, 500, 503].map((status) => failed(answer('', status))),
    [true, false, false, false, true, true],
  )
})

import type { RoutingRule, UnitSource } from '@serin/spec'
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RoutingTable } from '../routing.ts'
import { assign } from './assign.ts'
import { viewOf } from './request-view.ts'
import type { RequestParts } from './request-view.ts'
import { compileRouter } from './router.ts'

const base: RoutingTable = {
  service: 'shop',
  revision: 1,
  salt: 'shop/',
  unit: [{ header: 'X-User' }, { cookie: 'uid' }, { query: 'u' }],
  arms: [
    { version: 'v2', endpoints: [], weightBp: 5_000 },
    { version: 'v1', endpoints: [], weightBp: 5_000 },
  ],
  stable: 'v1',
  canary: 'v2',
  rules: [],
  overrideHeader: 'serin-version',
  measurement: { rollout: 'idle', latencyCutsMs: [], latencyFrom: 0 },
}

function request(parts: Partial<RequestParts> = {}): ReturnType<typeof viewOf> {
  return viewOf({ headers: {}, target: '/', address: '10.0.0.1', ...parts })
}

function decide(
  table: Partial<RoutingTable>,
  parts: Partial<RequestParts>,
  random = 'random',
): ReturnType<ReturnType<typeof compileRouter>['decide']> {
  return compileRouter({ ...base, ...table }).decide(request(parts), () => random)
}

test('the first source that has a value gives the unit', () => {
  const all = { headers: { 'x-user': 'h', cookie: 'a=1; uid=c; b=2' }, target: '/?x=1&u=q' }
  assert.equal(decide({}, all).unit, 'h')
  assert.equal(decide({}, { ...all, headers: { cookie: 'xuid=no; uid=c' } }).unit, 'c')
  assert.equal(decide({}, { target: '/p?u=a%20b+c' }).unit, 'a b c')
  assert.equal(decide({}, { headers: { 'x-user': '' }, target: '/?u=q' }).unit, 'q', 'an empty value is none')
  assert.equal(decide({ unit: [{ address: true }] satisfies UnitSource[] }, {}).unit, '10.0.0.1')
})

test('without a unit the random one decides, and the decision says there was none', () => {
  const seen = new Set<string>()
  for (let i = 0; i < 50; i += 1) {
    const decision = decide({}, {}, `r${i}`)
    assert.equal(decision.unit, null)
    assert.equal(decision.version, assign(base, `r${i}`))
    seen.add(decision.version)
  }
  assert.deepEqual([...seen].toSorted(), ['v1', 'v2'])
})

test('rules come before the override header, which comes before the hash', () => {
  const rules: RoutingRule[] = [{ name: 'staff', header: { 'X-Staff': { equals: 'yes' } }, to: 'canary' }]
  const headers = { 'x-staff': 'yes', 'serin-version': 'v1', 'x-user': 'a' }
  assert.deepEqual(decide({ rules }, { headers }), { version: 'v2', by: 'rule', unit: 'a', rule: 'staff' })
  assert.deepEqual(decide({ rules }, { headers: { ...headers, 'x-staff': 'no' } }), {
    version: 'v1',
    by: 'override',
    unit: 'a',
  })
  assert.equal(decide({ rules }, { headers: { 'x-user': 'a' } }).by, 'hash')
})

test('an override that names no version of the table is ignored, and so is a switched-off header', () => {
  assert.equal(decide({}, { headers: { 'serin-version': 'v9', 'x-user': 'a' } }).by, 'hash')
  assert.equal(decide({ overrideHeader: null }, { headers: { 'serin-version': 'v1', 'x-user': 'a' } }).by, 'hash')
})

test('a rule to canary means stable while there is no canary', () => {
  const rules: RoutingRule[] = [{ name: 'all', path: { present: true }, to: 'canary' }]
  assert.equal(decide({ rules }, {}).version, 'v2')
  assert.equal(
    decide({ rules, canary: null, arms: [{ version: 'v1', endpoints: [], weightBp: 10_000 }] }, {}).version,
    'v1',
  )
})

test('each way to match compares the whole, the start, a part, the presence or a list', () => {
  const cases: [RoutingRule, Partial<RequestParts>, boolean][] = [
    [{ name: 'r', path: { equals: '/a' }, to: 'canary' }, { target: '/a?x' }, true],
    [{ name: 'r', path: { equals: '/a' }, to: 'canary' }, { target: '/a/' }, false],
    [{ name: 'r', path: { prefix: '/api/' }, to: 'canary' }, { target: '/api/x' }, true],
    [{ name: 'r', query: { q: { contains: 'b' } }, to: 'canary' }, { target: '/?q=abc' }, true],
    [{ name: 'r', query: { q: { present: true } }, to: 'canary' }, { target: '/?q' }, true],
    [{ name: 'r', query: { q: { present: false } }, to: 'canary' }, { target: '/?p=1' }, true],
    [{ name: 'r', cookie: { c: { in: ['x', 'y'] } }, to: 'canary' }, { headers: { cookie: 'c=y' } }, true],
    [{ name: 'r', cookie: { c: { in: ['x', 'y'] } }, to: 'canary' }, { headers: { cookie: 'c=z' } }, false],
    [{ name: 'r', header: { a: { equals: '1' } }, path: { equals: '/' }, to: 'canary' }, { headers: { a: '1' } }, true],
    [
      { name: 'r', header: { a: { equals: '1' } }, path: { equals: '/b' }, to: 'canary' },
      { headers: { a: '1' } },
      false,
    ],
  ]
  for (const [rule, parts, matches] of cases) {
    assert.equal(decide({ rules: [rule] }, parts).by === 'rule', matches, JSON.stringify([rule, parts]))
  }
})

test('a query that is no UTF-8 is still an id', () => {
  assert.equal(decide({}, { target: '/?u=%ff' }).unit, '%ff')
})

test('UTF-8 in a header is read as text, and other bytes stay what they are', () => {
  const bytes = String.fromCharCode(...new TextEncoder().encode('Zoë 100%'))
  assert.equal(decide({}, { headers: { 'x-user': bytes } }).unit, 'Zoë 100%')
  assert.equal(decide({}, { headers: { 'x-user': 'Zo\u00eb' } }).unit, 'Zo\u00eb')
})

const texts = fc.string({ unit: 'binary', maxLength: 20 })
const headerParts = fc.record({
  headers: fc.dictionary(
    fc.constantFrom('x-user', 'cookie', 'serin-version', 'x-staff', 'a'),
    fc.oneof(texts, fc.array(texts, { maxLength: 2 })),
  ),
  target: fc.oneof(
    texts,
    texts.map((text) => `/p?u=${text}&q=${text}`),
  ),
  address: texts,
})

test('whatever a request brings, somebody of the table answers, by the first way that fits', () => {
  const rules: RoutingRule[] = [
    { name: 'staff', header: { 'X-Staff': { present: true } }, to: 'canary' },
    { name: 'q', query: { q: { prefix: 'a' } }, cookie: { uid: { contains: 'b' } }, to: 'stable' },
  ]
  const table = { ...base, rules }
  const router = compileRouter(table)
  fc.assert(
    fc.property(headerParts, texts, (parts, random) => {
      const view = viewOf(parts)
      const decision = router.decide(view, () => random)
      if (view.header('x-staff') !== undefined)
        assert.deepEqual([decision.by, decision.rule, decision.version], ['rule', 'staff', 'v2'])
      if (decision.by === 'override') assert.equal(decision.version, view.header('serin-version'))
      if (decision.by === 'hash') {
        assert.equal(decision.version, assign(table, decision.unit ?? random))
        assert.ok(!['v1', 'v2'].includes(view.header('serin-version') ?? ''))
      }
      assert.ok(['v1', 'v2'].includes(decision.version))
      assert.deepEqual(
        router.decide(view, () => random),
        decision,
      )
    }),
    { numRuns: 1_000 },
  )
})

test('a rule without a condition matches nobody, and of two rules that match the first decides', () => {
  const rules: RoutingRule[] = [
    { name: 'empty', to: 'canary' },
    { name: 'one', path: { prefix: '/' }, to: 'stable' },
    { name: 'two', path: { prefix: '/' }, to: 'canary' },
  ]
  assert.deepEqual(decide({ rules }, { headers: { 'x-user': 'a' } }), {
    version: 'v1',
    by: 'rule',
    unit: 'a',
    rule: 'one',
  })
})

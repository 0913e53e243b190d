import type { RoutingRule, Segment } from '@serin/spec'
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RoutingTable } from '../routing.ts'
import { assign } from './assign.ts'
import { deviceOf } from './device.ts'
import { viewOf, type RequestView } from './request-view.ts'
import { compileRouter, type Decision } from './router.ts'

const base: RoutingTable = {
  service: 'shop',
  revision: 1,
  salt: 'shop/1.1/',
  unit: [{ header: 'x-user' }],
  arms: [
    { version: 'v2', endpoints: [], weightBp: 0 },
    { version: 'v1', endpoints: [], weightBp: 10_000 },
  ],
  stable: 'v1',
  canary: 'v2',
  rules: [],
  overrideHeader: 'serin-version',
  measurement: { rollout: 'shop-1#1', latencyCutsMs: [], latencyFrom: 0 },
}

function request(headers: Record<string, string>, more: Partial<RequestView> = {}): RequestView {
  return Object.assign(viewOf({ headers, target: '/', address: '10.0.0.1' }), more)
}

function decide(
  table: Partial<RoutingTable>,
  headers: Record<string, string> = {},
  more: Partial<RequestView> = {},
): Decision {
  return compileRouter({ ...base, ...table }).decide(request(headers, more), () => 'chance')
}

function isIn(
  rule: Omit<RoutingRule, 'name' | 'to'>,
  headers: Record<string, string>,
  more: Partial<RequestView> = {},
): boolean {
  const table = { rules: [{ name: 'r', ...rule, to: 'canary' as const }], country: { header: 'CF-Country' } }
  return decide(table, headers, more).by === 'rule'
}

const chrome = 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0'

test('a device is told by its hints first, then by its user agent', () => {
  const cases: readonly (readonly [string, Record<string, string>])[] = [
    ['mobile', { 'sec-ch-ua-mobile': '?1', 'user-agent': 'Macintosh' }],
    ['tablet', { 'sec-ch-ua-mobile': '?0', 'sec-ch-ua-platform': '"Android"' }],
    ['desktop', { 'sec-ch-ua-mobile': '?0', 'sec-ch-ua-platform': '"Windows"', 'user-agent': 'iPhone' }],
    ['mobile', { 'user-agent': `${chrome} Mobile Safari/537.36` }],
    ['tablet', { 'user-agent': `${chrome} Safari/537.36` }],
    ['mobile', { 'user-agent': 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148' }],
    ['tablet', { 'user-agent': 'Mozilla/5.0 (iPad; CPU OS 12_2 like Mac OS X) Mobile/15E148' }],
    ['desktop', { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' }],
    ['bot', { 'user-agent': 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)' }],
    ['other', { 'user-agent': 'curl/8.5.0' }],
    ['other', {}],
  ]
  for (const [device, headers] of cases) assert.equal(deviceOf(request(headers)), device, JSON.stringify(headers))
})

test('a user agent is told by the words in it, wherever they stand', () => {
  const words: readonly (readonly [string, readonly string[]])[] = [
    ['bot', ['bot/', 'Bot/', 'bot-', 'Bot-', 'bot;', 'Bot;', 'spider', 'Spider', 'crawler', 'Crawler', 'Slurp']],
    ['tablet', ['iPad', 'Tablet', 'PlayBook', 'Silk']],
    ['mobile', ['Mobi', 'iPhone', 'iPod']],
    ['tablet', ['Android']],
    ['desktop', ['Windows NT', 'Macintosh', 'X11', 'CrOS']],
  ]
  const pieces = [
    'ot',
    'ot/',
    'pider',
    'rawler',
    's',
    'C',
    'b',
    'iP',
    'iPh',
    ' ',
    'Mob',
    ...words.flatMap(([, some]) => some),
  ]
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 5 }), (some) => {
      const agent = some.join('')
      const expected = words.find(([, any]) => any.some((word) => agent.includes(word)))?.[0] ?? 'other'
      assert.equal(deviceOf(request({ 'user-agent': agent })), expected, agent)
    }),
    { numRuns: 2_000 },
  )
})

test('each condition matches what it says, and nothing else', () => {
  assert.ok(isIn({ country: ['NO', 'SE'] }, { 'cf-country': ' no ' }))
  assert.ok(!isIn({ country: ['NO', 'SE'] }, { 'cf-country': 'DK' }))
  assert.ok(!isIn({ country: ['NO'] }, {}))
  assert.ok(isIn({ country: ['NO'] }, { 'cf-country': 'DK' }, { country: () => 'NO' }), 'a lookup comes first')
  assert.ok(isIn({ device: ['mobile', 'tablet'] }, { 'sec-ch-ua-mobile': '?1' }))
  assert.ok(!isIn({ device: ['mobile', 'tablet'] }, { 'sec-ch-ua-mobile': '?0' }))
  assert.ok(isIn({ unit: ['ann', 'bob'] }, { 'x-user': 'bob' }))
  assert.ok(!isIn({ unit: ['ann', 'bob'] }, { 'x-user': 'bo' }))
  assert.ok(!isIn({ unit: ['ann'] }, {}))
  const claims = { claim: (name: string) => (name === 'plan' ? 'pro' : undefined) }
  assert.ok(isIn({ claim: { plan: { equals: 'pro' } } }, {}, claims))
  assert.ok(!isIn({ claim: { plan: { equals: 'free' } } }, {}, claims))
  assert.ok(!isIn({ claim: { plan: { equals: 'pro' } } }, {}), 'nobody reads tokens')
})

test('a rule holds where its segment and all else of it hold, and a segment that is not there holds nobody', () => {
  const segments: Record<string, Segment> = { nordic: { country: ['NO', 'SE'], device: ['mobile'] } }
  const country = { header: 'cf-country' }
  const rules: RoutingRule[] = [{ name: 'first', segment: 'nordic', path: { equals: '/' }, to: 'canary' }]
  const [in_, out] = [
    { 'cf-country': 'SE', 'sec-ch-ua-mobile': '?1' },
    { 'cf-country': 'SE', 'sec-ch-ua-mobile': '?0' },
  ]
  assert.equal(decide({ segments, country, rules }, in_).version, 'v2')
  assert.equal(decide({ segments, country, rules }, out).version, 'v1')
  assert.equal(decide({ country, rules }, in_).version, 'v1')
})

test('a share of a segment is that part of its units, and grows without losing anybody', () => {
  const inside = (share: number): Set<string> => {
    const rules: RoutingRule[] = [{ name: 'some', path: { present: true }, share, to: 'canary' }]
    const router = compileRouter({ ...base, rules })
    const users = Array.from({ length: 20_000 }, (_, i) => `user-${i}`)
    return new Set(users.filter((user) => router.decide(request({ 'x-user': user }), () => '').by === 'rule'))
  }
  const [ten, thirty, all] = [inside(10), inside(30), inside(100)]
  assert.ok(Math.abs(ten.size - 2_000) < 5 * Math.sqrt(1_800), String(ten.size))
  assert.deepEqual(
    [...ten].filter((user) => !thirty.has(user)),
    [],
  )
  assert.equal(all.size, 20_000)
  // Who is drawn here is no likelier to be in canary by the hash.
  const arms = [
    { version: 'v2', endpoints: [], weightBp: 5_000 },
    { version: 'v1', endpoints: [], weightBp: 5_000 },
  ]
  const both = [...thirty].filter((user) => assign({ ...base, arms }, user) === 'v2').length
  assert.ok(Math.abs(both - thirty.size / 2) < 5 * Math.sqrt(thirty.size / 4), `${both} of ${thirty.size}`)
})

const sticky = { cookie: 'serin-unit', maxAgeS: 60 }
const id = 'abcdefghijklmnopqrstuv'

test('who comes without a unit gets one, and with it comes back as the same', () => {
  const arms = [
    { version: 'v2', endpoints: [], weightBp: 5_000 },
    { version: 'v1', endpoints: [], weightBp: 5_000 },
  ]
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9_-]{22}$/), (fresh) => {
      const router = compileRouter({ ...base, arms, sticky })
      const first = router.decide(request({}), () => fresh)
      assert.deepEqual(first, { version: assign({ ...base, arms }, fresh), by: 'hash', unit: fresh, issued: true })
      const later = router.decide(request({ cookie: `a=b; serin-unit=${fresh}` }), () => assert.fail('asked again'))
      assert.deepEqual(later, { version: first.version, by: 'hash', unit: fresh })
    }),
  )
  assert.equal(decide({ sticky }, { 'x-user': 'ann', cookie: `serin-unit=${id}` }).unit, 'ann', 'an own id comes first')
  assert.equal(decide({ sticky }, { cookie: 'serin-unit=mine' }).issued, true, 'ids are not made by clients')
  assert.equal(decide({}, { cookie: `serin-unit=${id}` }).unit, null)
})

test('a rule that asks for the unit decides the first request as it decides the next', () => {
  const rules: RoutingRule[] = [{ name: 'some', path: { present: true }, share: 50, to: 'canary' }]
  for (let i = 0; i < 40; i += 1) {
    const fresh = `${String(i).padStart(2, '0')}cdefghijklmnopqrstuv`
    const router = compileRouter({ ...base, rules, sticky })
    const [first, later] = [{}, { cookie: `serin-unit=${fresh}` }].map((headers) =>
      router.decide(request(headers), () => fresh),
    )
    assert.deepEqual([first?.version, first?.by], [later?.version, later?.by])
  }
})

test('an override with a secret counts only for who brings it', () => {
  const table = { overrideKeySha256: 'a'.repeat(64) }
  const headers = { 'serin-version': 'v2', 'x-user': 'ann' }
  assert.equal(decide(table, headers).by, 'hash')
  assert.equal(decide(table, headers, { hasKey: () => false }).by, 'hash')
  assert.deepEqual(decide(table, headers, { hasKey: (sha256) => sha256 === 'a'.repeat(64) }), {
    version: 'v2',
    by: 'override',
    unit: 'ann',
  })
})

test('a claim is a unit like any other, and the next source takes over when there is none', () => {
  const unit = [{ claim: 'sub' }, { header: 'x-user' }]
  assert.equal(decide({ unit }, { 'x-user': 'ann' }, { claim: () => 'bob' }).unit, 'bob')
  assert.equal(decide({ unit }, { 'x-user': 'ann' }, { claim: () => undefined }).unit, 'ann')
  assert.equal(decide({ unit }, {}).unit, null)
})

test('what is not asked for changes nobody: the same units get the same versions', () => {
  const arms = [
    { version: 'v2', endpoints: [], weightBp: 2_500 },
    { version: 'v1', endpoints: [], weightBp: 7_500 },
  ]
  const more = { sticky, segments: { all: { path: { present: true } } }, country: { header: 'c' } }
  const [plain, rich] = [compileRouter({ ...base, arms }), compileRouter({ ...base, arms, ...more })]
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (user) => {
      fc.pre(viewOf({ headers: { 'x-user': user }, target: '/', address: '' }).header('x-user') !== '')
      const view = request({ 'x-user': user })
      assert.deepEqual(
        plain.decide(view, () => ''),
        rich.decide(view, () => ''),
      )
    }),
  )
})

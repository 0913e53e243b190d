import type { RoutingRule, Segment } from '@serin/spec'
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RoutingTable } from '../routing.ts'
import { boundOf } from './assign.ts'
import { deviceOf } from './device.ts'
import { explainAssignment } from './explain.ts'
import type { Match } from './match.ts'
import { murmurHash2 } from './murmur-hash2.ts'
import { viewOf, type RequestParts } from './request-view.ts'
import { compileRouter, type Decision } from './router.ts'

/** What is asked: the request, and what others know of it. */
interface Asked extends RequestParts {
  readonly headers: Readonly<Record<string, string>>
  readonly country: string | undefined
  readonly claims: Readonly<Record<string, string>>
}

const textOf = (bytes: string): string => {
  if (/[^\0-\xff]/.test(bytes)) return bytes
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Uint8Array.from(bytes, (character) => character.charCodeAt(0)),
    )
  } catch {
    return bytes
  }
}

/** The words of the documentation, one after the other: slow, and nothing shared with what is tested but the hash and the device. */
function plainly(table: RoutingTable, asked: Asked): Omit<Decision, 'issued'> {
  const header = (name: string): string | undefined => {
    const value = asked.headers[name.toLowerCase()]
    return value === undefined ? undefined : textOf(value)
  }
  const cookie = (name: string): string | undefined => {
    const all = (header('cookie') ?? '').split(';').map((each) => each.replace(/^ +/, ''))
    return all
      .find((each) => each.startsWith(`${name}=`))
      ?.slice(name.length + 1)
      .trim()
  }
  const query = (name: string): string | undefined => {
    const unescaped = (text: string): string => {
      const spaced = text.replaceAll('+', ' ')
      try {
        return decodeURIComponent(spaced)
      } catch {
        return spaced
      }
    }
    const [, ...rest] = asked.target.split('?')
    if (rest.length === 0) return undefined
    const pairs = rest
      .join('?')
      .split('&')
      .map((pair) => {
        const [key = '', ...value] = pair.split('=')
        return [unescaped(key), unescaped(value.join('='))] as const
      })
    return pairs.find(([key]) => key === name)?.[1]
  }
  const path = asked.target.split('?')[0]
  const country = asked.country ?? header('x-country')?.trim().toUpperCase()
  const fits = ({ equals, prefix, contains, present, in: list }: Match, value: string | undefined): boolean => {
    if (present !== undefined) return present === (value !== undefined)
    if (value === undefined) return false
    if (equals !== undefined) return value === equals
    if (prefix !== undefined) return value.slice(0, prefix.length) === prefix
    if (contains !== undefined) return value.split(contains).length > 1 || contains === ''
    return (list ?? []).some((each) => each === value)
  }
  const sources = table.unit.map((source) => {
    if ('header' in source) return header(source.header)
    if ('cookie' in source) return cookie(source.cookie)
    if ('query' in source) return query(source.query)
    if ('claim' in source) return asked.claims[source.claim]
    return asked.address
  })
  const unit = sources.find((value) => value !== undefined && value !== '') ?? null
  const holds = (of: Segment): boolean[] => [
    ...Object.entries(of.header ?? {}).map(([name, match]) => fits(match, header(name))),
    ...Object.entries(of.cookie ?? {}).map(([name, match]) => fits(match, cookie(name))),
    ...Object.entries(of.query ?? {}).map(([name, match]) => fits(match, query(name))),
    ...(of.path === undefined ? [] : [fits(of.path, path)]),
    ...(of.country === undefined ? [] : [of.country.some((each) => each === country)]),
    ...(of.device === undefined ? [] : [of.device.includes(deviceOf({ header }))]),
    ...Object.entries(of.claim ?? {}).map(([name, match]) => fits(match, asked.claims[name])),
    ...(of.unit === undefined ? [] : [of.unit.some((each) => each === unit)]),
  ]
  const all = (conditions: readonly boolean[]): boolean => conditions.length > 0 && !conditions.includes(false)
  const rule = table.rules.find(({ segment, share, ...of }) =>
    all([
      ...holds(of),
      ...(segment === undefined ? [] : [all(holds(table.segments?.[segment] ?? {}))]),
      ...(share === undefined
        ? []
        : [unit !== null && (share >= 100 || murmurHash2(`${table.salt}${of.name}/${unit}`) < boundOf(share * 100))]),
    ]),
  )
  if (rule !== undefined)
    return { version: rule.to === 'canary' ? (table.canary ?? '') : table.stable, by: 'rule', unit, rule: rule.name }
  const named = table.overrideHeader === null ? undefined : header(table.overrideHeader)
  if (named !== undefined && table.arms.some(({ version }) => version === named))
    return { version: named, by: 'override', unit }
  const hash = murmurHash2(table.salt + (unit ?? ''))
  const inCanary = hash < boundOf(table.arms[0]?.weightBp ?? 0)
  return { version: inCanary ? 'v2' : 'v1', by: 'hash', unit }
}

const names = fc.constantFrom('a', 'uid', 'X-B')
const words = fc.constantFrom('', 'a', 'ab', 'b', 'bb', '/b', 'v1', 'v2', 'Zo\u00eb', 'x y', '/a', '/a/b', 'NO')
const matches: fc.Arbitrary<Match> = fc.oneof(
  words.map((equals) => ({ equals })),
  words.map((prefix) => ({ prefix })),
  words.map((contains) => ({ contains })),
  fc.boolean().map((present) => ({ present })),
  fc.array(words, { maxLength: 3 }).map((list) => ({ in: list })),
)
const record = fc.dictionary(fc.oneof(names, fc.constant(' a')), matches, { minKeys: 1, maxKeys: 1 })
const parts = {
  header: record,
  cookie: record,
  query: record,
  path: matches,
  country: fc.subarray(['NO', 'SE'], { minLength: 1 }),
  device: fc.subarray(['mobile', 'bot', 'desktop'] as const, { minLength: 1 }).map((some) => [...some]),
  claim: record,
  unit: fc.array(words, { minLength: 1, maxLength: 3 }),
}
/** Two of them at most: what asks for more holds for hardly any request, and is decided by its first. */
const some = fc
  .subarray(Object.keys(parts), { minLength: 1, maxLength: 2 })
  .chain((keys) => fc.record(Object.fromEntries(Object.entries(parts).filter(([key]) => keys.includes(key)))))
const segment = some as fc.Arbitrary<Segment>
const rule = fc
  .tuple(
    fc.oneof(some, fc.constant({})),
    fc.record(
      {
        segment: fc.constantFrom('one', 'two'),
        share: fc.constantFrom(1, 50, 100),
        name: fc.constantFrom('r', 's'),
        to: fc.constantFrom('canary', 'stable'),
      },
      { requiredKeys: ['name', 'to'] },
    ),
  )
  .map(([conditions, more]) => ({ ...conditions, ...more })) as fc.Arbitrary<RoutingRule>
const source = fc.oneof(
  names.map((header) => ({ header })),
  names.map((cookie) => ({ cookie })),
  names.map((query) => ({ query })),
  names.map((claim) => ({ claim })),
  fc.constant({ address: true } as const),
)
const table: fc.Arbitrary<RoutingTable> = fc
  .record({
    salt: fc.constantFrom('', 'shop/', 'shop/1.1/', 'b\u00fcro/'),
    unit: fc.array(source, { maxLength: 3 }),
    canaryBp: fc.constantFrom(0, 1, 2_500, 10_000),
    rules: fc.array(rule, { maxLength: 5 }),
    segments: fc.record({ one: segment, two: segment }),
    overrideHeader: fc.constantFrom(null, 'serin-version'),
  })
  .map(({ canaryBp, ...who }) => ({
    ...who,
    service: 'shop',
    revision: 1,
    arms: [
      { version: 'v2', endpoints: [], weightBp: canaryBp },
      { version: 'v1', endpoints: [], weightBp: 10_000 - canaryBp },
    ],
    stable: 'v1',
    canary: 'v2',
    country: { header: 'X-Country' },
    measurement: { rollout: 'idle', latencyCutsMs: [], latencyFrom: 0 },
  }))
const pieces = fc
  .array(
    fc.oneof(
      words,
      fc.constantFrom(
        'uid=',
        'X-B=',
        'a=',
        ';',
        '; ',
        '&',
        '=',
        ' ',
        '\t',
        '%41',
        '%ff',
        '+',
        '?',
        '\u00c3\u00ab',
        '\u00a0',
        '\u00e9',
        '\u20ac',
      ),
    ),
    { maxLength: 12 },
  )
  .map((some) => some.join(''))
const asked: fc.Arbitrary<Asked> = fc.record({
  headers: fc.record(
    {
      a: words,
      uid: pieces,
      'x-b': words,
      cookie: pieces,
      'serin-version': fc.constantFrom('v1', 'v2', 'v3'),
      'x-country': fc.constantFrom('NO', ' se ', 'DK'),
      'user-agent': fc.constantFrom('iPhone', 'Googlebot/2.1', 'X11'),
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<Readonly<Record<string, string>>>,
  target: fc.oneof(
    words,
    pieces,
    pieces.map((query) => `/a?${query}`),
  ),
  address: fc.constantFrom('10.0.0.1', '::1'),
  country: fc.constantFrom(undefined, 'NO'),
  claims: fc.dictionary(names, words, { maxKeys: 2 }),
})

test('a compiled table decides as its words say, request after request, and the explanation says the same', () => {
  fc.assert(
    fc.property(table, fc.array(asked, { minLength: 1, maxLength: 4 }), (all, requests) => {
      const router = compileRouter(all)
      for (const each of requests) {
        const expected = plainly(all, each)
        const view = Object.assign(viewOf(each), {
          country: () => each.country,
          claim: (name: string) => each.claims[name],
        })
        assert.deepEqual(
          router.decide(view, () => ''),
          expected,
          JSON.stringify([all, each]),
        )
        const { version, by, rule: name, unit } = explainAssignment(all, each)
        assert.deepEqual({ version, by, unit, ...(name === null ? {} : { rule: name }) }, expected)
      }
    }),
    { numRuns: 1_000 },
  )
})

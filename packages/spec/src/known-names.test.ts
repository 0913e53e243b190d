import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { fileJsonSchema, knownAt } from './known-names.ts'
import { presets } from './strategy.ts'
import { parseServiceFile } from './parse-file.ts'
import { richFile } from './testing/rich-file.ts'

test('keys of a mapping and words of a scalar are known at their place, and the kind chooses the branch', () => {
  const value: unknown = parse(richFile)
  assert.deepEqual(knownAt([], value), ['serin', 'services'])
  const misspelt: unknown = parse(richFile.replace('kind: process', 'kind: proces'))
  const kinds = knownAt(['services', 'spam-filter', 'workload', 'kind'], misspelt)
  assert.deepEqual(kinds, ['process', 'model', 'endpoints'])
  const known = (...path: PropertyKey[]) => knownAt(['services', ...path], value)
  assert.ok(
    known('spam-filter', 'workload').includes('stopWithin') && !known('spam-filter', 'workload').includes('model'),
  )
  assert.deepEqual(known('spam-filter', 'metrics', 'latency'), [
    'kind',
    'role',
    'quantile',
    'margin',
    'tolerance',
    'toleranceAbsolute',
    'importance',
  ])
  assert.deepEqual(known('spam-filter', 'strategy', 'steps', 0), [
    'weight',
    'hold',
    'pause',
    'name',
    'until',
    'units',
    'replicas',
    'route',
    'mirror',
    'gates',
    'notify',
  ])
  assert.deepEqual(known('search', 'strategy', 'preset'), presets)
  assert.deepEqual(known('nowhere', 'at', 'all'), [])
})

// ── The JSON Schema says what the parser does ──────────────────────────────────────────────────────────────────────────

interface Schema {
  readonly [keyword: string]: unknown
}

/** What a value breaks of a JSON Schema: the keywords the release file's schema is made of, and no others. */
function broken(schema: Schema, value: unknown, root: Schema, at = ''): readonly string[] {
  const inner = (child: unknown, part: unknown, where: string) => broken(child as Schema, part, root, `${at}/${where}`)
  const fails = (child: unknown) => inner(child, value, '').length > 0
  const wrong = Object.entries(schema).flatMap(([keyword, rule]): readonly string[] => {
    const no = (is: boolean): readonly string[] =>
      is ? [] : [`${at || '/'} breaks ${keyword} ${JSON.stringify(rule)}`]
    const list = rule as readonly unknown[]
    const mapping = typeof value === 'object' && value !== null && !Array.isArray(value)
    const entries = mapping ? Object.entries(value) : []
    switch (keyword) {
      case '$ref':
        return inner((root['$defs'] as Schema)[String(rule).replace('#/$defs/', '')], value, '')
      case 'anyOf':
      case 'oneOf':
        return no(list.some((branch) => !fails(branch)))
      case 'allOf':
        return list.flatMap((branch) => inner(branch, value, ''))
      case 'const':
        return no(value === rule)
      case 'enum':
        return no(list.includes(value))
      case 'type':
        return no([rule].flat().some((type) => typeOf(value).includes(String(type))))
      case 'pattern':
        return no(typeof value !== 'string' || new RegExp(String(rule)).test(value))
      case 'minLength':
        return no(typeof value !== 'string' || value.length >= Number(rule))
      case 'maxLength':
        return no(typeof value !== 'string' || value.length <= Number(rule))
      case 'minimum':
        return no(typeof value !== 'number' || value >= Number(rule))
      case 'exclusiveMinimum':
        return no(typeof value !== 'number' || value > Number(rule))
      case 'maximum':
        return no(typeof value !== 'number' || value <= Number(rule))
      case 'minItems':
        return no(!Array.isArray(value) || value.length >= Number(rule))
      case 'maxItems':
        return no(!Array.isArray(value) || value.length <= Number(rule))
      case 'items':
        return Array.isArray(value) ? value.flatMap((item: unknown, i) => inner(rule, item, String(i))) : []
      case 'required':
        return mapping ? list.flatMap((name) => (String(name) in value ? [] : [`${at} misses ${String(name)}`])) : []
      case 'properties':
        return entries.flatMap(([name, part]) =>
          Object.hasOwn(rule as object, name) ? inner((rule as Schema)[name], part, name) : [],
        )
      case 'additionalProperties': {
        const others = entries.filter(([name]) => !Object.hasOwn(schema['properties'] ?? {}, name))
        return rule === false ? no(others.length === 0) : others.flatMap(([name, part]) => inner(rule, part, name))
      }
      case 'propertyNames':
        return entries.flatMap(([name]) => inner(rule, name, name))
      case '$schema':
      case '$defs':
      case 'id':
      case 'title':
      case 'description':
      case 'examples':
      case 'default':
      case 'format':
        return []
      default:
        return [`the schema uses ${keyword}, which this test does not know`]
    }
  })
  return wrong
}

function typeOf(value: unknown): readonly string[] {
  if (value === null) return ['null']
  if (Array.isArray(value)) return ['array']
  if (typeof value === 'number') return Number.isInteger(value) ? ['integer', 'number'] : ['number']
  return [typeof value]
}

const schema = fileJsonSchema()
const accepts = (file: unknown): readonly string[] => broken(schema, file, schema)

function parses(text: string): boolean {
  try {
    parseServiceFile(text)
    return true
  } catch {
    return false
  }
}

test('the JSON Schema accepts what the parser accepts', () => {
  assert.deepEqual(accepts(parse(richFile)), [])
  const edits = [
    ['weight: 25%', 'weight: 25'],
    ['margin: 25%', 'margin: 0.25'],
    ['listen: 8080', "listen: '[::1]:8080'"],
    ['- address: true', '- { header: X-Other }'],
    ['override: serin-version', 'override: false'],
    ['preset: 1-5-25-100', 'steps: [{ weight: 50% }]'],
    ['quantile: 95', 'quantile: 50'],
  ] as const
  for (const [from, to] of edits) {
    const text = richFile.replace(from, to)
    assert.ok(parses(text), to)
    assert.deepEqual(accepts(parse(text)), [], to)
  }
})

test('the JSON Schema refuses words, types and bounds that the parser refuses', () => {
  const edits = [
    ['serin: v1', 'serin: v2'],
    ['keepWarm: 10m', 'keepwarm: 10m'],
    ['kind: process', 'kind: proces'],
    ['quantile: 95', 'quantile: 96'],
    ['replicas: 2', 'replicas: 0'],
    ['replicas: 2', 'replicas: 2.5'],
    ['pause: true', 'pause: yes'],
    ['to: canary', 'to: canry'],
    ['hold: 30s', 'hold: 30'],
    ['  spam-filter:', '  spam filter:'],
    ['    stable: v1\n', ''],
    ['importance: 2.5', 'importance: 0'],
    ['command: [node, other.js]', 'command: []'],
    ['listen: 8080', 'listen: localhost'],
  ] as const
  for (const [from, to] of edits) {
    const text = richFile.replace(from, to)
    assert.ok(!parses(text), to)
    assert.notDeepEqual(accepts(parse(text)), [], to)
  }
})

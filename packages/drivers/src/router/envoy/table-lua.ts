import type { RoutingTable } from '@serin/core'
import { networksOf } from '@serin/spec'
import type { RoutingRule, Segment, UnitSource } from '@serin/spec'

type Match = NonNullable<RoutingRule['path']>
type Source = Exclude<UnitSource, { readonly claim: string }> | { readonly path: true }
type Condition = readonly [Source, Match]

/** A table as the Lua that `decide.lua` reads; null is the time before the first one. Pure. */
export function tableLua(table: RoutingTable | null): string {
  if (table === null) return 'local serin = { arms = {}, salt = "", unit = {}, looks = {}, trusted = {}, rules = {} }\n'
  const {
    epoch = 0,
    revision,
    arms,
    salt,
    unit,
    stable,
    canary,
    overrideHeader,
    rules,
    measurement,
    segments = {},
    edge,
  } = table
  const readable = unit.flatMap((source) => ('claim' in source ? [] : [source]))
  const slices = measurement.rollout === 'idle' ? [] : Object.values(measurement.slices ?? {})
  const looks = slices.map(({ header }): Source => (header === undefined ? { path: true } : { header }))
  return [
    'local serin = {',
    `  epoch = "${epoch}", revision = "${revision}", salt = ${quoted(salt)},`,
    `  stable = ${quoted(stable)}, canary = ${maybe(canary)}, override = ${maybe(overrideHeader?.toLowerCase() ?? null)},`,
    ...list(
      'arms',
      arms.map(({ version, weightBp }) => `{ version = ${quoted(version)}, weight = ${weightBp} }`),
    ),
    ...list(
      'unit',
      readable.map((source) => `{ ${sourceFields(source)} }`),
    ),
    ...list(
      'looks',
      looks.map((source) => `{ ${sourceFields(source)} }`),
    ),
    ...list('trusted', [...new Set(networksOf(edge?.trustProxies ?? []))].map(quoted)),
    ...list(
      'rules',
      rules.map((rule) => ruleLua(rule, rule.segment === undefined ? {} : (segments[rule.segment] ?? {}))),
    ),
    '}\n',
  ].join('\n')
}

function ruleLua(rule: RoutingRule, segment: Segment): string {
  const conditions = [rule, segment].flatMap(conditionsOf).map(conditionLua)
  return `{ to = "${rule.to}", conditions = { ${conditions.join(', ')} } }`
}

/** What a rule asks for: parts of the request, and how each is compared. */
function conditionsOf(rule: Segment): readonly Condition[] {
  return [
    ...Object.entries(rule.header ?? {}).map(([header, match]): Condition => [{ header }, match]),
    ...Object.entries(rule.cookie ?? {}).map(([cookie, match]): Condition => [{ cookie }, match]),
    ...Object.entries(rule.query ?? {}).map(([query, match]): Condition => [{ query }, match]),
    ...(rule.path === undefined ? [] : [[{ path: true }, rule.path] as const]),
  ]
}

function conditionLua([source, { equals, prefix, contains, present, in: among = [] }]: Condition): string {
  const asks = (test: string, wanted: string): string =>
    `{ ${sourceFields(source)}, test = "${test}", wanted = ${wanted} }`
  if (present !== undefined) return asks('present', String(present))
  if (prefix !== undefined) return asks('prefix', quoted(prefix))
  if (contains !== undefined) return asks('contains', quoted(contains))
  const values = equals === undefined ? among : [equals]
  return asks('in', `{ ${values.map((value) => `[${quoted(value)}] = true`).join(', ')} }`)
}

function sourceFields(source: Source): string {
  if ('header' in source) return `from = "header", name = ${quoted(source.header.toLowerCase())}`
  if ('cookie' in source) return `from = "cookie", name = ${quoted(source.cookie)}`
  if ('query' in source) return `from = "query", name = ${quoted(source.query)}`
  return `from = "${'path' in source ? 'path' : 'address'}"`
}

function list(name: string, items: readonly string[]): readonly string[] {
  if (items.length === 0) return [`  ${name} = {},`]
  return [`  ${name} = {`, ...items.map((item) => `    ${item},`), '  },']
}

function maybe(text: string | null): string {
  return text === null ? 'nil' : quoted(text)
}

/** A text in Lua: what is no plain sign is written as the number of its bytes. */
function quoted(text: string): string {
  const signs = [...new TextEncoder().encode(text)].map((byte) => {
    const sign = String.fromCharCode(byte)
    return /[\w !#$&'()*+,./:;<=>?@[\]^`{|}~-]/.test(sign) ? sign : `\\${String(byte).padStart(3, '0')}`
  })
  return `"${signs.join('')}"`
}

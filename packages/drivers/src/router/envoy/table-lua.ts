import type { RoutingTable } from '@serin/core'
import type { RoutingRule } from '@serin/spec'
import { conditionsOf, readsOf } from '../proxy/asked.ts'
import type { Condition, Source } from '../proxy/asked.ts'

/** A table as the Lua that `decide.lua` reads; null is the time before the first one. Pure. */
export function tableLua(table: RoutingTable | null): string {
  if (table === null) return 'local serin = { arms = {}, salt = "", unit = {}, looks = {}, trusted = {}, rules = {} }\n'
  const { epoch = 0, revision, arms, salt, stable, canary, overrideHeader, rules } = table
  const { unit, looks, trusted } = readsOf(table)
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
      unit.map((source) => `{ ${sourceFields(source)} }`),
    ),
    ...list(
      'looks',
      looks.map((source) => `{ ${sourceFields(source)} }`),
    ),
    ...list('trusted', trusted.map(quoted)),
    ...list(
      'rules',
      rules.map((rule) => ruleLua(rule, conditionsOf(rule, table))),
    ),
    '}\n',
  ].join('\n')
}

function ruleLua({ to }: RoutingRule, conditions: readonly Condition[]): string {
  return `{ to = "${to}", conditions = { ${conditions.map(conditionLua).join(', ')} } }`
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

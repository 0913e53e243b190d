import type { RoutingTable } from '@serin/core'
import type { RoutingRule } from '@serin/spec'
import { conditionsOf, readsOf } from '../proxy/asked.ts'
import type { Condition, Match, Source } from '../proxy/asked.ts'

/** A line of a map: a key and what is looked up under it. */
export type Entry = readonly [key: string, value: string]

/** A table as the map that `decide.lua` reads. `split` is what people may want to look at: epoch and revision, and of each version backend, weight and name. */
export function tableMap(table: RoutingTable, backendOf: (version: string) => number): readonly Entry[] {
  const { epoch = 0, revision, arms, salt, stable, canary, overrideHeader, rules } = table
  const { unit, looks, trusted } = readsOf(table)
  return [
    [
      'split',
      [
        `${epoch}.${revision}`,
        ...arms.map(({ version, weightBp }) => `${backendOf(version)}:${weightBp}:${encoded(version)}`),
      ].join(','),
    ],
    ['salt', told(salt)],
    ['unit', listOf(unit.map(sourceWord))],
    ['choice', [told(stable), told(canary), told(overrideHeader?.toLowerCase() ?? null)].join(' ')],
    ['looks', listOf(looks.map(sourceWord))],
    ['trusted', listOf(trusted)],
    ...rules.flatMap((rule, i) => ruleEntries(`r${i}`, rule, conditionsOf(rule, table))),
  ]
}

function ruleEntries(key: string, { to }: RoutingRule, conditions: readonly Condition[]): readonly Entry[] {
  return [
    [key, `${to} ${conditions.length}`],
    ...conditions.flatMap(([source, match], i) => matchEntries(`${key}.${i}`, source, match)),
  ]
}

/** Each value is an entry of its own: a command has room for some thousand bytes. */
function matchEntries(key: string, source: Source, match: Match): readonly Entry[] {
  const [kind, values] = comparison(match)
  return [
    [key, `${sourceWord(source)} ${kind} ${values.length}`],
    ...values.map((value, i): Entry => [`${key}.${i}`, told(value)]),
  ]
}

function comparison({ equals, prefix, contains, present, in: list = [] }: Match): [string, readonly string[]] {
  if (present !== undefined) return ['present', [present ? '1' : '0']]
  if (prefix !== undefined) return ['prefix', [prefix]]
  if (contains !== undefined) return ['contains', [contains]]
  return ['in', equals === undefined ? list : [equals]]
}

function sourceWord(source: Source): string {
  if ('header' in source) return `header:${encoded(source.header.toLowerCase())}`
  if ('cookie' in source) return `cookie:${encoded(source.cookie)}`
  if ('query' in source) return `query:${encoded(source.query)}`
  return 'path' in source ? 'path' : 'address'
}

function listOf(words: readonly string[]): string {
  return words.length === 0 ? '-' : words.join(' ')
}

/** A text that is there, though it may be empty; `-` is one that is not. */
function told(text: string | null): string {
  return text === null ? '-' : `=${encoded(text)}`
}

/** A text without spaces and signs: what is neither letter nor digit is written as the code of its bytes. */
function encoded(text: string): string {
  return [...new TextEncoder().encode(text)]
    .map((byte) => {
      const sign = String.fromCharCode(byte)
      return /[\w.-]/.test(sign) ? sign : `%${byte.toString(16).padStart(2, '0')}`
    })
    .join('')
}

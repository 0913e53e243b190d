import type { z } from 'zod'
import type { NamesAt } from './known-names.ts'
import { nearest } from './nearest.ts'

/** What is wrong with a value, for a person: where, in which words, and the known name that was probably meant. */
export interface Explained {
  readonly path: readonly PropertyKey[]
  /** A key of the mapping at `path`, when the key itself is what is wrong. */
  readonly key?: string
  readonly message: string
  readonly near?: string
}

/** What was written, and how: numbers and words lose their spelling when they are read. */
export interface Written {
  readonly value: unknown
  readonly sourceAt: (path: readonly PropertyKey[]) => string | undefined
  readonly namesAt: NamesAt
}

type Issue = z.core.$ZodIssue

/** Explains what the schema found, leaving out what only follows from something else that is said. */
export function explainIssues(issues: readonly Issue[], written: Written): readonly Explained[] {
  const unknown = issues.filter((issue) => issue.code === 'unrecognized_keys')
  const explained = issues
    .filter((issue) => !(issue.code === 'custom' && unknown.some((other) => same(other.path, issue.path))))
    .filter((issue) => {
      if (issue.code !== 'invalid_type' || at(written.value, issue.path) !== undefined) return true
      // A required key that is missing because it was misspelt is explained once, where it stands.
      const name = String(issue.path.at(-1))
      const beside = unknown.filter((other) => same(other.path, issue.path.slice(0, -1)))
      return !beside.some((other) => other.keys.some((key) => nearest(key, [name]) !== undefined))
    })
    .flatMap((issue) => explain(issue, written))
  // Two checks of one value may have the same to say.
  return explained.filter(
    ({ path, key, message }, i) =>
      explained.findIndex((other) => same(other.path, path) && other.key === key && other.message === message) === i,
  )
}

function explain(issue: Issue, written: Written): readonly Explained[] {
  const { path } = issue
  const found = at(written.value, path)
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(path, key, written.namesAt(path, written.value)))
    case 'invalid_value':
      return [{ path, ...oneOf(issue.values.map(String), found) }]
    case 'invalid_type':
      return [{ path, message: wrongType(issue, found, written.sourceAt(path)) }]
    case 'invalid_union':
      return explainUnion(issue, written)
    case 'invalid_key':
      return [
        {
          path: path.slice(0, -1),
          key: String(path.at(-1)),
          message: sentence(issue.issues[0]?.message ?? issue.message),
        },
      ]
    case 'invalid_element':
      return issue.issues.flatMap((inner) => explain({ ...inner, path: [...path, ...inner.path] }, written))
    case 'too_small':
    case 'too_big':
      return [{ path, message: `Expected ${bound(issue)}, found ${show(found)}.` }]
    case 'invalid_format':
      return [{ path, message: `Expected ${format(issue)}, found ${show(found)}.` }]
    default:
      return [{ path, message: sentence(issue.message, found) }]
  }
}

function explainUnion(issue: Extract<Issue, { code: 'invalid_union' }>, written: Written): readonly Explained[] {
  const { path } = issue
  const found = at(written.value, path)
  const known = written.namesAt(path, written.value)
  // A discriminated union names no branch: the word that chooses one is missing or misspelt.
  if (issue.errors.length === 0) {
    const parent = at(written.value, path.slice(0, -1))
    const name = String(path.at(-1))
    const keys = isMapping(parent) ? Object.keys(parent) : []
    const misspelt = found === undefined ? keys.find((key) => nearest(key, [name]) !== undefined) : undefined
    if (misspelt !== undefined) return [unknownKey(path.slice(0, -1), misspelt, [name])]
    return [{ path, ...oneOf(known, found) }]
  }
  const custom = issue.message.startsWith('Invalid ') ? undefined : issue.message
  if (isMapping(found)) return explainMapping(found, path, known)
  if (custom !== undefined) return [{ path, message: sentence(custom, found) }]
  const inner = issue.errors.flat().filter((one) => one.path.length === 0)
  const said = inner.find((one) => !isPlain(one.message))
  const literals = inner.flatMap((one) => (one.code === 'invalid_value' ? one.values.map(String) : []))
  if (said !== undefined) return [{ path, message: sentence(said.message, found) }]
  if (literals.length > 1) return [{ path, ...oneOf(literals, found) }]
  const types = inner.flatMap((one) => (one.code === 'invalid_type' ? [typeWord(one.expected)] : []))
  const rest = inner.find((one) => one.code !== 'invalid_type' && one.code !== 'invalid_value')
  if (rest !== undefined) return explain({ ...rest, path: [...path] }, written)
  return [{ path, message: `Expected ${or([...new Set([...types, ...literals])])}, found ${show(found)}.` }]
}

/** A mapping that fits none of several forms, each known by its key. */
function explainMapping(found: object, path: readonly PropertyKey[], known: readonly string[]): readonly Explained[] {
  const keys = Object.keys(found)
  const unknown = keys.filter((key) => !known.includes(key))
  if (unknown.length > 0) return unknown.map((key) => unknownKey(path, key, known))
  if (keys.length === 1)
    return [
      { path: [...path, keys[0] ?? ''], message: `Not a value this key can have: ${show(Object.values(found)[0])}.` },
    ]
  return [
    {
      path,
      message: `Expected exactly one of ${known.join(', ')}, found ${keys.length === 0 ? 'none' : keys.join(' and ')}.`,
    },
  ]
}

function unknownKey(path: readonly PropertyKey[], key: string, known: readonly string[]): Explained {
  const near = nearest(key, known)
  const message = `Unknown key "${key}". Known here: ${known.join(', ')}.`
  return { path, key, message, ...(near === undefined ? {} : { near }) }
}

function oneOf(known: readonly string[], found: unknown): Omit<Explained, 'path'> {
  const wanted = known.length === 1 ? (known[0] ?? '') : `one of ${known.join(', ')}`
  const near = typeof found === 'string' ? nearest(found, known) : undefined
  const message = found === undefined ? `Missing: expected ${wanted}.` : `Expected ${wanted}, found ${show(found)}.`
  return { message, ...(near === undefined ? {} : { near }) }
}

function wrongType(
  issue: Extract<Issue, { code: 'invalid_type' }>,
  found: unknown,
  source: string | undefined,
): string {
  const wanted = isPlain(issue.message) ? typeWord(issue.expected) : issue.message.replace(/^expected /, '')
  if (found === undefined) return `Missing: expected ${wanted}.`
  if (found === null) return `Nothing is written here: expected ${wanted}.`
  const plainText =
    issue.expected === 'string' && isPlain(issue.message) && ['number', 'boolean'].includes(typeof found)
  if (plainText)
    return `Expected text, found ${source ?? show(found)}. In quotes it is text: "${source ?? show(found)}".`
  return `Expected ${wanted}, found ${show(found)}.`
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
}

function typeWord(expected: string): string {
  return typeWords[expected] ?? expected
}

function bound(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>): string {
  const small = issue.code === 'too_small'
  const limit = small ? issue.minimum : issue.maximum
  const things = issue.origin === 'string' ? ' characters' : issue.origin === 'array' ? ' entries' : ''
  const strict = issue.inclusive === false
  const how = small ? (strict ? 'more than' : 'at least') : strict ? 'less than' : 'at most'
  return `${how} ${limit}${limit === 1 ? things.replace(/ies$/, 'y').replace(/s$/, '') : things}`
}

function format(issue: Extract<Issue, { code: 'invalid_format' }>): string {
  if (!isPlain(issue.message)) return issue.message.replace(/^expected /, '')
  if (issue.format === 'starts_with') return `text that starts with "${'prefix' in issue ? String(issue.prefix) : ''}"`
  return issue.format === 'url' ? 'an address such as http://127.0.0.1:3001' : `text of the form ${issue.format}`
}

/** Whether a message is the schema library's own and not one of ours. */
function isPlain(message: string): boolean {
  return /^(?:Invalid|Too|Unrecognized)\b/.test(message)
}

/** Our own words as a sentence; what was found is added when it is short enough to help. */
function sentence(message: string, found?: unknown): string {
  const text = message.charAt(0).toUpperCase() + message.slice(1)
  const helps = found !== undefined && (found === null || typeof found !== 'object')
  return helps ? `${text}, found ${show(found)}.` : `${text}.`
}

function or(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`
}

function same(one: readonly PropertyKey[], other: readonly PropertyKey[]): boolean {
  return one.length === other.length && one.every((key, i) => key === other[i])
}

function isMapping(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value
  for (const key of path) {
    if (current === null || typeof current !== 'object') return undefined
    current = (current as Record<PropertyKey, unknown>)[key]
  }
  return current
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

import { isMap, LineCounter, parseDocument, type Document } from 'yaml'
import type { z } from 'zod'
import { checkReferences } from './check-references.ts'
import { SerinError } from './errors.ts'
import { knownAt } from './known-names.ts'
import { nearest } from './nearest.ts'
import { ServiceFile } from './service-file.ts'

/** One thing that is wrong in a release file, and where. */
export interface FileIssue {
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly column: number
  /** Such as `services.spam-filter.strategy.steps.0.weight`. */
  readonly path: string
  /** What was found and what was expected. */
  readonly message: string
  /** The nearest known name, when a name was misspelt. */
  readonly nearest?: string
}

/** Reads a release file, or throws `config.invalid` with every issue found, each with its line and, for a misspelt name, the nearest known one. */
export function parseServiceFile(text: string, file = 'serin.yaml'): ServiceFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const locate = (offset: number) => lines.linePos(Math.max(0, offset))
  if (document.errors.length > 0) {
    throw invalid(
      file,
      document.errors.map((error) => {
        const { line, col } = locate(error.pos[0])
        return { file, line, column: col, path: '', message: `This is not YAML: ${error.message}` }
      }),
    )
  }
  const value: unknown = document.toJS()
  const place = (path: readonly PropertyKey[], key?: string) => {
    const { line, col } = locate(offsetOf(document, path, key))
    return { file, line, column: col, path: [...path, ...(key === undefined ? [] : [key])].join('.') }
  }
  const result = ServiceFile.safeParse(value ?? {})
  const issues = result.success
    ? checkReferences(result.data).map(({ path, message, nearest }) => ({
        ...place(path),
        message,
        ...(nearest === undefined ? {} : { nearest }),
      }))
    : result.error.issues
        .flatMap((issue) => explain(issue, value))
        .map(({ path, key, message, near }) => ({
          ...place(path, key),
          message,
          ...(near === undefined ? {} : { nearest: near }),
        }))
  if (issues.length > 0 || !result.success)
    throw invalid(
      file,
      issues.sort((a, b) => a.line - b.line),
    )
  return result.data
}

/** The issues as lines a terminal or an editor can jump to: `file:line:column: message`. */
export function formatIssues(issues: readonly FileIssue[]): string {
  return issues
    .map(
      ({ file, line, column, path, message, nearest }) =>
        `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}${nearest === undefined ? '' : ` Did you mean ${nearest}?`}`,
    )
    .join('\n')
}

function invalid(file: string, issues: readonly FileIssue[]): SerinError {
  const count = issues.length === 1 ? 'one problem' : `${issues.length} problems`
  return new SerinError('config.invalid', `${file} has ${count}; nothing was changed.\n${formatIssues(issues)}`, {
    details: { issues },
  })
}

interface Explained {
  readonly path: readonly PropertyKey[]
  readonly key?: string
  readonly message: string
  readonly near?: string
}

type Issue = z.core.$ZodIssue

function explain(issue: Issue, value: unknown): readonly Explained[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => {
        const known = knownAt(issue.path, value)
        return withNear(
          { path: issue.path, key, message: `Unknown key "${key}". Known here: ${known.join(', ')}.` },
          nearest(key, known),
        )
      })
    case 'invalid_value': {
      const known = issue.values.map(String)
      const found = at(value, issue.path)
      return [
        withNear(
          {
            path: issue.path,
            message: `Expected ${known.length === 1 ? known[0] : `one of ${known.join(', ')}`}, found ${show(found)}.`,
          },
          typeof found === 'string' ? nearest(found, known) : undefined,
        ),
      ]
    }
    case 'invalid_union':
      return explainUnion(issue, value)
    case 'invalid_key':
    case 'invalid_element':
      return issue.issues.flatMap((inner) => explain({ ...inner, path: [...issue.path, ...inner.path] }, value))
    default: {
      const found = at(value, issue.path)
      const message =
        found === undefined && issue.code === 'invalid_type'
          ? `Missing: expected ${issue.expected}.`
          : `${capital(issue.message)}, found ${show(found)}.`
      return [{ path: issue.path, message }]
    }
  }
}

function explainUnion(issue: Extract<Issue, { code: 'invalid_union' }>, value: unknown): readonly Explained[] {
  const found = at(value, issue.path)
  // A discriminated union names no branch: its discriminator is missing or misspelt.
  if (issue.errors.length === 0) {
    const known = knownAt(issue.path, value)
    return [
      withNear(
        {
          path: issue.path,
          message:
            found === undefined
              ? `Missing: expected one of ${known.join(', ')}.`
              : `Expected one of ${known.join(', ')}, found ${show(found)}.`,
        },
        typeof found === 'string' ? nearest(found, known) : undefined,
      ),
    ]
  }
  // The branch with the fewest complaints is the one that was meant.
  const branches = issue.errors.map((branch) =>
    branch.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })),
  )
  const meant = [...branches].sort((a, b) => a.length - b.length || depth(b) - depth(a))[0] ?? []
  if (meant.every((inner) => inner.code === 'invalid_type' && inner.path.length === issue.path.length)) {
    return [{ path: issue.path, message: `Expected ${meantTypes(branches)}, found ${show(found)}.` }]
  }
  return meant.flatMap((inner) => explain(inner, value))
}

function meantTypes(branches: readonly (readonly Issue[])[]): string {
  return [...new Set(branches.flat().flatMap((issue) => (issue.code === 'invalid_type' ? [issue.expected] : [])))].join(
    ' or ',
  )
}

function depth(issues: readonly Issue[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length))
}

function withNear(explained: Omit<Explained, 'near'>, near: string | undefined): Explained {
  return near === undefined ? explained : { ...explained, near }
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

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** Offset of the node at a path, of the key when one is named, or of the deepest part of the path that exists. */
function offsetOf(document: Document, path: readonly PropertyKey[], key?: string): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    if (key !== undefined && length === path.length && isMap(node)) {
      const pair = node.items.find((item) => String(item.key) === key)
      const range = (pair?.key as { range?: [number, number, number] } | undefined)?.range
      if (range !== undefined) return range[0]
    }
    const keyOffset = length === 0 ? undefined : keyRange(document, path.slice(0, length))
    const range = (node as { range?: [number, number, number] } | undefined)?.range
    if (keyOffset !== undefined && (length < path.length || range === undefined)) return keyOffset
    if (range !== undefined && range !== null) return range[0]
  }
  return 0
}

function keyRange(document: Document, path: readonly PropertyKey[]): number | undefined {
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  if (!isMap(parent)) return undefined
  const pair = parent.items.find((item) => String(item.key) === String(path.at(-1)))
  return (pair?.key as { range?: [number, number, number] } | undefined)?.range?.[0]
}

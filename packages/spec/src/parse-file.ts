import { isAlias, isMap, isScalar, LineCounter, parseDocument, visit, type Document, type YAMLError } from 'yaml'
import type { z } from 'zod'
import { checkReferences } from './check-references.ts'
import { SerinError } from './errors.ts'
import { explainIssues } from './explain.ts'
import { knownAt, type NamesAt } from './known-names.ts'
import type { Issue } from './reference-issue.ts'
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

/** What a kind of file has to be like. */
interface FileForm<Schema extends z.ZodType> {
  readonly schema: Schema
  readonly namesAt: NamesAt
  /** What no schema can say: names that stand for something elsewhere in the file. */
  readonly check?: (value: z.output<Schema>) => readonly Issue[]
}

/** Reads a release file, or throws `config.invalid` with every issue found, each with its line and, for a misspelt name, the nearest known one. */
export function parseServiceFile(text: string, file = 'serin.yaml'): ServiceFile {
  return parseFile(text, file, { schema: ServiceFile, namesAt: knownAt, check: checkReferences })
}

/** Reads a file of any form, with the same errors as a release file. */
export function parseFile<Schema extends z.ZodType>(
  text: string,
  file: string,
  { schema, namesAt, check = () => [] }: FileForm<Schema>,
): z.output<Schema> {
  const lines = new LineCounter()
  const locate = (offset: number) => {
    const { line, col } = lines.linePos(Math.max(0, offset))
    return { file, line: Math.max(1, line), column: Math.max(1, col) }
  }
  const { document, value, unreadable } = readYaml(text, lines)
  if (unreadable.length > 0 || document === null)
    throw invalid(
      file,
      unreadable.map(({ offset, message }) => ({ ...locate(offset), path: '', message })),
    )
  const place = (path: readonly PropertyKey[], key?: string) => ({
    ...locate(offsetOf(document, path, key)),
    path: [...path, ...(key === undefined ? [] : [key])].join('.'),
  })
  const result = schema.safeParse(value ?? {})
  const issues: readonly FileIssue[] = result.success
    ? check(result.data).map(({ path, message, nearest }) => ({
        ...place(path),
        message,
        ...(nearest === undefined ? {} : { nearest }),
      }))
    : explainIssues(result.error.issues, { value, sourceAt: (path) => sourceOf(document, path), namesAt }).map(
        ({ path, key, message, near }) => ({
          ...place(path, key),
          message,
          ...(near === undefined ? {} : { nearest: near }),
        }),
      )
  if (issues.length > 0 || !result.success)
    throw invalid(
      file,
      [...issues].sort((a, b) => a.line - b.line || a.column - b.column),
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

// ── YAML ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Unreadable {
  readonly offset: number
  readonly message: string
}

interface Read {
  readonly document: Document | null
  readonly value: unknown
  readonly unreadable: readonly Unreadable[]
}

function readYaml(text: string, lines: LineCounter): Read {
  try {
    // Names are text: a version called 1.10 must not become 1.1.
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true })
    const unreadable = [...wrongYaml(document.errors), ...wrongAliases(document)]
    return { document, value: unreadable.length > 0 ? null : (document.toJS() as unknown), unreadable }
  } catch (error) {
    const deep = error instanceof RangeError
    const message = deep
      ? 'The file is nested too deeply to be read.'
      : 'The file refers to itself too often to be read.'
    return { document: null, value: null, unreadable: [{ offset: 0, message }] }
  }
}

/** What is no YAML. After the first error the rest mostly follows from it; only keys that are written twice are each told. */
function wrongYaml(errors: readonly YAMLError[]): readonly Unreadable[] {
  const twice = errors.filter(({ code }) => code === 'DUPLICATE_KEY')
  return (twice.length === errors.length ? twice : errors.slice(0, 1)).map(({ code, message, pos }) => ({
    offset: pos[0],
    message:
      yamlWords[message.startsWith('Flow ') ? 'MISSING_CHAR' : code] ??
      `This is not YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}.`,
  }))
}

const yamlWords: Partial<Readonly<Record<YAMLError['code'], string>>> = {
  BAD_INDENT:
    'This line is indented differently from its neighbours: entries of one mapping or list begin at the same column.',
  BLOCK_AS_IMPLICIT_KEY:
    'There is a ":" too many in this line, or the line before is not complete. Text with a ":" needs quotes.',
  DUPLICATE_KEY: 'This key is written twice.',
  MISSING_CHAR: 'Something is not closed or not separated here: a quote, a bracket, a comma or a ":".',
  MULTIPLE_DOCS: 'A second document begins here ("---"); a release file is one document.',
  NON_STRING_KEY: 'A key has to be a plain name.',
  TAB_AS_INDENT: 'There is a tab before the first word; indentation is made of spaces.',
}

/** Aliases of nothing, and of what they are part of. */
function wrongAliases(document: Document): readonly Unreadable[] {
  const wrong: Unreadable[] = []
  visit(document, {
    Alias(_, node, ancestors) {
      const target = node.resolve(document)
      const offset = node.range?.[0] ?? 0
      if (target === undefined) {
        const message = `There is no anchor "&${node.source}" before this "*${node.source}". Text that begins with "*" needs quotes.`
        wrong.push({ offset, message })
      } else if (ancestors.includes(target))
        wrong.push({ offset, message: `"*${node.source}" stands for what it is part of.` })
    },
  })
  return wrong
}

// ── Places ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A value as it is spelt in the file. */
function sourceOf(document: Document, path: readonly PropertyKey[]): string | undefined {
  const node = document.getIn(path, true)
  return isScalar(node) ? node.source : undefined
}

/** Offset of the node at a path, of the key when one is named, or of the deepest part of the path that exists. */
function offsetOf(document: Document, path: readonly PropertyKey[], key?: string): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = followed(document, length === 0 ? document.contents : document.getIn(path.slice(0, length), true))
    if (key !== undefined && length === path.length && isMap(node)) {
      const pair = node.items.find((item) => String(item.key) === key)
      const range = rangeOf(pair?.key)
      if (range !== undefined) return range
    }
    const keyOffset = length === 0 ? undefined : keyRange(document, path.slice(0, length))
    const range = rangeOf(node)
    if (keyOffset !== undefined && (length < path.length || range === undefined)) return keyOffset
    if (range !== undefined) return range
  }
  return 0
}

function followed(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node
}

function keyRange(document: Document, path: readonly PropertyKey[]): number | undefined {
  const parent = followed(document, path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true))
  if (!isMap(parent)) return undefined
  return rangeOf(parent.items.find((item) => String(item.key) === String(path.at(-1)))?.key)
}

function rangeOf(node: unknown): number | undefined {
  return (node as { range?: [number, number, number] | null } | null | undefined)?.range?.[0]
}

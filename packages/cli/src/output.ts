import { formatYaml } from '@serin/spec'
import type { WorkingLine } from './working-line.ts'
import { createPaper, type Paper } from './view/paper.ts'
import type { Stream, World } from './world.ts'

/** How results are printed. */
export const outputFormats = ['text', 'wide', 'json', 'yaml'] as const
export type OutputFormat = (typeof outputFormats)[number]

/** How some commands can print as well; each says which. */
export const extraFormats = ['html', 'md', 'name'] as const
export type ExtraFormat = (typeof extraFormats)[number]

/** What a command prints with. */
export interface Output {
  readonly format: OutputFormat | ExtraFormat
  /** Whether a person reads, not a program. */
  readonly forPeople: boolean
  /** Paper of a stream as it is now: a terminal may have been made larger. */
  paperFor(to: 'stdout' | 'stderr'): Paper
  /** Prints a result: the value itself for programs, or the lines for people. */
  result(value: unknown, lines: (paper: Paper, wide: boolean) => readonly string[]): void
  /** Prints one of many results: a line of JSON, a YAML document, or lines for people. */
  record(value: unknown, lines: (paper: Paper) => readonly string[]): void
  /** Prints lines for people to stderr; silent when programs read. */
  note(...lines: readonly string[]): void
  /** Says on a terminal what is being done, when it takes longer than a second; whatever is printed next takes its place. */
  working(text: string): void
}

/** Colour is on for a terminal or with FORCE_COLOR, unless the person said no (`--no-color`, NO_COLOR, FORCE_COLOR=0, TERM=dumb). */
export function wantsColour(stream: Stream, env: World['env'], asked: boolean): boolean {
  if (!asked || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb') return false
  const forced = env['FORCE_COLOR'] ?? ''
  return forced === '' ? stream.isTTY === true : !['0', 'false'].includes(forced)
}

/** Paper as wide as the stream: 80 columns when it is no terminal. */
export function paperOf(stream: Stream, colour: boolean): Paper {
  const isTerminal = stream.isTTY === true
  return createPaper({
    width: stream.columns ?? 80,
    height: isTerminal ? (stream.rows ?? null) : null,
    cuts: isTerminal,
    colour,
  })
}

/** What a list is called by: `rollout/shop-3`, as kubectl prints it; what has no name by itself, by its service. */
function namesOf(value: unknown): readonly string[] {
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([kind, rows]) =>
    (Array.isArray(rows) ? rows : []).map((row: Readonly<Record<string, string | number | undefined>>) => {
      const own = row['id'] ?? row['name'] ?? row['gate'] ?? row['seq'] ?? ''
      const owner = kind === 'versions' || kind === 'gates' ? `${row['service'] ?? ''}/` : ''
      return `${kind === 'entries' ? 'entry' : kind.replace(/s$/, '')}/${owner}${own}`
    }),
  )
}

/** Prints in the format that was asked for. */
export function createOutput(
  { world, working }: Pick<WorkingLine, 'world' | 'working'>,
  format: OutputFormat | ExtraFormat,
  colourAsked: boolean,
): Output {
  const { stdout, stderr, env } = world
  const forPeople = format === 'text' || format === 'wide'
  const paperFor = (to: 'stdout' | 'stderr') => paperOf(world[to], wantsColour(world[to], env, colourAsked))
  const print = (lines: readonly string[]) => {
    if (lines.length > 0) stdout.write(`${lines.join('\n')}\n`)
  }
  return {
    format,
    forPeople,
    working,
    paperFor,
    result(value, lines) {
      const wide = format === 'wide'
      const paper = paperFor('stdout')
      if (forPeople) print(lines(wide ? { ...paper, cuts: false } : paper, wide))
      else if (format === 'name') print(namesOf(value))
      else stdout.write(format === 'json' ? `${JSON.stringify(value, null, 2)}\n` : formatYaml(value))
    },
    record(value, lines) {
      if (forPeople) print(lines(paperFor('stdout')))
      else stdout.write(format === 'json' ? `${JSON.stringify(value)}\n` : `---\n${formatYaml(value)}`)
    },
    note(...lines) {
      if (forPeople && lines.length > 0) stderr.write(`${lines.join('\n')}\n`)
    },
  }
}

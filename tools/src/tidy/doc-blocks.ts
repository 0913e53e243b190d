import { parseServiceFile } from '@serin/spec'
import type { Finding } from '../finding.ts'
import { readMarkdown, type Block } from '../read/markdown.ts'
import { manifestsOf } from '../read/modules.ts'
import type { Repository } from '../repository.ts'
import type { Check } from './check.ts'
import { pagesOf } from './markdown.ts'

const cliPage = 'docs/reference/cli.md'

/** What a reader copies has to work. */
export const docBlocks = {
  promise: 'what a reader copies works: YAML is a valid release file, JSON is JSON, commands and their options exist',
  find: (repository) =>
    pagesOf(repository).flatMap((file) =>
      readMarkdown(repository.text(file)).blocks.flatMap((block) =>
        wrongWith(repository, block).map(({ line, message }) => ({ file, line: block.line + line, message })),
      ),
    ),
} satisfies Check

type Wrong = Pick<Finding, 'line' | 'message'>

function wrongWith(repository: Repository, { language, text }: Block): readonly Wrong[] {
  switch (language) {
    case 'yaml':
      return /^serin: v1/m.test(text) ? invalid(() => parseServiceFile(text)) : []
    case 'json':
      return invalid(() => JSON.parse(text) as unknown)
    case 'sh':
      return commandsOf(text).flatMap(({ line, words }) => {
        const message = wrongCommand(repository, words)
        return message === undefined ? [] : [{ line, message }]
      })
    default:
      return []
  }
}

function invalid(read: () => unknown): readonly Wrong[] {
  try {
    read()
    return []
  } catch (error) {
    return [{ line: 0, message: error instanceof Error ? error.message : String(error) }]
  }
}

/** The commands of a block, each as its words; lines that go on (`\`) are one. */
export function commandsOf(text: string): readonly { readonly line: number; readonly words: readonly string[] }[] {
  const lines = text.split('\n')
  const commands: { line: number; words: readonly string[] }[] = []
  for (let at = 0; at < lines.length; at += 1) {
    const start = at
    let line = lines[at] ?? ''
    while (line.endsWith('\\') && at + 1 < lines.length) {
      at += 1
      line = `${line.slice(0, -1)} ${lines[at] ?? ''}`
    }
    const words = line
      .replace(/(?:^|\s)#.*$/, '')
      .trim()
      .split(/\s+/)
    if (words[0] !== undefined && words[0] !== '') commands.push({ line: start + 1, words })
  }
  return commands
}

function wrongCommand(repository: Repository, words: readonly string[]): string | undefined {
  const [program, ...rest] = words
  if (program === 'npm') return wrongScript(repository, rest)
  if (program === 'serin') return wrongSerin(repository, rest)
  return undefined
}

function wrongScript(repository: Repository, [verb = '', name = '']: readonly string[]): string | undefined {
  const scripts = manifestsOf(repository).find(({ directory }) => directory === '')?.scripts ?? {}
  const script = verb === 'run' ? name : verb === 'test' ? 'test' : undefined
  return script === undefined || script in scripts ? undefined : `package.json has no script "${script}".`
}

/** The reference of the command line is printed from its own tree, so it knows every command and option. */
function wrongSerin(repository: Repository, words: readonly string[]): string | undefined {
  const reference = repository.has(cliPage) ? repository.text(cliPage) : ''
  const sections = reference.split(/^## /m)
  const own = [words.slice(0, 2).join(' '), words[0] ?? '']
    .map((name) => sections.find((section) => section.startsWith(`serin ${name}\n`)))
    .find((section) => section !== undefined)
  if (own === undefined)
    return words[0]?.startsWith('-') === true ? undefined : `There is no command "serin ${words[0] ?? ''}".`
  const all = own + (sections.find((section) => section.startsWith('Options of every command')) ?? '')
  const unknown = words
    .filter((word) => word.startsWith('-') && word !== '--')
    .map((word) => word.split('=')[0] ?? word)
    .find(
      (option) => !new RegExp(`[\`\\s]${option}[\`,\\s]`).test(all) && !['-h', '--help', '--no-color'].includes(option),
    )
  return unknown === undefined ? undefined : `"serin ${words[0] ?? ''}" has no option ${unknown}.`
}

import { posix } from 'node:path'
import type { Finding } from '../finding.ts'
import { anchorOf, readMarkdown, type Page } from '../read/markdown.ts'
import type { Repository } from '../repository.ts'
import type { Check } from './check.ts'

const languages = new Set(['sh', 'ts', 'js', 'yaml', 'json', 'text', 'mermaid', 'console', 'html'])
const rooms = /^(?:packages|docs|tools|sim|e2e|examples|schema|\.ci)\/[\w./*<>@-]*$/

/** The pages of the repository. */
export function pagesOf(repository: Repository): readonly string[] {
  return repository.paths.filter((path) => path.endsWith('.md'))
}

/** Maps that no test reads become false. */
export const markdown = {
  promise: 'a page has one title, its links lead somewhere, the paths it names exist, its blocks name their language',
  find: (repository) =>
    pagesOf(repository).flatMap((file) => {
      const page = readMarkdown(repository.text(file))
      return [
        ...titles(file, page),
        ...page.links.flatMap(({ target, line }) => {
          const message = wrongLink(repository, file, target)
          return message === undefined ? [] : [{ file, line, message }]
        }),
        ...page.codes
          .filter(({ text }) => rooms.test(text) && !text.includes('<') && !exists(repository, text))
          .map(({ text, line }) => ({ file, line, message: `There is no ${text} in this repository.` })),
        ...page.blocks
          .filter(({ language }) => !languages.has(language))
          .map(({ language, line }) => ({
            file,
            line,
            message: `A block of "${language}"; known: ${[...languages].join(', ')}.`,
          })),
      ]
    }),
} satisfies Check

function titles(file: string, { headings }: Page): readonly Finding[] {
  const [first, ...more] = headings.filter(({ level }) => level === 1)
  const skipped = headings.filter(({ level }, at) => at > 0 && level > (headings[at - 1]?.level ?? 0) + 1)
  return [
    ...(first === undefined ? [{ file, line: 1, message: 'A page needs a title (# …).' }] : []),
    ...more.map(({ line }) => ({ file, line, message: 'A page has one title.' })),
    ...skipped.map(({ line, text }) => ({ file, line, message: `"${text}" skips a level of headings.` })),
  ]
}

function wrongLink(repository: Repository, file: string, target: string): string | undefined {
  if (/^(?:https?|mailto):/.test(target)) return undefined
  const [path = '', anchor] = target.split('#')
  const other = path === '' ? file : posix.normalize(posix.join(posix.dirname(file), path))
  if (!exists(repository, other)) return `"${target}" leads nowhere.`
  if (anchor === undefined || !other.endsWith('.md')) return undefined
  const anchors = readMarkdown(repository.text(other)).headings.map(({ text }) => anchorOf(text))
  return anchors.includes(anchor) ? undefined : `${other} has no heading "#${anchor}".`
}

/** Whether a path, or a pattern with `*`, names something. */
function exists(repository: Repository, path: string): boolean {
  const plain = path.replace(/\/$/, '')
  if (plain.includes('*')) {
    const expression = new RegExp(
      `^${plain
        .split('*')
        .map((part) => part.replaceAll(/[.+?^$()|[\]\\{}]/g, '\\$&'))
        .join('[^/]*')}`,
    )
    return repository.paths.some((known) => expression.test(known))
  }
  return repository.has(plain) || repository.paths.some((known) => known.startsWith(`${plain}/`))
}

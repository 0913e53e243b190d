import type { Finding } from '../finding.ts'
import { readMarkdown, type Page } from '../read/markdown.ts'
import type { Repository } from '../repository.ts'
import type { Check } from './check.ts'
import { commandsOf } from './doc-blocks.ts'

const sections = { 'Try it': 'npm run demo', Test: 'npm test' } as const

/** People and scripts find the two commands at the same place. */
export const readme = {
  promise:
    'the README has a section "Try it" and a section "Test", each with one sh block that holds one command, and its translation follows it',
  find: (repository) => [
    ...['README.md', 'README.zh-CN.md'].flatMap((file) => inFile(repository, file)),
    ...following(repository, 'README.zh-CN.md', 'README.md'),
  ],
} satisfies Check

function inFile(repository: Repository, file: string): readonly Finding[] {
  if (!repository.has(file)) return [{ file, line: 1, message: 'There is no such file.' }]
  const { blocks, headings } = readMarkdown(repository.text(file))
  return Object.entries(sections).flatMap(([title, command]) => {
    const heading = headings.find(({ level, text }) => level === 2 && (text === title || text.endsWith(`(${title})`)))
    if (heading === undefined) return [{ file, line: 1, message: `It has no section "${title}".` }]
    const own = blocks.filter(({ under, language }) => under === heading.text && language === 'sh')
    const commands = own.flatMap(({ text }) => commandsOf(text).map(({ words }) => words.join(' ')))
    return own.length === 1 && commands.length === 1 && commands[0] === command
      ? []
      : [{ file, line: heading.line, message: `"${title}" needs exactly one sh block, and in it only "${command}".` }]
  })
}

/** Whoever changes one has to change the other: the same headings, blocks and links, in other words. */
function following(repository: Repository, file: string, original: string): readonly Finding[] {
  if (!repository.has(file) || !repository.has(original)) return []
  const [own, other] = [file, original].map((path) => readMarkdown(repository.text(path)))
  const parts = {
    headings: (page: Page) => page.headings.map(({ level }) => level),
    blocks: (page: Page) => page.blocks.map(({ text }) => text),
    links: (page: Page) => page.links.map(({ target }) => target).filter((target) => !target.startsWith('README')),
  }
  return Object.entries(parts).flatMap(([name, of]) =>
    own !== undefined && other !== undefined && JSON.stringify(of(own)) !== JSON.stringify(of(other))
      ? [{ file, line: 1, message: `Its ${name} are not those of ${original}.` }]
      : [],
  )
}

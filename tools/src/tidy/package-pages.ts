import { posix } from 'node:path'
import { arrowsOf } from '../boundaries/rooms.ts'
import type { Finding } from '../finding.ts'
import { readMarkdown } from '../read/markdown.ts'
import { manifestsOf } from '../read/modules.ts'
import type { Repository } from '../repository.ts'
import type { Check } from './check.ts'

const longest = 30

/** The sign at the door of a room. */
export const packagePages = {
  promise: `each package has a README of at most ${longest} lines: what it is for, what it may import, where to start reading`,
  find: (repository) =>
    manifestsOf(repository)
      .filter(({ directory }) => directory.startsWith('packages/'))
      .flatMap(({ directory, name }) => page(repository, directory, name)),
} satisfies Check

function page(repository: Repository, directory: string, name: string): readonly Finding[] {
  const file = `${directory}/README.md`
  if (!repository.has(file)) return [{ file, line: 1, message: `${name} has no README.md.` }]
  const text = repository.text(file)
  const say = (message: string) => [{ file, line: 1, message }]
  const may = /^May import: (.*)\.$/m.exec(text)?.[1]
  const start = /Start reading at `([^`]+)`/.exec(text)?.[1]
  return [
    ...(text.split('\n').length - 1 > longest ? say(`It has more than ${longest} lines.`) : []),
    ...(readMarkdown(text).headings[0]?.text === name ? [] : say(`Its title is not "${name}".`)),
    ...(may === undefined ? say('It has no line "May import: ….".') : sameArrows(directory, may, say)),
    ...(start === undefined
      ? say('It does not say "Start reading at `…`".')
      : repository.has(posix.join(directory, 'src', start)) || repository.has(posix.join(directory, start))
        ? []
        : say(`"${start}" is not there to start reading at.`)),
  ]
}

/** The list in the README is the one the boundaries check: packages by their own names, in any order. */
function sameArrows(directory: string, may: string, say: (message: string) => Finding[]): readonly Finding[] {
  const wanted = arrowsOf(directory.split('/').at(-1) ?? '')
  const told = new Set([...may.matchAll(/`([\w-]+)(?:\/[\w-]+)?`/g)].map(([, one]) => one ?? ''))
  const missing = [...wanted].filter((one) => !told.has(one))
  const wrong = [...told].filter((one) => !wanted.has(one))
  return [
    ...missing.map((one) => `It may import ${one}, but does not say so.`),
    ...wrong.map((one) => `It says it may import ${one}, but tools/src/boundaries/rooms.ts does not.`),
  ].flatMap(say)
}

import type { Finding } from '../finding.ts'
import { readMarkdown } from '../read/markdown.ts'
import type { Repository } from '../repository.ts'
import { isBinary } from './binaries.ts'
import { matches, type Check } from './check.ts'

const folder = 'docs/decisions'
const sections = ['Context', 'Decision', 'Price', 'What would change our mind']

/** Why the house is as it is. */
export const decisions = {
  promise:
    'decisions are numbered once, say context, decision, price and what would change our mind, and are in the list',
  find(repository) {
    const pages = repository.paths.filter((path) => new RegExp(`^${folder}/\\d{4}-[a-z0-9-]+\\.md$`).test(path))
    const numbers = pages.map((path) => path.slice(folder.length + 1, folder.length + 5))
    const list = `${folder}/README.md`
    const known = repository.has(list) ? repository.text(list) : ''
    return [
      ...pages.flatMap((file, at) => [
        ...(numbers.indexOf(numbers[at] ?? '') === at
          ? []
          : [{ file, line: 1, message: `Number ${numbers[at]} is taken.` }]),
        ...(known.includes(`](${file.slice(folder.length + 1)})`)
          ? []
          : [{ file, line: 1, message: `${list} does not list it.` }]),
        ...form(repository, file, numbers[at] ?? ''),
      ]),
      ...references(repository),
    ]
  },
} satisfies Check

function form(repository: Repository, file: string, number: string): readonly Finding[] {
  const headings = readMarkdown(repository.text(file)).headings
  const missing = sections.filter((section) => !headings.some(({ level, text }) => level === 2 && text === section))
  return [
    ...(headings[0]?.text.startsWith(`${number} · `) === true
      ? []
      : [{ file, line: 1, message: `Its title does not begin with "${number} · ".` }]),
    ...missing.map((section) => ({ file, line: 1, message: `It has no section "${section}".` })),
  ]
}

/** A comment or page that sends its reader to a page of the docs has to be right, and papers that are not here help nobody. */
function references(repository: Repository): readonly Finding[] {
  return repository.paths
    .filter(
      (path) => /\.(?:ts|md|yaml|json|sh)$/.test(path) && !isBinary(repository, path) && !path.startsWith('tools/src/'),
    )
    .flatMap((file) => [
      ...matches(file, repository.text(file), /\bdocs\/[\w/.-]+\.md\b/g, (path) =>
        repository.has(path) ? '' : `There is no ${path} in this repository.`,
      ).filter(({ message }) => message !== ''),
      ...matches(
        file,
        repository.text(file),
        /\b[A-Z]{4,} §\s?\d+(?:\.\d+)*/g,
        (paper) => `"${paper}" is not in this repository.`,
      ),
    ])
}

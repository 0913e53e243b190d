import { printAll } from '../print/all.ts'
import type { Repository } from '../repository.ts'
import type { Check } from './check.ts'

/** What is printed is not edited. */
export const printed = {
  promise: 'printed pages and the schema are fresh',
  async find(repository) {
    return stale(repository, await printAll(repository)).map((file) => ({
      file,
      line: 1,
      message: 'It is not what would be printed now: run npm run tidy -- --write.',
    }))
  },
  mend: printAll,
} satisfies Check

/** The printed files whose text differs from what is in the repository. */
export function stale(repository: Repository, wanted: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(wanted).flatMap(([path, text]) =>
    repository.has(path) && repository.text(path) === text ? [] : [path],
  )
}

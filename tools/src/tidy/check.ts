import type { Finding } from '../finding.ts'
import type { Repository } from '../repository.ts'

/** One thing that is true of the repository, and how to see where it is not. */
export interface Check {
  /** The promise, as the name of its test. */
  readonly promise: string
  find(repository: Repository): readonly Finding[] | Promise<readonly Finding[]>
  /** What `npm run tidy -- --write` makes of the files it can mend: new text by path. */
  mend?(repository: Repository): Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>
}

/** A finding for each match of an expression in a text that is not allowed there. */
export function matches(file: string, text: string, expression: RegExp, message: (found: string) => string): Finding[] {
  return [...text.matchAll(expression)].map((match) => ({
    file,
    line: text.slice(0, match.index).split('\n').length,
    message: message(match[0]),
  }))
}

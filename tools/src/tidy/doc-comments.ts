import { mask } from '../read/mask.ts'
import { isTestModule, modulesOf } from '../read/modules.ts'
import type { Repository } from '../repository.ts'
import type { Finding } from '../finding.ts'
import type { Check } from './check.ts'

const declaration =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|interface|type|const|let) ([\w$]+)/

/** What every package says of what it offers. */
export const docComments = {
  promise: 'every export of a package says in a doc comment, ending with a full stop, what promise it keeps',
  find: (repository) =>
    modulesOf(repository)
      .filter((file) => file.startsWith('packages/') && !isTestModule(file))
      .flatMap((file) => undocumented(repository, file)),
} satisfies Check

function undocumented(repository: Repository, file: string): readonly Finding[] {
  const source = repository.text(file)
  const code = mask(source).split('\n')
  const lines = source.split('\n')
  const seen = new Set<string>()
  return code.flatMap((text, at) => {
    const name = declaration.exec(text)?.[1]
    if (name === undefined || describesItself(code.slice(at, at + 2).join(' '))) return []
    const comment = commentAbove(lines, at)
    // A second signature of a function needs no second comment.
    if (comment === undefined)
      return seen.has(name) ? [] : [{ file, line: at + 1, message: `${name} has no doc comment.` }]
    seen.add(name)
    return /[.!?…:][)”"`]*$/.test(comment)
      ? []
      : [{ file, line: at + 1, message: `The doc comment of ${name} does not end with a full stop.` }]
  })
}

/** A command carries its own summary; the type of a value is described where the value is. */
function describesItself(code: string): boolean {
  return /^export (?:const \w+ = defineCommand\(|type \w+ =\s+.*\btypeof\b)/.test(code)
}

/** The text of the doc comment that ends on the line above, tags left out. */
function commentAbove(lines: readonly string[], at: number): string | undefined {
  if (!(lines[at - 1] ?? '').trim().endsWith('*/')) return undefined
  const start = lines.slice(0, at).findLastIndex((line) => line.trim().startsWith('/**'))
  if (start < 0) return undefined
  return lines
    .slice(start, at)
    .map((line) =>
      line
        .replace(/^\s*\/?\*+\/?/, '')
        .replace(/\*\/\s*$/, '')
        .trim(),
    )
    .filter((line) => line !== '')
    .join(' ')
}

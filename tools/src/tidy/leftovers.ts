import type { Finding } from '../finding.ts'
import { mask } from '../read/mask.ts'
import { modulesOf } from '../read/modules.ts'
import type { Repository } from '../repository.ts'
import { isBinary } from './binaries.ts'
import { matches, type Check } from './check.ts'

/** What somebody forgot on the way. */
export const leftovers = {
  promise:
    'nothing is left over: no .only, no debugger, no conflict mark, no control character, no missing end of line',
  find: (repository) => [
    ...modulesOf(repository).flatMap((file) => inCode(file, mask(repository.text(file)))),
    ...repository.paths
      .filter((path) => !isBinary(repository, path) && !isData(path))
      .flatMap((path) => inText(repository, path)),
  ],
} satisfies Check

/** Data of others is kept byte for byte. */
function isData(path: string): boolean {
  return /\.(?:tsv|csv|txt)$/.test(path)
}

function inCode(file: string, code: string): readonly Finding[] {
  return [
    ...matches(file, code, /\b(?:test|it|describe|suite)\.only\(|\bonly: true\b/g, () => 'Only this test would run.'),
    ...matches(file, code, /^\s*debugger\b/gm, () => 'A debugger statement.'),
  ]
}

function inText(repository: Repository, file: string): readonly Finding[] {
  const text = repository.text(file)
  return [
    ...matches(file, text, /^(?:<{7} |>{7} |={7}$)/gm, () => 'A mark of a merge conflict.'),
    ...matches(file, text, /(?![\n\t])\p{Cc}|[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, (found) => {
      const code = found.codePointAt(0) ?? 0
      return `A character nobody sees: U+${code.toString(16).toUpperCase().padStart(4, '0')}.`
    }),
    ...(text !== '' && !text.endsWith('\n')
      ? [{ file, line: text.split('\n').length, message: 'The last line has no end.' }]
      : []),
    ...matches(file, text, /[ \t]+$/gm, () => 'Blanks at the end of the line.'),
  ]
}

import type { Finding } from '../finding.ts'
import { functionsOf } from '../read/functions.ts'
import { isTestModule, modulesOf } from '../read/modules.ts'
import type { Repository } from '../repository.ts'
import type { Check } from './check.ts'

const ratchetFile = 'tools/src/tidy/ratchet.json'
const functionLines = 70
const fileLines = 400

type Ratchet = Readonly<Record<string, number>>

/** What is longer than it should be, by `file` or `file name`; tests may be long. */
function longOnes(repository: Repository): readonly (Finding & { readonly key: string; readonly lines: number })[] {
  return modulesOf(repository)
    .filter((file) => !isTestModule(file))
    .flatMap((file) => {
      const text = repository.text(file)
      const lines = text.split('\n').length - 1
      const long = functionsOf(text).filter((block) => block.lines > functionLines)
      return [
        ...(lines > fileLines ? [{ file, line: 1, key: file, lines, message: `${lines} lines` }] : []),
        ...long.map(({ name, line, lines: length }) => ({
          file,
          line,
          key: `${file} ${name}`,
          lines: length,
          message: `${name} has ${length} lines`,
        })),
      ]
    })
}

function ratchetOf(repository: Repository): Ratchet {
  return repository.has(ratchetFile) ? (JSON.parse(repository.text(ratchetFile)) as Ratchet) : {}
}

/** A ratchet: what is too long today is listed with its length and may only shrink; anything new has to fit. */
export const length = {
  promise: `a function has at most ${functionLines} lines and a file at most ${fileLines}; the listed exceptions only shrink`,
  find(repository) {
    const ratchet = ratchetOf(repository)
    const long = longOnes(repository)
    const grown = long
      .filter(({ key, lines }) => lines > (ratchet[key] ?? 0))
      .map(({ file, line, message, key }) => ({
        file,
        line,
        message: `${message}; ${key in ratchet ? `it had ${ratchet[key]} and may only shrink` : `at most ${key === file ? fileLines : functionLines} are allowed`}.`,
      }))
    const gone = Object.keys(ratchet)
      .filter((key) => !long.some((one) => one.key === key))
      .map((key) => ({
        file: ratchetFile,
        line: 1,
        message: `"${key}" is short enough now: take it off the list (npm run tidy -- --write).`,
      }))
    return [...grown, ...gone]
  },
  mend(repository) {
    const before = ratchetOf(repository)
    const kept = longOnes(repository)
      .filter(({ key }) => key in before)
      .map(({ key, lines }) => [key, Math.min(lines, before[key] ?? lines)] as const)
    return { [ratchetFile]: `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n` }
  },
} satisfies Check

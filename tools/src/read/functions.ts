import { mask } from './mask.ts'

/** A function of a module. */
export interface FunctionBlock {
  /** Its name, or the start of its first line when it has none. */
  readonly name: string
  /** From 1. */
  readonly line: number
  /** From the first line of its head to its closing brace. */
  readonly lines: number
}

const control = /^(?:\}\s*)?(?:if|for|while|switch|catch|else|try|finally|do|with)\b/
const named = [
  /\bfunction\s*\*?\s*([\w$]+)/,
  /\b(?:const|let|var)\s+([\w$]+)/,
  /^(?:(?:static|async|get|set|override|readonly)\s+)*\*?\s*(#?[\w$]+)\s*(?:<[^>]*>)?\(/,
  /^['"]?([\w$-]*)['"]?\s*:/,
]

/** The functions of a module, nested ones too; needs sources as the formatter leaves them: a block ends at the indentation it began with. */
export function functionsOf(source: string): readonly FunctionBlock[] {
  const lines = mask(source).split('\n')
  const original = source.split('\n')
  return lines.flatMap((text, at) => {
    if (!/\{\s*$/.test(text)) return []
    const indent = indentOf(text)
    const first = headOf(lines, at, indent)
    const head = lines
      .slice(first, at + 1)
      .join(' ')
      .trim()
    if (!isFunction(head)) return []
    const length = lines
      .slice(at + 1)
      .findIndex((line) => indentOf(line) === indent && line.trimStart().startsWith('}'))
    if (length < 0) return []
    const name = named.map((pattern) => pattern.exec(head)?.[1]).find((found) => found !== undefined && found !== '')
    return [
      {
        name: name ?? (original[first] ?? '').trim().slice(0, 40),
        line: first + 1,
        lines: at + length + 2 - first,
      },
    ]
  })
}

/** The line a head begins at: `): Result {` closes what an earlier line of the same indentation opened. */
function headOf(lines: readonly string[], at: number, indent: number): number {
  let first = at
  while (first > 0 && /^[)}\]>]/.test((lines[first] ?? '').trimStart())) {
    const before = lines.slice(0, first).findLastIndex((line) => line.trim() !== '' && indentOf(line) <= indent)
    if (before < 0) break
    first = before
  }
  return first
}

function isFunction(head: string): boolean {
  if (/=>\s*\{$/.test(head)) return true
  if (control.test(head) || /\b(?:class|interface|enum|namespace)\b[^(]*\{$/.test(head)) return false
  if (/\bfunction\b/.test(head)) return true
  return /^(?:(?:static|async|get|set|override)\s+)*\*?\s*#?[\w$[\].]+\s*(?:<.*>)?\(.*\)\s*(?::.*)?\{$/.test(head)
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length
}

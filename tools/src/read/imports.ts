import { mask } from './mask.ts'

/** One import of a module. */
export interface Import {
  readonly specifier: string
  /**
   * `value` runs the other module with this one; `type` is gone at run time; `lazy` runs it when asked (`import()`); `process` only names its file, to run
   * it as a process (`import.meta.resolve`, `new URL(…, import.meta.url)`).
   */
  readonly kind: 'value' | 'type' | 'lazy' | 'process'
  /** From 1. */
  readonly line: number
}

const names = String.raw`[\w$\s{},*]`
const forms: readonly (readonly [Import['kind'] | 'named', RegExp])[] = [
  ['type', /^(?:import|export)\s+type\b(?!\s*,)[\w$\s{},*]*?\bfrom\s*(?=['"])/gm],
  ['named', new RegExp(String.raw`^import\s+(?!type\b)${names}*?\bfrom\s*(?=['"])`, 'gm')],
  ['named', /^export\s*(?:\*(?:\s+as\s+[\w$]+)?|\{[^}]*\})\s*from\s*(?=['"])/gm],
  ['value', /^import\s*(?=['"])/gm],
  ['type', /\btypeof\s+import\(\s*(?=['"])/g],
  ['lazy', /(?<!typeof\s+)\bimport\(\s*(?=['"])/g],
  ['process', /\bimport\.meta\.resolve\(\s*(?=['"])/g],
  ['process', /\bnew URL\(\s*(?=(['"])[^'"]*\1,\s*import\.meta\.url\))/g],
]

/** The imports of a module, in the order of its lines; needs sources as the formatter leaves them (statements begin at the start of a line). */
export function importsOf(source: string): readonly Import[] {
  const code = mask(source)
  return forms
    .flatMap(([form, expression]) =>
      [...code.matchAll(expression)].map((match) => {
        const start = match.index + match[0].length
        const end = code.indexOf(code[start] ?? '', start + 1)
        const kind = form === 'named' ? (onlyTypes(match[0]) ? 'type' : 'value') : form
        return { specifier: source.slice(start + 1, end), kind, line: lineAt(code, start) }
      }),
    )
    .sort((a, b) => a.line - b.line)
}

/** The line of an offset, from 1. */
export function lineAt(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line += 1
  return line
}

/** Whether every name of `import { type A, type B } from` is a type. */
function onlyTypes(statement: string): boolean {
  const list = /^(?:import|export)\s*\{([^}]*)\}\s*from\s*$/.exec(statement)?.[1]
  const each = list?.split(',').filter((name) => name.trim() !== '') ?? []
  return each.length > 0 && each.every((name) => /^\s*type\s/.test(name))
}

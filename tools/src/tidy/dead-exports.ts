import { mask } from '../read/mask.ts'
import { modulesOf } from '../read/modules.ts'
import type { Check } from './check.ts'

const declaration = /^export (?:abstract )?(?:async )?(?:function\*?|class|const|interface|type) ([\w$]+)/gm

/** What is written down and meant by nobody. */
export const deadExports = {
  promise: 'every export is meant by somebody: its name is used at least once, here or elsewhere',
  find(repository) {
    const code = new Map(modulesOf(repository).map((path) => [path, mask(repository.text(path))]))
    const uses = new Map<string, number>()
    for (const text of code.values())
      for (const [word] of text.matchAll(/[\w$]+/g)) uses.set(word, (uses.get(word) ?? 0) + 1)
    return [...code].flatMap(([file, text]) =>
      [...text.matchAll(declaration)].flatMap((match) => {
        const name = match[1] ?? ''
        const line = text.slice(0, match.index).split('\n').length
        return (uses.get(name) ?? 0) > 1 ? [] : [{ file, line, message: `${name} is exported, and nobody uses it.` }]
      }),
    )
  },
} satisfies Check

import { mask } from '../read/mask.ts'
import { modulesOf } from '../read/modules.ts'
import { matches, type Check } from './check.ts'

const drawer =
  /^(?:utils?|helpers?|common|shared|misc|lib|managers?|impl|types|constants)$|-(?:utils?|helpers?|manager|impl)$/

/** Words that say nothing about what a thing is for. */
export const names = {
  promise: 'no file, folder or export is a drawer: utils, helpers, common, manager, impl, an I before an interface',
  find(repository) {
    return modulesOf(repository).flatMap((file) => {
      const parts = file
        .slice(file.indexOf('src/') + 4)
        .replace(/(?:(?:\.[a-z]+)?\.test)?\.tsx?$/, '')
        .split('/')
      const bad = parts
        .filter((part) => drawer.test(part) || !/^[a-z0-9-]+$/.test(part))
        .map((part) => ({ file, line: 1, message: `"${part}" is not a name in kebab-case that says what it is for.` }))
      const code = mask(repository.text(file))
      return [
        ...bad,
        ...matches(
          file,
          code,
          /^export (?:abstract )?(?:class|interface|type|const|function|async function) (?:\w*(?:Utils?|Helpers?|Manager|Impl)|I[A-Z][a-z]\w*)\b/gm,
          (found) => `"${found.split(' ').at(-1) ?? ''}" does not say what it is for.`,
        ),
      ]
    })
  },
} satisfies Check

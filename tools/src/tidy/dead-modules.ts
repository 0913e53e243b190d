import { posix } from 'node:path'
import { edgesOf, isTestModule, manifestsOf, modulesOf } from '../read/modules.ts'
import type { Repository } from '../repository.ts'
import type { Check } from './check.ts'

/** A file that nothing runs is a promise nobody keeps. */
export const deadModules = {
  promise:
    'every module is reached from an entry: a front door, a command, a script; what only tests reach is made for tests',
  find(repository) {
    const modules = modulesOf(repository)
    const entries = [...entriesOf(repository), ...modules.filter((path) => isProgram(repository, path))]
    const tests = [...modules.filter((path) => path.endsWith('.test.ts')), ...startedByTests(repository, modules)]
    const product = reach(repository, entries)
    const all = reach(repository, [...entries, ...tests])
    return modules
      .filter((path) => !product.has(path) && !path.endsWith('.test.ts'))
      .filter((path) => !all.has(path) || !(isTestModule(path) || /^(?:sim|e2e)\//.test(path)))
      .map((file) => ({
        file,
        line: 1,
        message: all.has(file)
          ? 'Only tests reach this module; product code that nothing uses is dead.'
          : 'Nothing reaches this module.',
      }))
  },
} satisfies Check

/** Front doors and commands of packages, and files that scripts run. */
function entriesOf(repository: Repository): readonly string[] {
  return manifestsOf(repository).flatMap(({ directory, exports, bin, scripts }) => {
    const files = Object.values(scripts).flatMap((script) => script.match(/[\w./-]+\.ts\b/g) ?? [])
    return [...Object.values(exports), ...Object.values(bin), ...files].flatMap((target) => {
      const path = posix.join(directory, target)
      if (!path.includes('*')) return [path]
      const [before = '', after = ''] = path.split('*')
      return repository.paths.filter((known) => known.startsWith(before) && known.endsWith(after))
    })
  })
}

/** A program for people says so in its first lines: `node PATH`. */
function isProgram(repository: Repository, path: string): boolean {
  return repository.text(path).slice(0, 1_000).includes(`node ${path}`)
}

/** What tests start as processes is named in a text, not imported. */
function startedByTests(repository: Repository, modules: readonly string[]): readonly string[] {
  const tests = modules.filter((path) => path.endsWith('.test.ts')).map((path) => repository.text(path))
  return modules.filter(
    (path) => path.includes('/testing/') && tests.some((text) => text.includes(`'${posix.basename(path)}'`)),
  )
}

function reach(repository: Repository, entries: readonly string[]): ReadonlySet<string> {
  const next = new Map<string, string[]>()
  for (const { from, to } of edgesOf(repository)) {
    if (to.kind === 'file') next.set(from, [...(next.get(from) ?? []), to.path])
  }
  const seen = new Set<string>()
  const waiting = [...entries]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue
    seen.add(path)
    waiting.push(...(next.get(path) ?? []))
  }
  return seen
}

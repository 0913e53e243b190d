import { edgesOf, manifestOf, manifestsOf } from '../read/modules.ts'
import type { Repository } from '../repository.ts'
import type { Check } from './check.ts'

const page = 'docs/decisions/dependencies.md'

/** Tools that are run by name, not imported. */
const tools = new Set(['typescript', 'oxlint', 'oxlint-tsgolint', 'oxfmt', 'node', '@types/node', 'fast-check'])

/** Think before adding a dependency. */
export const dependencies = {
  promise:
    'each dependency has an exact version, is used where it is declared, is locked, and has its reason in the docs',
  find(repository) {
    const manifests = manifestsOf(repository)
    const used = new Map<string, Set<string>>()
    for (const { from, to, specifier } of edgesOf(repository)) {
      const own = manifestOf(manifests, from)?.directory ?? ''
      const name = to.kind === 'package' ? to.name : specifier.split('/').slice(0, 2).join('/')
      used.set(own, (used.get(own) ?? new Set()).add(name))
    }
    const reasons = repository.has(page) ? repository.text(page) : ''
    const locked = lockedBy(repository)
    return manifests.flatMap(({ directory, dependencies: direct, devDependencies }) => {
      const file = directory === '' ? 'package.json' : `${directory}/package.json`
      return Object.entries({ ...direct, ...devDependencies }).flatMap(([name, version]) =>
        [
          /^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version) ? '' : `${name} has no exact version ("${version}").`,
          used.get(directory)?.has(name) === true || (directory === '' && tools.has(name))
            ? ''
            : `${name} is declared but not used.`,
          name.startsWith('@serin/') || reasons.includes(`\`${name}\``) ? '' : `${page} gives no reason for ${name}.`,
          locked === undefined || locked(directory, name) === version
            ? ''
            : `package-lock.json does not know ${name} ${version} here: run npm install --package-lock-only.`,
        ]
          .filter((message) => message !== '')
          .map((message) => ({ file, line: 1, message })),
      )
    })
  },
} satisfies Check

interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

/** The version the lock file has for a dependency of the package in a directory; undefined without a lock file. */
function lockedBy(repository: Repository): ((directory: string, name: string) => string | undefined) | undefined {
  if (!repository.has('package-lock.json')) return undefined
  const { packages } = JSON.parse(repository.text('package-lock.json')) as {
    packages: Readonly<Record<string, Locked>>
  }
  return (directory, name) => packages[directory]?.dependencies?.[name] ?? packages[directory]?.devDependencies?.[name]
}

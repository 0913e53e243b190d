import { posix } from 'node:path'
import type { Finding } from '../finding.ts'
import { importsOf } from '../read/imports.ts'
import { modulesOf } from '../read/modules.ts'
import type { Repository } from '../repository.ts'
import { isBinary } from './binaries.ts'
import { matches, type Check } from './check.ts'

const secrets: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/g, 'A private key.'],
  [/\b(?:ghp|gho|ghs|github_pat|glpat|npm|xox[abp])[_-][A-Za-z0-9_-]{20,}/g, 'An access token.'],
  [/\bAKIA[0-9A-Z]{16}\b/g, 'A cloud access key.'],
  [/\b(?:Bearer|token[:=])\s*["']?[A-Za-z0-9_-]{40,}/g, 'A token.'],
]
const machines: readonly (readonly [RegExp, string])[] = [
  [/(?<![\w./-])\/(?:work|root|workspace|mnt)\/[\w.-]+/g, 'A path of one machine.'],
  [/(?<![\w./-])\/(?:home|Users)\/(?!you\b|user\b)[\w.-]+/g, 'A home directory.'],
  [/\b[A-Z]:\\\\?(?:Users|work)\b/g, 'A path of one machine.'],
]

/** What would tell a stranger about somebody's machine, or let one in. */
export const secretsAndMachines = {
  promise: 'no secret, no path of one machine, and no path that leaves the repository',
  find: (repository) => [
    ...repository.paths
      .filter((path) => !isBinary(repository, path) && !path.endsWith('package-lock.json') && !isSelf(path))
      .flatMap((file) => {
        const text = repository.text(file)
        return [...secrets, ...machines].flatMap(([expression, message]) =>
          matches(file, text, expression, (found) => `${message} (${found.slice(0, 12)}…)`),
        )
      }),
    ...modulesOf(repository).flatMap((file) => leaving(repository, file)),
  ],
} satisfies Check

/** The expressions above and their tests look like what they look for. */
function isSelf(path: string): boolean {
  return path.startsWith('tools/src/tidy/secrets')
}

function leaving(repository: Repository, file: string): readonly Finding[] {
  return importsOf(repository.text(file))
    .filter(({ specifier }) => specifier.startsWith('.') && posix.join(posix.dirname(file), specifier).startsWith('..'))
    .map(({ line, specifier }) => ({ file, line, message: `"${specifier}" leaves the repository.` }))
}

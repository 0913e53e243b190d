import { posix } from 'node:path'
import type { Repository } from '../repository.ts'
import { importsOf, type Import } from './imports.ts'

/** Where an import leads: a file of the repository, a package from npm, a module of Node, or nowhere. */
export type Target =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'package'; readonly name: string }
  | { readonly kind: 'node'; readonly name: string }
  | { readonly kind: 'nowhere' }

/** An import and where it leads. */
export interface Edge extends Import {
  readonly from: string
  readonly to: Target
}

/** What tidy and the boundaries need of a package.json. */
export interface Manifest {
  readonly name: string
  readonly directory: string
  readonly exports: Readonly<Record<string, string>>
  readonly bin: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly scripts: Readonly<Record<string, string>>
}

/** Every package.json of the repository, by its directory (`''` for the root). */
export function manifestsOf(repository: Repository): readonly Manifest[] {
  return repository.paths
    .filter((path) => path === 'package.json' || path.endsWith('/package.json'))
    .map((path) => {
      const json = JSON.parse(repository.text(path)) as Partial<Manifest> & { exports?: unknown }
      const record = (value: unknown) => (typeof value === 'object' && value !== null ? value : {})
      return {
        name: json.name ?? '',
        directory: posix.dirname(path) === '.' ? '' : posix.dirname(path),
        exports: record(json.exports) as Record<string, string>,
        bin: json.bin ?? {},
        dependencies: json.dependencies ?? {},
        devDependencies: json.devDependencies ?? {},
        scripts: json.scripts ?? {},
      }
    })
}

/** The package a file belongs to: the nearest package.json above it. */
export function manifestOf(manifests: readonly Manifest[], path: string): Manifest | undefined {
  return [...manifests]
    .sort((a, b) => b.directory.length - a.directory.length)
    .find(({ directory }) => directory === '' || path.startsWith(`${directory}/`))
}

/** The modules of the house: TypeScript under a `src`, and configuration that is code. */
export function modulesOf(repository: Repository): readonly string[] {
  return repository.paths.filter((path) => /(^|\/)src\/.*\.tsx?$/.test(path) && !path.endsWith('.d.ts'))
}

/** Whether a module is a test or made for tests. */
export function isTestModule(path: string): boolean {
  return /\.test\.ts$|(^|\/)testing\//.test(path)
}

/** Every import of every module, resolved. */
export function edgesOf(repository: Repository): readonly Edge[] {
  const manifests = manifestsOf(repository)
  return modulesOf(repository).flatMap((from) =>
    importsOf(repository.text(from)).map((each) => ({
      ...each,
      from,
      to: resolve(repository, manifests, from, each),
    })),
  )
}

function resolve(
  repository: Repository,
  manifests: readonly Manifest[],
  from: string,
  { specifier, kind }: Import,
): Target {
  if (specifier.startsWith('node:')) return { kind: 'node', name: specifier }
  if (specifier.startsWith('.') || (kind === 'process' && !specifier.startsWith('@'))) {
    const path = posix.join(posix.dirname(from), specifier)
    const known =
      repository.has(path) || repository.paths.some((other) => other.startsWith(`${path.replace(/\/$/, '')}/`))
    return known || specifier.endsWith('/') ? { kind: 'file', path } : { kind: 'nowhere' }
  }
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  const own = manifests.find((manifest) => manifest.name === name)
  if (own === undefined) return { kind: 'package', name }
  const door = doorOf(own, `.${specifier.slice(name.length)}`)
  const path = door === undefined ? undefined : posix.join(own.directory, door)
  return path !== undefined && repository.has(path) ? { kind: 'file', path } : { kind: 'nowhere' }
}

function doorOf({ exports }: Manifest, subpath: string): string | undefined {
  const exact = exports[subpath]
  if (exact !== undefined) return exact
  for (const [pattern, target] of Object.entries(exports)) {
    const [before = '', after] = pattern.split('*')
    if (after === undefined || !subpath.startsWith(before) || !subpath.endsWith(after)) continue
    return target.replaceAll('*', subpath.slice(before.length, subpath.length - after.length))
  }
  return undefined
}

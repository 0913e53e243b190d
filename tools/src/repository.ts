import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, matchesGlob } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The files of the repository by their path from its root, with `/` between folders; what `.gitignore` names is not there. */
export interface Repository {
  readonly paths: readonly string[]
  has(path: string): boolean
  /** The text of a file; throws when there is none. */
  text(path: string): string
  bytes(path: string): Uint8Array
}

/** The root of this repository. */
export const rootDirectory = fileURLToPath(new URL('../../', import.meta.url))

/** Reads the repository under a directory; each file when it is first asked for. */
export function readRepository(root = rootDirectory): Repository {
  const ignoreFile = join(root, '.gitignore')
  const ignored = existsSync(ignoreFile) ? ignoredBy(readFileSync(ignoreFile, 'utf8')) : () => false
  const paths: string[] = []
  const walk = (folder: string) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (path === '.git' || ignored(path, entry.isDirectory())) continue
      if (entry.isDirectory()) walk(path)
      else if (entry.isFile()) paths.push(path)
    }
  }
  walk('')
  const known = new Map<string, Uint8Array>()
  return over(paths, (path) => {
    const bytes = known.get(path) ?? readFileSync(join(root, path))
    known.set(path, bytes)
    return bytes
  })
}

/** A repository of texts, for tests of checks. */
export function repositoryOf(files: Readonly<Record<string, string>>): Repository {
  return over(Object.keys(files), (path) => {
    const text = files[path]
    if (text === undefined) throw new Error(`${path} is not in the repository.`)
    return new TextEncoder().encode(text)
  })
}

/** What a `.gitignore` of plain patterns ignores. */
export function ignoredBy(text: string): (path: string, isDirectory: boolean) => boolean {
  const patterns = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      if (line.startsWith('!')) throw new Error(`.gitignore: "${line}" is a kind of pattern this reader does not know.`)
      const pattern = line.replace(/\/$/, '')
      const anchored = pattern.includes('/')
      return { glob: anchored ? pattern.replace(/^\//, '') : `**/${pattern}`, onlyDirectories: line.endsWith('/') }
    })
  return (path, isDirectory) =>
    patterns.some(({ glob, onlyDirectories }) => (isDirectory || !onlyDirectories) && matchesGlob(path, glob))
}

function over(paths: readonly string[], bytes: (path: string) => Uint8Array): Repository {
  const sorted = [...paths].sort()
  const set = new Set(sorted)
  const texts = new Map<string, string>()
  return {
    paths: sorted,
    has: (path) => set.has(path),
    bytes,
    text(path) {
      const text = texts.get(path) ?? new TextDecoder().decode(bytes(path))
      texts.set(path, text)
      return text
    },
  }
}

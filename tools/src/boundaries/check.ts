import type { Finding } from '../finding.ts'
import { edgesOf, isTestModule, manifestOf, manifestsOf, type Edge, type Manifest } from '../read/modules.ts'
import type { Repository } from '../repository.ts'
import { cyclesOf } from './cycles.ts'
import { mayImport, roomOf, type Room } from './rooms.ts'

/** Every import the arrows do not allow, every way around a front door, and every cycle. */
export function checkBoundaries(repository: Repository): readonly Finding[] {
  const manifests = manifestsOf(repository)
  const edges = edgesOf(repository)
  const single = edges.flatMap((edge) => {
    const message = wrongWith(edge, manifests)
    return message === undefined ? [] : [{ file: edge.from, line: edge.line, message }]
  })
  const cycles = cyclesOf(edges).map((cycle) => ({
    file: cycle[0] ?? '',
    line: 1,
    message: `A cycle: ${[...cycle, cycle[0]].join(' → ')}.`,
  }))
  return [...single, ...cycles]
}

function wrongWith(edge: Edge, manifests: readonly Manifest[]): string | undefined {
  switch (edge.to.kind) {
    case 'nowhere':
      return `"${edge.specifier}" leads nowhere in this repository.`
    case 'node':
      return roomOf(edge.from)?.pure === undefined || isTestModule(edge.from)
        ? undefined
        : `${roomOf(edge.from)?.name} is pure: it imports nothing of Node ("${edge.specifier}").`
    case 'package':
      return wrongPackage(edge, edge.to.name, manifests)
    case 'file':
      return wrongFile(edge, edge.to.path, manifests)
  }
}

function wrongPackage({ from }: Edge, name: string, manifests: readonly Manifest[]): string | undefined {
  const own = manifestOf(manifests, from)
  const root = manifests.find((manifest) => manifest.directory === '')
  const declared = isTestModule(from)
    ? { ...root?.devDependencies, ...own?.dependencies, ...own?.devDependencies }
    : { ...own?.dependencies, ...(roomOf(from)?.developed === true ? own?.devDependencies : {}) }
  if (declared?.[name] === undefined)
    return `"${name}" is not among the dependencies of ${own?.name ?? 'this package'}.`
  const pure = roomOf(from)?.pure
  if (pure === undefined || isTestModule(from) || pure.includes(name)) return undefined
  return `${roomOf(from)?.name} is pure: it does not import "${name}".`
}

function wrongFile(edge: Edge, path: string, manifests: readonly Manifest[]): string | undefined {
  const [from, to] = [roomOf(edge.from), roomOf(path)]
  if (from === undefined || to === undefined) return undefined
  const free = isTestModule(edge.from) || from.may.includes('*')
  if (!free && isTestModule(path)) return `Product code imports nothing that is made for tests (${path}).`
  return wrongDoor(edge, path, manifests) ?? (free ? undefined : wrongArrow(edge, from, to))
}

/** Tests enter where they like, and whoever only names a file reads it as data. */
function wrongDoor(edge: Edge, path: string, manifests: readonly Manifest[]): string | undefined {
  const [here, there] = [manifestOf(manifests, edge.from), manifestOf(manifests, path)]
  if (here === there || isTestModule(edge.from) || edge.kind === 'process') return undefined
  if (edge.specifier.startsWith('.'))
    return `Another package is entered by its front door ("${there?.name ?? ''}"), not by a path.`
  return declaredIn(here, there?.name ?? '') === undefined
    ? `"${there?.name ?? ''}" is not among the dependencies of ${here?.name ?? 'this package'}.`
    : undefined
}

function wrongArrow({ kind }: Edge, from: Room, to: Room): string | undefined {
  if (from.name === to.name || mayImport(from, to, kind)) return undefined
  const how = { value: '', type: ' (types)', lazy: ' (lazily)', process: ' (by the name of a file)' }[kind]
  return `${from.name} may not import ${to.name}${how}. It may import: ${from.may.join(', ') || 'nothing'}.`
}

function declaredIn(manifest: Manifest | undefined, name: string): string | undefined {
  return manifest?.dependencies[name] ?? manifest?.devDependencies[name]
}

import { roomOf } from '../boundaries/rooms.ts'
import { edgesOf, isTestModule } from '../read/modules.ts'
import type { Repository } from '../repository.ts'

const dashed = new Set(['type', 'lazy', 'process'])

/** The packages and who imports whom, as a mermaid graph of what is really imported; dashed: types, lazily or as a process only. */
export function printRoomsGraph(repository: Repository): string {
  const arrows = new Map<string, boolean>()
  for (const { from, to, kind } of edgesOf(repository)) {
    if (to.kind !== 'file' || isTestModule(from)) continue
    const [here, there] = [packageOf(from), packageOf(to.path)]
    if (here === undefined || there === undefined || here === there) continue
    const key = `${here} ${there}`
    arrows.set(key, (arrows.get(key) ?? true) && dashed.has(kind))
  }
  const lines = [...arrows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, light]) => `  ${key.replace(' ', light ? ' -.-> ' : ' --> ')}`)
  return ['```mermaid', 'graph TD', ...lines, '```'].join('\n')
}

function packageOf(path: string): string | undefined {
  return path.startsWith('packages/') ? roomOf(path)?.name.split('/')[0] : undefined
}

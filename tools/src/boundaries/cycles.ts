import type { Edge } from '../read/modules.ts'

/** The cycles among modules that run each other when imported; each once, from its first path. Types are gone by then and `import()` waits. */
export function cyclesOf(edges: readonly Pick<Edge, 'from' | 'to' | 'kind'>[]): readonly (readonly string[])[] {
  const next = new Map<string, string[]>()
  for (const { from, to, kind } of edges) {
    if (kind === 'value' && to.kind === 'file') next.set(from, [...(next.get(from) ?? []), to.path])
  }
  const done = new Set<string>()
  const cycles = new Map<string, readonly string[]>()
  const visit = (path: string, trail: readonly string[]) => {
    const at = trail.indexOf(path)
    if (at >= 0) {
      const cycle = fromFirst(trail.slice(at))
      cycles.set(cycle.join(' '), cycle)
      return
    }
    if (done.has(path)) return
    for (const other of next.get(path) ?? []) visit(other, [...trail, path])
    done.add(path)
  }
  for (const path of [...next.keys()].sort()) visit(path, [])
  return [...cycles.values()]
}

function fromFirst(cycle: readonly string[]): readonly string[] {
  const first = cycle.indexOf([...cycle].sort()[0] ?? '')
  return [...cycle.slice(first), ...cycle.slice(0, first)]
}

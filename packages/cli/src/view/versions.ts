import type { Rollout, ServiceStatus, VersionStatus } from '@serin/spec'
import { figure, latency, percent, weight } from './figures.ts'
import type { Paper } from './paper.ts'
import { table, type Column } from './table.ts'

/** Versions somebody may want to see: those that serve, run, or are being released. */
export function shownVersions({ versions, rollout }: ServiceStatus): readonly VersionStatus[] {
  const order = { stable: 0, canary: 1, warm: 2, idle: 3 } as const
  return versions
    .filter(
      ({ name, role, replicas }) =>
        role !== 'idle' || replicas.length > 0 || (isOpen(rollout) && rollout?.canary === name),
    )
    .toSorted((a, b) => order[a.role] - order[b.role])
}

/** `3/3`, and how often they were restarted. */
export function readyText({ replicas }: VersionStatus): string {
  const ready = replicas.filter(({ state }) => state === 'ready').length
  const restarts = replicas.reduce((sum, replica) => sum + replica.restarts, 0)
  return `${ready}/${replicas.length}${restarts > 0 ? ` ↻${restarts}` : ''}`
}

const columns: readonly Column<VersionStatus>[] = [
  { title: 'version', text: ({ name, role }) => `${name} ${role}`, style: roleStyle },
  { title: 'asked', align: 'right', text: ({ askedBp }) => weight(askedBp) },
  { title: 'split', align: 'right', text: ({ splitPercent }) => percent(splitPercent) },
  {
    title: 'ready',
    align: 'right',
    text: readyText,
    style: ({ workload }) => (workload === 'failed' ? 'harm' : workload === 'ready' ? undefined : 'wait'),
  },
  { title: 'rps', align: 'right', text: ({ live }) => figure(live.requestsPerSecond) },
  { title: 'success', align: 'right', drop: 2, text: ({ live }) => percent(live.successPercent) },
  { title: 'p50', align: 'right', drop: 3, text: ({ live }) => latency(live.p50Ms) },
  { title: 'p95', align: 'right', drop: 1, text: ({ live }) => latency(live.p95Ms) },
  { title: 'p99', align: 'right', drop: 4, text: ({ live }) => latency(live.p99Ms) },
]

/** What each version gets and does right now, asked and observed side by side. */
export function versionLines(status: ServiceStatus, paper: Paper): readonly string[] {
  const rows = shownVersions(status)
  const notes = rows.flatMap(({ name, failure, replicas }) => {
    const message = failure?.message ?? replicas.find((replica) => replica.message !== null)?.message
    return message == null ? [] : [`${name}: ${message}`]
  })
  return [...table(columns, rows, paper), ...notes]
}

/** The style of a version by what it is for. */
export function roleStyle({ role }: VersionStatus): 'canary' | 'stable' | 'quiet' {
  return role === 'canary' ? 'canary' : role === 'stable' ? 'stable' : 'quiet'
}

/** Whether more will happen by itself. */
export function isOpen(rollout: Rollout | null): boolean {
  return rollout !== null && rollout.phase !== 'promoted' && rollout.phase !== 'rolled-back'
}

import type { JournalLine } from '@serin/sdk'
import type { Rollout, ServiceStatus, VersionStatus } from '@serin/spec'
import { age, clock, count, figure, latency, mebibytes, percent, weight } from './figures.ts'
import { journalWords } from './journal-words.ts'
import { rolloutMark, serviceMark } from './marks.ts'
import type { Paper } from './paper.ts'
import { table, type Column } from './table.ts'
import { cleanText } from './text.ts'
import { isOpen, readyText, roleStyle } from './versions.ts'

/** A version with the service it belongs to. */
export type OwnedVersion = VersionStatus & { readonly service: string }

const dash = '–'

/** Services, one line each. */
export function serviceTable(services: readonly ServiceStatus[], paper: Paper, wide: boolean): readonly string[] {
  const canary = ({ rollout, versions }: ServiceStatus) =>
    isOpen(rollout) ? versions.find(({ name }) => name === rollout?.canary) : undefined
  const columns: Column<ServiceStatus>[] = [
    { title: 'name', text: ({ name }) => name, style: () => 'strong' },
    { title: 'stable', text: ({ stable }) => stable },
    { title: 'rollout', text: ({ rollout }) => rollout?.id ?? dash },
    {
      title: 'state',
      text: (service) => `${serviceMark(service).sign} ${stateWord(service)}`,
      style: (service) => serviceMark(service).style,
    },
    { title: 'canary', text: ({ rollout }) => rollout?.canary ?? dash },
    {
      title: 'asked',
      align: 'right',
      text: ({ rollout }) => (isOpen(rollout) ? weight(rollout?.askedBp ?? null) : dash),
    },
    { title: 'split', align: 'right', text: (service) => percent(canary(service)?.splitPercent ?? null) },
    { title: 'address', text: ({ address }) => address ?? dash },
  ]
  const more: Column<ServiceStatus>[] = [
    {
      title: 'rps',
      align: 'right',
      text: ({ versions }) => figure(versions.reduce((sum, { live }) => sum + live.requestsPerSecond, 0)),
    },
    { title: 'trouble', text: ({ trouble }) => cleanText(trouble.join(' ')) || dash },
  ]
  return table(wide ? [...columns, ...more] : columns, services, paper)
}

function stateWord({ rollout, trouble }: ServiceStatus): string {
  if (trouble.length > 0) return 'trouble'
  return rollout === null ? 'no rollout yet' : rollout.phase
}

/** Rollouts, one line each. */
export function rolloutTable(
  rollouts: readonly Rollout[],
  { paper, wide, now }: { readonly paper: Paper; readonly wide: boolean; readonly now: number },
): readonly string[] {
  const columns: Column<Rollout>[] = [
    { title: 'id', text: ({ id }) => id, style: () => 'strong' },
    { title: 'from', text: ({ stable }) => stable },
    { title: 'to', text: ({ canary }) => canary },
    {
      title: 'state',
      text: (rollout) =>
        `${rolloutMark(rollout).sign} ${rollout.phase}${rollout.phase === 'rolled-back' ? `: ${rollout.reason ?? ''}` : ''}`,
      style: (rollout) => rolloutMark(rollout).style,
    },
    {
      title: 'step',
      align: 'right',
      text: ({ step, steps }) => (step === null ? dash : `${step + 1}/${steps.length}`),
    },
    { title: 'asked', align: 'right', text: ({ askedBp }) => weight(askedBp) },
    { title: 'verdict', text: ({ judgement }) => judgement?.verdict ?? dash },
    { title: 'units', align: 'right', text: ({ exposedUnits }) => count(exposedUnits) },
    { title: 'age', align: 'right', text: ({ startedAt }) => age(now - startedAt) },
    {
      title: 'took',
      align: 'right',
      text: ({ startedAt, endedAt }) => (endedAt === null ? dash : age(endedAt - startedAt)),
    },
  ]
  const more: Column<Rollout>[] = [
    { title: 'requests', align: 'right', text: ({ exposedRequests }) => count(exposedRequests) },
    { title: 'attempt', align: 'right', text: ({ attempt }) => String(attempt) },
    { title: 'by', text: ({ by }) => cleanText(by ?? dash) },
    { title: 'why', text: ({ why }) => cleanText(why ?? '') || dash },
  ]
  return table(wide ? [...columns, ...more] : columns, rollouts, paper)
}

/** Versions, one line each. */
export function versionTable(versions: readonly OwnedVersion[], paper: Paper, wide: boolean): readonly string[] {
  const sum = (values: readonly (number | null)[]) =>
    values.every((value) => value === null) ? null : values.reduce<number>((total, value) => total + (value ?? 0), 0)
  const columns: Column<OwnedVersion>[] = [
    { title: 'service', text: ({ service }) => service },
    { title: 'version', text: ({ name }) => name, style: roleStyle },
    { title: 'role', text: ({ role }) => role },
    {
      title: 'state',
      text: ({ workload }) => workload,
      style: ({ workload }) => (workload === 'failed' ? 'harm' : workload === 'degraded' ? 'wait' : undefined),
    },
    { title: 'ready', align: 'right', text: readyText },
    { title: 'asked', align: 'right', text: ({ askedBp }) => weight(askedBp) },
    { title: 'split', align: 'right', text: ({ splitPercent }) => percent(splitPercent) },
    { title: 'rps', align: 'right', text: ({ live }) => figure(live.requestsPerSecond) },
    { title: 'success', align: 'right', text: ({ live }) => percent(live.successPercent) },
    { title: 'p95', align: 'right', text: ({ live }) => latency(live.p95Ms) },
  ]
  const more: Column<OwnedVersion>[] = [
    { title: 'in force', align: 'right', text: ({ inForceBp }) => weight(inForceBp) },
    { title: 'p50', align: 'right', text: ({ live }) => latency(live.p50Ms) },
    { title: 'p99', align: 'right', text: ({ live }) => latency(live.p99Ms) },
    { title: 'open', align: 'right', text: ({ inFlight }) => count(inFlight) },
    {
      title: 'cpu',
      align: 'right',
      text: ({ replicas }) => percent(sum(replicas.map(({ cpuPercent }) => cpuPercent))),
    },
    {
      title: 'memory',
      align: 'right',
      text: ({ replicas }) => mebibytes(sum(replicas.map(({ memoryBytes }) => memoryBytes))),
    },
    {
      title: 'endpoints',
      text: ({ replicas }) =>
        replicas.flatMap(({ endpoint }) => (endpoint === null ? [] : [endpoint])).join(' ') || dash,
    },
    { title: 'failure', text: ({ failure }) => cleanText(failure?.message ?? dash) },
  ]
  return table(wide ? [...columns, ...more] : columns, versions, paper)
}

/** Lines of the journal in words. */
export function journalTable(entries: readonly JournalLine[], paper: Paper, wide: boolean): readonly string[] {
  const columns: Column<JournalLine>[] = [
    { title: 'seq', align: 'right', text: ({ seq }) => String(seq), style: () => 'quiet' },
    { title: 'time', text: ({ at }) => (wide ? new Date(at).toISOString() : clock(at)) },
    { title: 'about', text: ({ stream }) => stream.replace(/^\w+\//, '') },
    { title: 'who', text: ({ actor }) => cleanText(actor), style: () => 'strong' },
    { title: 'what', text: journalWords },
  ]
  const more: Column<JournalLine>[] = [
    { title: 'kind', text: ({ kind }) => kind },
    { title: 'hash', text: ({ hash }) => hash.slice(0, 12) },
  ]
  return table(wide ? [...columns, ...more] : columns, entries, paper)
}

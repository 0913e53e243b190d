import type { Reflex, RoutingTable } from '@serin/core'
import type { Snapshot } from '../decide/snapshot.ts'
import type { Recorder } from '../evidence/recorder.ts'
import type { Lookups } from '../lookups/lookups.ts'
import type { TableOnDisk } from '../state/table-on-disk.ts'
import type { ShownCertificate } from '../tls/certificate.ts'
import type { Certificates } from '../tls/certificates.ts'
import type { CrewState } from '../workers/crew.ts'

/** The answer to `GET /routing`: what the gateway does now. */
export interface GatewayReport {
  readonly service: string
  readonly boot: string
  readonly pid: number
  readonly address: string
  /** Where canary answers whatever its share is, or null. */
  readonly previewAddress: string | null
  /** Revision in force, or null before the first table. */
  readonly revision: number | null
  /** Since when it is in force, ms since the epoch. */
  readonly appliedAt: number | null
  /** Shares in force by version, in basis points. */
  readonly weights: Readonly<Record<string, number>>
  /** Requests in flight by version, also of versions that left the table. */
  readonly inFlight: Readonly<Record<string, number>>
  /** Requests and tunnels in flight by base address, where there are any; also of addresses that left the table. */
  readonly inFlightByEndpoint: Readonly<Record<string, number>>
  /** When a request was last assigned to each version, ms since the epoch; absent when none was. */
  readonly lastRequestAt: Readonly<Record<string, number>>
  /** Requests given up by their client before an answer began, by version. */
  readonly abandoned: Readonly<Record<string, number>>
  /** Requests, streams and tunnels that a version ended unfinished after its address had left the table, since the gateway started. */
  readonly cutOff: Readonly<Record<string, number>>
  /** Units counted in this rollout. */
  readonly units: number
  /** Sightings of units that were not counted because the table is full. */
  readonly saturated: number
  /** Revision on disk, and why the one in force is not there yet, if so. */
  readonly persisted: { readonly revision: number | null; readonly problem: string | null }
  /** The table in force: canary has no share in it while `reflex` is set. */
  readonly table: RoutingTable | null
  readonly reflex: Reflex | null
  /** Why something is not known that the table asks for, such as countries or keys, and what is wrong with certificates, in sentences. Absent: an older gateway. */
  readonly problems?: readonly string[]
  /** What clients are shown, where TLS is spoken. */
  readonly certificates?: readonly ShownCertificate[]
  /** The processes that carry the traffic; absent where it is this one. Everything else here is their sum. */
  readonly workers?: CrewState
}

/** The answer to `PUT /routing`. */
export interface ApplyAnswer {
  /** False when the table was not newer than the one in force. */
  readonly applied: boolean
  readonly revision: number
  readonly appliedAt: number
  /** Why the table is in force but not on disk, or null. */
  readonly problem: string | null
}

/** Shares by version. */
export function weightsOf(table: RoutingTable): Record<string, number> {
  return Object.fromEntries(table.arms.map((arm) => [arm.version, arm.weightBp]))
}

/** What a report is made of. */
export interface ReportParts {
  readonly service: string
  readonly boot: string
  readonly address: string
  readonly previewAddress: string | null
  readonly snapshot: Snapshot | null
  readonly recorder: Recorder
  readonly disk: TableOnDisk
  readonly reflex: Reflex | null
  readonly inFlightByEndpoint: GatewayReport['inFlightByEndpoint']
  readonly lookups: Pick<Lookups, 'problems'>
  readonly certificates: Pick<Certificates, 'problems' | 'shown'> | null
  readonly workers?: CrewState
}

/** The report as of now. */
export function reportOf(parts: ReportParts): GatewayReport {
  const { service, boot, address, previewAddress, snapshot, recorder, disk, certificates } = parts
  const activity = Object.entries(recorder.activity())
  return {
    service,
    boot,
    pid: process.pid,
    address,
    previewAddress,
    revision: snapshot?.table.revision ?? null,
    appliedAt: snapshot?.appliedAt ?? null,
    weights: snapshot === null ? {} : weightsOf(snapshot.table),
    inFlight: Object.fromEntries(activity.map(([version, { inFlight }]) => [version, inFlight])),
    inFlightByEndpoint: parts.inFlightByEndpoint,
    lastRequestAt: Object.fromEntries(
      activity.flatMap(([version, { lastRequestAt }]) => (lastRequestAt === null ? [] : [[version, lastRequestAt]])),
    ),
    abandoned: Object.fromEntries(activity.map(([version, { abandoned }]) => [version, abandoned])),
    cutOff: recorder.cutOff,
    units: recorder.units.known,
    saturated: recorder.units.saturated,
    persisted: disk.state,
    table: snapshot?.table ?? null,
    reflex: parts.reflex,
    problems: [...parts.lookups.problems, ...(certificates?.problems ?? [])],
    ...(certificates === null ? {} : { certificates: certificates.shown }),
    ...(parts.workers === undefined ? {} : { workers: parts.workers }),
  }
}

import type { AnalysisSetup, AnalysisState, Plan, RolloutState } from '@serin/core'
import { keptService, type Judgement, type Service } from '@serin/spec'
import type { Reading } from './service/reading.ts'

/** Which version a unit had from a time on: enough to trace an observation back to the version that served it. */
export interface Assignment {
  /** When the table was sent, and when the router had it: in between either may have served. ms since the epoch; null while nobody knows. */
  readonly sentAt: number
  readonly appliedAt: number | null
  readonly salt: string
  /** `measurement.rollout` of the table. */
  readonly rollout: string
  readonly stable: string
  readonly canary: string | null
  readonly canaryBp: number
  /** Other challengers, in the order of their arms; absent: none. */
  readonly rivals?: readonly { readonly version: string; readonly bp: number }[]
}

/** An old version that still runs. */
export interface Warm {
  readonly version: string
  readonly until: number
  readonly copies?: number
}

/** A release that waits. */
export interface Queued {
  readonly to: string
  readonly by: string
  readonly why: string
  readonly hotfix: boolean
  readonly rivals?: readonly string[]
  /** It was stable before, and takes everything at once. */
  readonly undo?: true
}

/** What is kept of a service. */
export interface ServiceDocument {
  readonly name: string
  readonly spec: Service
  readonly baseDirectory: string
  readonly stable: string
  /** Versions that were stable before, newest last. */
  readonly history: readonly string[]
  readonly nextNumber: number
  /** Id of the latest rollout, or null. */
  readonly latest: string | null
  /** Versions kept running after the promotion of another, and until when; newest last. `copies` when fewer than all of it run. */
  readonly warm: readonly Warm[]
  /** Releases that wait until the rollout under way is over; the next one first. */
  readonly queue: readonly Queued[]
}

/** A service out of the store, which an older Serin may have written. */
export function keptDocument(value: unknown): ServiceDocument {
  const kept = value as ServiceDocument
  return { ...kept, spec: keptService(kept.spec) }
}

/** The coupled release that a rollout belongs to, and the turn of it: 0 on the way out. */
export interface ReleasePart {
  readonly release: string
  readonly turn: number
}

/** Another challenger of an experiment, with its evidence against stable. */
export interface Rival {
  readonly version: string
  readonly setup: AnalysisSetup
  readonly analysis: AnalysisState
  readonly judgement: Judgement | null
  /** Why it has no traffic any more, or null. */
  readonly dropped: string | null
}

/** What is kept of a rollout. */
export interface RolloutDocument {
  readonly id: string
  readonly service: string
  readonly number: number
  readonly plan: Plan
  readonly state: RolloutState
  /** Null until the first traffic of the attempt: the latency cuts are frozen then. */
  readonly setup: AnalysisSetup | null
  /** Null before the first traffic, and again when the rollout is over: the judgement stays. */
  readonly analysis: AnalysisState | null
  readonly judgement: Judgement | null
  /** Once the attempt has begun, where the plan has any. */
  readonly rivals?: readonly Rival[]
  /** Since when the health of the evidence has been what it is; null before the first judgement. */
  readonly healthSince: number | null
  /** Freezes do not hold it. */
  readonly hotfix: boolean
  /** Absent: it belongs to no other. */
  readonly part?: ReleasePart
  readonly exposedUnits: number
  readonly exposedRequests: number
  readonly startedAt: number
  readonly firstTrafficAt: number | null
  readonly decidedAt: number | null
  readonly lastCanaryRequestAt: number | null
  readonly endedAt: number | null
}

/** Everything kept of a service. What changes every second is apart from what hardly ever does, so that little is written each time. */
export interface ServiceDocuments {
  readonly service: ServiceDocument
  /** How far evidence has been read. */
  readonly cursor: Reading | null
  /** Oldest first. */
  readonly assignments: readonly Assignment[]
  readonly rollouts: readonly RolloutDocument[]
}

/** The name under which a gateway counts for this attempt of a rollout. */
export function measurementOf(rollout: RolloutDocument): string {
  return `${rollout.id}#${rollout.state.attempt}`
}

/** Keys of the store. */
export const keys = {
  service: (name: string) => `service/${name}`,
  cursor: (service: string) => `cursor/${service}`,
  assignments: (service: string) => `assignments/${service}`,
  rollout: (id: string) => `rollout/${id}`,
  /** What the keys of all rollouts of a service start with; so do those of services whose name goes on with a dash. */
  rolloutsOf: (service: string) => `rollout/${service}-`,
  evidence: (service: string) => `service/${service}`,
  release: (id: string) => `release/${id}`,
} as const

/** A service that has just been declared. */
export function newService(name: string, spec: Service, baseDirectory: string): ServiceDocument {
  return {
    name,
    spec,
    baseDirectory,
    stable: spec.stable,
    history: [],
    nextNumber: 1,
    latest: null,
    warm: [],
    queue: [],
  }
}

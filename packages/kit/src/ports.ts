import type { EvidenceSlot, RoutingTable } from '@serin/core'
import type { Gate, Notice, Service, VersionSpec } from '@serin/spec'

/** Time for everything outside the pure core; production has the wall clock, the simulator a virtual one. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** What a router can do; the contract suite believes it. */
export interface RouterCapabilities {
  /** Smallest step of a weight it can represent, in basis points. */
  readonly granularityBp: number
  readonly rules: boolean
  readonly websocket: boolean
}

/** What a router does now, read from the router itself. */
export interface RoutingObservation {
  /** Revision in force, or null before the first table. */
  readonly revision: number | null
  /** Share in force by version, in basis points. */
  readonly weights: Readonly<Record<string, number>>
  /** Requests in flight by version. */
  readonly inFlight: Readonly<Record<string, number>>
  /** Every base address that the table in force may send a request to. */
  readonly endpoints: readonly string[]
  /** Requests, streams and tunnels in flight by base address, also of addresses that left the table; where none are, nothing need be said. Absent: not counted. */
  readonly inFlightByEndpoint?: Readonly<Record<string, number>>
  /** Requests, streams and tunnels that a version ended unfinished after its address had left the table, since the router started. Absent: not counted. */
  readonly cutOff?: Readonly<Record<string, number>>
  /** What the router should know for its decisions and does not, such as a database it cannot read, in sentences. Absent: nothing. */
  readonly problems?: readonly string[]
  /** When the last request was assigned to each version, ms since the epoch on the router's clock. */
  readonly lastRequestAt: Readonly<Record<string, number>>
  /** Where clients reach it, such as `http://127.0.0.1:8080`. */
  readonly address: string
  /** Where canary answers whatever its share is, such as `http://127.0.0.1:8081`. Absent: nowhere. */
  readonly previewAddress?: string
}

/** The port every traffic router implements. All verbs are idempotent. */
export interface TrafficRouter {
  readonly capabilities: RouterCapabilities
  /** What it does now. Rejects with `gateway.unreachable` when it does not answer. */
  observe(signal: AbortSignal): Promise<RoutingObservation>
  /** Makes it so. Resolves once every request that starts from now on follows the table. A table older than the one in force is ignored. */
  apply(table: RoutingTable, signal: AbortSignal): Promise<void>
  /** Stops it and leaves nothing behind. When the signal aborts, patience with open requests is over: it ends at once. */
  release(signal: AbortSignal): Promise<void>
}

/** Where evidence has been read up to. */
export interface EvidenceCursor {
  readonly boot: string
  readonly seq: number
}

/** The port every source of traffic evidence implements. */
export interface EvidenceSource {
  /**
   * Slots after the cursor, then live ones as they end, until the signal aborts; ends (returns) when the connection is lost.
   * Slots are in order and at least once; what the source no longer holds is silently absent (sequence gap).
   */
  slots(after: EvidenceCursor | null, signal: AbortSignal): AsyncIterable<EvidenceSlot>
}

/** One running copy of a version. */
export interface ReplicaObservation {
  readonly id: string
  /** `leaving`: more run than are wanted. It still answers, must not get new requests, and runs until it is dismissed or wanted again. */
  readonly state: 'starting' | 'ready' | 'unready' | 'backing-off' | 'leaving' | 'stopping' | 'stopped'
  /** Base address once known. */
  readonly endpoint: string | null
  /** When it became ready last, ms since the epoch, or null. */
  readonly readySince: number | null
  readonly restarts: number
  /** Share of one core in percent since the last look, or null when unknown. */
  readonly cpuPercent: number | null
  /** Resident memory in bytes, or null when unknown. */
  readonly memoryBytes: number | null
  /** One sentence for people when something is wrong. */
  readonly message: string | null
}

/** All copies of a version. */
export interface WorkloadObservation {
  readonly version: string
  readonly replicas: readonly ReplicaObservation[]
  /**
   * `starting` until every wanted replica has been ready once; `ready` when all are; `degraded` when some are not; `failed` when the version cannot come up
   * (it exited at once repeatedly, its model cannot be loaded, or it was not ready in time); `absent` when nothing runs. Only wanted replicas count, not those
   * that leave. A version that was up once is `degraded`, not `starting`, while more of it start; one of which none are wanted is `ready`.
   */
  readonly state: 'absent' | 'starting' | 'ready' | 'degraded' | 'failed'
  /** Why it failed: a code of the error catalogue and one sentence. */
  readonly failure: { readonly code: string; readonly message: string } | null
}

/** The port everything that runs versions implements. All verbs are idempotent. */
export interface WorkloadRunner {
  /**
   * Makes sure the version runs as described; returns at once, progress is observed. Adopts what an earlier control plane left running. With more replicas
   * than before those that leave are wanted again, the missing ones start, and nothing happens to the others. With fewer the surplus leaves: first who is not
   * ready, then who has run for the shortest time, for that one has the fewest long streams and the coldest caches.
   */
  ensure(version: string, spec: VersionSpec): void
  /** Nobody sends to this replica any more: stops it if it is leaving. Any other, and one that is not there, is left as it is. */
  dismiss(version: string, replica: string): void
  /** What runs now. */
  observe(version: string): WorkloadObservation
  /** Versions that run or should run. */
  versions(): readonly string[]
  /** Stops a version gracefully; resolves when nothing of it runs. */
  stop(version: string, signal: AbortSignal): Promise<void>
  /** Forgets everything without stopping it (the control plane goes away, the replicas stay). */
  detach(): void
}

/** What a gate is asked about. */
export interface GateContext {
  readonly service: string
  readonly rollout: string
  readonly attempt: number
  readonly step: number
  readonly stable: string
  readonly canary: string
  /** Base address at which canary answers whatever its share is, such as `http://127.0.0.1:4001`; null when no replica is ready. */
  readonly preview: string | null
  /** Directory of the file, for relative paths. */
  readonly baseDirectory: string
}

/** What a gate says: `waiting` is asked again, until its time is over. */
export interface GateAnswer {
  readonly outcome: 'passed' | 'failed' | 'waiting'
  /** One sentence for people. */
  readonly why: string
}

/** Gates that something outside decides; the others the engine decides by itself. */
export type OutsideGate = Extract<Gate, { kind: 'http' | 'command' | 'requests' | 'replication' }>

/** What is told to others when a step begins. */
export interface StepNews extends Omit<GateContext, 'preview'> {
  readonly weightBp: number
  readonly sentence: string
}

/** The port of everything that is asked whether a rollout may go on. Asked at least once: after a restart it may be asked again. */
export interface GateRunner {
  /** Resolves with an answer, also when the question itself fails; rejects only when the signal aborts. */
  ask(gate: OutsideGate, context: GateContext, signal: AbortSignal): Promise<GateAnswer>
  /** Sends a notice. Rejects when it did not arrive. */
  tell(notice: Notice, news: StepNews, signal: AbortSignal): Promise<void>
}

/** What a driver is opened with. */
export interface DriverContext {
  readonly service: string
  readonly spec: Service
  /** Directory of the file, for relative paths. */
  readonly baseDirectory: string
  /** Owner-only directory for this driver's pid files, sockets and logs. */
  readonly stateDirectory: string
  readonly clock: Clock
}

/** An entry of the journal, before it has a place in it. */
export interface JournalDraft {
  /** `service/NAME`, `rollout/ID`, `release/ID` or `system`. */
  readonly stream: string
  /** A stable name such as `rollout.verdict`. */
  readonly kind: string
  /** Who: `serin`, or the name behind a token, such as `admin`. */
  readonly actor: string
  readonly data: Readonly<Record<string, unknown>>
}

/** An entry of the journal. */
export interface JournalEntry extends JournalDraft {
  /** Gap-free, from 1. */
  readonly seq: number
  /** ms since the epoch. */
  readonly at: number
  /** SHA-256 over the previous entry's hash and this entry: hex. */
  readonly hash: string
}

/** What one transaction writes: all of it or nothing. */
export interface Commit {
  readonly at: number
  /**
   * Nobody was told of it, and it can be had again: a power cut (not a killed process) may lose it within the next five seconds. Every later commit
   * that is not so makes it durable.
   */
  readonly soon?: boolean
  readonly documents?: readonly { readonly key: string; readonly value: unknown }[]
  readonly removed?: readonly string[]
  readonly journal?: readonly JournalDraft[]
  readonly evidence?: readonly { readonly series: string; readonly at: number; readonly value: unknown }[]
}

/**
 * The store of a control plane: documents, an append-only hash-chained journal, evidence windows. Synchronous: a returned commit is durable, unless it said
 * `soon`. It has one writer: where it lets itself be opened while somebody has it open, that one has lost it for good.
 */
export interface Store {
  /** Which opening of the store this is, counted from 1. */
  readonly epoch: number
  /** Whether nobody has opened it since. */
  isHeld(): boolean
  /** Writes durably, or throws `store.full` / `store.unwritable` / `store.taken` having written nothing. Returns the journal entries with their places. */
  commit(commit: Commit): readonly JournalEntry[]
  get(key: string): unknown
  /** Documents whose key starts with the prefix, by key. */
  list(prefix: string): readonly { readonly key: string; readonly value: unknown }[]
  /** Journal entries after `seq`, oldest first; `limit` at most 10000. */
  journal(query: {
    readonly after?: number
    readonly stream?: string
    readonly limit?: number
    readonly newestFirst?: boolean
  }): readonly JournalEntry[]
  /** Evidence of a series in `[from, to)`, oldest first. */
  evidence(series: string, from: number, to: number): readonly { readonly at: number; readonly value: unknown }[]
  /** Deletes evidence older than `before`; at most a slice per call. Returns how many rows went. */
  expire(before: number): number
  /** Walks the hash chain. */
  verify(): { readonly ok: boolean; readonly entries: number; readonly firstBad: number | null }
  close(): void
}

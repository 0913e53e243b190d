import type { WorkloadObservation } from '@serin/kit'
import type { VersionSpec } from '@serin/spec'
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Household, Wish } from './household.ts'
import { reconcile } from './reconcile.ts'
import { Replica } from './replica.ts'
import type { ReplicaRecord } from './replica-file.ts'
import { failureOf, type Failure } from './sentences.ts'

/** All replicas of one version. */
export class VersionReplicas {
  readonly version: string
  readonly #house: Household
  readonly #replicas = new Map<number, Replica>()
  /** Those that were dismissed and have not ended yet. */
  readonly #ending = new Set<Replica>()
  #wish: Wish | null = null
  #wanted = 0
  /** Every wanted replica has been ready once: from then on the version is never given up. */
  #cameUp = false
  #refused: Failure | null = null
  #stopping = false
  #wantedAgain: VersionSpec | null = null

  /** A version with the replicas that records tell of. They are not watched before it is wanted or stopped. */
  constructor(house: Household, version: string, records: readonly ReplicaRecord[]) {
    this.version = version
    this.#house = house
    for (const record of records) this.#add(record)
  }

  /** Makes sure it runs as described. Cheap when nothing changed. While it is stopping, remembers that it is wanted again. */
  ensure(spec: VersionSpec): void {
    if (this.#stopping) {
      this.#wantedAgain = spec
      return
    }
    if (!isDeepStrictEqual(this.#wish?.spec, spec)) this.#describe(spec)
    const wish = this.#wish
    if (wish === null || this.#refused !== null) return
    const steps = reconcile(
      this.#wanted,
      [...this.#replicas.values()].map((replica) => ({
        index: replica.index,
        current: replica.isCurrent(wish.fingerprint),
        ready: replica.isReady,
        launchedAt: replica.launchedAt,
        parting: replica.parting,
      })),
    )
    for (const index of steps.keep) this.#replicas.get(index)?.part('no')
    for (const index of steps.leave) this.#replicas.get(index)?.part('leaving')
    for (const index of steps.start) this.#add({ version: this.version, index }).begin(wish)
    for (const replica of this.replicas) if (replica.parting === 'dismissed') this.#end(replica)
    this.#cameUp ||= this.#allWere((replica) => replica.everReady)
  }

  /** Ends a replica that leaves. */
  dismiss(id: string): void {
    const found = this.replicas.find((replica) => `${this.version}/${replica.index}` === id)
    if (found?.parting === 'leaving' && !this.#stopping) this.#end(found)
  }

  observe(): WorkloadObservation {
    const replicas = [...this.#replicas.values()].sort((a, b) => a.index - b.index)
    const seen = { version: this.version, replicas: replicas.map((replica) => replica.observe()) }
    if (this.#stopping) {
      return { ...seen, state: this.#wantedAgain === null ? 'degraded' : 'starting', failure: null }
    }
    this.#cameUp ||= this.#allWere((replica) => replica.everReady)
    const ready = seen.replicas.filter((replica) => replica.state === 'ready').length
    const enough = ready > 0 ? ready >= this.#wanted : this.#wish !== null && this.#wanted === 0
    if (enough) return { ...seen, state: 'ready', failure: null }
    if (this.#cameUp) return { ...seen, state: 'degraded', failure: null }
    const failure = this.#refused ?? this.#staying.find((replica) => replica.failure !== null)?.failure ?? null
    if (failure !== null) return { ...seen, state: 'failed', failure }
    return { ...seen, state: replicas.length === 0 ? 'absent' : 'starting', failure: null }
  }

  get replicas(): readonly Replica[] {
    return [...this.#replicas.values()]
  }

  get #staying(): readonly Replica[] {
    return this.replicas.filter((replica) => replica.parting === 'no')
  }

  /** Ends all replicas; resolves with what is wanted instead, if somebody asked for it again meanwhile. */
  async stop(patience: AbortSignal): Promise<VersionSpec | null> {
    this.#stopping = true
    await Promise.all(this.replicas.map((replica) => replica.stop(patience)))
    return this.#wantedAgain
  }

  detach(): void {
    for (const replica of this.#replicas.values()) replica.detach()
  }

  #describe(spec: VersionSpec): void {
    const { options } = this.#house
    const first = this.#wish === null
    this.#wanted = options.replicasOf(spec)
    if (first) this.#cameUp = this.#allWere((replica) => replica.everReady)
    try {
      this.#wish = { spec, fingerprint: fingerprintOf(options.command(this.version, spec, 0)) }
      this.#refused = null
    } catch (error) {
      // What runs goes on; only a next start would meet the trouble.
      this.#refused = failureOf(this.version, error)
      this.#wish = { spec, fingerprint: '' }
    }
    for (const replica of this.#replicas.values()) replica.begin(this.#wish)
  }

  #allWere(what: (replica: Replica) => boolean): boolean {
    const staying = this.#staying
    return this.#wanted > 0 && staying.length >= this.#wanted && staying.every(what)
  }

  #add(found: ReplicaRecord | { version: string; index: number }): Replica {
    const replica = new Replica(this.#house, found, () => !this.#cameUp)
    this.#replicas.set(replica.index, replica)
    return replica
  }

  #end(replica: Replica): void {
    if (this.#ending.has(replica)) return
    this.#ending.add(replica)
    replica
      .dismiss()
      .then(
        () => this.#replicas.delete(replica.index),
        // It cannot be ended: it stays in the list for everybody to see, and is tried again.
        () => undefined,
      )
      .finally(() => this.#ending.delete(replica))
  }
}

/** Tells whether a replica that runs was started as the version is described now. */
function fingerprintOf(command: unknown): string {
  return createHash('sha256').update(JSON.stringify(command)).digest('hex').slice(0, 32)
}

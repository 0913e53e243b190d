import type { Clock, RoutingObservation, WorkloadObservation, WorkloadRunner } from '@serin/kit'
import type { Service, VersionSpec } from '@serin/spec'
import type { ServiceDocument } from '../documents.ts'

const stopWithinMs = 60_000

/** A replica that leaves, as it has been seen. */
interface Leaver {
  /** What the router said when it was first seen: what the router says later knows that it leaves. */
  readonly first: RoutingObservation | null
  /** Since when the router has not sent to it. */
  idleSince: number | null
}

/** The versions of a service, each with the number of copies it says itself or the workload says for all. How many servers others run is theirs to say. */
export function versionsOf({ versions, workload }: Service): Readonly<Record<string, VersionSpec>> {
  if (workload.kind === 'endpoints' || (workload.kind === 'model' && workload.server !== undefined)) return versions
  const { replicas } = workload
  return Object.fromEntries(Object.entries(versions).map(([name, spec]) => [name, { replicas, ...spec }]))
}

/** Whether a runner that was opened for one document cannot run the other: anything but the number of copies is different. */
export function runsOtherwise(before: ServiceDocument, after: ServiceDocument): boolean {
  const [one, other] = [before, after].map(({ spec, baseDirectory }) =>
    JSON.stringify([{ ...spec.workload, replicas: null }, baseDirectory]),
  )
  return one !== other
}

/** The replicas of one service: what should run runs, what nobody wants any more is stopped once nobody uses it. */
export class Replicas {
  readonly #clock: Clock
  #runner: WorkloadRunner
  /** Since when a version has been unwanted and out of the routing table. */
  readonly #idleSince = new Map<string, number>()
  readonly #stopping = new Set<string>()
  /** Replicas that leave, by version and id. */
  #leaving: ReadonlyMap<string, Leaver> = new Map()

  constructor(runner: WorkloadRunner, clock: Clock) {
    this.#runner = runner
    this.#clock = clock
  }

  /** Goes on with another runner, which finds what runs. */
  replaceRunner(runner: WorkloadRunner): void {
    this.#runner.detach()
    this.#runner = runner
  }

  observe(version: string): WorkloadObservation {
    return this.#runner.observe(version)
  }

  /** Whether it is being stopped: what it looks like now says nothing about what comes after. */
  isStopping(version: string): boolean {
    return this.#stopping.has(version)
  }

  /** Addresses of the ready replicas of a version; those that leave are not among them. */
  endpoints(version: string): readonly string[] {
    return this.#runner
      .observe(version)
      .replicas.flatMap(({ state, endpoint }) => (state === 'ready' && endpoint !== null ? [endpoint] : []))
  }

  /** The same for the version that has to answer: when nobody is ready, an unready replica may still answer; nobody surely does not. */
  lastResort(version: string): readonly string[] {
    const ready = this.endpoints(version)
    if (ready.length > 0) return ready
    return this.#runner
      .observe(version)
      .replicas.flatMap(({ state, endpoint }) => (state === 'unready' && endpoint !== null ? [endpoint] : []))
  }

  /** When the youngest replica of the versions became ready; 0 when none is. */
  youngest(versions: readonly string[]): number {
    const ready = versions.flatMap((version) => this.#runner.observe(version).replicas)
    return Math.max(0, ...ready.map((replica) => replica.readySince ?? 0))
  }

  /** Makes sure that the wanted versions run. */
  ensure(wanted: readonly string[], versions: Readonly<Record<string, VersionSpec>>): void {
    for (const version of wanted) {
      const spec = versions[version]
      if (spec !== undefined && !this.#stopping.has(version)) this.#runner.ensure(version, spec)
    }
  }

  /**
   * Stops versions nobody wants, once they are out of the routing table and their last request is answered or the drain time is over. As long as the
   * router sends requests to a version, or does not say whether it does, the version runs.
   */
  stopUnwanted(wanted: readonly string[], routing: RoutingObservation | null, drainMs: number): void {
    const now = this.#clock.now()
    for (const version of this.#runner.versions()) {
      if (wanted.includes(version) || routing === null || version in routing.weights) {
        this.#idleSince.delete(version)
        continue
      }
      const since = this.#idleSince.get(version) ?? now
      this.#idleSince.set(version, since)
      const busy = (routing.inFlight[version] ?? 0) > 0
      if (!busy || now - since >= drainMs) this.stop(version)
    }
  }

  /**
   * Dismisses replicas that leave, once they are out of the routing table and their last request is answered or the drain time is over. It has to be called
   * after every `ensure`: one that was wanted again meanwhile begins anew.
   */
  dismissUnused(routing: RoutingObservation | null, drainMs: number): void {
    const now = this.#clock.now()
    const leaving = new Map<string, Leaver>()
    for (const version of this.#runner.versions()) {
      for (const { id, state, endpoint } of this.#runner.observe(version).replicas) {
        if (state !== 'leaving') continue
        const key = JSON.stringify([version, id])
        const leaver = this.#leaving.get(key) ?? { first: routing, idleSince: null }
        leaving.set(key, leaver)
        // A table that was on its way when it began to leave may still bring it requests.
        const mayBeUsed = routing === null || routing === leaver.first || routing.endpoints.includes(endpoint ?? '')
        leaver.idleSince = mayBeUsed ? null : (leaver.idleSince ?? now)
        if (endpoint === null) this.#runner.dismiss(version, id)
        if (mayBeUsed || leaver.idleSince === null || endpoint === null) continue
        const { inFlightByEndpoint } = routing
        // What nobody counts may be there.
        const busy = inFlightByEndpoint === undefined || (inFlightByEndpoint[endpoint] ?? 0) > 0
        if (!busy || now - leaver.idleSince >= drainMs) this.#runner.dismiss(version, id)
      }
    }
    this.#leaving = leaving
  }

  /** Stops a version; when it is wanted, it starts afresh afterwards. */
  stop(version: string): void {
    if (this.#stopping.has(version)) return
    this.#stopping.add(version)
    void this.#runner
      .stop(version, AbortSignal.timeout(stopWithinMs))
      // It is tried again as long as it is unwanted; what runs is seen by observing it.
      .catch(() => undefined)
      .finally(() => {
        this.#stopping.delete(version)
        this.#idleSince.delete(version)
      })
  }

  /** Lets go of everything without stopping it. */
  detach(): void {
    this.#runner.detach()
  }

  /** Stops everything that runs; resolves when nothing does. */
  async stopAll(signal: AbortSignal, stopped: (version: string) => void): Promise<void> {
    const endings = this.#runner.versions().map(async (version) => {
      await this.#runner.stop(version, signal)
      stopped(version)
    })
    const failed = (await Promise.allSettled(endings)).find((ending) => ending.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }
}

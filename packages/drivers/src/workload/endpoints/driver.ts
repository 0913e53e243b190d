import type { Clock, DriverContext, ReplicaObservation, WorkloadObservation, WorkloadRunner } from '@serin/kit'
import { SerinError, type EndpointsWorkload, type VersionSpec } from '@serin/spec'
import { watchHealth } from '../supervisor/health-watch.ts'
import { capitalised, notReadyFailure, type Failure } from '../supervisor/sentences.ts'

/** Watches versions that somebody else runs. Nothing is ever started or stopped here. */
export function openEndpoints({ spec, clock }: DriverContext): WorkloadRunner {
  const { workload } = spec
  if (workload.kind !== 'endpoints')
    throw new SerinError('internal', `The endpoints driver was opened for a workload of kind ${workload.kind}.`)
  const versions = new Map<string, WatchedVersion>()
  const forget = (version: string): void => {
    versions.get(version)?.end()
    versions.delete(version)
  }
  return {
    ensure(version, spec) {
      const found = versions.get(version) ?? new WatchedVersion(version, workload, clock)
      versions.set(version, found)
      found.watch(spec)
    },
    dismiss: (version, replica) => versions.get(version)?.dismiss(replica),
    observe: (version) => versions.get(version)?.observe() ?? { version, replicas: [], state: 'absent', failure: null },
    versions: () => [...versions.keys()],
    stop: async (version) => forget(version),
    detach() {
      for (const version of versions.keys()) forget(version)
    },
  }
}

/** The addresses of one version. With a number of replicas only the first ones are wanted: the others are somebody's too, but get nothing. */
class WatchedVersion {
  readonly #version: string
  readonly #workload: EndpointsWorkload
  readonly #clock: Clock
  readonly #since: number
  readonly #endpoints = new Map<string, WatchedEndpoint>()
  #wanted: ReadonlySet<string> = new Set()
  #cameUp = false

  constructor(version: string, workload: EndpointsWorkload, clock: Clock) {
    this.#version = version
    this.#workload = workload
    this.#clock = clock
    this.#since = clock.now()
  }

  watch(spec: VersionSpec): void {
    const { endpoints = [], replicas = Infinity } = spec
    const addresses = [...new Set(endpoints)]
    this.#wanted = new Set(addresses.slice(0, replicas))
    for (const address of this.#wanted) {
      if (this.#endpoints.has(address)) continue
      const watched = new WatchedEndpoint(address, addresses.indexOf(address), this.#workload, this.#clock)
      this.#endpoints.set(address, watched)
    }
  }

  /** One that gets nothing is not asked for its health any more. */
  dismiss(id: string): void {
    for (const [address, endpoint] of this.#endpoints) {
      if (this.#wanted.has(address) || endpoint.idOf(this.#version) !== id) continue
      endpoint.end()
      this.#endpoints.delete(address)
    }
  }

  observe(): WorkloadObservation {
    const all = [...this.#endpoints.values()].sort((a, b) => a.index - b.index)
    const endpoints = all.filter(({ address }) => this.#wanted.has(address))
    const seen = {
      version: this.#version,
      replicas: all.map((endpoint): ReplicaObservation => {
        const replica = endpoint.observe(this.#version)
        return this.#wanted.has(endpoint.address) ? replica : { ...replica, state: 'leaving', readySince: null }
      }),
    }
    this.#cameUp ||= endpoints.length > 0 && endpoints.every((endpoint) => endpoint.everReady)
    const ready = seen.replicas.filter((replica) => replica.state === 'ready').length
    if (ready === endpoints.length) return { ...seen, state: 'ready', failure: null }
    if (this.#cameUp) return { ...seen, state: 'degraded', failure: null }
    const failure = this.#failure(endpoints)
    return failure === null ? { ...seen, state: 'starting', failure } : { ...seen, state: 'failed', failure }
  }

  end(): void {
    for (const endpoint of this.#endpoints.values()) endpoint.end()
  }

  /** Lasts as long as it is true: whoever runs the servers may still bring them up. */
  #failure(endpoints: readonly WatchedEndpoint[]): Failure | null {
    const late = endpoints.find((endpoint) => !endpoint.everReady)
    const { within } = this.#workload.ready
    if (late === undefined || this.#clock.now() - this.#since < within) return null
    return notReadyFailure(this.#version, within, late.found ?? `${late.address} did not answer yet`, [])
  }
}

/** One address. */
class WatchedEndpoint {
  readonly address: string
  /** Its place in the list of the version. */
  readonly index: number
  #state: 'ready' | 'unready' = 'unready'
  #readySince: number | null = null
  #everReady = false
  #found: string | null = null
  readonly #life = new AbortController()

  constructor(address: string, index: number, { upstream: spoken, ready, live }: EndpointsWorkload, clock: Clock) {
    this.address = address
    this.index = index
    const become = (state: 'ready' | 'unready', found: string | null): void => {
      if (state !== this.#state) this.#readySince = state === 'ready' ? clock.now() : null
      this.#state = state
      this.#found = found
      this.#everReady ||= state === 'ready'
    }
    const watching = async (): Promise<void> => {
      const { signal } = this.#life
      while (!signal.aborted) {
        const found = await watchHealth(
          {
            clock,
            endpoint: address,
            spoken,
            ready,
            live,
            wasReady: this.#everReady,
            isReady: false,
            doubt: async () => null,
            onReady: () => become('ready', null),
            onUnready: (found) => become('unready', found),
          },
          signal,
        )
        // Nobody here can start it again; it is taken out of service and asked on.
        if (found === null) return
        become('unready', found)
        await clock.sleep(live.every, signal).catch(() => undefined)
      }
    }
    void watching()
  }

  get everReady(): boolean {
    return this.#everReady
  }

  get found(): string | null {
    return this.#found
  }

  idOf(version: string): string {
    return `${version}/${this.index}`
  }

  observe(version: string): ReplicaObservation {
    return {
      id: this.idOf(version),
      state: this.#state,
      endpoint: this.address,
      readySince: this.#readySince,
      restarts: 0,
      cpuPercent: null,
      memoryBytes: null,
      message: this.#found === null ? null : `${capitalised(this.#found)}.`,
    }
  }

  end(): void {
    this.#life.abort()
  }
}

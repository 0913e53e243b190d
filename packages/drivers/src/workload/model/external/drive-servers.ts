import type { DriverContext, WorkloadObservation, WorkloadRunner } from '@serin/kit'
import type { ModelWorkload, VersionSpec } from '@serin/spec'
import { probesOf } from '../probes.ts'
import { ModelBook, type ModelEntry } from './model-book.ts'
import { RemoteModel, type RemoteModelOptions } from './remote-model.ts'
import { RemoteVersion } from './remote-version.ts'

/** Drives servers that somebody else runs: loads each version on its servers, watches it there, and unloads what it loaded. */
export function driveServers(context: DriverContext, workload: ModelWorkload): WorkloadRunner {
  return new ServerDriver(context, workload)
}

class ServerDriver implements WorkloadRunner {
  readonly #context: DriverContext
  readonly #workload: ModelWorkload
  readonly #book: ModelBook
  readonly #versions = new Map<string, RemoteVersion>()
  #detached = false

  constructor(context: DriverContext, workload: ModelWorkload) {
    this.#context = context
    this.#workload = workload
    this.#book = new ModelBook(context.stateDirectory)
    for (const [version, entries] of Map.groupBy(this.#book.entries, (entry) => entry.version))
      this.#remember(version, entries)
  }

  ensure(version: string, spec: VersionSpec): void {
    if (!this.#detached) this.#ensureOn(version, serversOf(this.#workload, spec))
  }

  dismiss(version: string, replica: string): void {
    this.#versions.get(version)?.dismiss(replica)
  }

  observe(version: string): WorkloadObservation {
    return this.#versions.get(version)?.observe() ?? { version, replicas: [], state: 'absent', failure: null }
  }

  versions(): readonly string[] {
    return [...this.#versions.keys()]
  }

  async stop(version: string, signal: AbortSignal): Promise<void> {
    const found = this.#versions.get(version)
    if (found === undefined) return
    try {
      await found.stop(signal)
    } finally {
      // Whoever waited for the same stop may have come first.
      if (this.#versions.get(version) === found) {
        // What could not be unloaded is still in the book, to be stopped again or to be taken up again.
        const left = this.#book.entries.filter((entry) => entry.version === version)
        if (left.length === 0) this.#versions.delete(version)
        else this.#remember(version, left)
        if (found.wantedAgain !== null) this.#ensureOn(version, found.wantedAgain)
      }
    }
  }

  detach(): void {
    this.#detached = true
    for (const version of this.#versions.values()) version.detach()
  }

  #remember(version: string, entries: readonly ModelEntry[]): void {
    const models = entries.map((entry) => this.#open(entry))
    this.#versions.set(version, new RemoteVersion(version, models))
  }

  #ensureOn(version: string, servers: readonly string[]): void {
    const found = this.#versions.get(version) ?? new RemoteVersion(version, [])
    this.#versions.set(version, found)
    found.ensure(servers, (server) => this.#open(this.#entryOf(version, server)))
  }

  #entryOf(version: string, server: string): ModelEntry {
    const model = modelOn(this.#workload, version)
    return (
      this.#book.find({ server, model, version }) ?? {
        server,
        model,
        version,
        loaded: 'no',
        wantedSince: this.#context.clock.now(),
        readySince: null,
        everReady: false,
        restarts: 0,
      }
    )
  }

  #open(entry: ModelEntry): RemoteModel {
    const reloads = this.#workload.naming === 'reload'
    const options: RemoteModelOptions = {
      clock: this.#context.clock,
      book: this.#book,
      entry,
      probes: probesOf(this.#workload, entry.model),
      reloads,
      // Clients do not know which version they are sent to, so the name of the version has to be in the address.
      endpoint: reloads ? entry.server : `${entry.server}/v2/models/${encodeURIComponent(entry.model)}`,
    }
    return new RemoteModel(options)
  }
}

/** What a version is called on its servers. */
export function modelOn({ model, naming }: Pick<ModelWorkload, 'model' | 'naming'>, version: string): string {
  return naming === 'reload' ? model : `${model}-${version}`
}

/** With a number of replicas the version is wanted on that many of its servers, the first ones. */
function serversOf({ server }: ModelWorkload, { endpoints, replicas }: VersionSpec): readonly string[] {
  const addresses = endpoints ?? (server === undefined ? [] : [server])
  return [...new Set(addresses.map((address) => new URL(address).href.replace(/\/+$/, '')))].slice(0, replicas)
}

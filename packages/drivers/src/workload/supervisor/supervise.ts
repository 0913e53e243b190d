import type { WorkloadObservation, WorkloadRunner } from '@serin/kit'
import type { VersionSpec } from '@serin/spec'
import { freePort } from './free-port.ts'
import type { Household } from './household.ts'
import { LogKeeper } from './log-keeper.ts'
import type { SupervisorOptions } from './options.ts'
import { listProcesses } from './process-table.ts'
import { openReplicaDirectory, readRecords } from './replica-file.ts'
import { logLimitBytes, pruneLogs } from './replica-log.ts'
import type { RunningProcess } from './running-process.ts'
import { storageFailure, type Failure } from './sentences.ts'
import { UsageMeter } from './usage.ts'
import { VersionReplicas } from './version-replicas.ts'

const measureMs = 2_000
/** Logs that are kept of replicas that are gone. */
const keptLogs = 20

/**
 * Runs every version as replicas: processes of their own on their own loopback ports, watched and restarted, that outlive this process
 * and are adopted, as they are, by the next one with the same state directory.
 */
export function superviseReplicas(options: SupervisorOptions): WorkloadRunner {
  return new Supervisor(options)
}

class Supervisor implements WorkloadRunner {
  readonly #house: Household
  readonly #versions = new Map<string, VersionReplicas>()
  readonly #meters = new WeakMap<RunningProcess, UsageMeter>()
  #measuring: AbortController | null = null
  #detached = false
  /** What ran before is known. Until it is, nothing is started: it could run twice. */
  #found = false
  #unreadable: Failure | null = null
  readonly #waiting = new Set<string>()

  constructor(options: SupervisorOptions) {
    const { clock, stateDirectory: directory } = options.context
    const logKeeper = new LogKeeper(directory, logLimitBytes)
    this.#house = { options, clock, directory, logKeeper, freePort: options.freePort ?? freePort }
    this.#find('')
  }

  ensure(version: string, spec: VersionSpec): void {
    if (this.#detached || !this.#find(version)) return
    let found = this.#versions.get(version)
    if (found === undefined) {
      found = new VersionReplicas(this.#house, version, [])
      this.#versions.set(version, found)
    }
    found.ensure(spec)
    if (this.#measuring === null) void this.#measure((this.#measuring = new AbortController()).signal)
  }

  dismiss(version: string, replica: string): void {
    this.#versions.get(version)?.dismiss(replica)
  }

  observe(version: string): WorkloadObservation {
    const found = this.#versions.get(version)
    if (found !== undefined) return found.observe()
    const failure = this.#waiting.has(version) ? this.#unreadable : null
    return { version, replicas: [], state: failure === null ? 'absent' : 'failed', failure }
  }

  versions(): readonly string[] {
    return [...this.#versions.keys(), ...this.#waiting]
  }

  async stop(version: string, signal: AbortSignal): Promise<void> {
    this.#waiting.delete(version)
    const found = this.#versions.get(version)
    if (found === undefined) return
    const wantedAgain = await found.stop(signal)
    // Whoever waited for the same stop may have come first.
    if (this.#versions.get(version) !== found) return
    this.#versions.delete(version)
    if (wantedAgain !== null) this.ensure(version, wantedAgain)
    pruneLogs(this.#house.directory, keptLogs)
    if (this.#versions.size > 0) return
    this.#endMeasuring()
    await this.#house.logKeeper.end(this.#house.clock)
  }

  detach(): void {
    this.#detached = true
    this.#endMeasuring()
    for (const version of this.#versions.values()) version.detach()
    this.#versions.clear()
    this.#waiting.clear()
  }

  /** Reads once what an earlier control plane left. A directory that cannot be read is tried again at the next call. */
  #find(version: string): boolean {
    if (this.#found) return true
    const { directory } = this.#house
    try {
      openReplicaDirectory(directory)
      const records = Map.groupBy(readRecords(directory), (record) => record.version)
      for (const [name, own] of records) this.#versions.set(name, new VersionReplicas(this.#house, name, own))
      this.#found = true
      this.#unreadable = null
      this.#waiting.clear()
    } catch (error) {
      if (version !== '') this.#waiting.add(version)
      this.#unreadable = storageFailure(version, directory, error)
    }
    return this.#found
  }

  async #measure(signal: AbortSignal): Promise<void> {
    const { clock } = this.#house
    while (!signal.aborted) {
      await clock.sleep(measureMs, signal).catch(() => undefined)
      if (signal.aborted) return
      const processes = await listProcesses()
      // Elsewhere than on Linux nothing is known, and that is what is said.
      if (processes === null) continue
      const now = clock.now()
      for (const replica of [...this.#versions.values()].flatMap((version) => version.replicas)) {
        const { process } = replica
        if (process === null) continue
        const meter = this.#meters.get(process) ?? new UsageMeter()
        this.#meters.set(process, meter)
        replica.tell(await meter.measure(process.identity, processes, now))
      }
    }
  }

  #endMeasuring(): void {
    this.#measuring?.abort()
    this.#measuring = null
  }
}

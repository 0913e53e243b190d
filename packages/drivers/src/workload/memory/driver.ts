import type { Clock, ReplicaObservation, WorkloadObservation, WorkloadRunner } from '@serin/kit'
import type { ErrorCode, VersionSpec } from '@serin/spec'

/** What a version does in memory. Times are ms after a replica starts. */
export interface MemoryBehaviour {
  /** Until a replica is ready; `never` fails as not ready after `readyWithinMs`. Default 0. */
  readonly readyAfterMs?: number | 'never'
  /** Default 60 s. */
  readonly readyWithinMs?: number
  /** It cannot start: the version fails with this sentence after `failAfterMs`. */
  readonly failure?: { readonly code?: ErrorCode; readonly message: string }
  /** Default 0. */
  readonly failAfterMs?: number
  /** Between a crash and the next start. Default 500. */
  readonly backOffMs?: number
  /** How long stopping takes. Default 0. */
  readonly stopAfterMs?: number
  readonly cpuPercent?: number
  readonly memoryBytes?: number
}

/** A workload without processes, for the simulator and for tests: it moves only with its clock. */
export interface MemoryWorkload extends WorkloadRunner {
  /** Says what a version does; what runs already behaves so from now on, as if it had from its start. */
  script(version: string, behaviour: MemoryBehaviour): void
  /** Ends a replica, now or at a time to come; it starts again after its back-off. */
  crash(version: string, index: number, at?: number): void
  /** The version a base address belongs to, when a replica that takes requests has it. */
  versionAt(endpoint: string): string | null
}

interface Replica {
  readonly index: number
  startedAt: number
  restarts: number
  everReady: boolean
  readonly crashes: number[]
  /** When it was dismissed, for one that leaves. */
  parting: 'no' | 'leaving' | { readonly dismissedAt: number }
}

interface Version {
  readonly replicas: Replica[]
  /** Every wanted replica has been ready once. */
  cameUp: boolean
  /** Since when it is wanted: readiness and failure count from here. */
  readonly since: number
  stopping: { wantedAgain: VersionSpec | null; readonly done: Promise<void> } | null
}

/**
 * Opens a memory workload. The same object is the world and the runner: after `detach` a next control plane goes on with it and finds what runs.
 * Replica `i` of a version has the address `memory://VERSION/i`.
 */
export function openMemoryWorkload({
  clock,
  replicas: replicasByDefault = 1,
  script = {},
}: {
  readonly clock: Clock
  readonly replicas?: number
  readonly script?: Readonly<Record<string, MemoryBehaviour>>
}): MemoryWorkload {
  const behaviours = new Map(Object.entries(script))
  const running = new Map<string, Version>()

  const start = (version: string, spec: VersionSpec): void => {
    const now = clock.now()
    const replicas = Array.from({ length: spec.replicas ?? replicasByDefault }, (_, index) => newReplica(index, now))
    running.set(version, { replicas, cameUp: false, since: now, stopping: null })
  }

  const observe = (version: string): WorkloadObservation => {
    const found = running.get(version)
    if (found === undefined) return { version, replicas: [], state: 'absent', failure: null }
    return observeVersion(version, found, behaviours.get(version) ?? {}, clock.now())
  }

  return {
    script: (version, behaviour) => void behaviours.set(version, behaviour),
    crash(version, index, at = clock.now()) {
      running
        .get(version)
        ?.replicas.find((replica) => replica.index === index)
        ?.crashes.push(at)
    },
    versionAt(endpoint) {
      for (const [version, found] of running) {
        const seen = observe(version).replicas
        const place = seen.findIndex((replica) => replica.endpoint === endpoint && replica.state !== 'stopped')
        if (answers(found, place, behaviours.get(version) ?? {}, clock.now())) return version
      }
      return null
    },
    ensure(version, spec) {
      const found = running.get(version)
      if (found === undefined) return start(version, spec)
      if (found.stopping !== null) {
        found.stopping.wantedAgain = spec
        return
      }
      observe(version)
      scale(found, spec.replicas ?? replicasByDefault, behaviours.get(version) ?? {}, clock.now())
    },
    dismiss: (version, replica) => dismiss(running.get(version), `${version}/`, replica, clock.now()),
    observe,
    versions: () => [...running.keys()],
    async stop(version, signal) {
      const found = running.get(version)
      if (found === undefined) return
      found.stopping ??= {
        wantedAgain: null,
        done: patience(clock, behaviours.get(version)?.stopAfterMs ?? 0, signal),
      }
      await found.stopping.done
      // Whoever waited for the same stop may have come first.
      if (running.get(version) !== found) return
      running.delete(version)
      if (found.stopping.wantedAgain !== null) start(version, found.stopping.wantedAgain)
    },
    detach: () => undefined,
  }
}

/** Whoever loses patience has it stopped at once. */
async function patience(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0 && !signal.aborted) await clock.sleep(ms, signal).catch(() => undefined)
}

function newReplica(index: number, startedAt: number): Replica {
  return { index, startedAt, restarts: 0, everReady: false, crashes: [], parting: 'no' }
}

/** Whether a replica takes requests, or still ends those it has: also one that leaves. */
function answers({ replicas, stopping }: Version, place: number, behaviour: MemoryBehaviour, now: number): boolean {
  const replica = replicas[place]
  if (replica === undefined) return false
  const readyAt = readyAtOf(replica, behaviour)
  return stopping !== null || (readyAt !== null && readyAt <= now)
}

/** What is missing is taken from those that leave before it is started; the surplus leaves, who is not ready first, then the youngest. */
function scale(version: Version, wanted: number, behaviour: MemoryBehaviour, now: number): void {
  const { replicas } = version
  const readiness = (replica: Replica): number => {
    const readyAt = readyAtOf(replica, behaviour)
    return readyAt !== null && readyAt <= now ? 0 : 1
  }
  const byUse = replicas.toSorted(
    (a, b) => readiness(a) - readiness(b) || a.startedAt - b.startedAt || a.index - b.index,
  )
  const staying = byUse.filter((replica) => replica.parting === 'no')
  for (const surplus of staying.slice(wanted)) surplus.parting = 'leaving'
  const missing = Math.max(0, wanted - staying.length)
  const back = staying.length > wanted ? [] : byUse.filter((replica) => replica.parting === 'leaving').slice(0, missing)
  for (const replica of back) replica.parting = 'no'
  for (let i = back.length; i < missing; i += 1) {
    const index = replicas.findIndex((replica, place) => replica.index !== place)
    const free = index === -1 ? replicas.length : index
    replicas.splice(free, 0, newReplica(free, now))
  }
}

function dismiss(version: Version | undefined, prefix: string, id: string, dismissedAt: number): void {
  const found = version?.replicas.find(({ index }) => prefix + index === id)
  if (version?.stopping === null && found?.parting === 'leaving') found.parting = { dismissedAt }
}

/** Those that were dismissed and have had their time to stop are gone, and so is one that leaves and crashed. */
function forgetGone({ replicas }: Version, { stopAfterMs = 0 }: MemoryBehaviour, now: number): void {
  const stays = ({ parting, startedAt }: Replica): boolean => {
    if (parting === 'no') return true
    return parting === 'leaving' ? startedAt <= now : parting.dismissedAt + stopAfterMs > now
  }
  replicas.splice(0, replicas.length, ...replicas.filter(stays))
}

function observeVersion(name: string, version: Version, behaviour: MemoryBehaviour, now: number): WorkloadObservation {
  for (const replica of version.replicas) settleCrashes(replica, behaviour, now)
  forgetGone(version, behaviour, now)
  const replicas = version.replicas.map((replica) => observeReplica(name, replica, behaviour, now))
  if (version.stopping !== null) {
    const stopping = replicas.map((replica) => ({ ...replica, state: 'stopping' as const, readySince: null }))
    const state = version.stopping.wantedAgain === null ? 'degraded' : 'starting'
    return { version: name, replicas: stopping, state, failure: null }
  }
  const wanted = version.replicas.filter((replica) => replica.parting === 'no')
  const ready = replicas.filter((replica) => replica.state === 'ready').length
  version.cameUp ||= wanted.length > 0 && wanted.every((replica) => replica.everReady)
  const { cameUp } = version
  const failure = cameUp ? null : failureOf(name, behaviour, now - version.since)
  if (failure !== null) {
    const down = replicas.map((replica) => ({ ...replica, state: 'stopped' as const, message: failure.message }))
    return { version: name, replicas: down, state: 'failed', failure }
  }
  const state = ready === wanted.length ? 'ready' : cameUp ? 'degraded' : 'starting'
  return { version: name, replicas, state, failure: null }
}

function failureOf(
  name: string,
  { failure, failAfterMs = 0, readyAfterMs = 0, readyWithinMs = 60_000 }: MemoryBehaviour,
  elapsedMs: number,
): WorkloadObservation['failure'] {
  if (failure !== undefined) {
    return elapsedMs >= failAfterMs ? { code: failure.code ?? 'workload.exited', message: failure.message } : null
  }
  const late = elapsedMs >= readyWithinMs && (readyAfterMs === 'never' || readyAfterMs > readyWithinMs)
  return late
    ? { code: 'workload.not-ready', message: `${name} was not ready within ${readyWithinMs / 1_000} s.` }
    : null
}

function observeReplica(
  version: string,
  replica: Replica,
  behaviour: MemoryBehaviour,
  now: number,
): ReplicaObservation {
  const { index, parting } = replica
  const wanted = parting === 'no'
  const runs = replica.startedAt <= now
  const readyAt = readyAtOf(replica, behaviour)
  const ready = readyAt !== null && readyAt <= now
  replica.everReady ||= ready
  return {
    id: `${version}/${index}`,
    state: wanted
      ? !runs
        ? 'backing-off'
        : ready
          ? 'ready'
          : 'starting'
      : parting === 'leaving'
        ? 'leaving'
        : 'stopping',
    endpoint: runs ? `memory://${version}/${index}` : null,
    readySince: wanted && ready ? readyAt : null,
    restarts: replica.restarts,
    cpuPercent: runs ? (behaviour.cpuPercent ?? null) : null,
    memoryBytes: runs ? (behaviour.memoryBytes ?? null) : null,
    message: runs ? null : 'It crashed and starts again.',
  }
}

function readyAtOf({ startedAt }: Replica, { failure, readyAfterMs = 0 }: MemoryBehaviour): number | null {
  return failure !== undefined || readyAfterMs === 'never' ? null : startedAt + readyAfterMs
}

/** Turns crashes whose time has come into a later start. */
function settleCrashes(replica: Replica, behaviour: MemoryBehaviour, now: number): void {
  replica.crashes.sort((a, b) => a - b)
  while (replica.crashes[0] !== undefined && replica.crashes[0] <= now) {
    const at = replica.crashes.shift() ?? now
    // One that is down cannot crash again.
    if (at < replica.startedAt) continue
    const readyAt = readyAtOf(replica, behaviour)
    replica.everReady ||= readyAt !== null && readyAt <= at
    replica.startedAt = at + (behaviour.backOffMs ?? 500)
    replica.restarts += 1
  }
}

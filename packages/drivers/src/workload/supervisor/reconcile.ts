/** What reconciling has to know of a replica. */
export interface ReplicaFacts {
  readonly index: number
  /** Whether it runs, or will be started, as the version is described now. */
  readonly current: boolean
  readonly ready: boolean
  /** It is on its way out. */
  readonly leaving: boolean
}

/** What has to happen next so that the wanted number of replicas runs as described. */
export interface Steps {
  /** Indexes of replicas to add. */
  readonly start: readonly number[]
  readonly retire: readonly number[]
}

/**
 * The next steps towards `wanted` replicas of the current description. Replicas of an older one go one by one, each only when a new one
 * is ready in its place, so that as many serve as before. Looking again when nothing changed asks for nothing new.
 */
export function reconcile(wanted: number, replicas: readonly ReplicaFacts[]): Steps {
  const staying = replicas.filter((replica) => !replica.leaving)
  const current = staying.filter((replica) => replica.current)
  const old = staying.filter((replica) => !replica.current)
  const readyCurrent = current.filter((replica) => replica.ready).length
  const missing = Math.max(0, wanted - current.length)
  const start =
    old.length === 0 ? missing : readyCurrent === current.length && staying.length <= wanted ? Math.min(1, missing) : 0
  const surplus = leastUseful(current).slice(0, Math.max(0, current.length - wanted))
  const replaced = leastUseful(old).slice(0, readyCurrent + old.length > wanted ? 1 : 0)
  return { start: freeIndexes(replicas, start), retire: [...surplus, ...replaced].map((replica) => replica.index) }
}

function leastUseful(replicas: readonly ReplicaFacts[]): readonly ReplicaFacts[] {
  return [...replicas].sort((a, b) => Number(a.ready) - Number(b.ready) || b.index - a.index)
}

function freeIndexes(replicas: readonly ReplicaFacts[], count: number): readonly number[] {
  const taken = new Set(replicas.map((replica) => replica.index))
  const free: number[] = []
  for (let index = 0; free.length < count; index += 1) if (!taken.has(index)) free.push(index)
  return free
}

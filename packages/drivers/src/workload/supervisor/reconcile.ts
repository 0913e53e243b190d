/** What reconciling has to know of a replica. */
export interface ReplicaFacts {
  readonly index: number
  /** Whether it runs, or will be started, as the version is described now. */
  readonly current: boolean
  readonly ready: boolean
  /** When what runs was started; infinite while nothing does. */
  readonly launchedAt: number
  /** `leaving`: it serves until nobody sends to it; `dismissed`: it is on its way out and does not come back. */
  readonly parting: 'no' | 'leaving' | 'dismissed'
}

/** What has to happen next so that the wanted number of replicas runs as described. All are indexes of replicas. */
export interface Steps {
  readonly start: readonly number[]
  /** To be wanted again. */
  readonly keep: readonly number[]
  readonly leave: readonly number[]
}

/**
 * The next steps towards `wanted` replicas of the current description. What is missing is taken from those that leave before it is started. Replicas of an
 * older description go one by one, each only when a new one is ready in its place, so that as many serve as before. Looking again when nothing changed asks
 * for nothing new.
 */
export function reconcile(wanted: number, replicas: readonly ReplicaFacts[]): Steps {
  const staying = replicas.filter((replica) => replica.parting === 'no')
  const current = staying.filter((replica) => replica.current)
  const old = staying.filter((replica) => !replica.current)
  const readyCurrent = current.filter((replica) => replica.ready).length
  const missing = Math.max(0, wanted - current.length)
  const keep = leastUseful(replicas.filter((replica) => replica.parting === 'leaving' && replica.current))
    .toReversed()
    .slice(0, missing)
  const oneMore = keep.length === 0 && readyCurrent === current.length && staying.length <= wanted
  const start = old.length === 0 ? missing - keep.length : oneMore ? Math.min(1, missing) : 0
  const surplus = leastUseful(current).slice(0, Math.max(0, current.length - wanted))
  const replaced = leastUseful(old).slice(0, readyCurrent + old.length > wanted ? 1 : 0)
  return { start: freeIndexes(replicas, start), keep: indexesOf(keep), leave: indexesOf([...surplus, ...replaced]) }
}

/** Who is not ready first; then who was started last: the oldest is warm and holds the longest streams. */
function leastUseful(replicas: readonly ReplicaFacts[]): readonly ReplicaFacts[] {
  return replicas.toSorted(
    // Two that do not run have no difference of ages.
    (a, b) => Number(a.ready) - Number(b.ready) || b.launchedAt - a.launchedAt || b.index - a.index,
  )
}

function indexesOf(replicas: readonly ReplicaFacts[]): readonly number[] {
  return replicas.map((replica) => replica.index)
}

function freeIndexes(replicas: readonly ReplicaFacts[], count: number): readonly number[] {
  const taken = new Set(indexesOf(replicas))
  const free: number[] = []
  for (let index = 0; free.length < count; index += 1) if (!taken.has(index)) free.push(index)
  return free
}

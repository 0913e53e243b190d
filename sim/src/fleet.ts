import { openMemoryWorkload, type MemoryBehaviour, type MemoryWorkload } from '@serin/drivers/workload/memory'
import type { VirtualClock } from './virtual-clock.ts'

/** How a version comes up and stays up. */
export type Upbringing = MemoryBehaviour

/** A replica that takes requests. */
export interface Serving {
  readonly id: string
  readonly endpoint: string
  readonly ageMs: number
}

const replicas = 2
const soundly: Upbringing = { readyAfterMs: 3_000, backOffMs: 2_000, stopAfterMs: 200 }
const freshMs = 100

/** The replicas of all versions. They belong to the world: a control plane that starts anew finds them running. */
export class Fleet {
  readonly workload: MemoryWorkload
  readonly #now: () => number
  readonly #steadyMs: () => number
  readonly #seen = new Map<string, { readonly atMs: number; readonly serving: readonly Serving[] }>()
  /** When replicas were last ended or kept from being ready from outside, on the steady clock. */
  troubledAtMs = -Infinity

  constructor(clock: VirtualClock, upbringing: Readonly<Record<string, Upbringing>>) {
    const begin = clock.now()
    // Processes do not stop because somebody sets the wall clock: theirs never jumps.
    this.#now = () => begin + clock.steadyMs()
    this.#steadyMs = () => clock.steadyMs()
    const script = { v1: { ...soundly, ...upbringing['v1'] }, v2: { ...soundly, ...upbringing['v2'] } }
    const sleep: VirtualClock['sleep'] = (ms, signal) => clock.sleep(ms, signal)
    this.workload = openMemoryWorkload({ clock: { now: this.#now, sleep }, replicas, script })
  }

  /** The replicas of a version that take requests, also those that leave, as of a tenth of a second ago at most. */
  serving(version: string): readonly Serving[] {
    const now = this.#now()
    const seen = this.#seen.get(version)
    if (seen !== undefined && now - seen.atMs < freshMs) return seen.serving
    const serving = this.workload.observe(version).replicas.flatMap(({ id, endpoint, state, readySince }) => {
      if (endpoint === null) return []
      if (state === 'ready' && readySince !== null) return [{ id, endpoint, ageMs: now - readySince }]
      const leaves = state === 'leaving' && this.workload.versionAt(endpoint) === version
      return leaves ? [{ id, endpoint, ageMs: Infinity }] : []
    })
    this.#seen.set(version, { atMs: now, serving })
    return serving
  }

  /** Replicas of a version exit at once: all, or the first so many. */
  crash(version: string, count = Infinity): void {
    for (const { id } of this.workload.observe(version).replicas.slice(0, count))
      this.workload.crash(version, Number(id.split('/').at(-1)))
    this.#troubled(version)
  }

  /** From now on a version comes up like this; what runs already behaves so too. */
  raise(version: string, upbringing: Upbringing): void {
    this.workload.script(version, { ...soundly, ...upbringing })
    this.#troubled(version)
  }

  #troubled(version: string): void {
    this.troubledAtMs = this.#steadyMs()
    this.#seen.delete(version)
  }
}

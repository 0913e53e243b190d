import type { ReplicaObservation, WorkloadObservation } from '@serin/kit'
import type { RemoteModel } from './remote-model.ts'

type Open = (server: string) => RemoteModel

/** A model on a server, and the number it goes by: nobody else gets that while it is there. */
interface Place {
  readonly index: number
  readonly model: RemoteModel
  /** No longer wanted there; unloaded once nobody sends to it. */
  leaving: boolean
  dismissed: boolean
  /** Whether it is watched. */
  begun: boolean
}

/** One version on all of its servers. */
export class RemoteVersion {
  readonly #version: string
  #places: readonly Place[]
  #begun = false
  #wanted = 0
  /** It was ready on every server once: from then on it is never given up. */
  #cameUp: boolean
  #stopping = false
  #wantedAgain: readonly string[] | null = null

  /** A version with the models that the book tells of. They are not watched before it is wanted. */
  constructor(version: string, models: readonly RemoteModel[]) {
    this.#version = version
    this.#places = models.map((model, index) => ({ index, model, leaving: false, dismissed: false, begun: false }))
    this.#cameUp = models.length > 0 && models.every((model) => model.everReady)
  }

  /** Makes sure it is on these servers; from others it leaves. Cheap when nothing changed. While it is stopping, remembers that it is wanted again. */
  ensure(servers: readonly string[], open: Open): void {
    if (this.#stopping) {
      this.#wantedAgain = servers
      return
    }
    for (const server of servers) {
      // What is being unloaded there has to be gone before it is loaded again.
      if (this.#places.some(({ model }) => model.server === server)) continue
      const place = { index: this.#freeIndex(), model: open(server), leaving: false, dismissed: false, begun: false }
      this.#places = [...this.#places, place].sort((a, b) => a.index - b.index)
    }
    for (const place of this.#places) {
      place.leaving = !servers.includes(place.model.server)
      if (!place.leaving && !place.begun) place.model.begin()
      place.begun ||= !place.leaving
    }
    this.#wanted = servers.length
    this.#begun = true
  }

  /** What was loaded there is taken away as far as the server lets it. */
  dismiss(id: string): void {
    const place = this.#places.find(({ index }) => this.#idOf(index) === id)
    if (place === undefined || !place.leaving || place.dismissed || this.#stopping) return
    place.dismissed = true
    place.model
      .stop(AbortSignal.timeout(60_000))
      .catch(() => undefined)
      .finally(() => (this.#places = this.#places.filter((other) => other !== place)))
  }

  observe(): WorkloadObservation {
    const models = this.#places.filter(({ leaving, dismissed }) => !leaving && !dismissed).map(({ model }) => model)
    const version = this.#version
    const replicas = this.#places.map(({ index, model, leaving, dismissed }): ReplicaObservation => {
      const replica = model.observe(this.#idOf(index))
      return leaving && !dismissed ? { ...replica, state: 'leaving', readySince: null } : replica
    })
    const seen = { version, replicas }
    if (this.#stopping) {
      return { ...seen, state: this.#wantedAgain === null ? 'degraded' : 'starting', failure: null }
    }
    this.#cameUp ||= models.length > 0 && models.every((model) => model.everReady)
    const missing = this.#begun ? this.#wanted - models.length : Number(models.length === 0)
    if (missing === 0 && models.every((model) => model.isReady)) return { ...seen, state: 'ready', failure: null }
    if (this.#cameUp) return { ...seen, state: 'degraded', failure: null }
    const failure = models.map((model) => model.failure).find((found) => found !== null) ?? null
    return failure === null ? { ...seen, state: 'starting', failure } : { ...seen, state: 'failed', failure }
  }

  /** The servers it is wanted on again, if somebody asked for it while it was stopping. */
  get wantedAgain(): readonly string[] | null {
    return this.#wantedAgain
  }

  /** Takes it from all servers. Rejects when patience ends before all of them have obeyed. */
  async stop(patience: AbortSignal): Promise<void> {
    this.#stopping = true
    const ended = await Promise.allSettled(this.#places.map(async ({ model }) => await model.stop(patience)))
    for (const end of ended) if (end.status === 'rejected') throw end.reason
  }

  detach(): void {
    for (const { model } of this.#places) model.detach()
  }

  #idOf(index: number): string {
    return `${this.#version}/${index}`
  }

  #freeIndex(): number {
    const taken = new Set(this.#places.map(({ index }) => index))
    let index = 0
    while (taken.has(index)) index += 1
    return index
  }
}

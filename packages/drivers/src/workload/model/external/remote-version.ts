import type { WorkloadObservation } from '@serin/kit'
import type { RemoteModel } from './remote-model.ts'

type Open = (server: string) => RemoteModel

/** One version on all of its servers. */
export class RemoteVersion {
  readonly #version: string
  #models: readonly RemoteModel[]
  #begun = false
  /** It was ready on every server once: from then on it is never given up. */
  #cameUp: boolean
  #stopping = false
  #wantedAgain: readonly string[] | null = null

  /** A version with the models that the book tells of. They are not watched before it is wanted. */
  constructor(version: string, models: readonly RemoteModel[]) {
    this.#version = version
    this.#models = models
    this.#cameUp = models.length > 0 && models.every((model) => model.everReady)
  }

  /** Makes sure it is on these servers and no others. Cheap when nothing changed. While it is stopping, remembers that it is wanted again. */
  ensure(servers: readonly string[], open: Open): void {
    if (this.#stopping) {
      this.#wantedAgain = servers
      return
    }
    const before = this.#models
    if (this.#begun && servers.join('\n') === before.map(({ server }) => server).join('\n')) return
    this.#models = servers.map((server) => before.find((model) => model.server === server) ?? open(server))
    for (const model of this.#models) if (!this.#begun || !before.includes(model)) model.begin()
    // A server that is no longer its own: what was loaded there is taken away as far as the server lets it.
    for (const model of before)
      if (!this.#models.includes(model)) void model.stop(AbortSignal.timeout(60_000)).catch(() => undefined)
    this.#begun = true
  }

  observe(): WorkloadObservation {
    const models = this.#models
    const version = this.#version
    const replicas = models.map((model, index) => model.observe(`${version}/${index}`))
    const seen = { version, replicas }
    if (this.#stopping) {
      return { ...seen, state: this.#wantedAgain === null ? 'degraded' : 'starting', failure: null }
    }
    this.#cameUp ||= models.length > 0 && models.every((model) => model.everReady)
    if (models.length > 0 && models.every((model) => model.isReady)) return { ...seen, state: 'ready', failure: null }
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
    const ended = await Promise.allSettled(this.#models.map(async (model) => await model.stop(patience)))
    for (const end of ended) if (end.status === 'rejected') throw end.reason
  }

  detach(): void {
    for (const model of this.#models) model.detach()
  }
}

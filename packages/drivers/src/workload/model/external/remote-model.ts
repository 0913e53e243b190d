import type { Clock, ReplicaObservation } from '@serin/kit'
import { SerinError } from '@serin/spec'
import { watchHealth } from '../../supervisor/health-watch.ts'
import { capitalised, notReadyFailure, storageFailure, type Failure } from '../../supervisor/sentences.ts'
import type { ModelProbes } from '../probes.ts'
import { OpenInferenceClient, ServerRefusal } from '../protocol/client.ts'
import type { ModelBook, ModelEntry } from './model-book.ts'

const firstBackOffMs = 500
const longestBackOffMs = 30_000
/** A load that takes longer is taken for lost, and looked for again. */
const loadWithinMs = 600_000
/** An unload is tried at least once, and given this long, however little patience there is. */
const unloadWithinMs = 5_000
/** Times in a row a server may break over a model before the model is to blame. */
const breaksToFail = 3

/** What is looked after, and how. */
export interface RemoteModelOptions {
  readonly clock: Clock
  readonly book: ModelBook
  readonly entry: ModelEntry
  readonly probes: ModelProbes
  /** The name is shared by versions: what the server has under it counts only once it was loaded for this version. */
  readonly reloads: boolean
  /** Base address for requests to this version. */
  readonly endpoint: string
}

/** One model on one server that somebody else runs: loaded when it is not there, watched, loaded again, and unloaded if it was loaded from here. */
export class RemoteModel {
  readonly #options: RemoteModelOptions
  readonly #client: OpenInferenceClient
  #entry: ModelEntry
  #isReady: boolean
  #found: string | null = null
  /** What the server said when it refused to load it. */
  #refusal: string | null = null
  /** Why it cannot be loaded, however often it is tried. */
  #hopeless: Failure | null = null
  #unwritten: Failure | null = null
  #breaks = 0
  #tries = 0
  #tryAgainAt = 0
  #loading: Promise<void> | null = null
  #ending: Promise<void> | null = null
  readonly #life = new AbortController()
  /** Ends a load in flight as well. */
  readonly #hurry = new AbortController()

  constructor(options: RemoteModelOptions) {
    this.#options = options
    this.#entry = options.entry
    this.#client = new OpenInferenceClient(options.entry.server)
    // As it was last seen, until it is seen again in a moment: traffic must not notice that the control plane changed.
    this.#isReady = options.entry.readySince !== null
  }

  get server(): string {
    return this.#entry.server
  }

  get isReady(): boolean {
    return this.#isReady && this.#ending === null && !this.#options.book.isSuperseded(this.#entry)
  }

  get everReady(): boolean {
    return this.#entry.everReady
  }

  /** Why its version cannot come up, as long as that is true. */
  get failure(): Failure | null {
    const { everReady, version, wantedSince } = this.#entry
    if (everReady) return null
    if (this.#hopeless !== null) return this.#hopeless
    const { within } = this.#options.probes.ready
    if (this.#options.clock.now() - wantedSince < within) return null
    const found = this.#refusal ?? this.#found ?? `${this.server} did not answer yet`
    return this.#unwritten ?? notReadyFailure(version, within, found, [])
  }

  observe(id: string): ReplicaObservation {
    const message = (this.failure ?? this.#unwritten)?.message ?? this.#refusal ?? this.#found
    return {
      id,
      state: this.#ending !== null ? 'stopping' : this.isReady ? 'ready' : this.everReady ? 'unready' : 'starting',
      endpoint: this.#options.endpoint,
      readySince: this.#entry.readySince,
      restarts: this.#entry.restarts,
      cpuPercent: null,
      memoryBytes: null,
      message: message === null ? null : `${capitalised(message.replace(/\.$/, ''))}.`,
    }
  }

  /** Watches it, and loads it when it is not there, until it is stopped or let go. */
  begin(): void {
    void this.#watch()
  }

  /** Lets go of it without unloading it. */
  detach(): void {
    this.#life.abort()
    this.#hurry.abort()
  }

  /** Unloads it if it was loaded from here; resolves when that is done. Rejects when patience ends before the server has obeyed. */
  async stop(patience: AbortSignal): Promise<void> {
    this.#ending ??= this.#end(patience)
    await this.#ending
  }

  async #watch(): Promise<void> {
    const { clock, probes } = this.#options
    const { signal } = this.#life
    while (!signal.aborted) {
      const found = await watchHealth(
        {
          clock,
          endpoint: this.server,
          ...probes,
          wasReady: this.#isReady,
          isReady: this.#isReady,
          doubt: async () => await Promise.resolve(this.#doubt()),
          onReady: () => this.#become(true, null),
          onUnready: (found) => {
            this.#become(false, found)
            this.#loading ??= this.#load().finally(() => (this.#loading = null))
          },
        },
        signal,
      )
      if (found === null) return
      this.#become(false, found)
      await clock.sleep(probes.live.every, signal).catch(() => undefined)
    }
  }

  /** Under a shared name the server may still have another version. */
  #doubt(): string | null {
    const { reloads } = this.#options
    const { loaded, model, version } = this.#entry
    return reloads && loaded !== 'yes' ? `${this.server} has not loaded "${model}" for ${version} yet` : null
  }

  #become(isReady: boolean, found: string | null): void {
    this.#found = found
    if (isReady === this.#isReady) return
    this.#isReady = isReady
    if (isReady) {
      this.#refusal = null
      this.#tries = 0
      this.#breaks = 0
      this.#hopeless = null
    }
    const readySince = isReady ? this.#options.clock.now() : null
    this.#note({ readySince, everReady: this.everReady || isReady })
  }

  /** Loads it, unless the server has it already, this was tried a moment ago, or there is no hope. Never rejects. */
  async #load(): Promise<void> {
    const { clock, book, reloads } = this.#options
    if (this.#hopeless !== null || book.isSuperseded(this.#entry) || clock.now() < this.#tryAgainAt) return
    const { model, loaded, restarts, everReady } = this.#entry
    const signal = AbortSignal.any([this.#hurry.signal, AbortSignal.timeout(loadWithinMs)])
    try {
      const isThere = await this.#client.isReady(model, signal)
      if (this.#life.signal.aborted || (isThere && (loaded === 'yes' || !reloads))) return
      // Written down first: whoever finds the entry knows that the model may be there because of it.
      if (!this.#write({ ...this.#entry, loaded: 'asked', restarts: restarts + (everReady ? 1 : 0) })) return
      await this.#client.load(model, signal)
      this.#note({ loaded: 'yes' })
    } catch (error) {
      this.#refused(error)
    } finally {
      this.#tryAgainAt = clock.now() + Math.min(firstBackOffMs * 2 ** this.#tries, longestBackOffMs)
      this.#tries += 1
    }
  }

  #refused(error: unknown): void {
    // A server that says nothing may have loaded it all the same: the entry stays.
    if (!(error instanceof ServerRefusal)) return
    const { model } = this.#entry
    this.#refusal = `${this.server} cannot load "${model}": ${error.message.replace(/[.\s]+$/, '')}`
    this.#breaks = isPassing(error.status) ? 0 : error.status < 500 ? breaksToFail : this.#breaks + 1
    if (this.#breaks < breaksToFail || this.everReady) return
    this.#hopeless = { code: 'model.unloadable', message: `${this.#refusal}.` }
    this.#note({ loaded: 'no' })
  }

  async #end(patience: AbortSignal): Promise<void> {
    this.#life.abort()
    const hurry = (): void => this.#hurry.abort()
    if (patience.aborted) hurry()
    patience.addEventListener('abort', hurry)
    // What is being loaded can only be unloaded once it is there.
    await this.#loading
    patience.removeEventListener('abort', hurry)
    const { book } = this.#options
    if (this.#entry.loaded !== 'no' && !book.isSuperseded(this.#entry)) await this.#unload(patience)
    book.remove(this.#entry)
  }

  async #unload(patience: AbortSignal): Promise<void> {
    for (let first = true; ; first = false) {
      const late = AbortSignal.timeout(unloadWithinMs)
      try {
        const signal = first ? late : AbortSignal.any([late, patience])
        await this.#client.unload(this.#entry.model, signal).catch(onlyRefusals)
        if (!(await this.#client.isReady(this.#entry.model, signal))) return
      } catch (error) {
        // Nobody listens: there is no server that could have it.
        if (codeOf(error) === 'ECONNREFUSED') return
        this.#found = `${this.server} does not unload "${this.#entry.model}"`
      }
      if (patience.aborted) {
        const { version, model } = this.#entry
        throw new SerinError('workload.not-ready', `${version} still runs: ${this.server} does not unload "${model}".`)
      }
      await this.#options.clock.sleep(firstBackOffMs, patience).catch(() => undefined)
    }
  }

  /** Changes the entry; what cannot be written now is written with the next change. */
  #note(change: Partial<ModelEntry>): void {
    this.#entry = { ...this.#entry, ...change }
    this.#write(this.#entry)
  }

  /** Whether the entry is written down, and holds from now on. */
  #write(entry: ModelEntry): boolean {
    const { book } = this.#options
    try {
      book.put(entry)
      this.#entry = entry
      this.#unwritten = null
    } catch (error) {
      this.#unwritten = storageFailure(entry.version, book.directory, error)
    }
    return this.#unwritten === null
  }
}

/** Too many requests, too early, too late: nothing that is said of the model. */
function isPassing(status: number): boolean {
  return status === 408 || status === 425 || status === 429
}

/** A server that refuses may not have the model; whether it has is asked next. */
function onlyRefusals(error: unknown): void {
  if (!(error instanceof ServerRefusal)) throw error
}

function codeOf(error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause ? cause.code : undefined
}

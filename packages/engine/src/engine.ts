import type {
  Clock,
  DriverContext,
  EvidenceSource,
  JournalEntry,
  Store,
  TrafficRouter,
  WorkloadRunner,
} from '@serin/kit'
import {
  nearest,
  parseServiceFile,
  SerinError,
  type Observation,
  type Rollout,
  type Service,
  type ServiceFile,
  type ServiceStatus,
} from '@serin/spec'
import { keys, type RolloutDocument, type ServiceDocument } from './documents.ts'
import { ServiceActor, type Asker } from './service-actor.ts'
import type { RolloutEvent } from '@serin/core'

/** What an engine works with: everything outside comes through here. */
export interface EngineOptions {
  readonly store: Store
  readonly clock: Clock
  readonly openRouter: (context: DriverContext) => Promise<TrafficRouter & EvidenceSource>
  readonly openWorkload: (context: DriverContext) => WorkloadRunner
  /** Owner-only directory of a service for its drivers. */
  readonly stateDirectory: (service: string) => string
}

/** Something that happened: new journal entries, or new figures of a service. */
export interface News {
  readonly journal: readonly JournalEntry[]
  readonly service: string
}

/** What applying a file did to a service. */
export interface Change {
  readonly service: string
  readonly change: 'created' | 'changed' | 'unchanged'
  readonly details: readonly string[]
}

type Command = Extract<RolloutEvent, { by: string }>

const retentionMs = 2 * 24 * 3_600_000

/** The hands: one actor per service over one store. */
export class Engine {
  readonly #options: EngineOptions
  readonly #actors = new Map<string, ServiceActor>()
  readonly #listeners = new Set<(news: News) => void>()
  readonly #stop = new AbortController()
  #sweeping: Promise<void> = Promise.resolve()

  constructor(options: EngineOptions) {
    this.#options = options
  }

  /** Goes on with everything the store knows. */
  async start(): Promise<void> {
    for (const { value } of this.#options.store.list('service/')) await this.#open(value as ServiceDocument)
    this.#sweeping = this.#sweep()
  }

  /** With `keep`, gateways and replicas go on without a control plane; else everything is stopped and nothing is left behind. */
  async stop({ keep }: { readonly keep: boolean }): Promise<void> {
    this.#stop.abort()
    await Promise.all([...this.#actors.values()].map((actor) => actor.stop({ keep })))
    await this.#sweeping
  }

  /** Applies a release file: all of it, or, when anything in it is wrong, nothing. */
  async apply(
    { text, baseDirectory, name }: { readonly text: string; readonly baseDirectory: string; readonly name: string },
    asker: Asker,
  ): Promise<readonly Change[]> {
    const file = parseServiceFile(text, name)
    this.#checkImmutable(file)
    const changes: Change[] = []
    for (const [service, spec] of Object.entries(file.services))
      changes.push(await this.#applyService(service, spec, baseDirectory, asker))
    return changes
  }

  services(): readonly ServiceStatus[] {
    return [...this.#actors.values()].map((actor) => actor.status())
  }

  service(name: string): ServiceStatus {
    return this.#actor(name).status()
  }

  release(service: string, to: string, supersede: boolean, asker: Asker): Rollout {
    return this.#actor(service).release(to, supersede, asker)
  }

  undo(service: string, to: string | undefined, asker: Asker): Rollout {
    return this.#actor(service).undo(to, asker)
  }

  /** Newest first. */
  rollouts(service: string | undefined, limit: number): readonly Rollout[] {
    const actors = service === undefined ? [...this.#actors.values()] : [this.#actor(service)]
    return actors
      .flatMap((actor) => actor.rollouts().map((rollout) => ({ actor, rollout })))
      .sort((a, b) => b.rollout.startedAt - a.rollout.startedAt)
      .slice(0, limit)
      .map(({ actor, rollout }) => actor.describe(rollout))
  }

  /** By id, or the latest of a service by its name. */
  rollout(idOrService: string): Rollout {
    const { actor, rollout } = this.#find(idOrService)
    return actor.describe(rollout)
  }

  command(idOrService: string, event: Command): Rollout {
    const { actor, rollout } = this.#find(idOrService)
    if (rollout.id !== actor.latestRollout()?.id)
      throw new SerinError(
        'rollout.refused',
        `${rollout.id} is not the latest rollout of ${rollout.service}; only that one takes commands.`,
      )
    return actor.command(event)
  }

  /** Counts observations; those nobody can place are ignored, and said to be. */
  observe(observations: readonly Observation[]): { readonly accepted: number; readonly ignored: number } {
    let accepted = 0
    const byService = Map.groupBy(observations, (observation) => this.#serviceOf(observation))
    for (const [service, own] of byService) accepted += this.#actor(service).observe(own)
    return { accepted, ignored: observations.length - accepted }
  }

  journal(query: Parameters<Store['journal']>[0]): readonly JournalEntry[] {
    return this.#options.store.journal(query)
  }

  verifyJournal(): ReturnType<Store['verify']> {
    return this.#options.store.verify()
  }

  /** Calls the listener for everything that happens from now on; returns how to end that. */
  subscribe(listener: (news: News) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async #applyService(name: string, spec: Service, baseDirectory: string, asker: Asker): Promise<Change> {
    const actor = this.#actors.get(name)
    if (actor !== undefined) {
      const before = actor.document.spec
      const details = differences(before, spec)
      if (details.length === 0) return { service: name, change: 'unchanged', details }
      if (
        JSON.stringify(before.listen) !== JSON.stringify(spec.listen) ||
        before.workload.kind !== spec.workload.kind
      ) {
        throw new SerinError(
          'config.invalid',
          `${name}: "listen" and the kind of workload cannot change while the service exists.`,
        )
      }
      // The version that serves is the one the rollouts made stable; the file's "stable" is for the beginning.
      actor.changeSpec({ ...spec, versions: { ...before.versions, ...spec.versions } }, baseDirectory, asker, details)
      return { service: name, change: 'changed', details }
    }
    const document: ServiceDocument = {
      name,
      spec,
      baseDirectory,
      stable: spec.stable,
      history: [],
      nextNumber: 1,
      latest: null,
      warm: null,
      cursor: null,
      assignments: [],
    }
    const context = this.#context(document)
    const router = await this.#options.openRouter(context)
    this.#options.store.commit({
      at: this.#options.clock.now(),
      documents: [{ key: keys.service(name), value: document }],
      journal: [
        {
          stream: `service/${name}`,
          kind: 'service.created',
          actor: asker.by,
          data: { stable: spec.stable, versions: Object.keys(spec.versions) },
        },
      ],
    })
    this.#run(document, context, router)
    return { service: name, change: 'created', details: [] }
  }

  async #open(document: ServiceDocument): Promise<void> {
    const context = this.#context(document)
    this.#run(document, context, await this.#options.openRouter(context))
  }

  #run(document: ServiceDocument, context: DriverContext, router: TrafficRouter & EvidenceSource): void {
    const { store, clock, openWorkload } = this.#options
    const rollouts = store
      .list('rollout/')
      .map(({ value }) => value as RolloutDocument)
      .filter((rollout) => rollout.service === document.name)
    const publish = (news: News) => {
      for (const listener of this.#listeners) listener(news)
    }
    const actor = new ServiceActor(document, rollouts, {
      store,
      clock,
      router,
      workload: openWorkload(context),
      publish,
    })
    this.#actors.set(document.name, actor)
    actor.start()
  }

  #context({ name, spec, baseDirectory }: ServiceDocument): DriverContext {
    return {
      service: name,
      spec,
      baseDirectory,
      stateDirectory: this.#options.stateDirectory(name),
      clock: this.#options.clock,
    }
  }

  #checkImmutable(file: ServiceFile): void {
    for (const [name, spec] of Object.entries(file.services)) {
      const before = this.#actors.get(name)?.document.spec.versions ?? {}
      for (const [version, content] of Object.entries(spec.versions)) {
        const known = before[version]
        if (known !== undefined && JSON.stringify(known) !== JSON.stringify(content)) {
          throw new SerinError(
            'version.immutable',
            `Version "${version}" of ${name} exists with other content: ${differences(known, content).join('; ')}.`,
          )
        }
      }
    }
  }

  #actor(name: string): ServiceActor {
    const actor = this.#actors.get(name)
    if (actor !== undefined) return actor
    const known = [...this.#actors.keys()]
    const near = nearest(name, known)
    throw new SerinError(
      'service.not-found',
      `There is no service "${name}". Known: ${known.join(', ') || '(none)'}.${near === undefined ? '' : ` Did you mean ${near}?`}`,
    )
  }

  #find(idOrService: string): { readonly actor: ServiceActor; readonly rollout: RolloutDocument } {
    for (const actor of this.#actors.values()) {
      const rollout = actor.rollouts().find((candidate) => candidate.id === idOrService)
      if (rollout !== undefined) return { actor, rollout }
    }
    const actor = this.#actors.get(idOrService)
    const latest = actor?.latestRollout()
    if (actor !== undefined && latest != null) return { actor, rollout: latest }
    if (actor !== undefined) throw new SerinError('rollout.not-found', `${idOrService} has had no rollout yet.`)
    throw new SerinError(
      'rollout.not-found',
      `There is no rollout or service "${idOrService}". Services: ${[...this.#actors.keys()].join(', ') || '(none)'}.`,
    )
  }

  #serviceOf(observation: Observation): string {
    if (observation.service !== undefined) return observation.service
    const [only, ...others] = this.#actors.keys()
    if (only !== undefined && others.length === 0) return only
    throw new SerinError(
      'observation.invalid',
      only === undefined
        ? 'There is no service yet.'
        : 'There are several services: each observation has to name its own ("service").',
    )
  }

  async #sweep(): Promise<void> {
    const { clock, store } = this.#options
    while (!this.#stop.signal.aborted) {
      try {
        // Slices, so that nothing waits long for the store.
        while (store.expire(clock.now() - retentionMs) > 0 && !this.#stop.signal.aborted)
          await clock.sleep(10, this.#stop.signal)
        await clock.sleep(60_000, this.#stop.signal)
      } catch {
        await clock.sleep(60_000, this.#stop.signal).catch(() => undefined)
      }
    }
  }
}

/** What differs between two plain values, as `path: before → after`, at most ten. */
function differences(before: unknown, after: unknown, path = ''): readonly string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  if (!isRecord(before) || !isRecord(after)) return [`${path || 'value'}: ${brief(before)} → ${brief(after)}`]
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .flatMap((key) => differences(before[key], after[key], path === '' ? key : `${path}.${key}`))
    .slice(0, 10)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

import { isOver } from '@serin/core'
import type {
  Clock,
  DriverContext,
  EvidenceSource,
  GateRunner,
  JournalEntry,
  Store,
  TrafficRouter,
  WorkloadRunner,
} from '@serin/kit'
import {
  nearest,
  parseServiceFile,
  SerinError,
  type JournalKind,
  type Observation,
  type Rollout,
  type ServiceStatus,
} from '@serin/spec'
import { planChange, type Change, type FileSource, type PlannedChange, type Wanted } from './apply.ts'
import type { Asker } from './asker.ts'
import { assignmentUnder, type AssignmentAsked, type AssignmentExplained } from './assignment.ts'
import {
  keptDocument,
  keys,
  type Assignment,
  type RolloutDocument,
  type ServiceDocument,
  type ServiceDocuments,
} from './documents.ts'
import { failedWorkload } from './failed-workload.ts'
import { Fence, notReady } from './fence.ts'
import { lazyRouter } from './lazy-router.ts'
import { Releases } from './releases/releases.ts'
import { sweep } from './sweep.ts'
import { ServiceActor, type StopOptions } from './service/actor.ts'
import { serviceEntry, systemEntry } from './service/changes.ts'
import type { Command, ReleaseAsked } from './service/commands.ts'
import type { Outlook } from './service/outlook.ts'
import { listed, type WhichRollouts } from './rollout-list.ts'
import { requireSensible } from './trace.ts'
import type { OtherService } from './service/gates.ts'

/** What an engine works with: everything outside comes through here. */
export interface EngineOptions {
  readonly store: Store
  readonly clock: Clock
  readonly openRouter: (context: DriverContext) => Promise<TrafficRouter & EvidenceSource>
  readonly openWorkload: (context: DriverContext) => WorkloadRunner
  /** Asks gates that something outside decides, and sends notices. */
  readonly gates: GateRunner
  /** Owner-only directory of a service for its drivers. */
  readonly stateDirectory: (service: string) => string
  /** Hears of errors that nobody foresaw; they keep nothing from going on. */
  readonly onDefect?: (error: unknown) => void
  /** Another control plane has taken the store over. This one has stopped, everything goes on without it. */
  readonly onTaken?: () => void
}

/** Something that happened: new journal entries, or new figures of a service. */
export interface News {
  readonly journal: readonly JournalEntry[]
  /** Null when it is about the control plane itself. */
  readonly service: string | null
}

type Router = TrafficRouter & EvidenceSource

const releaseWithinMs = 30_000
const maxServices = 200

/** The hands: one actor per service over one store. */
export class Engine {
  readonly #options: EngineOptions
  readonly #actors = new Map<string, ServiceActor>()
  readonly #listeners = new Set<(news: News) => void>()
  readonly #stop = new AbortController()
  #started = false
  #taken = false
  #sweeping: Promise<unknown> = Promise.resolve()
  /** Releases of several services as one. */
  readonly releases: Releases
  /** Files are applied one after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(given: EngineOptions) {
    const fence = new Fence(given.store, () => this.#isTaken())
    const options = { ...given, ...fence.around(given) }
    this.#options = options
    this.releases = new Releases({
      ...options,
      service: (name) => this.#actor(name),
      publish: (journal) => this.#publish({ journal, service: null }),
      defect: (error) => this.#defect(error),
    })
  }

  /** Goes on with everything the store knows. A service whose gateway or workload cannot be opened says so in its trouble, and keeps no other from starting. */
  async start(): Promise<void> {
    for (const { value } of this.#options.store.list('service/')) {
      const document = keptDocument(value)
      this.#run(
        document,
        lazyRouter(() => this.#options.openRouter(this.#context(document))),
      )
    }
    this.#started = true
    const { signal } = this.#stop
    const sweeping = sweep(this.#options, signal, (error) => this.#defect(error))
    this.#sweeping = Promise.all([sweeping, this.releases.run(signal)])
  }

  /** Whether everything the store knows has been taken up. */
  get started(): boolean {
    return this.#started && !this.#stop.signal.aborted
  }

  /** With `keep`, gateways and replicas go on without a control plane; else everything is stopped and nothing is left behind. */
  async stop(options: StopOptions): Promise<void> {
    this.#stop.abort()
    await this.#turn
    const endings = await Promise.allSettled([...this.#actors.values()].map((actor) => actor.stop(options)))
    await this.#sweeping
    const failed = endings.find((ending) => ending.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  /** Once and for all: there is another control plane, and two would undo each other's work. */
  #isTaken(): void {
    if (this.#taken) return
    this.#taken = true
    void this.stop({ keep: true }).catch((error: unknown) => this.#defect(error))
    this.#options.onTaken?.()
  }

  /** Applies a release file: all of it, or, when anything in it is wrong or a gateway cannot be opened, nothing. */
  async apply(source: FileSource, asker: Asker): Promise<readonly Change[]> {
    const applied = this.#turn.then(() => this.#apply(source, asker))
    this.#turn = applied.catch(() => undefined)
    return await applied
  }

  services(): readonly ServiceStatus[] {
    return [...this.#actors.values()].map((actor) => actor.status())
  }

  service(name: string): ServiceStatus {
    return this.#actor(name).status()
  }

  release(service: string, asked: ReleaseAsked, asker: Asker): Rollout {
    return this.#actor(service).release(asked, asker)
  }

  /** What is seen of a service’s traffic, and what can be said of a release before there is one. */
  outlook(service: string): Outlook {
    return this.#actor(service).outlook
  }

  /** Which version a request gets, and why. */
  assignment(service: string, asked: AssignmentAsked): AssignmentExplained {
    return assignmentUnder(this.#actor(service).wish(), asked)
  }

  undo(service: string, to: string | undefined, asker: Asker): Rollout {
    return this.#actor(service).undo(to, asker)
  }

  /** Newest first; only what is asked for is described, as there may be thousands. Throws `rollout.not-found`. */
  rollouts(service: string | undefined, limit: number, which: WhichRollouts = {}): readonly Rollout[] {
    const actors = service === undefined ? [...this.#actors.values()] : [this.#actor(service)]
    const all = actors.flatMap((actor) => actor.rollouts().map((rollout) => ({ actor, rollout })))
    const page = listed(all, which, limit)
    if (page === null) throw new SerinError('rollout.not-found', `There is no rollout called "${which.before}".`)
    return page.map(({ actor, rollout }) => actor.describe(rollout))
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

  /** Counts observations; those nobody can place are ignored, and said to be. A batch with one that makes no sense counts not at all. */
  observe(observations: readonly Observation[]): { readonly accepted: number; readonly ignored: number } {
    requireSensible(observations)
    const byActor = Map.groupBy(observations, (observation) => this.#actor(this.#serviceOf(observation)))
    const accepted = [...byActor].reduce((sum, [actor, own]) => sum + actor.observe(own), 0)
    return { accepted, ignored: observations.length - accepted }
  }

  journal(query: Parameters<Store['journal']>[0]): readonly JournalEntry[] {
    return this.#options.store.journal(query)
  }

  verifyJournal(): ReturnType<Store['verify']> {
    return this.#options.store.verify()
  }

  /** Puts something about the control plane itself into the journal. */
  record(kind: JournalKind, asker: Asker, data: Readonly<Record<string, unknown>>): void {
    const at = this.#options.clock.now()
    const journal = this.#options.store.commit({ at, journal: [systemEntry(kind, asker, data)] })
    this.#publish({ journal, service: null })
  }

  /** Calls the listener for everything that happens from now on; returns how to end that. */
  subscribe(listener: (news: News) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async #apply({ text, baseDirectory, name }: FileSource, asker: Asker): Promise<readonly Change[]> {
    if (!this.started) throw notReady(this.#options.store)
    const file = parseServiceFile(text, name)
    const wanted = Object.entries(file.services).map(([service, spec]) => ({ name: service, spec, baseDirectory }))
    const names = new Set([...this.#actors.keys(), ...wanted.map((one) => one.name)])
    if (names.size > maxServices)
      throw new SerinError('config.invalid', `There would be ${names.size} services; at most ${maxServices} are kept.`)
    const routers = await this.#openRouters(this.#plan(wanted))
    try {
      if (!this.started) throw notReady(this.#options.store)
      // Planned once more: a rollout may have ended while the gateways were opened.
      const changes = this.#plan(wanted)
      this.#write(changes, routers, asker)
      return changes.map(({ service, change, details }) => ({ service, change, details }))
    } catch (error) {
      await this.#release(routers)
      throw error
    }
  }

  #plan(wanted: readonly Wanted[]): readonly PlannedChange[] {
    return wanted.map((one) => planChange(one, this.#actors.get(one.name)?.document))
  }

  /** The gateways of new services: all of them, or none. */
  async #openRouters(changes: readonly PlannedChange[]): Promise<ReadonlyMap<string, Router>> {
    const routers = new Map<string, Router>()
    try {
      for (const { change, document } of changes)
        if (change === 'created') routers.set(document.name, await this.#options.openRouter(this.#context(document)))
      return routers
    } catch (error) {
      await this.#release(routers)
      throw error
    }
  }

  async #release(routers: ReadonlyMap<string, Router>): Promise<void> {
    const late = AbortSignal.timeout(releaseWithinMs)
    const endings = await Promise.allSettled([...routers.values()].map((router) => router.release(late)))
    for (const ending of endings) if (ending.status === 'rejected') this.#defect(ending.reason)
  }

  /** One commit for the whole file; then every service goes on with what it says. */
  #write(changes: readonly PlannedChange[], routers: ReadonlyMap<string, Router>, asker: Asker): void {
    const news = changes.filter(({ change }) => change !== 'unchanged')
    if (news.length === 0) return
    const entries = this.#options.store.commit({
      at: this.#options.clock.now(),
      documents: news.map(({ document }) => ({ key: keys.service(document.name), value: document })),
      journal: news.map(({ change, details, document }) =>
        change === 'created'
          ? serviceEntry(document.name, 'service.created', asker, {
              stable: document.stable,
              versions: Object.keys(document.spec.versions),
            })
          : serviceEntry(document.name, 'service.changed', asker, { details }),
      ),
    })
    for (const [i, { document }] of news.entries()) {
      const own = entries.slice(i, i + 1)
      const router = routers.get(document.name)
      const actor = this.#actors.get(document.name)
      if (actor !== undefined) actor.adopt(document, own)
      else if (router !== undefined) {
        this.#run(document, router)
        this.#publish({ journal: own, service: document.name })
      }
    }
  }

  #run(document: ServiceDocument, router: Router): void {
    const { store, clock } = this.#options
    const actor = new ServiceActor(this.#documentsOf(document), {
      store,
      clock,
      router,
      openWorkload: (service) => this.#openWorkload(service),
      gates: this.#options.gates,
      otherService: (name) => this.#otherService(name),
      publish: (news) => this.#publish(news),
      defect: (error) => this.#defect(error),
    })
    this.#actors.set(document.name, actor)
    actor.start()
  }

  #documentsOf(service: ServiceDocument): ServiceDocuments {
    const { store } = this.#options
    const { name } = service
    const rollouts = store.list(keys.rolloutsOf(name)).map(({ value }) => value as RolloutDocument)
    return {
      service,
      cursor: (store.get(keys.cursor(name)) ?? null) as ServiceDocuments['cursor'],
      assignments: (store.get(keys.assignments(name)) ?? []) as readonly Assignment[],
      rollouts: rollouts.filter((rollout) => rollout.service === name),
    }
  }

  #otherService(name: string): OtherService | null {
    const actor = this.#actors.get(name)
    if (actor === undefined) return null
    const latest = actor.latestRollout()
    const releasing = latest === null || isOver(latest.state) ? null : latest.plan.canary
    return { stable: actor.document.stable, releasing }
  }

  #openWorkload(service: ServiceDocument): WorkloadRunner {
    try {
      return this.#options.openWorkload(this.#context(service))
    } catch (error) {
      if (!(error instanceof SerinError)) this.#defect(error)
      return failedWorkload(error)
    }
  }

  #context({ name, spec, baseDirectory }: ServiceDocument): DriverContext {
    const { stateDirectory, clock } = this.#options
    return { service: name, spec, baseDirectory, stateDirectory: stateDirectory(name), clock }
  }

  #publish(news: News): void {
    if (news.service !== null && news.journal.length > 0) this.releases.wake()
    for (const listener of this.#listeners) {
      try {
        listener(news)
      } catch (error) {
        // Whoever listens badly keeps nobody from acting.
        this.#defect(error)
      }
    }
  }

  #defect(error: unknown): void {
    // Who runs into the fence has nothing more to do, and that has been said.
    if (error instanceof SerinError && error.code === 'store.taken') return
    this.#options.onDefect?.(error)
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
      const rollout = actor.rollout(idOrService)
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
}

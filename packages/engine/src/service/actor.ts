import { isQuiet, missingFor, rampOf, readRamp, stepOf, type RolloutEvent } from '@serin/core'
import type {
  Clock,
  EvidenceSource,
  GateContext,
  GateRunner,
  JournalEntry,
  Store,
  TrafficRouter,
  WorkloadRunner,
} from '@serin/kit'
import { SerinError, type Observation, type Rollout, type ServiceStatus } from '@serin/spec'
import type { EvidenceSlot } from '@serin/core'
import type { Asker } from '../asker.ts'
import { describeRollout, describeService } from '../describe.ts'
import type { RoutingWish } from '../routing.ts'
import { keys, type RolloutDocument, type ServiceDocument, type ServiceDocuments } from '../documents.ts'
import { createLiveWindow } from '../live-window.ts'
import { Canary } from './canary.ts'
import {
  command,
  coolDown,
  isFrozen,
  release,
  requireReleasable,
  startQueued,
  undo,
  type Command,
  type ReleaseAsked,
} from './commands.ts'
import { wantedVersions, withCopies, type CopiesSeen } from './copies.ts'
import { Evidence } from './evidence.ts'
import { Gates, type OtherService } from './gates.ts'
import { Notices } from './notices.ts'
import { ServiceRecord } from './record.ts'
import { dropFailedRival, rivalsReady } from './rivals.ts'
import { Outlook } from './outlook.ts'
import { Replicas, runsOtherwise, versionsOf } from './replicas.ts'
import { Routes } from './routes.ts'
import { troubleOf } from './trouble.ts'

/** What an actor works with. */
export interface ActorPorts {
  readonly store: Store
  readonly clock: Clock
  readonly router: TrafficRouter & EvidenceSource
  /** Opens the runner of the service's workload as its document describes it. */
  readonly openWorkload: (service: ServiceDocument) => WorkloadRunner
  readonly gates: GateRunner
  /** What is known of another service; null when there is none. */
  readonly otherService: (name: string) => OtherService | null
  /** Called after every durable change and every slot. */
  readonly publish: (news: { readonly journal: readonly JournalEntry[]; readonly service: string }) => void
  /** Hears of errors that nobody foresaw. */
  readonly defect: (error: unknown) => void
}

/** How everything ends. */
export interface StopOptions {
  /** Gateways and replicas go on without a control plane. */
  readonly keep: boolean
  /** Ends the patience with open requests and slow replicas. */
  readonly hurry?: AbortSignal
  /** Hears each thing that has stopped, as a sentence. */
  readonly told?: (sentence: string) => void
}

const tickMs = 250
const stopWithinMs = 60_000
/** Evidence that is read back at a start, for the figures and for stable's latency. */
const recalledMs = 600_000

/**
 * One service: its record, its routes, its replicas, its evidence. Everything that changes state runs to its end without waiting, so events never overlap.
 * What goes wrong in one room is said, and keeps no other from going on.
 */
export class ServiceActor {
  readonly #ports: ActorPorts
  readonly #record: ServiceRecord
  readonly #replicas: Replicas
  readonly #canary: Canary
  readonly #routes: Routes
  readonly #evidence: Evidence
  readonly #gates: Gates
  readonly #notices: Notices
  readonly #window = createLiveWindow()
  readonly #stop = new AbortController()
  #loops: Promise<unknown> = Promise.resolve()

  constructor(documents: ServiceDocuments, ports: ActorPorts) {
    const { store, clock, router, openWorkload, publish, gates: runner, otherService, defect } = ports
    this.#ports = ports
    const { name } = documents.service
    this.#record = new ServiceRecord(documents, {
      store,
      clock,
      publish: (journal) => publish({ journal, service: name }),
      changed: () => this.#routes.kickIfChanged(),
      moved: (rollout) => this.#notices.tell(rollout),
      lastRequestAt: (version) => this.#routes.observation?.lastRequestAt[version] ?? null,
    })
    this.#replicas = new Replicas(openWorkload(documents.service), clock)
    this.#canary = new Canary(this.#replicas, clock)
    const shared = {
      clock,
      record: this.#record,
      latencyFrom: (rollout: RolloutDocument) => this.#latencyFrom(rollout),
      guarded: (act: () => void) => this.#guarded(act),
      mayGoOn: () => !this.#isFrozen(),
    }
    this.#routes = new Routes({ ...shared, router, replicas: this.#replicas })
    this.#gates = new Gates({
      clock,
      runner,
      otherService,
      defect,
      context: (rollout) => this.#gateContext(rollout),
      spoke: (event) => this.#written(() => this.#onActive(event)),
    })
    this.#notices = new Notices({
      clock,
      runner,
      ofService: () => this.#record.service.spec.notify,
      baseDirectory: () => this.#record.service.baseDirectory,
      write: (entry) => this.#guarded(() => this.#record.commit({ journal: [entry] })),
    })
    this.#evidence = new Evidence({ ...shared, source: router, window: this.#window })
  }

  /** Goes on from where the documents are. */
  start(): void {
    const { store, clock } = this.#ports
    const now = clock.now()
    for (const { value } of store.evidence(keys.evidence(this.name), now - recalledMs, now + recalledMs))
      this.#window.add(value as EvidenceSlot)
    this.#tick()
    const { signal } = this.#stop
    const loops = [this.#tickLoop(), this.#routes.loop(signal), this.#evidence.loop(signal)]
    this.#loops = Promise.all(loops.map((loop) => loop.catch(this.#ports.defect)))
  }

  /** Ends the loops. With `keep` everything goes on running without a control plane; else the router and the workload are released, at once when hurried. */
  async stop({ keep, hurry, told = () => undefined }: StopOptions): Promise<void> {
    this.#stop.abort(new Error('stopped'))
    await Promise.all([this.#loops, this.#gates.stop(), this.#notices.stop()])
    if (keep) return this.#replicas.detach()
    const late = AbortSignal.timeout(stopWithinMs)
    const patience = hurry === undefined ? late : AbortSignal.any([late, hurry])
    // First nobody sends requests any more; but a router that does not end is no reason to leave replicas behind.
    const [router] = await Promise.allSettled([this.#ports.router.release(patience)])
    if (router.status === 'fulfilled') told(`The gateway of ${this.name} has stopped.`)
    await this.#replicas.stopAll(patience, (version) => told(`${version} of ${this.name} has stopped.`))
    if (router.status === 'rejected') throw router.reason
  }

  get name(): string {
    return this.#record.service.name
  }

  get document(): ServiceDocument {
    return this.#record.service
  }

  status(): ServiceStatus {
    const now = this.#ports.clock.now()
    const { latest } = this.#record
    return describeService({
      service: this.#record.service,
      rollout: latest,
      gate: latest === null ? null : this.#gates.describe(latest),
      observation: this.#routes.observation,
      address: this.#routes.address,
      asked: Object.fromEntries(this.#routes.wish().arms.map((arm) => [arm.version, arm.weightBp])),
      observe: (version) => this.#replicas.observe(version),
      window: this.#window,
      trouble: troubleOf({
        now,
        record: this.#record,
        routes: this.#routes,
        replicas: this.#replicas,
        lastSlotAt: this.#window.lastSlotAt(),
      }),
      now,
    })
  }

  describe(rollout: RolloutDocument): Rollout {
    const gate = rollout.id === this.#record.latest?.id ? this.#gates.describe(rollout) : null
    return describeRollout(rollout, this.#routes.observation?.weights ?? null, gate)
  }

  /** Oldest first. */
  rollouts(): readonly RolloutDocument[] {
    return this.#record.rollouts
  }

  rollout(id: string): RolloutDocument | undefined {
    return this.#record.find(id)
  }

  latestRollout(): RolloutDocument | null {
    return this.#record.latest
  }

  /** The table that is asked for right now. */
  wish(): RoutingWish {
    return this.#routes.wish()
  }

  /** Takes a changed document that is durable already. The rollout under way keeps the plan it began with. */
  adopt(service: ServiceDocument, entries: readonly JournalEntry[]): void {
    const before = this.#record.service
    this.#record.adopt(service, entries)
    if (runsOtherwise(before, service)) this.#replicas.replaceRunner(this.#ports.openWorkload(service))
    this.#tick()
  }

  /** Starts a rollout; one under way is superseded, waited for, or a reason to refuse, as is asked or as the service says. */
  release(asked: ReleaseAsked, asker: Asker): Rollout {
    return this.#commanded(() => release(this.#commandPorts, asked, asker))
  }

  /** What is seen of the traffic, and what can be said of a release before there is one. */
  get outlook(): Outlook {
    const traffic = () => this.#window.traffic(this.#ports.clock.now())
    return new Outlook(this.#record, this.#evidence, traffic)
  }

  /** Goes back at once to a version that was stable before. */
  undo(to: string | undefined, asker: Asker, part?: ReleaseAsked['part']): Rollout {
    return this.#commanded(() => undo(this.#commandPorts, to, asker, part))
  }

  /** Refuses what could not be released right now; nothing starts. */
  requireReleasable(asked: ReleaseAsked): void {
    requireReleasable(this.#commandPorts, asked)
  }

  /** Gives the latest rollout a command; throws `rollout.refused` with the reason when it does not fit. */
  command(event: Command): Rollout {
    return this.#commanded(() => command(this.#commandPorts, event))
  }

  /** Counts observations for the attempt under way. Returns how many counted. */
  observe(observations: readonly Observation[]): number {
    return this.#evidence.observe(observations)
  }

  get #commandPorts() {
    return { clock: this.#ports.clock, record: this.#record, replicas: this.#replicas }
  }

  #commanded(act: () => RolloutDocument): Rollout {
    const { id } = act()
    // What was asked for starts now, not at the next tick.
    this.#tick()
    const rollout = this.#record.find(id)
    if (rollout === undefined) throw new SerinError('internal', `${id} was forgotten while it was changed.`)
    return this.describe(rollout)
  }

  async #tickLoop(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      await this.#ports.clock.sleep(tickMs, signal).catch(() => undefined)
      if (!signal.aborted) this.#tick()
    }
  }

  /** Looks at time and workload; both are levels, so looking again does no harm. */
  #tick(): void {
    const record = this.#record
    const { spec } = record.service
    this.#guarded(() => this.#replicas.ensure(this.#wanted(), withCopies(versionsOf(spec), record, this.#copiesSeen())))
    this.#guarded(() => this.#replicas.dismissUnused(this.#routes.observation, spec.drain))
    this.#guarded(() => this.#replicas.stopUnwanted(this.#wanted(), this.#routes.observation, spec.drain))
    this.#guarded(() => record.recover())
    this.#guarded(() => coolDown(this.#commandPorts))
    this.#guarded(() => startQueued(this.#commandPorts))
    this.#guarded(() => dropFailedRival(record, this.#replicas))
    this.#guarded(() => this.#tickRollout())
    this.#gates.look(this.#isFrozen() ? null : record.active)
    this.#routes.kickIfChanged()
  }

  /** Versions that have to run. */
  #wanted(): readonly string[] {
    return wantedVersions(this.#record, this.#ports.clock.now())
  }

  /** What the copies of the rollout under way depend on. */
  #copiesSeen(): CopiesSeen {
    const canary = this.#record.active?.plan.canary
    const weights = this.#routes.observation?.weights
    const copies = (version: string, gone: readonly string[]): number =>
      this.#replicas.observe(version).replicas.filter(({ state }) => !gone.includes(state)).length
    return {
      running: (version) => copies(version, ['stopped']),
      staying: (version) => copies(version, ['stopped', 'stopping', 'leaving']),
      inForceBp: canary && weights ? Math.min(weights[canary] ?? 0, this.#window.lastShareBp(canary)) : null,
      stableOnly: this.#record.trouble !== null,
    }
  }

  /** Whether a freeze, or somebody's hand on the router, keeps the rollout under way from going forward. */
  #isFrozen(): boolean {
    if (this.#routes.drift !== null) return true
    return this.#record.active?.hotfix !== true && isFrozen(this.#commandPorts)
  }

  #gateContext({ id, plan, state }: RolloutDocument): GateContext {
    return {
      service: this.name,
      rollout: id,
      attempt: state.attempt,
      step: 'step' in state ? state.step : -1,
      stable: plan.stable,
      canary: plan.canary,
      preview: this.#replicas.endpoints(plan.canary)[0] ?? null,
      baseDirectory: this.#record.service.baseDirectory,
    }
  }

  #onActive(event: RolloutEvent): void {
    const { active } = this.#record
    if (active !== null) this.#record.advance(active, event)
  }

  /** Whether an act on facts was written down. */
  #written(act: () => void): boolean {
    let written = false
    this.#guarded(() => {
      act()
      written = true
    })
    return written
  }

  #tickRollout(): void {
    const rollout = this.#record.active
    if (rollout === null) return
    const mayBegin = (): boolean =>
      !this.#isFrozen() && rivalsReady(rollout, this.#replicas) && this.#evidence.baselineReady(rollout)
    const event = this.#canary.fact(rollout, mayBegin)
    const ready = event.type === 'canary-ready'
    const next = ready ? this.#begin(this.#evidence.frozen(rollout)) : this.#record.advance(rollout, event)
    if (next === rollout) this.#evidence.judgeSilence(rollout)
    this.#missing()
  }

  /** What the service wants when evidence has been missing for long. */
  #missing(): void {
    const { active, service } = this.#record
    if (active?.judgement == null || active.healthSince === null) return
    const step = stepOf(active.state, active.plan)
    if (step === null || isQuiet(step)) return
    // What was missing in another step is no matter of this one.
    const since = Math.max(active.healthSince, active.state.since)
    const found = missingFor(active.judgement, this.#ports.clock.now() - since, service.spec.analysis)
    if (found === null || (found.do === 'hold' && active.state.phase === 'holding')) return
    this.#record.advance(active, { type: 'unhealthy', attempt: active.state.attempt, ...found })
  }

  /** The first share: what the budget allows before there is any evidence, where there is a budget. */
  #begin(rollout: RolloutDocument): RolloutDocument {
    const { setup, analysis } = rollout
    const ramp = setup === null || analysis === null ? undefined : readRamp(setup, analysis)
    return this.#record.advance(rollout, { type: 'canary-ready', ...rampOf({ ramp }) })
  }

  #latencyFrom({ plan, state, firstTrafficAt }: RolloutDocument): number {
    const youngest = this.#replicas.youngest([plan.canary, plan.stable])
    // The first requests come before the router has said that its table is in force.
    const first = firstTrafficAt ?? state.since
    // What is still to come has been long ago: the wall clock was set back, and latency is not to go unjudged until it has caught up.
    const passed = [youngest, first].filter((at) => at <= this.#ports.clock.now())
    return Math.max(0, ...passed) + this.#record.service.spec.analysis.warmUp
  }

  /** For facts, which come again: a store that cannot write is remembered as trouble; what nobody foresaw is reported. */
  #guarded(act: () => void): void {
    try {
      act()
    } catch (error) {
      if (!(error instanceof SerinError)) this.#ports.defect(error)
    }
  }
}

import {
  advance,
  begin,
  chooseCuts,
  createAnalysis,
  foldObservations,
  foldSlot,
  isOver,
  judge,
  nextWeightBp,
  planCanary,
  planInstant,
  ratioOf,
  targetsOf,
  type EvidenceSlot,
  type RolloutEvent,
  type RoutingTable,
} from '@serin/core'
import type {
  Clock,
  EvidenceSource,
  JournalDraft,
  JournalEntry,
  RoutingObservation,
  Store,
  TrafficRouter,
  WorkloadRunner,
} from '@serin/kit'
import { nearest, SerinError, type Observation, type Rollout, type Service, type ServiceStatus } from '@serin/spec'
import { histogramCount } from '@serin/stats'
import { describeRollout, describeService } from './describe.ts'
import { keys, measurementOf, type Assignment, type RolloutDocument, type ServiceDocument } from './documents.ts'
import { createLiveWindow } from './live-window.ts'
import { wishedRouting } from './routing.ts'
import { traceRequest, traceUnit } from './trace.ts'

/** What an actor works with. */
export interface ActorPorts {
  readonly store: Store
  readonly clock: Clock
  readonly router: TrafficRouter & EvidenceSource
  readonly workload: WorkloadRunner
  /** Called after every durable change and every slot. */
  readonly publish: (news: { readonly journal: readonly JournalEntry[]; readonly service: string }) => void
}

/** Who asks, and why. */
export interface Asker {
  readonly by: string
  readonly why: string
}

const tickMs = 250
const routeMs = 1_000
const routerTimeoutMs = 5_000
/** How long a rollout waits for stable's traffic before it goes on without latency cuts. */
const baselineWaitMs = 60_000
const baselineWanted = 200
/** A canary without any ready replica for this long has failed. */
const downMs = 10_000
const keptAssignments = 2_000

/** One service: its documents, its rollout, its router and its workload. Everything that changes state runs to its end without waiting, so events never overlap. */
export class ServiceActor {
  #service: ServiceDocument
  readonly #rollouts = new Map<string, RolloutDocument>()
  readonly #ports: ActorPorts
  readonly #stop = new AbortController()
  readonly #window = createLiveWindow()
  #observation: RoutingObservation | null = null
  #applied: { readonly wish: string; readonly revision: number } | null = null
  #routerTrouble: string | null = null
  #storeTrouble: { readonly message: string; readonly since: number } | null = null
  #canaryDownSince: number | null = null
  #unwantedSince = new Map<string, number>()
  #stopping = new Set<string>()
  #kick: (() => void) | null = null
  #loops: Promise<unknown> = Promise.resolve()

  constructor(service: ServiceDocument, rollouts: readonly RolloutDocument[], ports: ActorPorts) {
    this.#service = service
    this.#ports = ports
    for (const rollout of rollouts) this.#rollouts.set(rollout.id, rollout)
  }

  /** Goes on from where the documents are. */
  start(): void {
    const { store, clock } = this.#ports
    const now = clock.now()
    for (const { value } of store.evidence(keys.evidence(this.#service.name), now - 600_000, now + 60_000))
      this.#window.add(value as EvidenceSlot)
    this.#tick()
    this.#loops = Promise.allSettled([this.#tickLoop(), this.#routeLoop(), this.#evidenceLoop()])
  }

  /** Ends the loops. With `keep` everything goes on running without a control plane; else the router and the workload are released. */
  async stop({ keep }: { readonly keep: boolean }): Promise<void> {
    this.#stop.abort(new Error('stopped'))
    this.#kick?.()
    await this.#loops
    if (keep) {
      this.#ports.workload.detach()
      return
    }
    const patience = AbortSignal.timeout(60_000)
    await this.#ports.router.release(patience)
    await Promise.all(this.#ports.workload.versions().map((version) => this.#ports.workload.stop(version, patience)))
  }

  status(): ServiceStatus {
    const rollout = this.#latest()
    const now = this.#ports.clock.now()
    const asked = Object.fromEntries(this.#wish(now).arms.map((arm) => [arm.version, arm.weightBp]))
    const { observation, trouble } = { observation: this.#observation, trouble: this.#trouble(now) }
    return describeService({
      service: this.#service,
      rollout,
      observation,
      asked,
      workload: this.#ports.workload,
      window: this.#window,
      trouble,
      now,
    })
  }

  describe(rollout: RolloutDocument): Rollout {
    return describeRollout(rollout, this.#observation?.weights ?? null)
  }

  rollouts(): readonly RolloutDocument[] {
    return [...this.#rollouts.values()]
  }

  latestRollout(): RolloutDocument | null {
    return this.#latest()
  }

  get document(): ServiceDocument {
    return this.#service
  }

  /** Takes a changed spec. The rollout under way keeps the plan it began with. */
  changeSpec(spec: Service, baseDirectory: string, asker: Asker, details: readonly string[]): void {
    this.#commit({
      service: { ...this.#service, spec, baseDirectory },
      journal: [this.#serviceEntry('service.changed', asker, { details })],
    })
  }

  /** Starts a rollout; one under way is superseded, or refused when the asker does not want that. */
  release(to: string, supersede: boolean, asker: Asker): Rollout {
    this.#requireVersion(to)
    const active = this.#active()
    if (active !== null && active.plan.canary === to)
      throw new SerinError('rollout.active', `${to} is already being released (${active.id}).`)
    if (active !== null && to === this.#service.stable)
      return this.command({ type: 'abort', by: asker.by, why: asker.why || `back to ${to}` })
    if (to === this.#service.stable)
      throw new SerinError('rollout.refused', `${to} is the stable version already; there is nothing to release.`)
    if (active !== null && !supersede)
      throw new SerinError('rollout.active', `${active.id} is under way (${active.state.phase}).`)
    const plan = planCanary(this.#service.spec.strategy, { stable: this.#service.stable, canary: to })
    return this.#begin(plan, active, asker)
  }

  /** Goes back at once to a version that was stable before. */
  undo(to: string | undefined, asker: Asker): Rollout {
    const active = this.#active()
    if (active !== null && (to === undefined || to === this.#service.stable))
      return this.command({ type: 'abort', by: asker.by, why: asker.why || 'undo' })
    const target = to ?? this.#service.history.at(-1)
    if (target === undefined)
      throw new SerinError(
        'rollout.refused',
        `No version was stable before ${this.#service.stable}; there is nothing to go back to.`,
      )
    this.#requireVersion(target)
    if (target === this.#service.stable)
      throw new SerinError('rollout.refused', `${target} is the stable version already.`)
    if (!this.#service.history.includes(target)) {
      throw new SerinError(
        'rollout.refused',
        `${target} was never stable here, so going to it at once would be untested. Release it instead. Stable before: ${this.#service.history.join(', ') || '(none)'}.`,
      )
    }
    return this.#begin(planInstant({ stable: this.#service.stable, canary: target }), active, asker)
  }

  /** Gives the latest rollout a command; throws `rollout.refused` with the reason when it does not fit. */
  command(event: RolloutEvent): Rollout {
    const rollout = this.#latest()
    if (rollout === null) throw new SerinError('rollout.not-found', `${this.#service.name} has had no rollout yet.`)
    const outcome = advance(rollout.state, event, rollout.plan, this.#ports.clock.now())
    if ('refused' in outcome) throw new SerinError('rollout.refused', `${rollout.id}: ${outcome.refused}`)
    if (event.type === 'retry' && this.#service.stable !== rollout.plan.stable) {
      throw new SerinError(
        'rollout.refused',
        `${rollout.id} started from ${rollout.plan.stable}, which is not stable any more. Release ${rollout.plan.canary} again.`,
      )
    }
    if (event.type === 'retry') {
      this.#canaryDownSince = null
      this.#ports.workload.stop(rollout.plan.canary, AbortSignal.timeout(30_000)).catch(() => undefined)
    }
    return this.describe(this.#advance(rollout, event, {}))
  }

  /** Counts observations for the attempt under way. Returns how many counted. */
  observe(observations: readonly Observation[]): number {
    const rollout = this.#active()
    if (rollout?.setup == null || rollout.analysis === null) return 0
    const name = measurementOf(rollout)
    const now = this.#ports.clock.now()
    const traced = observations.flatMap((observation) => {
      const found =
        observation.unit !== undefined
          ? traceUnit(
              { ...observation, unit: observation.unit, time: observation.time ?? now },
              this.#service.assignments,
            )
          : traceRequest({ ...observation, request: observation.request ?? '' }, (measured) =>
              measured === name ? rollout.plan.canary : null,
            )
      return found?.rollout === name ? [found.observation] : []
    })
    const watched = new Set(
      Object.entries(rollout.setup.metrics).flatMap(([key, metric]) =>
        metric.kind === 'observation' ? [metric.observation ?? key] : [],
      ),
    )
    const counted = traced.filter((observation) => watched.has(observation.metric))
    if (counted.length === 0) return 0
    const analysis = foldObservations(rollout.setup, rollout.analysis, counted)
    this.#judgeAndCommit({ ...rollout, analysis }, 0, {})
    return counted.length
  }

  // ── Facts ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #onSlot(slot: EvidenceSlot): void {
    this.#window.add(slot)
    const service = { ...this.#service, cursor: { boot: slot.boot, seq: slot.seq } }
    const evidence = [{ series: keys.evidence(service.name), at: slot.at, value: slot }]
    const rollout = this.#active()
    if (rollout?.setup == null || rollout.analysis === null || slot.rollout !== measurementOf(rollout)) {
      this.#quietly(() => this.#commit({ service, evidence }))
      return
    }
    const { state: analysis, creditMs } = foldSlot(rollout.setup, rollout.analysis, slot)
    const next = {
      ...rollout,
      analysis,
      exposedUnits: analysis.canary.units,
      exposedRequests: analysis.canary.requests,
    }
    this.#quietly(() => this.#judgeAndCommit(next, creditMs, { service, evidence }))
  }

  #judgeAndCommit(rollout: RolloutDocument, creditMs: number, extra: Partial<Changes>): void {
    const now = this.#ports.clock.now()
    const judgement = this.#judge(rollout, now)
    if (judgement === null) return this.#commit({ ...extra, rollouts: [rollout] })
    const before = rollout.judgement
    const changed = before === null || before.verdict !== judgement.verdict || before.health !== judgement.health
    const journal = changed ? [rolloutEntry(rollout, 'rollout.judged', 'serin', { judgement })] : []
    const event: RolloutEvent = {
      type: 'judged',
      attempt: rollout.state.attempt,
      verdict: judgement.verdict,
      why: judgement.sentence,
      creditMs,
    }
    this.#advance({ ...rollout, judgement }, event, { ...extra, journal })
  }

  #judge(rollout: RolloutDocument, now: number) {
    if (rollout.setup === null || rollout.analysis === null) return null
    const warmingUp = now < this.#latencyFrom(rollout)
    return judge(rollout.setup, rollout.analysis, {
      nextBp: nextWeightBp(rollout.state, rollout.plan),
      now,
      since: rollout.state.since,
      warmingUp,
    })
  }

  /** Looks at time and workload; both are levels, so looking again does no harm. */
  #tick(): void {
    const { clock, workload } = this.#ports
    const now = clock.now()
    for (const version of this.#wanted()) {
      const spec = this.#service.spec.versions[version]
      if (spec !== undefined && !this.#stopping.has(version)) workload.ensure(version, spec)
    }
    this.#stopUnwanted(now)
    this.#recoverStore(now)
    const { warm } = this.#service
    if (warm !== null && now >= warm.until)
      this.#quietly(() => this.#commit({ service: { ...this.#service, warm: null } }))
    const rollout = this.#active()
    if (rollout !== null) this.#quietly(() => this.#tickRollout(rollout, now))
    this.#kickIfRoutingChanged(now)
  }

  #tickRollout(rollout: RolloutDocument, now: number): void {
    const { canary } = rollout.plan
    const runs = this.#ports.workload.observe(canary)
    const ready = this.#endpoints(canary).length
    if (ready > 0) this.#canaryDownSince = null
    else if (rollout.state.phase !== 'preparing') this.#canaryDownSince ??= now
    if (runs.state === 'failed') {
      this.#advance(rollout, { type: 'canary-failed', why: runs.failure?.message ?? `${canary} failed.` }, {})
    } else if (this.#canaryDownSince !== null && now - this.#canaryDownSince > downMs) {
      this.#advance(
        rollout,
        { type: 'canary-failed', why: `No replica of ${canary} has been ready for ${downMs / 1_000} s.` },
        {},
      )
    } else if (rollout.state.phase === 'preparing' && runs.state === 'ready' && this.#baselineReady(rollout, now)) {
      this.#advance(this.#freeze(rollout, now), { type: 'canary-ready' }, {})
    } else {
      this.#advance(rollout, { type: 'tick' }, {})
      // Silence is judged too: nobody should read an old verdict as a live one.
      const lastSlotAt = this.#window.lastSlotAt()
      if (rollout.judgement !== null && lastSlotAt !== null && now - lastSlotAt > 3_000) {
        const judgement = this.#judge(rollout, now)
        if (judgement !== null && judgement.health !== rollout.judgement.health) {
          this.#commit({
            rollouts: [{ ...rollout, judgement }],
            journal: [rolloutEntry(rollout, 'rollout.judged', 'serin', { judgement })],
          })
        }
      }
    }
  }

  /** Stable's latency has to be known before canary's can be compared; without traffic the rollout goes on after a while and says so. */
  #baselineReady(rollout: RolloutDocument, now: number): boolean {
    const watched = Object.values(this.#service.spec.metrics).some((metric) => metric.kind === 'latency')
    if (!watched || rollout.plan.strategy === 'instant') return true
    return (
      now - rollout.state.since > baselineWaitMs ||
      histogramCount(this.#window.baseline(rollout.plan.stable, now)) >= baselineWanted
    )
  }

  /** Fixes what the evidence will be judged by, before there is any. */
  #freeze(rollout: RolloutDocument, now: number): RolloutDocument {
    if (rollout.plan.strategy === 'instant') return rollout
    const { metrics, analysis } = this.#service.spec
    const setup = {
      stable: rollout.plan.stable,
      canary: rollout.plan.canary,
      metrics,
      cuts: chooseCuts(this.#window.baseline(rollout.plan.stable, now)),
      targetsBp: targetsOf(rollout.plan),
      falseRollbackRatio: ratioOf(analysis.falseRollback),
      falsePromotionRatio: ratioOf(analysis.falsePromotion),
      minUnits: analysis.minUnits,
    }
    return { ...rollout, setup, analysis: createAnalysis(setup), judgement: null, firstTrafficAt: null }
  }

  #advance(rollout: RolloutDocument, event: RolloutEvent, extra: Partial<Changes>): RolloutDocument {
    const now = this.#ports.clock.now()
    const outcome = advance(rollout.state, event, rollout.plan, now)
    const state = 'refused' in outcome ? rollout.state : outcome.state
    const before = rollout.state
    const moved =
      state.phase !== before.phase ||
      state.attempt !== before.attempt ||
      ('step' in state && 'step' in before && state.step !== before.step)
    const known = this.#rollouts.get(rollout.id)
    if (state === before && known === rollout && Object.keys(extra).length === 0) return rollout
    let next: RolloutDocument = { ...rollout, state }
    if (moved && (state.phase === 'rolling-back' || state.phase === 'promoting')) next = { ...next, decidedAt: now }
    if (moved && isOver(state))
      next = {
        ...next,
        endedAt: now,
        lastCanaryRequestAt: this.#observation?.lastRequestAt[rollout.plan.canary] ?? null,
      }
    if (event.type === 'retry')
      next = {
        ...next,
        setup: null,
        analysis: null,
        judgement: null,
        firstTrafficAt: null,
        decidedAt: null,
        endedAt: null,
        lastCanaryRequestAt: null,
        exposedUnits: 0,
        exposedRequests: 0,
      }
    const command = 'by' in event ? [rolloutEntry(next, `rollout.${event.type}`, event.by, { why: event.why })] : []
    const transition = moved
      ? [rolloutEntry(next, 'rollout.moved', 'by' in event ? event.by : 'serin', transitionData(before, next, event))]
      : []
    const journal = [...(extra.journal ?? []), ...command, ...transition]
    const service =
      moved && state.phase === 'promoted' ? this.#promoted(extra.service ?? this.#service, next, now) : extra.service
    this.#commit({
      ...extra,
      ...(service === undefined ? {} : { service }),
      rollouts: [...(extra.rollouts ?? []), next],
      journal,
    })
    return next
  }

  #promoted(service: ServiceDocument, { plan }: RolloutDocument, now: number): ServiceDocument {
    const history = [
      ...service.history.filter((version) => version !== plan.stable && version !== plan.canary),
      plan.stable,
    ]
    return {
      ...service,
      stable: plan.canary,
      history,
      warm: { version: plan.stable, until: now + service.spec.keepWarm },
    }
  }

  #begin(plan: RolloutDocument['plan'], superseded: RolloutDocument | null, asker: Asker): Rollout {
    const now = this.#ports.clock.now()
    const number = this.#service.nextNumber
    const rollout: RolloutDocument = {
      id: `${this.#service.name}-${number}`,
      service: this.#service.name,
      number,
      plan,
      state: begin(now),
      setup: null,
      analysis: null,
      judgement: null,
      exposedUnits: 0,
      exposedRequests: 0,
      startedAt: now,
      firstTrafficAt: null,
      decidedAt: null,
      lastCanaryRequestAt: null,
      endedAt: null,
    }
    const service = { ...this.#service, nextNumber: number + 1, latest: rollout.id }
    const journal = [rolloutEntry(rollout, 'rollout.started', asker.by, { why: asker.why, plan })]
    this.#canaryDownSince = null
    if (superseded === null) this.#commit({ service, rollouts: [rollout], journal })
    else
      this.#advance(
        superseded,
        { type: 'supersede', by: asker.by, why: asker.why || `${plan.canary} takes its place` },
        { service, rollouts: [rollout], journal },
      )
    this.#tick()
    return this.describe(rollout)
  }

  // ── The world ────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #tickLoop(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      await this.#ports.clock.sleep(tickMs, signal).catch(() => undefined)
      if (!signal.aborted) this.#tick()
    }
  }

  async #evidenceLoop(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        for await (const slot of this.#ports.router.slots(this.#service.cursor, signal)) {
          if (signal.aborted) return
          const { cursor } = this.#service
          if (cursor === null || cursor.boot !== slot.boot || slot.seq > cursor.seq) this.#onSlot(slot)
        }
      } catch {
        // The router says so itself when it is asked for its routing; here it is enough to try again.
      }
      await this.#ports.clock.sleep(tickMs, signal).catch(() => undefined)
    }
  }

  async #routeLoop(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        await this.#route(signal)
        this.#routerTrouble = null
      } catch (error) {
        this.#routerTrouble = error instanceof Error ? error.message : String(error)
        this.#applied = null
      }
      if (signal.aborted) return
      if (this.#routerTrouble !== null || this.#applied?.wish === JSON.stringify(this.#wish(this.#ports.clock.now())))
        await this.#rest(signal)
    }
  }

  async #rest(signal: AbortSignal): Promise<void> {
    const woken = new AbortController()
    this.#kick = () => woken.abort()
    await this.#ports.clock
      .sleep(this.#routerTrouble === null ? routeMs : tickMs, AbortSignal.any([signal, woken.signal]))
      .catch(() => undefined)
    this.#kick = null
  }

  async #route(signal: AbortSignal): Promise<void> {
    const { router, clock } = this.#ports
    const patience = () => AbortSignal.any([signal, AbortSignal.timeout(routerTimeoutMs)])
    const wish = this.#wish(clock.now())
    const text = JSON.stringify(wish)
    if (this.#observation === null) this.#observation = await router.observe(patience())
    if (this.#applied?.wish !== text) {
      const revision = Math.max((this.#observation.revision ?? 0) + 1, (this.#applied?.revision ?? 0) + 1, clock.now())
      const table: RoutingTable = { ...wish, revision }
      const sentAt = clock.now()
      await router.apply(table, patience())
      this.#applied = { wish: text, revision }
      this.#remember(table, sentAt, clock.now())
    }
    this.#observation = await router.observe(patience())
    // Somebody else changed the router, or it lost its table: ask again.
    if (this.#observation.revision !== this.#applied.revision) this.#applied = null
    else this.#quietly(() => this.#inForce(text))
  }

  /** Tells every rollout that is not over what the router says, if nothing else has been asked since. */
  #inForce(text: string): void {
    const observation = this.#observation
    if (observation === null || text !== JSON.stringify(this.#wish(this.#ports.clock.now()))) return
    for (const rollout of this.#rollouts.values()) {
      if (isOver(rollout.state)) continue
      const weightBp = observation.weights[rollout.plan.canary] ?? 0
      const now = this.#ports.clock.now()
      const first = rollout.firstTrafficAt === null && weightBp > 0 && rollout.id === this.#service.latest
      this.#advance(first ? { ...rollout, firstTrafficAt: now } : rollout, { type: 'in-force', weightBp }, {})
    }
  }

  #remember(table: RoutingTable, sentAt: number, appliedAt: number): void {
    const canaryBp = table.arms.find((arm) => arm.version === table.canary)?.weightBp ?? 0
    const { salt, stable, canary } = table
    const assignment: Assignment = {
      sentAt,
      appliedAt,
      salt,
      rollout: table.measurement.rollout,
      stable,
      canary,
      canaryBp,
    }
    const last = this.#service.assignments.at(-1)
    if (last !== undefined && JSON.stringify({ ...last, sentAt, appliedAt }) === JSON.stringify(assignment)) return
    const service = {
      ...this.#service,
      assignments: [...this.#service.assignments, assignment].slice(-keptAssignments),
    }
    const weights = Object.fromEntries(table.arms.map((arm) => [arm.version, arm.weightBp]))
    this.#quietly(() =>
      this.#commit({
        service,
        journal: [
          this.#serviceEntry(
            'routing.applied',
            { by: 'serin', why: '' },
            { revision: table.revision, weights, rollout: assignment.rollout },
          ),
        ],
      }),
    )
  }

  #wish(now: number) {
    void now
    const rollout = this.#latest()
    return wishedRouting(this.#service, rollout, {
      endpoints: (version) => this.#endpoints(version),
      latencyFrom: rollout === null || isOver(rollout.state) ? 0 : this.#latencyFrom(rollout),
      stableOnly: this.#storeTrouble !== null,
    })
  }

  #latencyFrom(rollout: RolloutDocument): number {
    const versions = [rollout.plan.canary, rollout.plan.stable]
    const youngest = Math.max(
      0,
      ...versions.flatMap((version) =>
        this.#ports.workload.observe(version).replicas.map((replica) => replica.readySince ?? 0),
      ),
    )
    return Math.max(youngest, rollout.firstTrafficAt ?? 0) + this.#service.spec.analysis.warmUp
  }

  #endpoints(version: string): readonly string[] {
    const { replicas } = this.#ports.workload.observe(version)
    const ready = replicas.flatMap((replica) =>
      replica.state === 'ready' && replica.endpoint !== null ? [replica.endpoint] : [],
    )
    if (ready.length > 0 || version !== this.#service.stable) return ready
    // Stable has nobody ready: an unready replica may still answer, nobody surely does not.
    return replicas.flatMap((replica) =>
      replica.state === 'unready' && replica.endpoint !== null ? [replica.endpoint] : [],
    )
  }

  #kickIfRoutingChanged(now: number): void {
    if (this.#applied?.wish !== JSON.stringify(this.#wish(now))) this.#kick?.()
  }

  #wanted(): readonly string[] {
    const active = this.#active()
    const { stable, warm } = this.#service
    return [
      ...new Set([
        stable,
        ...(active === null ? [] : [active.plan.canary, active.plan.stable]),
        ...(warm === null ? [] : [warm.version]),
      ]),
    ]
  }

  /** Stops versions nobody wants any more, once their last request is answered or the drain time is over. */
  #stopUnwanted(now: number): void {
    const wanted = new Set(this.#wanted())
    for (const version of this.#ports.workload.versions()) {
      if (wanted.has(version)) {
        this.#unwantedSince.delete(version)
        continue
      }
      const since = this.#unwantedSince.get(version) ?? now
      this.#unwantedSince.set(version, since)
      const inTable = this.#observation === null || version in this.#observation.weights
      const busy = (this.#observation?.inFlight[version] ?? 0) > 0
      if (this.#stopping.has(version) || (now - since < this.#service.spec.drain && (inTable || busy))) continue
      this.#stopping.add(version)
      void this.#ports.workload
        .stop(version, AbortSignal.timeout(60_000))
        .catch(() => undefined)
        .finally(() => {
          this.#stopping.delete(version)
          this.#unwantedSince.delete(version)
        })
    }
  }

  // ── The store ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Writes first; memory follows only what is durable. */
  #commit({ service, rollouts = [], journal = [], evidence = [] }: Partial<Changes>): void {
    const documents = [
      ...(service === undefined ? [] : [{ key: keys.service(service.name), value: service }]),
      ...rollouts.map((rollout) => ({ key: keys.rollout(rollout.id), value: rollout })),
    ]
    let entries: readonly JournalEntry[]
    try {
      entries = this.#ports.store.commit({ at: this.#ports.clock.now(), documents, journal, evidence })
    } catch (error) {
      if (error instanceof SerinError && (error.code === 'store.full' || error.code === 'store.unwritable')) {
        this.#storeTrouble ??= { message: error.message, since: this.#ports.clock.now() }
        this.#kick?.()
      }
      throw error
    }
    if (service !== undefined) this.#service = service
    for (const rollout of rollouts) this.#rollouts.set(rollout.id, rollout)
    this.#ports.publish({ journal: entries, service: this.#service.name })
    if (rollouts.length > 0 || service !== undefined) this.#kickIfRoutingChanged(this.#ports.clock.now())
  }

  /** For facts, which come again: a store that cannot write is remembered as trouble, not thrown. */
  #quietly(act: () => void): void {
    try {
      act()
    } catch (error) {
      if (!(error instanceof SerinError)) throw error
    }
  }

  /** After trouble the rollout under way goes back: what happened meanwhile is not in the journal, so it cannot count as evidence. */
  #recoverStore(now: number): void {
    const trouble = this.#storeTrouble
    if (trouble === null) return
    const rollout = this.#active()
    const why = `The store could not write for ${Math.max(1, Math.round((now - trouble.since) / 1_000))} s; stable took all traffic.`
    try {
      this.#commit({
        journal: [this.#serviceEntry('store.recovered', { by: 'serin', why }, { message: trouble.message })],
      })
      if (rollout !== null) this.#advance(rollout, { type: 'canary-failed', why }, {})
      this.#storeTrouble = null
    } catch {
      // Still full: the next tick tries again.
    }
  }

  #trouble(now: number): readonly string[] {
    const troubles: string[] = []
    if (this.#storeTrouble !== null)
      troubles.push(`${this.#storeTrouble.message} Stable keeps all traffic until it can write again.`)
    if (this.#routerTrouble !== null) troubles.push(`The router does not take orders: ${this.#routerTrouble}`)
    const stable = this.#ports.workload.observe(this.#service.stable)
    if (stable.state === 'failed')
      troubles.push(`Stable ${this.#service.stable} does not run: ${stable.failure?.message ?? 'unknown reason'}`)
    else if (stable.state === 'degraded')
      troubles.push(
        `Stable ${this.#service.stable} has only ${this.#endpoints(this.#service.stable).length} of ${stable.replicas.length} replicas ready.`,
      )
    const lastSlotAt = this.#window.lastSlotAt()
    if (lastSlotAt !== null && now - lastSlotAt > 5_000)
      troubles.push(`The gateway was last heard ${Math.round((now - lastSlotAt) / 1_000)} s ago.`)
    return troubles
  }

  #latest(): RolloutDocument | null {
    return this.#service.latest === null ? null : (this.#rollouts.get(this.#service.latest) ?? null)
  }

  #active(): RolloutDocument | null {
    const latest = this.#latest()
    return latest === null || isOver(latest.state) ? null : latest
  }

  #requireVersion(version: string): void {
    const known = Object.keys(this.#service.spec.versions)
    if (known.includes(version)) return
    const near = nearest(version, known)
    throw new SerinError(
      'version.not-found',
      `${this.#service.name} has no version "${version}". Known: ${known.join(', ')}.${near === undefined ? '' : ` Did you mean ${near}?`}`,
    )
  }

  #serviceEntry(kind: string, { by, why }: Asker, data: Readonly<Record<string, unknown>>): JournalDraft {
    return { stream: `service/${this.#service.name}`, kind, actor: by, data: why === '' ? data : { ...data, why } }
  }
}

interface Changes {
  readonly service: ServiceDocument
  readonly rollouts: readonly RolloutDocument[]
  readonly journal: readonly JournalDraft[]
  readonly evidence: readonly { readonly series: string; readonly at: number; readonly value: unknown }[]
}

function rolloutEntry(
  rollout: RolloutDocument,
  kind: string,
  actor: string,
  data: Readonly<Record<string, unknown>>,
): JournalDraft {
  return { stream: `rollout/${rollout.id}`, kind, actor, data }
}

/** Every decision with its inputs: from where to where, why, and the judgement it rests on. */
function transitionData(
  before: RolloutDocument['state'],
  next: RolloutDocument,
  event: RolloutEvent,
): Readonly<Record<string, unknown>> {
  const { state } = next
  return {
    from: before.phase,
    to: state.phase,
    ...('step' in state ? { step: state.step, weightBp: next.plan.steps[state.step]?.weightBp ?? 0 } : {}),
    ...('reason' in state ? { reason: state.reason } : {}),
    why: 'why' in state ? state.why : 'why' in event ? event.why : '',
    event: event.type,
    ...(event.type === 'judged' ? { judgement: next.judgement } : {}),
  }
}

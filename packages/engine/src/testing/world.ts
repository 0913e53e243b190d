/** A small world for the engine's tests: memory drivers that outlive the engine, scripted traffic, a clock that stands still. */
import type { MirrorSlot, RoutingTable } from '@serin/core'
import { openMemoryRouter, type MemoryRouter } from '@serin/drivers/router/memory'
import { openMemoryStore } from '@serin/drivers/store/memory'
import { openMemoryWorkload, type MemoryWorkload } from '@serin/drivers/workload/memory'
import type {
  Commit,
  EvidenceSource,
  GateAnswer,
  GateContext,
  JournalEntry,
  OutsideGate,
  StepNews,
  Store,
  TrafficRouter,
  WorkloadRunner,
} from '@serin/kit'
import type { Rollout, ServiceStatus } from '@serin/spec'
import { Engine } from '../engine.ts'
import { slotOf } from './slots.ts'
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts'

/** Who asks in tests. */
export const asker = { by: 'tester', why: '' } as const

/** A release file with a service `shop`; `more` replaces fields of the service, written as YAML. */
export function fileOf(more: Readonly<Record<string, string>> = {}, services: readonly string[] = ['shop']): string {
  const fields = {
    listen: '0',
    workload: '{ kind: process, command: [serve] }',
    versions: '{ v1: {}, v2: {}, v3: {} }',
    stable: 'v1',
    strategy: '{ kind: canary, steps: [{ weight: 10%, hold: 3s }, { weight: 50%, hold: 3s }] }',
    metrics: '{ errors: { kind: errors } }',
    analysis: '{ warmUp: 0s, minUnits: 10 }',
    keepWarm: '60s',
    drain: '5s',
    ...more,
  }
  const body = Object.entries(fields).map(([key, value]) => `    ${key}: ${value}\n`)
  return `serin: v1\nservices:\n${services.map((name) => `  ${name}:\n${body.join('')}`).join('')}`
}

/** What a version does to its traffic. */
export interface Traffic {
  /** Of the whole service. */
  perSecond: number
  /** Share of the requests of a version that fail; none if absent. */
  readonly errorRatio: Record<string, number>
  /** Part of the copied requests that canary answers otherwise; none if absent. */
  differentRatio?: number
}

/** Ways in which the drivers of a service misbehave. */
export interface Faults {
  /** Its workload cannot be opened. */
  workload?: Error | undefined
  /** Its runner finds what runs only after a while. */
  findAfterMs?: number
  /** Its router cannot be opened. */
  open?: Error | undefined
  /** Opening it takes a while. */
  openAfterMs?: number
  /** The router takes this long to say what it does. */
  observeAfterMs?: number
  /** A table takes this long on its way to the router. */
  applyAfterMs?: number
  /** The engine dies when the router has taken the next table. */
  diesAtApply?: boolean
  /** The router says no to every table. */
  refuse?: Error | undefined
  /** The router says yes to every table and does nothing. */
  deaf?: boolean
}

/** One service of the world: what goes on when the engine is gone. */
export interface Place {
  readonly router: MemoryRouter
  readonly workload: MemoryWorkload
  readonly faults: Faults
  /** How often the router was opened and released, and how many tables it was asked to take. */
  opened: number
  released: number
  asked: number
}

/** What the engine is given, and what happens to it. */
export class World {
  readonly clock: VirtualClock = createVirtualClock(1_700_000_000_000)
  readonly kept: Store = openMemoryStore()
  readonly traffic: Traffic = { perSecond: 2_000, errorRatio: {} }
  /** What the store says to every commit, if anything. */
  storeFault: Error | undefined
  /** Every commit that was written, in order. */
  readonly commits: Commit[] = []
  /** Every table in force, in order. */
  readonly tables: RoutingTable[] = []
  readonly defects: unknown[] = []
  /** What gates say, by name; others wait. */
  readonly says: Record<string, GateAnswer> = {}
  readonly asked: { readonly gate: OutsideGate; readonly context: GateContext }[] = []
  readonly told: StepNews[] = []
  /** Replicas every runner of a service was opened for. */
  readonly runnersOpened = new Map<string, readonly number[]>()
  /** The engine dies right after this many more commits. */
  diesAfter = Infinity
  readonly #places = new Map<string, Place>()
  #engine: Engine | null = null
  #life = { alive: true }
  #boot = 1
  #seq = 0
  #owed: Record<string, number> = {}

  get engine(): Engine {
    if (this.#engine === null) throw new Error('the engine is not there')
    return this.#engine
  }

  /** Whether the engine has died. */
  get dead(): boolean {
    return !this.#life.alive
  }

  place(service = 'shop'): Place {
    const clock = this.clock
    const known = this.#places.get(service)
    if (known !== undefined) return known
    const place: Place = {
      router: openMemoryRouter({ now: () => clock.now() }),
      workload: openMemoryWorkload({ clock }),
      faults: {},
      opened: 0,
      released: 0,
      asked: 0,
    }
    this.#places.set(service, place)
    return place
  }

  /** Starts an engine over what there is. */
  async start(): Promise<Engine> {
    const engine = this.create()
    await engine.start()
    await this.clock.settle()
    return engine
  }

  /** Makes an engine that has not started. */
  create(): Engine {
    const life = { alive: true }
    this.#life = life
    this.#engine = new Engine({
      store: this.#store(life),
      clock: {
        now: () => this.clock.now(),
        // Nobody wakes up in a process that is gone.
        sleep: (ms, signal) => (life.alive ? this.clock.sleep(ms, signal) : new Promise(() => undefined)),
      },
      openRouter: (context) => this.#openRouter(context.service, life),
      openWorkload: ({ service, spec }) => {
        const replicas = spec.workload.kind === 'process' ? spec.workload.replicas : 1
        this.runnersOpened.set(service, [...(this.runnersOpened.get(service) ?? []), replicas])
        const { workload, faults } = this.place(service)
        if (faults.workload !== undefined) throw faults.workload
        const found = this.clock.now() + (faults.findAfterMs ?? 0)
        const blind = (version: string) => ({ version, replicas: [], state: 'starting', failure: null }) as const
        return mortal<WorkloadRunner>(life, {
          ...workload,
          observe: (version) => (this.clock.now() < found ? blind(version) : workload.observe(version)),
        })
      },
      gates: {
        ask: async (gate, context) => {
          this.asked.push({ gate, context })
          return this.says[gate.name ?? gate.kind] ?? { outcome: 'waiting', why: 'Nobody has said anything.' }
        },
        tell: async (notice, news) => {
          if (notice.url === 'http://nowhere/') throw new Error('nowhere is not there')
          this.told.push(news)
        },
      },
      stateDirectory: (service) => `/nowhere/${service}`,
      onDefect: (error) => this.defects.push(error),
    })
    return this.#engine
  }

  /** The engine ends as by SIGKILL: nothing of it reaches the world any more. */
  kill(): void {
    this.#life.alive = false
    this.#engine = null
  }

  /** Ends the engine at the end of a test. */
  async [Symbol.asyncDispose](): Promise<void> {
    const engine = this.#engine
    if (engine === null || !this.#life.alive) return
    this.storeFault = undefined
    for (const { faults, router } of this.#places.values()) {
      Object.assign(faults, { open: undefined, refuse: undefined, deaf: false })
      router.failure = undefined
    }
    const ending = { done: false }
    const stopping = engine.stop({ keep: true }).finally(() => (ending.done = true))
    while (!ending.done) await this.clock.pass(100)
    await stopping
  }

  /** Lets time pass, second by second with its traffic. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1_000) {
      await this.clock.pass(Math.min(left, 1_000))
      if (left >= 1_000) this.emit()
      await this.clock.settle()
    }
  }

  /** Lets time pass until something is so; fails when it is not within ten minutes of the world's time. */
  async until(what: string, so: () => boolean, stepMs = 1_000): Promise<void> {
    for (let turn = 0; turn < 600; turn += 1) {
      if (so()) return
      await this.pass(stepMs)
    }
    throw new Error(`not so after ten minutes: ${what}; ${JSON.stringify(this.#engine?.services().map(brief))}`)
  }

  /** One second of traffic, as the gateways would report it. */
  emit(): void {
    for (const { router } of this.#places.values()) {
      const { table } = router
      if (table === null || router.failure !== undefined) continue
      const counts = Object.fromEntries(table.arms.map((arm) => [arm.version, this.#count(arm.version, arm.weightBp)]))
      this.#seq += 1
      const mirror = this.#copies(table)
      router.emit({
        ...mirror,
        ...slotOf(table, counts, { boot: `boot-${this.#boot}`, seq: this.#seq, at: this.clock.now() }),
      })
    }
  }

  /** The gateways are other processes from now on. */
  newBoot(): void {
    this.#boot += 1
    this.#seq = 0
  }

  status(service = 'shop'): ServiceStatus {
    return this.engine.service(service)
  }

  rollout(idOrService = 'shop'): Rollout {
    return this.engine.rollout(idOrService)
  }

  /** Share in force of a version, by the router itself, in basis points. */
  weight(version: string, service = 'shop'): number {
    return this.place(service).router.table?.arms.find((arm) => arm.version === version)?.weightBp ?? 0
  }

  journal(kind?: string): readonly JournalEntry[] {
    return this.kept.journal({}).filter((entry) => kind === undefined || entry.kind === kind)
  }

  /** The phases and steps a rollout went through, as its journal says: `watching 0`. */
  moves(rollout = 'shop-1'): readonly string[] {
    return this.journal('rollout.moved')
      .filter((entry) => entry.stream === `rollout/${rollout}`)
      .map(({ data: { to, step } }) => `${String(to)}${typeof step === 'number' ? ` ${step}` : ''}`)
  }

  #count(version: string, weightBp: number) {
    const requests = Math.round((this.traffic.perSecond * weightBp) / 10_000)
    const owed = (this.#owed[version] ?? 0) + requests * (this.traffic.errorRatio[version] ?? 0)
    const errors = Math.min(requests, Math.floor(owed))
    this.#owed = { ...this.#owed, [version]: owed - errors }
    return { requests, errors }
  }

  #copies({ mirror, stable, arms }: RoutingTable): { readonly mirror?: MirrorSlot } {
    if (mirror === undefined) return {}
    const stableBp = arms.find(({ version }) => version === stable)?.weightBp ?? 0
    const compared = Math.round((this.traffic.perSecond * stableBp * mirror.shareBp) / 100_000_000)
    const different = Math.round(compared * (this.traffic.differentRatio ?? 0))
    const none = { dropped: 0, onlyCanaryFailed: 0, onlyStableFailed: 0, canaryLatency: [], stableLatency: [] }
    return {
      mirror: { ...none, sent: compared, compared, different, differentStatus: 0, differentBody: different },
    }
  }

  async #openRouter(service: string, life: Life): Promise<TrafficRouter & EvidenceSource> {
    const place = this.place(service)
    place.opened += 1
    if (place.faults.openAfterMs !== undefined) await this.clock.sleep(place.faults.openAfterMs)
    if (place.faults.open !== undefined) throw place.faults.open
    const { router, faults } = place
    return mortal<TrafficRouter & EvidenceSource>(life, {
      capabilities: router.capabilities,
      observe: async (signal) => {
        if (faults.observeAfterMs !== undefined) await this.clock.sleep(faults.observeAfterMs, signal)
        return await router.observe(signal)
      },
      apply: async (table, signal) => {
        place.asked += 1
        if (faults.refuse !== undefined) throw faults.refuse
        if (faults.deaf === true) return
        if (faults.applyAfterMs !== undefined) await this.clock.sleep(faults.applyAfterMs)
        await router.apply(table, signal)
        if (router.table === table) this.tables.push(table)
        if (faults.diesAtApply === true) {
          faults.diesAtApply = false
          life.alive = false
          throw new Death()
        }
      },
      release: async (signal) => {
        place.released += 1
        await router.release(signal)
      },
      slots: (after, signal) => router.slots(after, signal),
    })
  }

  #store(life: Life): Store {
    const store = mortal(life, this.kept)
    return {
      epoch: store.epoch,
      isHeld: () => store.isHeld(),
      commit: (commit) => {
        if (!life.alive) throw new Death()
        if (this.storeFault !== undefined) throw this.storeFault
        const entries = store.commit(commit)
        this.commits.push(commit)
        this.diesAfter -= 1
        if (this.diesAfter <= 0) {
          this.diesAfter = Infinity
          life.alive = false
          throw new Death()
        }
        return entries
      },
      get: (key) => store.get(key),
      list: (prefix) => store.list(prefix),
      journal: (query) => store.journal(query),
      evidence: (series, from, to) => store.evidence(series, from, to),
      expire: (before) => store.expire(before),
      verify: () => store.verify(),
      close: () => store.close(),
    }
  }
}

interface Life {
  alive: boolean
}

/** What is thrown into an engine whose process is gone. */
class Death extends Error {
  constructor() {
    super('the engine was killed')
    this.name = 'Death'
  }
}

/** A port that does nothing for a process that is gone. */
function mortal<Port extends Store | WorkloadRunner | (TrafficRouter & EvidenceSource)>(life: Life, port: Port): Port {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...given: unknown[]): unknown => {
        if (!life.alive) throw new Death()
        return Reflect.apply(value, target, given)
      }
    },
  })
}

function brief({ name, stable, rollout, trouble }: ServiceStatus): unknown {
  return { name, stable, phase: rollout?.phase, sentence: rollout?.sentence, trouble }
}

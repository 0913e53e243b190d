import type { EvidenceSlot, RoutingTable } from '@serin/core'
import { openMemoryRouter, type MemoryRouter } from '@serin/drivers/router/memory'
import { Recorder, type Clocks, type Ticket } from '@serin/gateway'
import type { EvidenceSource, TrafficRouter } from '@serin/kit'
import { SerinError, type Observation } from '@serin/spec'
import type { Fleet } from './fleet.ts'
import { createHeap } from './heap.ts'
import { seeded, type Chance } from './seeded.ts'
import { answer, createSenders, driftAt, isBusy, type Behaviour, type Senders, type Surroundings } from './traffic.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** Ways in which a router can misbehave; all can be changed while it runs. */
export interface RouterFaults {
  /** `down`: refuses everything. `hanging`: never answers. `lossy`: does what it is told, but the answer is lost. `deaf`: says yes and does nothing. */
  mode: 'well' | 'down' | 'hanging' | 'lossy' | 'deaf'
  /** `silent`: slots are lost. `late`: slots are kept back. */
  evidence: 'well' | 'silent' | 'late'
}

/** What a data plane is made of. */
export interface DataPlaneOptions {
  readonly seed: number
  readonly clock: VirtualClock
  readonly fleet: Fleet
  readonly surroundings: Surroundings
  readonly behaviours: Readonly<Record<string, Behaviour>>
  /** True labels that have become known. */
  readonly label: (observations: readonly Observation[]) => void
}

interface Ending {
  readonly atMs: number
  readonly ticket: Ticket
  readonly version: string
  /** Of the replica, or null when nobody listened. */
  readonly endpoint: string | null
  readonly failed: boolean
}

const slotMs = 1_000

/**
 * A modelled world behind a memory router: requests arrive, are decided by the routing table in force, end some time later, and are counted by the gateway's
 * own recorder. Time within the second is exact: a request is decided by the table of its own moment.
 */
export class DataPlane {
  readonly faults: RouterFaults = { mode: 'well', evidence: 'well' }
  /** Every slot as it was counted, whether or not anybody was told. */
  readonly onSlot = new Set<(slot: EvidenceSlot) => void>()
  readonly onTable = new Set<(table: RoutingTable, before: RoutingTable | null) => void>()
  readonly #options: DataPlaneOptions
  readonly #memory: MemoryRouter
  readonly #clocks: Clocks
  #recorder: Recorder
  #boots = 0
  readonly #arrivals: Chance
  readonly #answers: Chance
  readonly #network: Chance
  readonly #senders: Senders
  readonly #behaviours: Map<string, Behaviour>
  readonly #endings = createHeap<Ending>((a, b) => a.atMs < b.atMs)
  readonly #labels: { readonly dueMs: number; readonly observation: Observation }[] = []
  readonly #late: EvidenceSlot[] = []
  readonly #slow = new Map<string, number>()
  #eventMs: number
  #nextArrivalMs: number

  constructor(options: DataPlaneOptions) {
    const { clock, seed, surroundings } = options
    this.#options = options
    this.#behaviours = new Map(Object.entries(options.behaviours))
    this.#eventMs = clock.steadyMs()
    const epochMs = () => Math.floor(this.#eventMs - clock.steadyMs()) + clock.now()
    this.#memory = openMemoryRouter({ now: epochMs })
    this.#clocks = { epochMs, steadyMs: () => this.#eventMs }
    this.#recorder = this.#boot()
    this.#arrivals = seeded(seed, 'arrivals')
    this.#answers = seeded(seed, 'answers')
    this.#network = seeded(seed, 'network')
    this.#senders = createSenders(surroundings.population, seeded(seed, 'senders'))
    this.#nextArrivalMs = this.#afterArrival(this.#eventMs)
  }

  /** What the router does now. */
  get table(): RoutingTable | null {
    return this.#memory.table
  }

  /** Cuts a slot every second, until the signal aborts. It is a process of its own: it goes on when the control plane is gone. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    while (!signal.aborted) {
      await clock.sleep(slotMs, signal).catch(() => undefined)
      if (signal.aborted) return
      this.advance()
      this.#emit(this.#recorder.cut())
      this.#deliverLabels()
    }
  }

  /** The gateway is killed and starts again: it finds its table on disk, and knows no unit; requests under way are cut off. */
  restart(): void {
    this.advance()
    for (let cut = this.#endings.pop(); cut !== undefined; cut = this.#endings.pop()) this.#memory.finish(cut.version)
    this.#memory.inFlightByEndpoint.clear()
    this.#recorder = this.#boot()
    if (this.table !== null) this.#recorder.change(this.table)
  }

  /** Lets the traffic happen up to now. */
  advance(): void {
    const { clock } = this.#options
    const until = clock.steadyMs()
    for (;;) {
      const ending = this.#endings.top
      const endsMs = ending?.atMs ?? Infinity
      const nextMs = Math.min(endsMs, this.#nextArrivalMs)
      if (nextMs > until) break
      this.#eventMs = nextMs
      if (ending !== undefined && endsMs <= this.#nextArrivalMs) this.#end(this.#endings.pop())
      else this.#arrive()
    }
    this.#eventMs = until
  }

  /** The router as one control plane sees it; it dies with that control plane. */
  port(): TrafficRouter & EvidenceSource {
    const memory = this.#memory
    return {
      capabilities: memory.capabilities,
      observe: async (signal) => {
        await this.#travel(signal)
        return memory.observe(signal)
      },
      apply: async (table, signal) => {
        await this.#travel(signal)
        if (this.faults.mode !== 'deaf') await this.#apply(table, signal)
        if (this.faults.mode === 'lossy')
          throw new SerinError('gateway.unreachable', 'The answer of the router was lost.')
      },
      release: (signal) => memory.release(signal),
      slots: (after, signal) => memory.slots(after, signal),
    }
  }

  /** From now on a version answers like this. */
  behave(version: string, behaviour: Behaviour): void {
    this.advance()
    this.#behaviours.set(version, behaviour)
  }

  /** Changes how the router behaves; a router that is down ends its streams. */
  break(faults: Partial<RouterFaults>): void {
    Object.assign(this.faults, faults)
    const down = this.faults.mode === 'down' || this.faults.mode === 'hanging'
    this.#memory.failure = down ? new SerinError('gateway.unreachable', 'The router does not answer.') : undefined
    if (this.faults.evidence === 'well') for (const slot of this.#late.splice(0)) this.#memory.emit(slot)
  }

  #boot(): Recorder {
    this.#boots += 1
    return new Recorder({ boot: `sim-${this.#options.seed}-${this.#boots}`, clocks: this.#clocks })
  }

  async #travel(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    await clock.sleep(this.#network.between(1, 20), signal)
    if (this.faults.mode === 'down') throw new SerinError('gateway.unreachable', 'The router does not answer.')
    if (this.faults.mode === 'hanging')
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
  }

  async #apply(table: RoutingTable, signal: AbortSignal): Promise<void> {
    this.advance()
    const before = this.#memory.table
    await this.#memory.apply(table, signal)
    if (this.#memory.table !== table) return
    this.#emit(this.#recorder.change(table))
    for (const listener of this.onTable) listener(table, before)
  }

  #emit(slot: EvidenceSlot | null): void {
    if (slot === null) return
    for (const listener of this.onSlot) listener(slot)
    if (this.faults.evidence === 'well') this.#memory.emit(slot)
    else if (this.faults.evidence === 'late') this.#late.push(slot)
  }

  #arrive(): void {
    const { surroundings, fleet } = this.#options
    const { labels } = surroundings
    const atMs = this.#eventMs
    this.#nextArrivalMs = this.#afterArrival(atMs)
    if (!isBusy(surroundings, atMs)) return
    const user = this.#senders.next()
    const request = user === null ? {} : { headers: { 'x-user': user.id } }
    const decision = this.#memory.take(request, () => String(this.#arrivals.below(2 ** 30)))
    if (decision === null) return
    const { version } = decision
    const behaviour = this.#behaviours.get(version)
    const serving = fleet.serving(version)
    const replica = serving[serving.length > 1 ? this.#answers.below(serving.length) : 0]
    const ticket = this.#recorder.start(decision)
    if (behaviour === undefined || replica === undefined) {
      // Nothing listens there any more: the connection is refused.
      this.#endings.push({ atMs: atMs + 1, ticket, version, endpoint: null, failed: true })
      return
    }
    const level = driftAt(surroundings, atMs)
    const { failed, tookMs } = answer(
      behaviour,
      user,
      { level, replica: { ageMs: replica.ageMs, slowness: this.#slowness(replica.id, behaviour) } },
      this.#answers,
    )
    this.#endings.push({ atMs: atMs + tookMs, ticket, version, endpoint: replica.endpoint, failed })
    this.#count(replica.endpoint, 1)
    if (labels === null || user === null || behaviour.wrongRatio === null || !this.#answers.happens(labels.ratio))
      return
    const value = this.#answers.happens(behaviour.wrongRatio * level) ? 1 : 0
    const time = ticket.startedAt
    const dueMs = atMs + tookMs + this.#answers.exponential(1 / labels.meanDelayMs)
    this.#labels.push({ dueMs, observation: { metric: 'wrong', value, unit: user.id, time } })
  }

  /** Luck of a replica: drawn once, and kept. */
  #slowness(id: string, { replicaSigma }: Behaviour): number {
    if (replicaSigma === 0) return 1
    const known = this.#slow.get(id)
    if (known !== undefined) return known
    const drawn = seeded(this.#options.seed, `replica ${id}`).lognormal(1, replicaSigma)
    this.#slow.set(id, drawn)
    return drawn
  }

  #end(ending: Ending | undefined): void {
    if (ending === undefined) return
    const { ticket, version, endpoint, failed } = ending
    if (endpoint !== null) this.#count(endpoint, -1)
    if (failed) this.#recorder.answered(ticket, 500, false)
    else this.#recorder.answered(ticket, 200, true)
    this.#recorder.left(ticket)
    this.#memory.finish(version)
  }

  #count(endpoint: string, more: 1 | -1): void {
    const { inFlightByEndpoint } = this.#memory
    inFlightByEndpoint.set(endpoint, (inFlightByEndpoint.get(endpoint) ?? 0) + more)
  }

  #deliverLabels(): void {
    const { clock, label } = this.#options
    const now = clock.steadyMs()
    const due = this.#labels.filter(({ dueMs }) => dueMs <= now)
    if (due.length === 0) return
    const rest = this.#labels.filter(({ dueMs }) => dueMs > now)
    this.#labels.splice(0, this.#labels.length, ...rest)
    label(due.map(({ observation }) => observation))
  }

  #afterArrival(atMs: number): number {
    const { surroundings } = this.#options
    const perMs = (surroundings.requestsPerSecond * driftAt(surroundings, atMs)) / 1_000
    return perMs > 0 ? atMs + this.#arrivals.exponential(perMs) : Infinity
  }
}

import { endpointsOf, type EvidenceSlot, type RoutingTable } from '@serin/core'
import { openMemoryRouter, type MemoryRouter } from '@serin/drivers/router/memory'
import { Recorder, type Clocks, type Ticket } from '@serin/gateway'
import type { EvidenceSource, RoutingObservation, TrafficRouter } from '@serin/kit'
import { SerinError, type Observation } from '@serin/spec'
import type { Fleet, Serving } from './fleet.ts'
import { createHeap } from './heap.ts'
import { Rooms } from './rooms.ts'
import { seeded, type Chance } from './seeded.ts'
import {
  answer,
  createSenders,
  driftAt,
  isBusy,
  type Behaviour,
  type Senders,
  type Surroundings,
  type User,
} from './traffic.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** Ways in which a router can misbehave; all can be changed while it runs. */
export interface RouterFaults {
  /**
   * `down`: refuses everything. `hanging`: never answers. `lossy`: does what it is told, but the answer is lost. `deaf`: says yes and does nothing. `lying`: the
   * same, and says that it did. `partial`: takes the table with the shares of the one before.
   */
  mode: 'well' | 'down' | 'hanging' | 'lossy' | 'deaf' | 'lying' | 'partial'
  /** `silent`: slots are lost. `late`: slots are kept back. `doubled`: each comes twice. `shuffled`: each comes after the next. */
  evidence: 'well' | 'silent' | 'late' | 'doubled' | 'shuffled'
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

/** A request and its copy, once both are answered. */
type Pair = Parameters<Recorder['mirror']['compared']>[0] & { readonly atMs: number }

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
  /** Hears of a request that found no replica with room. */
  readonly onTurnedAway = new Set<(version: string) => void>()
  readonly #options: DataPlaneOptions
  readonly #memory: MemoryRouter
  readonly #clocks: Clocks
  #recorder: Recorder
  #boots = 0
  readonly #arrivals: Chance
  readonly #answers: Chance
  readonly #network: Chance
  readonly #copies: Chance
  readonly #senders: Senders
  readonly #behaviours: Map<string, Behaviour>
  readonly #endings = createHeap<Ending>((a, b) => a.atMs < b.atMs)
  readonly #labels: { readonly dueMs: number; readonly observation: Observation }[] = []
  readonly #late: EvidenceSlot[] = []
  readonly #slow = new Map<string, number>()
  readonly #pairs = createHeap<Pair>((a, b) => a.atMs < b.atMs)
  readonly #rooms: Rooms
  /** The table a lying router says it has. */
  #claimed: RoutingTable | null = null
  #eventMs: number
  #nextArrivalMs: number
  #open = false

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
    this.#rooms = new Rooms(surroundings.capacityPerSecond ?? Infinity)
    this.#copies = seeded(seed, 'copies')
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
    while (this.#pairs.pop() !== undefined);
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
      const comparedMs = this.#pairs.top?.atMs ?? Infinity
      const nextMs = Math.min(endsMs, comparedMs, this.#nextArrivalMs)
      if (nextMs > until) break
      this.#eventMs = nextMs
      const pair = comparedMs === nextMs ? this.#pairs.pop() : undefined
      if (pair !== undefined) this.#recorder.mirror.compared(pair)
      else if (ending !== undefined && endsMs <= this.#nextArrivalMs) this.#end(this.#endings.pop())
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
        const seen = await memory.observe(signal)
        return this.#claimed === null ? seen : { ...seen, ...claimOf(this.#claimed) }
      },
      apply: async (table, signal) => {
        await this.#travel(signal)
        const { mode } = this.faults
        if (mode === 'lying') this.#claimed = table
        else if (mode !== 'deaf') await this.#apply(mode === 'partial' ? this.#half(table) : table, signal)
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
    if (this.faults.mode !== 'lying') this.#claimed = null
    const down = this.faults.mode === 'down' || this.faults.mode === 'hanging'
    this.#memory.failure = down ? new SerinError('gateway.unreachable', 'The router does not answer.') : undefined
    if (this.faults.evidence !== 'late' && this.faults.evidence !== 'shuffled')
      for (const slot of this.#late.splice(0)) this.#memory.emit(slot)
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
    const { evidence } = this.faults
    if (evidence === 'late') this.#late.push(slot)
    else if (evidence === 'shuffled') {
      this.#memory.emit(slot)
      for (const before of this.#late.splice(0)) this.#memory.emit(before)
      this.#late.push(slot)
    } else if (evidence !== 'silent') {
      this.#memory.emit(slot)
      if (evidence === 'doubled') this.#memory.emit(slot)
    }
  }

  /** The table with the shares of the one in force, where both have the same versions. */
  #half(table: RoutingTable): RoutingTable {
    const before = this.table?.arms ?? []
    const shares = table.arms.map(({ version }) => before.find((arm) => arm.version === version)?.weightBp)
    if (shares.length !== before.length || shares.includes(undefined)) return table
    return { ...table, arms: table.arms.map((arm, i) => ({ ...arm, weightBp: shares[i] ?? arm.weightBp })) }
  }

  #arrive(): void {
    const { surroundings } = this.#options
    const { labels } = surroundings
    const atMs = this.#eventMs
    this.#nextArrivalMs = this.#afterArrival(atMs)
    if (!isBusy(surroundings, atMs) || !this.#isOpen()) return
    const user = this.#senders.next()
    const request = user === null ? {} : { headers: { 'x-user': user.id } }
    const decision = this.#memory.take(request, () => String(this.#arrivals.below(2 ** 30)))
    if (decision === null) return
    const { version } = decision
    const ticket = this.#recorder.start(decision)
    const answered = this.#ask(version, user, this.#answers)
    this.#endings.push({ ...answered, ticket, version })
    if (answered.endpoint !== null) this.#count(answered.endpoint, 1)
    this.#copy(version, user, answered)
    const behaviour = this.#behaviours.get(version)
    if (behaviour === undefined || answered.endpoint === null || labels === null || user === null) return
    if (behaviour.wrongRatio === null || !this.#answers.happens(labels.ratio)) return
    const value = this.#answers.happens(behaviour.wrongRatio * driftAt(surroundings, atMs)) ? 1 : 0
    const time = ticket.startedAt
    const dueMs = answered.atMs + this.#answers.exponential(1 / labels.meanDelayMs)
    this.#labels.push({ dueMs, observation: { metric: 'wrong', value, unit: user.id, time } })
  }

  /** Clients come once somebody answers; from then on they do not stay away. */
  #isOpen(): boolean {
    const { table } = this
    this.#open ||= table !== null && this.#options.fleet.serving(table.stable).length > 0
    return this.#open
  }

  /** What becomes of a request that is sent to a version now: only replicas of the table are asked. */
  #ask(version: string, user: User | null, chance: Chance): Pick<Ending, 'atMs' | 'endpoint' | 'failed'> {
    const atMs = this.#eventMs
    const behaviour = this.#behaviours.get(version)
    const replica = this.#replicaFor(version, chance)
    // Nothing listens there any more, or nobody has room: the connection is refused.
    if (behaviour === undefined || replica === null) return { atMs: atMs + 1, endpoint: null, failed: true }
    const luck = { ageMs: replica.ageMs, slowness: this.#slowness(replica.id, behaviour) }
    const level = driftAt(this.#options.surroundings, atMs)
    const { failed, tookMs } = answer(behaviour, user, { level, replica: luck }, chance)
    return { atMs: atMs + tookMs, endpoint: replica.endpoint, failed }
  }

  /** Sends the copy of a request to stable, if the table asks for one, and compares the answers when both are there. */
  #copy(version: string, user: User | null, { atMs, failed }: Pick<Ending, 'atMs' | 'failed'>): void {
    const { table } = this
    if (table?.mirror === undefined || version !== table.stable) return
    if (this.#copies.below(10_000) >= table.mirror.shareBp) return
    this.#recorder.mirror.sent()
    const sentMs = this.#eventMs
    const copy = this.#ask(table.mirror.version, user, this.#copies)
    const ratio = this.#behaviours.get(table.mirror.version)?.differentRatio ?? 0
    const otherBody = this.#copies.happens(ratio)
    const latencyMs = failed || copy.failed ? null : { canary: copy.atMs - sentMs, stable: atMs - sentMs }
    const difference = failed === copy.failed ? (otherBody ? 'body' : 'none') : 'status'
    this.#pairs.push({
      atMs: Math.max(atMs, copy.atMs),
      difference,
      canaryFailed: copy.failed,
      stableFailed: failed,
      latencyMs,
    })
  }

  /** A replica of the table that answers and has room: any, by chance. */
  #replicaFor(version: string, chance: Chance): Serving | null {
    const { table } = this
    const serving = this.#options.fleet.serving(version)
    const known = table === null ? [] : endpointsFor(table, version)
    const first = serving.length > 1 ? chance.below(serving.length) : 0
    let full = false
    for (let i = 0; i < serving.length; i += 1) {
      const replica = serving[(first + i) % serving.length]
      if (replica === undefined || !known.includes(replica.endpoint)) continue
      if (this.#rooms.takes(replica.id, this.#eventMs)) return replica
      full = true
    }
    if (full) for (const listener of this.onTurnedAway) listener(version)
    return null
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

/** The addresses of a version in a table, also those that get only copies. */
function endpointsFor({ arms, mirror }: RoutingTable, version: string): readonly string[] {
  const arm = arms.find((one) => one.version === version)
  return arm?.endpoints ?? (mirror?.version === version ? mirror.endpoints : [])
}

/** What a router says that claims to have a table. */
function claimOf(table: RoutingTable): Pick<RoutingObservation, 'revision' | 'weights' | 'endpoints'> {
  const weights = Object.fromEntries(table.arms.map(({ version, weightBp }) => [version, weightBp]))
  return { revision: table.revision, weights, endpoints: endpointsOf(table) }
}

import { askedWeightBp, isOver, type RoutingTable } from '@serin/core'
import type { Clock, RoutingObservation, TrafficRouter } from '@serin/kit'
import { copiesOf } from '@serin/spec'
import type { Assignment, RolloutDocument } from '../documents.ts'
import { withPatience } from '../patience.ts'
import { wishedRouting, type RoutingWish } from '../routing.ts'
import { serviceEntry } from './changes.ts'
import type { ServiceRecord } from './record.ts'
import type { Replicas } from './replicas.ts'

const lookMs = 1_000
const routerTimeoutMs = 5_000
/** Rest after trouble, doubled each time. */
const shortRestMs = 250
const longRestMs = 2_000
/** How long a start waits for replicas that run to be found, before a table is sent without them. */
const findMs = 5_000
const keptAssignments = 2_000

/** What routes work with. */
export interface RoutesPorts {
  readonly router: TrafficRouter
  readonly clock: Clock
  readonly record: ServiceRecord
  readonly replicas: Replicas
  /** Latency of replicas is not scored before this time. */
  readonly latencyFrom: (rollout: RolloutDocument) => number
  /** Acts on facts; what goes wrong there is not the router's trouble. */
  readonly guarded: (act: () => void) => void
}

/** What the router was asked to do, and what it was found doing. */
export interface Drift {
  readonly asked: Pick<RoutingObservation, 'revision' | 'weights'>
  readonly seen: Pick<RoutingObservation, 'revision' | 'weights'>
}

/** What the router has taken of a wish. */
interface Applied {
  readonly wish: string
  readonly revision: number
  readonly weights: Weights
}

/** Keeps the router's table as the documents ask for it: sends it, reads it back, and sends it again when it is not so, or leaves that as the service wants it. */
export class Routes {
  readonly #ports: RoutesPorts
  readonly #startedAt: number
  #observation: RoutingObservation | null = null
  #address: string | null = null
  /** The wish of the last round, and what the router has taken of it. */
  #tried: string | null = null
  #applied: Applied | null = null
  /** The same, also while the router does not answer. */
  #sent: Applied | null = null
  #drift: Drift | null = null
  /** Grows with every table, whatever the router says meanwhile. */
  #revision = 0
  #trouble: string | null = null
  /** What the router had counted as cut off when it was last seen; null before the first look. */
  #cutOff: Readonly<Record<string, number>> | null = null
  #failures = 0
  #wake: (() => void) | null = null

  constructor(ports: RoutesPorts) {
    this.#ports = ports
    this.#startedAt = ports.clock.now()
  }

  /** What the router says; null while it does not answer. */
  get observation(): RoutingObservation | null {
    return this.#observation
  }

  /** Where clients reach it, as far as is known. */
  get address(): string | null {
    return this.#address
  }

  /** Why the router does not do as it is asked, or null. */
  get trouble(): string | null {
    return this.#trouble
  }

  /** Somebody else's change that is left as it is; null while there is none. */
  get drift(): Drift | null {
    return this.#drift
  }

  /** The table that is asked for right now, without a revision. */
  wish(): RoutingWish {
    const { record, replicas, latencyFrom } = this.#ports
    const { latest, service, trouble } = record
    return wishedRouting(service, latest, {
      endpoints: (version) => (version === service.stable ? replicas.lastResort(version) : replicas.endpoints(version)),
      latencyFrom: latest === null || isOver(latest.state) ? 0 : latencyFrom(latest),
      stableOnly: trouble !== null,
      ...this.#capacity(latest),
    })
  }

  /** What stable can take, where the rollout has taken copies from it. */
  #capacity(latest: RolloutDocument | null): { readonly stableCapacityBp: number; readonly inForceBp: number | null } {
    const { record, replicas } = this.#ports
    const inForceBp = latest === null ? null : (this.#observation?.weights[latest.plan.canary] ?? 0)
    const scaled = latest?.plan.steps.some(({ stableReplicas }) => stableReplicas !== undefined) === true
    if (!scaled) return { stableCapacityBp: 10_000, inForceBp }
    const copies = copiesOf(record.service.spec, record.service.stable)
    const ready = replicas.endpoints(record.service.stable).length
    return { stableCapacityBp: Math.min(10_000, Math.floor((10_000 * ready) / copies)), inForceBp }
  }

  /** Wakes the loop when another table is asked for than was tried last. */
  kickIfChanged(): void {
    if (this.#isNews()) this.#wake?.()
  }

  /** Goes on until the signal aborts. */
  async loop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#failures = (await this.#round(signal)) ? 0 : this.#failures + 1
        this.#trouble = null
      } catch (error) {
        if (signal.aborted) return
        this.#trouble = error instanceof Error ? error.message : String(error)
        this.#failures += 1
        this.#observation = null
        this.#applied = null
      }
      // A wish that changed meanwhile is not kept waiting; a router that does not follow is not hurried.
      if (!signal.aborted && !this.#isNews()) await this.#rest(signal)
    }
  }

  #isNews(): boolean {
    return this.#tried !== JSON.stringify(this.wish())
  }

  async #rest(signal: AbortSignal): Promise<void> {
    const ms = this.#failures === 0 ? lookMs : Math.min(longRestMs, shortRestMs * 2 ** (this.#failures - 1))
    const woken = new AbortController()
    this.#wake = () => woken.abort()
    await this.#ports.clock.sleep(ms, AbortSignal.any([signal, woken.signal])).catch(() => undefined)
    this.#wake = null
  }

  /** Sends the table when another is asked for, and looks. Returns whether the router does what it was sent. */
  async #round(signal: AbortSignal): Promise<boolean> {
    const { router, clock } = this.#ports
    const patience = { clock, ms: routerTimeoutMs, signal }
    const observe = () => withPatience(patience, (limit) => router.observe(limit))
    this.#tried = JSON.stringify(this.wish())
    this.#look(this.#observation ?? (await observe()))
    // Only now: what is asked for may have changed while the router was asked.
    const wish = this.wish()
    const text = JSON.stringify(wish)
    this.#tried = text
    // A router that could not be asked for a while may have been changed meanwhile, too.
    if (this.#sent?.wish === text && this.#leaves(this.#observation)) this.#applied ??= this.#sent
    const drifts = this.#applied?.wish === text
    if (this.#applied?.wish !== text) {
      if (!this.#found()) return false
      const table = { ...wish, revision: this.#nextRevision() }
      if (!this.#announce(table)) return false
      this.#sent = null
      await withPatience(patience, (limit) => router.apply(table, limit))
      this.#applied = { wish: text, revision: table.revision, weights: weightsOf(table) }
      this.#sent = this.#applied
      this.#drift = null
      this.#ports.guarded(() => this.#confirm(table))
    }
    const asked = this.#applied
    const seen = this.#look(await observe())
    if (seen.revision === asked.revision && isAlike(seen.weights, asked.weights)) {
      this.#ports.guarded(() => this.#settle(seen))
      this.#ports.guarded(() => this.#inForce(text, seen))
      return true
    }
    // Somebody else changed the router, it lost its table, or it took it by halves.
    const left = drifts && this.#leaves(seen)
    if (drifts) this.#ports.guarded(() => this.#tellDrift(asked, seen, left))
    if (!left) this.#applied = null
    return left
  }

  /** Whether what somebody else did to the router stays. A router without a table serves nobody, and a way back is not barred. */
  #leaves(seen: RoutingObservation | null): boolean {
    const { service, latest } = this.#ports.record
    return (
      service.spec.onDrift === 'report' &&
      seen !== null &&
      seen.revision !== null &&
      latest?.state.phase !== 'rolling-back'
    )
  }

  /** The router does as it was asked, maybe again. */
  #settle({ revision, weights }: RoutingObservation): void {
    if (this.#drift === null) return
    const { record } = this.#ports
    record.commit({
      journal: [serviceEntry(record.service.name, 'routing.settled', { by: 'serin', why: '' }, { revision, weights })],
    })
    this.#drift = null
  }

  #look(observation: RoutingObservation): RoutingObservation {
    this.#observation = observation
    this.#address = observation.address
    this.#ports.guarded(() => this.#tellCutOff(observation.cutOff ?? {}))
    return observation
  }

  /** Writes down what was cut off since the last look. A router that started anew counts from nothing. */
  #tellCutOff(counts: Readonly<Record<string, number>>): void {
    const before = this.#cutOff ?? counts
    const { record } = this.#ports
    const journal = Object.entries(counts).flatMap(([version, count]) => {
      const known = before[version] ?? 0
      const more = count < known ? count : count - known
      if (more === 0) return []
      return [serviceEntry(record.service.name, 'version.cut-off', { by: 'serin', why: '' }, { version, count: more })]
    })
    if (journal.length > 0) record.commit({ journal })
    this.#cutOff = counts
  }

  /** Says it once of each change. */
  #tellDrift(asked: Drift['asked'], seen: Drift['seen'], left: boolean): void {
    const { record } = this.#ports
    const pick = ({ revision, weights }: Drift['seen']): Drift['seen'] => ({ revision, weights })
    const drift = { asked: pick(asked), seen: pick(seen) }
    const known = left && JSON.stringify(this.#drift) === JSON.stringify(drift)
    this.#drift = left ? drift : null
    if (known) return
    const data = { ...drift, left }
    record.commit({
      journal: [serviceEntry(record.service.name, 'routing.drifted', { by: 'serin', why: '' }, data)],
    })
  }

  #nextRevision(): number {
    const inForce = this.#observation?.revision ?? 0
    this.#revision = Math.max(inForce + 1, this.#revision + 1, this.#ports.clock.now())
    return this.#revision
  }

  /**
   * After a start a router that serves is left alone until the replicas it sends to have been found: a table without them would turn everybody away.
   * Replicas that are known and not ready are not waited for long; a workload that cannot say what runs is.
   */
  #found(): boolean {
    const { record, replicas, clock } = this.#ports
    if (this.#revision > 0 || this.#observation?.revision === null) return true
    const { active, service } = record
    if (clock.now() - this.#startedAt >= findMs && replicas.observe(service.stable).replicas.length > 0) return true
    const serves = active !== null && askedWeightBp(active.state, active.plan) > 0 && record.trouble === null
    return (
      replicas.lastResort(service.stable).length > 0 && (!serves || replicas.endpoints(active.plan.canary).length > 0)
    )
  }

  /** Before a table is sent it is written down who may be served by what. Returns whether the table may be sent. */
  #announce(table: RoutingTable): boolean {
    const { record, clock } = this.#ports
    const next = assignmentOf(table, { sentAt: clock.now(), appliedAt: null })
    const last = record.assignments.at(-1)
    if (last !== undefined && isSame(last, next)) return true
    const assignments = [...record.assignments, next].slice(-keptAssignments)
    let written = false
    this.#ports.guarded(() => {
      record.commit({ assignments })
      written = true
    })
    // A table that takes traffic away from canary is sent even if it cannot be written down.
    return written || next.canaryBp === 0 || next.canaryBp < (last?.canaryBp ?? 0)
  }

  /** The router has the table: the assignment is certain. */
  #confirm(table: RoutingTable): void {
    const { record, clock } = this.#ports
    const last = record.assignments.at(-1)
    const certain = assignmentOf(table, { sentAt: last?.sentAt ?? clock.now(), appliedAt: clock.now() })
    if (last === undefined || last.appliedAt !== null || !isSame(last, certain)) return
    const weights = weightsOf(table)
    const data = { revision: table.revision, weights, rollout: certain.rollout }
    record.commit({
      assignments: [...record.assignments.slice(0, -1), certain],
      journal: [serviceEntry(table.service, 'routing.applied', { by: 'serin', why: '' }, data)],
    })
  }

  /** Tells every rollout that is not over what the router does, if nothing else has been asked since. */
  #inForce(text: string, { weights }: RoutingObservation): void {
    const { record, clock } = this.#ports
    for (const rollout of record.rollouts) {
      if (isOver(rollout.state) || text !== JSON.stringify(this.wish())) continue
      const latest = rollout.id === record.service.latest
      // What goes to its canary since another rollout took its place is the other's.
      const weightBp = latest ? (weights[rollout.plan.canary] ?? 0) : 0
      const first = latest && rollout.firstTrafficAt === null && weightBp > 0
      record.advance(first ? { ...rollout, firstTrafficAt: clock.now() } : rollout, { type: 'in-force', weightBp })
    }
  }
}

type Weights = Readonly<Record<string, number>>

function weightsOf({ arms }: RoutingTable): Weights {
  return Object.fromEntries(arms.map((arm) => [arm.version, arm.weightBp]))
}

/** Whether a router sends to each version what it was asked to; one it does not name gets nothing. */
function isAlike(seen: Weights, asked: Weights): boolean {
  return Object.keys({ ...seen, ...asked }).every((version) => (seen[version] ?? 0) === (asked[version] ?? 0))
}

function assignmentOf(table: RoutingTable, times: Pick<Assignment, 'sentAt' | 'appliedAt'>): Assignment {
  const { salt, stable, canary } = table
  const canaryBp = table.arms.find((arm) => arm.version === canary)?.weightBp ?? 0
  const rivals = table.arms
    .filter(({ version }) => version !== canary && version !== stable)
    .map(({ version, weightBp }) => ({ version, bp: weightBp }))
  const more = rivals.length === 0 ? {} : { rivals }
  return { ...times, salt, rollout: table.measurement.rollout, stable, canary, canaryBp, ...more }
}

/** Whether units are assigned alike. */
function isSame(a: Assignment, b: Assignment): boolean {
  const times = { sentAt: 0, appliedAt: 0 }
  return JSON.stringify({ ...a, ...times }) === JSON.stringify({ ...b, ...times })
}

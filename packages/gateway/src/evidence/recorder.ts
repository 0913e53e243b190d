import type { ArmSlot, EvidenceSlot, RoutingTable } from '@serin/core'
import { compileHash } from '@serin/core/assignment'
import type { Decision } from '@serin/core/assignment'
import { slotBuckets } from '@serin/core/evidence'
import { hasUnits, sameExperiment } from '../decide/snapshot.ts'
import { epochEndMs } from './epochs.ts'
import { GenerationWatch } from './generation/answer-watch.ts'
import { GenerationTally } from './generation/generation-tally.ts'
import { MirrorTally } from './mirror-tally.ts'
import { SliceCounters, type SliceTally } from './slice-counters.ts'
import { errorKind, Tally } from './tally.ts'
import { isNew, isServed, recentFactor, UnitCounters } from './unit-counters.ts'

/** Two clocks: ms since the epoch for people, and one that only moves forward for durations. */
export interface Clocks {
  epochMs(): number
  steadyMs(): number
}

/** Who hears of errors at once, besides slots. */
export interface ErrorListener {
  /** A randomised request failed; it was the first (0), third (1), tenth (2) or another (−1) error of its unit, in all and in the epoch. */
  failed(version: string, depth: number, recentDepth: number): void
  beginEpoch(): void
}

/** A version as the recorder knows it, across routing tables. */
interface Account {
  readonly version: string
  readonly tally: Tally
  /** Null when no slices are asked for. */
  slices: SliceTally | null
  readonly generation: GenerationTally
  inFlight: number
  lastRequestAt: number
  abandoned: number
}

/** A request under way. */
export interface Ticket {
  readonly account: Account
  /** Which experiment assigned it, when the hash did; otherwise -1. */
  readonly experiment: number
  readonly unitKey: number | null
  /** Whether it is the first of its unit to this version. */
  readonly first: boolean
  readonly bucket: number
  /** Its value in each slice of the table, or null. */
  readonly slices: readonly string[] | null
  /** Looks into the answer of its version; null when nobody wants to know. */
  readonly watch: GenerationWatch | null
  /** ms since the epoch. */
  readonly startedAt: number
  readonly startedMs: number
}

/** What a version is doing. */
export interface VersionActivity {
  readonly inFlight: number
  /** When a request was last assigned to it, ms since the epoch, or null. */
  readonly lastRequestAt: number | null
  /** Requests the client gave up before an answer began. */
  readonly abandoned: number
}

/** Keys of the unit table must not depend on who is assigned what. */
const unitKeyOf = compileHash('serin.unit/')
const depthOf = (count: number): number => (count === 1 ? 0 : count === 3 ? 1 : count === 10 ? 2 : -1)

/**
 * Counts what each version does and cuts it into slots. A request counts in the slot in which it ends. It is evidence only when the hash
 * chose its version and the weights, rules and measurement it started under still hold when it ends; what straddles a change counts in
 * `requests` and `errors` alone, for either version by the same rule.
 */
export class Recorder {
  /** What copies of requests show: no traffic of users, and in no count of a version. */
  readonly mirror = new MirrorTally()
  readonly #boot: string
  readonly #clocks: Clocks
  readonly #accounts = new Map<string, Account>()
  /** Kept when an account is forgotten: what was lost stays to be seen. */
  readonly #cutOff = new Map<string, number>()
  readonly #units: UnitCounters
  readonly #unitCapacity: number | undefined
  readonly #listener: ErrorListener | null
  #slices: SliceCounters | null = null
  #table: RoutingTable | null = null
  /** The accounts of the table's two versions, which nearly every request is for. */
  #canary: Account | null = null
  #stable: Account | null = null
  /** How far the clock for people is ahead of the steady one: read once a slot, so that a request reads one clock when it begins and one when it ends. */
  #aheadMs = 0
  #experiment = 0
  #seq = 0
  #slotStartMs: number
  /** Whether canary has had traffic in this rollout; when counting began, and where its epoch is. */
  #compared = false
  #beganMs: number
  #epoch = 0
  #epochEndMs = epochEndMs(0)
  #looseBucket = 0

  constructor(options: {
    readonly boot: string
    readonly clocks: Clocks
    readonly unitCapacity?: number
    readonly listener?: ErrorListener
  }) {
    this.#boot = options.boot
    this.#listener = options.listener ?? null
    this.#clocks = options.clocks
    this.#units = new UnitCounters(options.unitCapacity)
    this.#unitCapacity = options.unitCapacity
    this.#slotStartMs = this.#readClocks()
    this.#beganMs = this.#slotStartMs
  }

  /** Units counted in this rollout, and sightings of units that found no place. */
  get units(): { readonly known: number; readonly saturated: number } {
    return { known: this.#units.size, saturated: this.#units.refused }
  }

  /** Ends the slot of the table so far (returned, if there was one) and goes on under the given one. */
  change(table: RoutingTable): EvidenceSlot | null {
    const slot = this.cut()
    if (this.#table === null || !sameExperiment(this.#table, table)) this.#experiment += 1
    this.#slotStartMs = this.#readClocks()
    const split = table.arms.filter((arm) => arm.weightBp > 0).length > 1
    const another = this.#table?.measurement.rollout !== table.measurement.rollout
    // Whom stable served before canary had any traffic says nothing about either: counting begins with the comparison.
    if (another || (split && !this.#compared)) {
      this.#units.clear()
      this.#beganMs = this.#slotStartMs
      this.#epoch = 0
      this.#epochEndMs = epochEndMs(0)
      this.#beginSlices(table)
    } else if (!sameSlices(this.#table, table)) this.#beginSlices(table)
    this.#compared = split || (this.#compared && !another)
    this.#table = table
    for (const arm of table.arms) this.#accountOf(arm.version)
    this.#canary = table.canary === null ? null : this.#accountOf(table.canary)
    this.#stable = this.#accountOf(table.stable)
    this.#forgetGone()
    return slot
  }

  /** A request was assigned; `slices` are its values in the slices of the table. */
  start(decision: Decision, slices: readonly string[] | null = null): Ticket {
    const account = this.#accountOf(decision.version)
    const startedMs = this.#clocks.steadyMs()
    const startedAt = Math.floor(startedMs + this.#aheadMs)
    account.inFlight += 1
    account.lastRequestAt = startedAt
    const byHash = decision.by === 'hash'
    let unitKey: number | null = null
    let served = byHash
    const { unit } = decision
    if (byHash && unit === null) account.tally.newUnits += 1
    else if (byHash && unit !== null) {
      unitKey = unitKeyOf(unit)
      const met = this.#units.meet(unitKey, account === this.#canary ? 1 : 0)
      if ((met & isNew) !== 0) account.tally.newUnits += 1
      served = (met & isServed) !== 0
    }
    if (served) account.tally.servedUnits += 1
    return {
      account,
      experiment: byHash ? this.#experiment : -1,
      unitKey,
      first: served,
      bucket: unitKey === null ? this.#nextBucket() : unitKey % slotBuckets,
      slices,
      watch: byHash && this.#table?.measurement.generation === true ? new GenerationWatch(startedMs) : null,
      startedAt,
      startedMs,
    }
  }

  /** The version answered completely, or says in the middle of its answer that it failed. `latencyScored` is false for tunnels and for answers the client did not wait for. */
  answered(ticket: Ticket, status: number, latencyScored: boolean): void {
    const tally = this.#end(ticket, Math.min(5, Math.max(1, (status / 100) | 0)))
    const error = status >= 500 || ticket.watch?.failed === true
    if (error) tally.errors += 1
    if (ticket.experiment !== this.#experiment) return
    this.#randomised(ticket, error)
    if (error || !this.#isWarm(ticket)) return
    if (latencyScored) this.#latency(ticket, this.#clocks.steadyMs() - ticket.startedMs)
    if (ticket.watch !== null && status < 300)
      ticket.account.generation.add(ticket.bucket, ticket.watch.end(this.#clocks.steadyMs(), latencyScored))
  }

  /** The version gave no whole answer: refused, reset, timed out or truncated. */
  failed(ticket: Ticket): void {
    const tally = this.#end(ticket, 0)
    tally.errors += 1
    if (ticket.experiment === this.#experiment) this.#randomised(ticket, true)
  }

  /** The client went away before an answer began: nobody's fault, and in no count of a slot. */
  abandoned({ account }: Ticket): void {
    account.abandoned += 1
  }

  /** Stable answers in the place of the version, which is judged as if it had not. */
  shielded({ account }: Ticket): void {
    account.tally.shielded += 1
  }

  /** The version ended a request of a user unfinished after its address had left the table; besides what else it counts as. */
  wasCutOff(version: string): void {
    this.#cutOff.set(version, (this.#cutOff.get(version) ?? 0) + 1)
  }

  /** How many were cut off since the gateway started, by version. */
  get cutOff(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#cutOff)
  }

  /** Nothing of the request is in flight any more; a tunnel leaves long after it was answered. */
  left({ account }: Ticket): void {
    account.inFlight -= 1
  }

  /** The version has something under way that was not assigned to it: it must not be stopped. Call the result when it is over. */
  hold(version: string): () => void {
    const account = this.#accountOf(version)
    account.inFlight += 1
    return () => (account.inFlight -= 1)
  }

  /** Ends the slot and begins the next; null before the first table. */
  cut(): EvidenceSlot | null {
    const table = this.#table
    if (table === null) return null
    const nowMs = this.#readClocks()
    const arms: Record<string, ArmSlot> = {}
    const sticky = hasUnits(table)
    const parts = {
      cuts: table.measurement.latencyCutsMs.length,
      sticky,
      buckets: sticky && table.measurement.rollout !== 'idle',
    }
    for (const [version, { tally, slices, generation, inFlight }] of this.#accounts) {
      const answers = generation.take()
      const own = tally.takeSlot(parts, inFlight)
      const arm = answers === null ? own : { ...own, generation: answers }
      arms[version] = slices === null || this.#slices === null ? arm : { ...arm, slices: this.#slices.take(slices) }
    }
    const epoch = this.#epoch
    if (nowMs - this.#beganMs >= this.#epochEndMs) {
      this.#units.beginEpoch()
      this.#listener?.beginEpoch()
      this.#epoch += 1
      this.#epochEndMs = epochEndMs(nowMs - this.#beganMs)
    }
    this.#seq += 1
    const durationMs = Math.round((nowMs - this.#slotStartMs) * 1_000) / 1_000
    this.#slotStartMs = nowMs
    this.#forgetGone()
    return {
      boot: this.#boot,
      seq: this.#seq,
      at: this.#clocks.epochMs(),
      durationMs,
      revision: table.revision,
      rollout: table.measurement.rollout,
      epoch,
      weights: Object.fromEntries(table.arms.map((arm) => [arm.version, arm.weightBp])),
      sticky,
      arms,
      ...(table.mirror === undefined ? {} : { mirror: this.mirror.takeSlot() }),
    }
  }

  /** What each version is doing, also versions that left the table with requests in flight. */
  activity(): Record<string, VersionActivity> {
    const activity: Record<string, VersionActivity> = {}
    for (const { version, inFlight, lastRequestAt, abandoned } of this.#accounts.values()) {
      activity[version] = { inFlight, lastRequestAt: lastRequestAt === 0 ? null : lastRequestAt, abandoned }
    }
    return activity
  }

  /** The steady one. */
  #readClocks(): number {
    const steadyMs = this.#clocks.steadyMs()
    this.#aheadMs = this.#clocks.epochMs() - steadyMs
    return steadyMs
  }

  #accountOf(version: string): Account {
    if (this.#stable?.version === version) return this.#stable
    if (this.#canary?.version === version) return this.#canary
    let account = this.#accounts.get(version)
    if (account === undefined) {
      const slices = this.#slices?.tally() ?? null
      const generation = new GenerationTally()
      account = { version, tally: new Tally(), slices, generation, inFlight: 0, lastRequestAt: 0, abandoned: 0 }
      this.#accounts.set(version, account)
    }
    return account
  }

  /** Versions that left the table are kept while requests are in flight and for a minute, so that their last request can be read. */
  #forgetGone(): void {
    const versions = new Set(this.#table?.arms.map((arm) => arm.version))
    const before = this.#clocks.epochMs() - 60_000
    for (const [version, account] of this.#accounts) {
      if (!versions.has(version) && account.inFlight === 0 && account.lastRequestAt < before)
        this.#accounts.delete(version)
    }
  }

  #end(ticket: Ticket, statusClass: number): Tally {
    const { account } = ticket
    account.tally.requests += 1
    account.tally.addClass(statusClass)
    return account.tally
  }

  #randomised(ticket: Ticket, failed: boolean): void {
    const { tally } = ticket.account
    tally.addRequest(ticket.bucket, failed)
    if (ticket.first) {
      tally.firstRequests += 1
      if (failed) tally.firstErrors += 1
    }
    if (failed) this.#event(ticket, errorKind)
    const { slices } = ticket.account
    if (slices !== null && ticket.slices !== null) {
      this.#slices?.count(slices, ticket.slices, { unitKey: ticket.unitKey, failed })
    }
  }

  /** Forgets which values were seen and who failed in them. */
  #beginSlices({ measurement }: RoutingTable): void {
    const names = Object.keys(measurement.slices ?? {})
    this.#slices = names.length === 0 ? null : new SliceCounters(names, this.#unitCapacity)
    for (const account of this.#accounts.values()) account.slices = this.#slices?.tally() ?? null
  }

  #isWarm({ startedAt }: Ticket): boolean {
    return this.#table !== null && startedAt >= this.#table.measurement.latencyFrom
  }

  #latency(ticket: Ticket, ms: number): void {
    const measurement = this.#table?.measurement
    if (measurement === undefined) return
    const { account } = ticket
    const { tally } = account
    const { latencyCutsMs, latencyTolerance } = measurement
    tally.addLatency(ticket.bucket, ms)
    const comparedMs = account === this.#canary ? tolerated(ms, latencyTolerance) : ms
    for (let i = 0; i < latencyCutsMs.length; i += 1) {
      if (comparedMs <= (latencyCutsMs[i] ?? 0)) return
      tally.addSlow(ticket.bucket, i)
      this.#event(ticket, i + 1)
    }
  }

  #event({ account, unitKey }: Ticket, kind: number): void {
    const { tally, version } = account
    if (unitKey === null) {
      tally.addEvent(kind, 0)
      tally.addRecent(kind, 0)
      if (kind === errorKind) this.#listener?.failed(version, 0, 0)
      return
    }
    const counts = this.#units.count(unitKey, kind)
    const depth = depthOf(counts % recentFactor)
    if (depth >= 0) tally.addEvent(kind, depth)
    const recent = depthOf(Math.floor(counts / recentFactor))
    if (recent >= 0) tally.addRecent(kind, recent)
    if (kind === errorKind) this.#listener?.failed(version, depth, recent)
  }

  /** Requests without a unit are units of their own: any bucket will do that has nothing to do with their outcome. */
  #nextBucket(): number {
    this.#looseBucket = (this.#looseBucket + 1) % slotBuckets
    return this.#looseBucket
  }
}

function sameSlices(one: RoutingTable | null, other: RoutingTable): boolean {
  return JSON.stringify(one?.measurement.slices) === JSON.stringify(other.measurement.slices)
}

/** What a request to canary would have taken without the slowness that is tolerated (docs/decisions/0015-latency-tolerance.md). */
function tolerated(ms: number, tolerance: RoutingTable['measurement']['latencyTolerance']): number {
  return tolerance === undefined ? ms : Math.min(ms / (1 + tolerance.ratio), ms - tolerance.ms)
}

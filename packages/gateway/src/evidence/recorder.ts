import type { ArmSlot, EvidenceSlot, RoutingTable } from '@serin/core'
import { murmurHash2 } from '@serin/core/assignment'
import type { Decision } from '@serin/core/assignment'
import { sameExperiment } from '../decide/snapshot.ts'
import { errorKind, Tally } from './tally.ts'
import { UnitCounters } from './unit-counters.ts'

/** Two clocks: ms since the epoch for people, and one that only moves forward for durations. */
export interface Clocks {
  epochMs(): number
  steadyMs(): number
}

/** A version as the recorder knows it, across routing tables. */
interface Account {
  readonly version: string
  readonly tally: Tally
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
const unitSalt = 'serin.unit/'
const depthOf = (count: number): number => (count === 1 ? 0 : count === 3 ? 1 : count === 10 ? 2 : -1)

/**
 * Counts what each version does and cuts it into slots. A request counts in the slot in which it ends. It is evidence only when the hash
 * chose its version and the weights, rules and measurement it started under still hold when it ends; what straddles a change counts in
 * `requests` and `errors` alone, for either version by the same rule.
 */
export class Recorder {
  readonly #boot: string
  readonly #clocks: Clocks
  readonly #accounts = new Map<string, Account>()
  readonly #units: UnitCounters
  #table: RoutingTable | null = null
  #experiment = 0
  #seq = 0
  #slotStartMs: number

  constructor(options: { readonly boot: string; readonly clocks: Clocks; readonly unitCapacity?: number }) {
    this.#boot = options.boot
    this.#clocks = options.clocks
    this.#units = new UnitCounters(options.unitCapacity)
    this.#slotStartMs = options.clocks.steadyMs()
  }

  /** Units counted in this rollout, and sightings of units that found no place. */
  get units(): { readonly known: number; readonly saturated: number } {
    return { known: this.#units.size, saturated: this.#units.refused }
  }

  /** Ends the slot of the table so far (returned, if there was one) and goes on under the given one. */
  change(table: RoutingTable): EvidenceSlot | null {
    const slot = this.cut()
    if (this.#table === null || !sameExperiment(this.#table, table)) this.#experiment += 1
    if (this.#table?.measurement.rollout !== table.measurement.rollout) this.#units.clear()
    this.#table = table
    this.#slotStartMs = this.#clocks.steadyMs()
    for (const arm of table.arms) this.#accountOf(arm.version)
    this.#forgetGone()
    return slot
  }

  /** A request was assigned. */
  start(decision: Decision): Ticket {
    const account = this.#accountOf(decision.version)
    const startedAt = this.#clocks.epochMs()
    account.inFlight += 1
    account.lastRequestAt = startedAt
    const byHash = decision.by === 'hash'
    let unitKey: number | null = null
    if (byHash) {
      if (decision.unit === null) account.tally.newUnits += 1
      else {
        unitKey = murmurHash2(unitSalt + decision.unit)
        if (this.#units.add(unitKey)) account.tally.newUnits += 1
      }
    }
    return {
      account,
      experiment: byHash ? this.#experiment : -1,
      unitKey,
      startedAt,
      startedMs: this.#clocks.steadyMs(),
    }
  }

  /** The version answered completely. `latencyScored` is false for tunnels and for answers the client did not wait for. */
  answered(ticket: Ticket, status: number, latencyScored: boolean): void {
    const tally = this.#end(ticket, Math.min(5, Math.max(1, Math.floor(status / 100))))
    const error = status >= 500
    if (error) tally.errors += 1
    if (ticket.experiment !== this.#experiment) return
    tally.randomised += 1
    if (error) {
      tally.randomisedErrors += 1
      this.#event(ticket, errorKind)
    } else if (latencyScored) this.#latency(ticket, this.#clocks.steadyMs() - ticket.startedMs)
  }

  /** The version gave no whole answer: refused, reset, timed out or truncated. */
  failed(ticket: Ticket): void {
    const tally = this.#end(ticket, 0)
    tally.errors += 1
    if (ticket.experiment !== this.#experiment) return
    tally.randomised += 1
    tally.randomisedErrors += 1
    this.#event(ticket, errorKind)
  }

  /** The client went away before an answer began: nobody's fault, and in no count of a slot. */
  abandoned({ account }: Ticket): void {
    account.abandoned += 1
  }

  /** Nothing of the request is in flight any more; a tunnel leaves long after it was answered. */
  left({ account }: Ticket): void {
    account.inFlight -= 1
  }

  /** Ends the slot and begins the next; null before the first table. */
  cut(): EvidenceSlot | null {
    const table = this.#table
    if (table === null) return null
    const nowMs = this.#clocks.steadyMs()
    const arms: Record<string, ArmSlot> = {}
    for (const [version, account] of this.#accounts) {
      arms[version] = account.tally.takeSlot(table.measurement.latencyCutsMs.length, account.inFlight)
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
      weights: Object.fromEntries(table.arms.map((arm) => [arm.version, arm.weightBp])),
      sticky: table.unit.length > 0,
      arms,
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

  #accountOf(version: string): Account {
    let account = this.#accounts.get(version)
    if (account === undefined) {
      account = { version, tally: new Tally(), inFlight: 0, lastRequestAt: 0, abandoned: 0 }
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

  #latency(ticket: Ticket, ms: number): void {
    const measurement = this.#table?.measurement
    if (measurement === undefined || ticket.startedAt < measurement.latencyFrom) return
    ticket.account.tally.addLatency(ms)
    for (const [i, cutMs] of measurement.latencyCutsMs.entries()) {
      if (ms <= cutMs) return
      this.#event(ticket, i + 1)
    }
  }

  #event({ account, unitKey }: Ticket, kind: number): void {
    if (unitKey === null) {
      account.tally.addEvent(kind, 0)
      return
    }
    const depth = depthOf(this.#units.count(unitKey, kind))
    if (depth >= 0) account.tally.addEvent(kind, depth)
  }
}

import {
  askedWeightBp,
  endpointsOf,
  freezeAt,
  gateAsked,
  isOver,
  type EvidenceSlot,
  type RoutingTable,
} from '@serin/core'
import { measurementOf, type RolloutDocument, type ServiceDocument } from '@serin/engine'
import type { Commit, JournalEntry } from '@serin/kit'
import type { ControlPlane } from './control-plane.ts'
import type { DataPlane } from './data-plane.ts'
import type { Fleet } from './fleet.ts'
import type { GateKeeper } from './gate-keeper.ts'
import type { VirtualClock } from './virtual-clock.ts'
import { Ballot } from './watch-gates.ts'
import { allowedBp, Shown, wrongMove } from './watch-steps.ts'

/** A promise that was broken, and when. */
export interface Violation {
  readonly atMs: number
  readonly what: string
}

/** What a watcher looks at; the engine itself is not asked. */
export interface WatchOptions {
  readonly clock: VirtualClock
  readonly dataPlane: DataPlane
  readonly controlPlane: ControlPlane
  readonly fleet: Fleet
  readonly gateKeeper: GateKeeper
}

/** What one attempt of a rollout has shown. */
interface Attempt {
  readonly shown: Shown
  /** Units (or requests, without units) that met each share for the first time: all, and those canary got. */
  readonly split: Map<number, { readonly all: number; readonly canary: number }>
  /** The largest share that was in force. */
  highestBp: number
  /** When it was decided to go back, or harm was proved; on the steady clock. */
  backSince: number | null
}

/** An order may be on its way to the router for this long when the mind changes behind it. */
const underWayMs = 6_000
/** Copies that are not wanted any more are gone after this long. */
const steppingMs = 10_000
/** After replicas were ended from outside it takes this long until there is room for everybody again. */
const upAgainMs = 40_000
/** Requests that chance may turn away. */
const turnedAwayByChance = 5
const pushes = new Set(['rollout.promote', 'rollout.jump'])
const words = new Set([...pushes, 'rollout.resume'])

/**
 * The promises that hold at every moment, checked from outside: from the router's own table, the slots as they were counted, what runs, what gates said, and
 * what became durable. More traffic only for evidence gathered at the step before, never more than the step asks for, never after harm.
 */
export class Watch {
  readonly violations: Violation[] = []
  /** From the decision to go back until the router sends canary nothing: the longest, in ms. */
  slowestSwitchMs = 0
  /** The largest share that any canary had, in basis points. */
  highestBp = 0
  /** The latest rollout as it became durable. */
  rollout: RolloutDocument | null = null
  /** When canary had its first traffic in the latest attempt, and when it was decided, on the steady clock; null before. */
  firstTrafficMs: number | null = null
  decidedMs: number | null = null
  /** Requests that found no replica with room: all, and those for which nothing that was done from outside is to blame. */
  turnedAway = 0
  #turnedAwayCalmly = 0
  #service: ServiceDocument | null = null
  readonly #options: WatchOptions
  readonly #ballot: Ballot
  readonly #attempts = new Map<string, Attempt>()
  readonly #allowed: { readonly atMs: number; readonly bp: number }[] = [{ atMs: 0, bp: 0 }]
  /** Rollouts that somebody pushed. */
  readonly #pushed = new Set<string>()
  #goingBackSince: number | null = null
  /** What canary might have before the step began. */
  #enteredAtBp = 0
  /** When somebody went to an earlier step, or nothing could be written: stable gets its copies back before canary's go. */
  #stableFirstAtMs = -Infinity

  constructor(options: WatchOptions) {
    this.#options = options
    this.#ballot = new Ballot(options.gateKeeper)
    options.dataPlane.onSlot.add((slot) => this.#slot(slot))
    options.dataPlane.onTable.add((table, before) => this.#table(table, before))
    options.dataPlane.onTurnedAway.add((version) => this.#turned(version))
    options.controlPlane.onCommit.add((commit, entries) => this.#committed(commit, entries))
  }

  /** Whether a release waits behind another. */
  get hasQueue(): boolean {
    return (this.#service?.queue.length ?? 0) > 0
  }

  /** Looks at what runs; to be called whenever time has passed. */
  look(): void {
    const { rollout } = this
    const { fleet, dataPlane } = this.#options
    if (rollout === null || isOver(rollout.state)) return
    const { plan, state } = rollout
    const replicas = [plan.stable, plan.canary].flatMap((version) => fleet.workload.observe(version).replicas)
    const { clock, controlPlane } = this.#options
    // Nobody is there to tell a copy to go.
    if (controlPlane.full || controlPlane.engine === null) this.#stableFirstAtMs = clock.steadyMs()
    const forward = state.phase === 'watching' && clock.steadyMs() - this.#stableFirstAtMs > steppingMs
    const most = forward ? plan.steps[state.step]?.mostCopies : undefined
    if (most !== undefined && replicas.length > most) this.#broken(`${replicas.length} copies run; ${most} may at most`)
    if (dataPlane.table === null || dataPlane.faults.mode !== 'well') return
    const used = endpointsOf(dataPlane.table)
    for (const { id, state: is, endpoint } of replicas)
      if (is === 'stopping' && endpoint !== null && used.includes(endpoint))
        this.#broken(`${id} is being stopped, and the router still sends to it`)
  }

  /** What has to be true once nothing moves any more. */
  finish(acknowledged: readonly string[]): void {
    const { dataPlane, controlPlane } = this.#options
    const chain = controlPlane.store.verify()
    if (!chain.ok) this.#broken(`the journal's chain is broken at entry ${chain.firstBad}`)
    const reasons = new Set(controlPlane.store.journal({}).map((entry) => entry.data['why']))
    for (const why of acknowledged)
      if (!reasons.has(why)) this.#broken(`an acknowledged command is not in the journal: ${why}`)
    for (const defect of controlPlane.defects) this.#broken(`a defect: ${defect}`)
    this.#checkSplit()
    if (this.rollout === null) return
    const { state, plan } = this.rollout
    const asked = askedWeightBp(state, plan)
    const inForce = shareOf(dataPlane.table, plan.canary)
    if (asked !== inForce) this.#broken(`canary was to have ${asked} bp and has ${inForce} bp`)
    const waits = gateAsked(state, plan)?.gate.kind === 'approval'
    if (!isOver(state) && state.phase !== 'holding' && !waits)
      this.#broken(`it neither ended nor holds: ${state.phase}`)
    else if ('why' in state && state.why.trim() === '') this.#broken(`${state.phase} without a reason`)
    this.#checkLeftovers(this.rollout)
  }

  /** Only stable, what is kept warm, and the versions of a rollout that is not over run on. */
  #checkLeftovers({ plan, state, endedAt }: RolloutDocument): void {
    const { fleet, clock } = this.#options
    const service = this.#service
    if (service === null) return
    const kept = !isOver(state) || (endedAt ?? 0) + service.spec.keepAborted > clock.now()
    const wanted = [service.stable, ...service.warm.map(({ version }) => version), ...(kept ? [plan.canary] : [])]
    for (const version of fleet.workload.versions())
      if (!wanted.includes(version)) this.#broken(`${version} still runs, and nobody wants it`)
  }

  #committed({ documents = [] }: Commit, entries: readonly JournalEntry[]): void {
    for (const entry of entries) {
      if (pushes.has(entry.kind)) this.#pushed.add(entry.stream)
      for (const what of this.#ballot.heard(entry, this.rollout)) this.#broken(what)
    }
    const byPerson = entries.some(({ kind }) => words.has(kind))
    for (const { key, value } of documents) {
      if (key.startsWith('service/')) this.#service = value as ServiceDocument
      if (key.startsWith('rollout/')) this.#take(value as RolloutDocument, byPerson)
    }
  }

  #take(rollout: RolloutDocument, byPerson: boolean): void {
    if (this.rollout !== null && rollout.number < this.rollout.number) return
    const before = this.rollout
    this.rollout = rollout
    const now = this.#options.clock.steadyMs()
    if (before === null || measurementOf(before) !== measurementOf(rollout)) {
      this.firstTrafficMs = null
      this.decidedMs = null
    }
    const { state, plan, judgement } = rollout
    const goesBack = state.phase === 'rolling-back'
    if (state.phase === 'promoting' || goesBack) this.decidedMs ??= now
    const attempt = this.#attempt()
    if (goesBack || (judgement?.verdict === 'harmful' && !isOver(state))) attempt.backSince ??= now
    if (before?.id === rollout.id) this.#moved(before, rollout, byPerson)
    const inForceBp = shareOf(this.#options.dataPlane.table, plan.canary)
    const bp = allowedBp(rollout, attempt.shown, { enteredAtBp: this.#enteredAtBp, inForceBp })
    if (bp !== this.#allowed.at(-1)?.bp) this.#allowed.push({ atMs: now, bp })
    if (goesBack && before?.state.phase !== 'rolling-back') this.#goingBackSince = inForceBp > 0 ? now : null
  }

  #moved(before: RolloutDocument, after: RolloutDocument, byPerson: boolean): void {
    const { shown } = this.#attempt()
    const [from, to] = [stepAt(before), stepAt(after)]
    const passed = this.#ballot.passed(before)
    for (const what of wrongMove(before, after, { shown, passed, byPerson })) this.#broken(what)
    const forward = to > from || (after.state.phase === 'promoting' && before.state.phase !== 'promoting')
    if (forward && !byPerson && this.#isFrozen(after)) this.#broken(`step ${from + 1} was left in a freeze`)
    if (from === to && before.state.attempt === after.state.attempt) return
    this.#enteredAtBp = this.#allowed.at(-1)?.bp ?? 0
    if (to < from) this.#stableFirstAtMs = this.#options.clock.steadyMs()
    shown.begin(to)
    this.#ballot.begin(after)
  }

  /** Whether nothing may go forward, and could not a while ago either. */
  #isFrozen({ hotfix }: RolloutDocument, agoMs = 0): boolean {
    const now = this.#options.clock.now()
    const freezes = this.#service?.spec.freeze ?? []
    return !hotfix && freezeAt(freezes, now) !== null && freezeAt(freezes, now - agoMs) !== null
  }

  #slot(slot: EvidenceSlot): void {
    const rollout = this.rollout
    if (rollout === null || slot.rollout !== measurementOf(rollout)) return
    const { canary, stable } = rollout.plan
    const bp = slot.weights[canary] ?? 0
    const { shown, split } = this.#attempt()
    const [own, other] = [slot.arms[canary]?.newUnits ?? 0, slot.arms[stable]?.newUnits ?? 0]
    const before = split.get(bp) ?? { all: 0, canary: 0 }
    split.set(bp, { all: before.all + own + other, canary: before.canary + own })
    shown.add(slot, rollout)
  }

  /** What was asked is what happened: five standard deviations are seen once in a million shares. */
  #checkSplit(): void {
    for (const [name, { split }] of this.#attempts) {
      for (const [bp, { all, canary }] of split) {
        const share = bp / 10_000
        const [mean, deviation] = [all * share, Math.sqrt(all * share * (1 - share))]
        if (Math.abs(canary - mean) > 5 * deviation + 3)
          this.#broken(`${name}: canary got ${canary} of ${all} at ${bp} bp`)
      }
    }
  }

  #table(table: RoutingTable, before: RoutingTable | null): void {
    const { rollout } = this
    if ((table.epoch ?? 0) < (before?.epoch ?? 0))
      this.#broken('a table of a control plane that had been replaced was obeyed')
    if (rollout === null) return
    const { canary } = rollout.plan
    const [bp, beforeBp] = [shareOf(table, canary), shareOf(before, canary)]
    const now = this.#options.clock.steadyMs()
    if (this.#goingBackSince !== null && bp === 0) {
      this.slowestSwitchMs = Math.max(this.slowestSwitchMs, now - this.#goingBackSince)
      this.#goingBackSince = null
    }
    if (bp > 0) this.firstTrafficMs ??= now
    this.highestBp = Math.max(this.highestBp, bp)
    if (bp > beforeBp && rollout.state.phase !== 'promoted') this.#grew(bp, rollout, now)
  }

  /** Canary was given more than it had. */
  #grew(bp: number, rollout: RolloutDocument, now: number): void {
    const lately = this.#allowed.filter(
      ({ bp: allowed }, i) => (this.#allowed[i + 1]?.atMs ?? now) >= now - underWayMs || allowed === 0,
    )
    const most = Math.max(...lately.map((allowed) => allowed.bp))
    if (bp > most) this.#broken(`canary was given ${bp} bp; the step asked for less (${most} bp)`)
    const attempt = this.#attempt()
    const { backSince, shown, highestBp } = attempt
    if (backSince !== null && now - backSince > underWayMs)
      this.#broken(`canary was given ${bp} bp after the decision to go back`)
    if (bp > highestBp && !this.#pushed.has(`rollout/${rollout.id}`)) {
      if (this.#isFrozen(rollout, underWayMs)) this.#broken(`canary was given ${bp} bp in a freeze`)
      const unseen = shown.missingBefore(bp, rollout.plan, highestBp === 0)
      if (unseen !== null) this.#broken(`canary was given ${bp} bp without a sample at ${unseen} bp`)
    }
    this.#checkCopies(bp, rollout)
    attempt.highestBp = Math.max(bp, highestBp)
  }

  /** The copies a step asks for are ready when its share comes. */
  #checkCopies(bp: number, { plan, state }: RolloutDocument): void {
    const step = state.phase === 'watching' ? plan.steps[state.step] : undefined
    if (step?.canaryReplicas === undefined || bp < step.weightBp || this.#isTroubled()) return
    const { replicas } = this.#options.fleet.workload.observe(plan.canary)
    const ready = replicas.filter(({ state: is }) => is === 'ready').length
    if (ready < step.canaryReplicas)
      this.#broken(`canary was given ${bp} bp with ${ready} of ${step.canaryReplicas} copies`)
  }

  #isTroubled(): boolean {
    const { fleet, clock } = this.#options
    return clock.steadyMs() - fleet.troubledAtMs < upAgainMs
  }

  #turned(version: string): void {
    this.turnedAway += 1
    if (this.#isTroubled()) return
    this.#turnedAwayCalmly += 1
    if (this.#turnedAwayCalmly === turnedAwayByChance + 1)
      this.#broken(`${version} has too few copies for its traffic: requests are turned away`)
  }

  #attempt(): Attempt {
    const name = this.rollout === null ? '' : measurementOf(this.rollout)
    const known = this.#attempts.get(name)
    if (known !== undefined) return known
    const attempt: Attempt = { shown: new Shown(), split: new Map(), highestBp: 0, backSince: null }
    this.#attempts.set(name, attempt)
    return attempt
  }

  #broken(what: string): void {
    this.violations.push({ atMs: this.#options.clock.steadyMs(), what })
  }
}

function shareOf(table: RoutingTable | null, version: string): number {
  return table?.arms.find((arm) => arm.version === version)?.weightBp ?? 0
}

function stepAt({ state }: RolloutDocument): number {
  return 'step' in state ? state.step : -1
}

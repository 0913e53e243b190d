import { askedWeightBp, isOver, type EvidenceSlot, type RoutingTable } from '@serin/core'
import { measurementOf, type RolloutDocument } from '@serin/engine'
import type { Commit, JournalEntry } from '@serin/kit'
import type { ControlPlane } from './control-plane.ts'
import type { DataPlane } from './data-plane.ts'
import type { VirtualClock } from './virtual-clock.ts'

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
}

/** What one attempt of a rollout has shown, counted from the slots as the gateway cut them. */
interface Attempt {
  /** Time with traffic by canary's share in basis points, in ms, and whether canary had any of it. */
  readonly busy: Map<number, { readonly ms: number; readonly sampled: boolean }>
  /** Units (or requests, without units) that met each share for the first time: all, and those canary got. */
  readonly split: Map<number, { readonly all: number; readonly canary: number }>
  /** Shares that were in force. */
  readonly reached: Set<number>
  wentBack: boolean
}

/** An order may be on its way to the router for this long when the mind changes behind it. */
const underWayMs = 6_000
/** Durations of slots are rounded to microseconds. */
const roundingMs = 1

/**
 * The promises that hold at every moment, checked from outside: from the router's own table, the slots as they were counted, and what became durable. More
 * traffic only for evidence gathered at the step before, never more than the step asks for, never after harm.
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
  readonly #options: WatchOptions
  readonly #attempts = new Map<string, Attempt>()
  readonly #asked: { readonly atMs: number; readonly bp: number }[] = [{ atMs: 0, bp: 0 }]
  readonly #pushed = new Set<string>()
  #goingBackSince: number | null = null

  constructor(options: WatchOptions) {
    this.#options = options
    options.dataPlane.onSlot.add((slot) => this.#slot(slot))
    options.dataPlane.onTable.add((table, before) => this.#table(table, before))
    options.controlPlane.onCommit.add((commit, entries) => this.#committed(commit, entries))
  }

  /** What has to be true once nothing moves any more. */
  finish(acknowledged: readonly string[]): void {
    const { dataPlane, controlPlane } = this.#options
    const chain = controlPlane.store.verify()
    if (!chain.ok) this.#broken(`the journal's chain is broken at entry ${chain.firstBad}`)
    const reasons = new Set(controlPlane.store.journal({}).map((entry) => entry.data['why']))
    for (const why of acknowledged)
      if (!reasons.has(why)) this.#broken(`an acknowledged command is not in the journal: ${why}`)
    this.#checkSplit()
    if (this.rollout === null) return
    const { state, plan } = this.rollout
    const asked = askedWeightBp(state, plan)
    const inForce = shareOf(dataPlane.table, plan.canary)
    if (asked !== inForce) this.#broken(`canary was to have ${asked} bp and has ${inForce} bp`)
    if (!isOver(state) && state.phase !== 'holding') this.#broken(`it neither ended nor holds: ${state.phase}`)
    else if (state.why.trim() === '') this.#broken(`${state.phase} without a reason`)
  }

  #committed({ documents = [] }: Commit, entries: readonly JournalEntry[]): void {
    for (const { kind, stream } of entries) if (kind === 'rollout.promote') this.#pushed.add(stream)
    for (const { key, value } of documents) if (key.startsWith('rollout/')) this.#take(value as RolloutDocument)
    if (this.rollout?.state.phase === 'rolling-back') this.#attempt().wentBack = true
  }

  #take(rollout: RolloutDocument): void {
    if (this.rollout !== null && rollout.number < this.rollout.number) return
    const before = this.rollout
    this.rollout = rollout
    const now = this.#options.clock.steadyMs()
    if (before === null || measurementOf(before) !== measurementOf(rollout)) {
      this.firstTrafficMs = null
      this.decidedMs = null
    }
    if (rollout.state.phase === 'promoting' || rollout.state.phase === 'rolling-back') this.decidedMs ??= now
    const bp = askedWeightBp(rollout.state, rollout.plan)
    if (bp !== this.#asked.at(-1)?.bp) this.#asked.push({ atMs: now, bp })
    if (rollout.state.phase === 'rolling-back' && before?.state.phase !== 'rolling-back')
      this.#goingBackSince = shareOf(this.#options.dataPlane.table, rollout.plan.canary) > 0 ? now : null
    this.#checkStep(before, rollout)
  }

  /** A step that was left forward must have had its evidence at its own share. */
  #checkStep(before: RolloutDocument | null, { id, state, plan, judgement }: RolloutDocument): void {
    if (before?.id !== id || before.state.phase !== 'watching') return
    const left = before.state
    const forward = (state.phase === 'watching' && state.step > left.step) || state.phase === 'promoting'
    if (!forward || this.#pushed.has(`rollout/${id}`)) return
    const step = plan.steps[left.step]
    if (step === undefined) return
    const next = askedWeightBp(state, plan)
    if (judgement?.verdict !== 'safe' && next > (judgement?.ramp?.growBp ?? 0))
      this.#broken(`the share grew to ${next} bp without a proof of safety or a budget for it`)
    const { ms, sampled } = this.#attempt().busy.get(step.weightBp) ?? { ms: 0, sampled: false }
    if (!sampled || ms + roundingMs < step.holdMs)
      this.#broken(
        `step ${left.step + 1} was passed after ${Math.round(ms)} ms with traffic at its share, ${sampled ? '' : 'none of it on canary, '}and asks for ${step.holdMs} ms`,
      )
  }

  #slot(slot: EvidenceSlot): void {
    const rollout = this.rollout
    if (rollout === null || slot.rollout !== measurementOf(rollout)) return
    const { canary, stable } = rollout.plan
    const bp = slot.weights[canary] ?? 0
    const { busy, split } = this.#attempt()
    const [own, other] = [slot.arms[canary]?.newUnits ?? 0, slot.arms[stable]?.newUnits ?? 0]
    const before = split.get(bp) ?? { all: 0, canary: 0 }
    split.set(bp, { all: before.all + own + other, canary: before.canary + own })
    if ((slot.arms[stable]?.randomised ?? 0) === 0) return
    const { ms, sampled } = busy.get(bp) ?? { ms: 0, sampled: false }
    busy.set(bp, { ms: ms + slot.durationMs, sampled: sampled || (slot.arms[canary]?.randomised ?? 0) > 0 })
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
    if (rollout === null) return
    const { canary, steps, strategy } = rollout.plan
    const [bp, beforeBp] = [shareOf(table, canary), shareOf(before, canary)]
    const now = this.#options.clock.steadyMs()
    if (this.#goingBackSince !== null && bp === 0) {
      this.slowestSwitchMs = Math.max(this.slowestSwitchMs, now - this.#goingBackSince)
      this.#goingBackSince = null
    }
    if (bp > 0) this.firstTrafficMs ??= now
    this.highestBp = Math.max(this.highestBp, bp)
    if (bp <= beforeBp || rollout.state.phase === 'promoted') return
    const lately = this.#asked.filter(
      (asked, i) => (this.#asked[i + 1]?.atMs ?? now) >= now - underWayMs || asked.bp === 0,
    )
    if (bp > Math.max(...lately.map((asked) => asked.bp)))
      this.#broken(`canary was given ${bp} bp; the step asked for less`)
    const attempt = this.#attempt()
    if (attempt.wentBack && this.#asked.at(-1)?.bp === 0 && now - (this.#asked.at(-1)?.atMs ?? 0) > underWayMs)
      this.#broken(`canary was given ${bp} bp after the decision to go back`)
    if (!this.#pushed.has(`rollout/${rollout.id}`) && !attempt.reached.has(bp)) {
      const at = steps.findIndex((step) => step.weightBp === bp)
      const previous = steps[(at < 0 ? steps.length : at) - 1]
      // A budget may begin on any rung.
      const first = strategy === 'adaptive' && attempt.reached.size === 0
      if (!first && previous !== undefined && attempt.busy.get(previous.weightBp)?.sampled !== true)
        this.#broken(`canary was given ${bp} bp without a sample at ${previous.weightBp} bp`)
    }
    attempt.reached.add(bp)
  }

  #attempt(): Attempt {
    const name = this.rollout === null ? '' : measurementOf(this.rollout)
    const known = this.#attempts.get(name)
    if (known !== undefined) return known
    const attempt: Attempt = { busy: new Map(), split: new Map(), reached: new Set(), wentBack: false }
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

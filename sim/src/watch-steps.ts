import type { EvidenceSlot, Plan, PlanStep } from '@serin/core'
import type { RolloutDocument } from '@serin/engine'

/** Durations of slots are rounded to microseconds. */
const roundingMs = 1
/** A schedule leads by one slot. */
const tickMs = 1_000

interface Busy {
  readonly ms: number
  readonly sampled: boolean
}

const idle: Busy = { ms: 0, sampled: false }

/** What one attempt has shown, counted from the slots as the gateway cut them. */
export class Shown {
  /** Time with traffic by canary's share in basis points, and whether canary had any of it. */
  readonly #busy = new Map<number, Busy>()
  /** Time with traffic on canary since a step began. */
  readonly #scheduled = new Map<number, number>()
  /** Time with copies that were compared, and their pairs. */
  #mirroredMs = 0
  #pairs = 0
  #units = 0

  /** A step begins. */
  begin(step: number): void {
    this.#scheduled.delete(step)
  }

  /** Takes in a slot of the attempt. */
  add(slot: EvidenceSlot, { plan, state }: RolloutDocument): void {
    const bp = slot.weights[plan.canary] ?? 0
    const [own, other] = [slot.arms[plan.canary]?.randomised ?? 0, slot.arms[plan.stable]?.randomised ?? 0]
    this.#units += slot.arms[plan.canary]?.servedUnits ?? 0
    this.#pairs += slot.mirror?.compared ?? 0
    if ((slot.mirror?.compared ?? 0) > 0) this.#mirroredMs += slot.durationMs
    if (bp > 0 && own + other > 0 && 'step' in state)
      this.#scheduled.set(state.step, this.scheduledMs(state.step) + slot.durationMs)
    if (other === 0 && bp < 10_000) return
    const { ms, sampled } = this.#busy.get(bp) ?? idle
    this.#busy.set(bp, { ms: ms + slot.durationMs, sampled: sampled || own > 0 })
  }

  /** Time with traffic on canary since a step began, in ms. */
  scheduledMs(step: number): number {
    return this.#scheduled.get(step) ?? 0
  }

  /** The share before this one, when canary was never seen there; null when all is well. */
  missingBefore(bp: number, { steps, strategy }: Plan, isFirst: boolean): number | null {
    const at = steps.findIndex((step) => step.weightBp === bp && step.fromBp === undefined)
    const before = steps[(at < 0 ? steps.length : at) - 1]
    // A budget may begin on any rung; a schedule has many shares.
    if ((strategy === 'adaptive' && isFirst) || before === undefined || before.weightBp === 0) return null
    if ((at < 0 && bp !== 10_000) || before.fromBp !== undefined) return null
    return this.#busy.get(before.weightBp)?.sampled === true ? null : before.weightBp
  }

  /** What is missing of the evidence that a step asks for, or null. */
  missingAt(step: PlanStep, at: number): string | null {
    if (step.minUnits !== undefined && this.#units < step.minUnits) return `${this.#units} of ${step.minUnits} units`
    if (step.weightBp === 0 && step.mirror === undefined) return null
    const { ms, sampled } = this.#seenAt(step, at)
    if (sampled && ms + roundingMs >= step.holdMs) return null
    const share = `${Math.round(ms)} ms with traffic at its share`
    return `${share}, ${sampled ? '' : 'too little of it on canary, '}and asks for ${step.holdMs} ms`
  }

  #seenAt({ weightBp, mirror, fromBp }: PlanStep, at: number): Busy {
    if (mirror !== undefined && weightBp === 0) return { ms: this.#mirroredMs, sampled: this.#pairs >= mirror.minPairs }
    if (fromBp !== undefined) return { ms: this.scheduledMs(at), sampled: true }
    return this.#busy.get(weightBp) ?? idle
  }
}

/** The largest share that canary may have now; `enteredAtBp` is what it might have before the step began. */
export function allowedBp(
  { plan, state }: RolloutDocument,
  shown: Shown,
  { enteredAtBp, inForceBp }: { readonly enteredAtBp: number; readonly inForceBp: number },
): number {
  switch (state.phase) {
    case 'preparing':
    case 'rolled-back':
      return 0
    case 'rolling-back':
      // Copies were taken from stable: it gets back what it can take.
      return plan.steps.some(({ stableReplicas }) => stableReplicas !== undefined) ? inForceBp : 0
    case 'promoting':
    case 'promoted':
      return 10_000
    case 'watching':
    case 'holding': {
      const step = plan.steps[state.step]
      if (step === undefined) return 0
      const bp = step.fromBp === undefined ? step.weightBp : scheduledBp(step, shown.scheduledMs(state.step))
      return state.waitingBp === undefined ? bp : Math.min(bp, enteredAtBp)
    }
  }
}

/** T(t) = t ÷ T, one slot ahead. */
function scheduledBp({ weightBp, fromBp = 0, holdMs }: PlanStep, ms: number): number {
  const part = holdMs > 0 ? Math.min(1, (ms + tickMs + roundingMs) / holdMs) : 1
  return Math.max(1, Math.ceil(fromBp + (weightBp - fromBp) * part))
}

/** What is known when a rollout has moved. */
export interface MoveSeen {
  readonly shown: Shown
  readonly passed: ReadonlySet<string>
  /** Somebody asked for it. */
  readonly byPerson: boolean
}

/** What is wrong with a move: a step that was left forward must have had all it asks for. */
export function wrongMove(before: RolloutDocument, after: RolloutDocument, seen: MoveSeen): readonly string[] {
  const [left, { state, plan }] = [before.state, after]
  const to = state.phase === 'promoting' ? plan.steps.length : 'step' in state ? state.step : -1
  if (!('step' in left) || left.step < 0 || to <= left.step || left.attempt !== state.attempt || seen.byPerson)
    return []
  const skipped = plan.steps.slice(left.step + 1, to).filter((step) => !isPassedAtOnce(step))
  const wrong = skipped.map(({ name, weightBp }) => `a step was skipped: ${name ?? weightBp}`)
  const step = plan.steps[left.step]
  if (step === undefined) return wrong
  const number = left.step + 1
  if (left.phase === 'holding') wrong.push(`step ${number} was left by itself while it was held`)
  if (left.phase === 'watching' && step.pause) wrong.push(`step ${number} was left without a person`)
  for (const { name } of step.gates ?? []) if (!seen.passed.has(name)) wrong.push(`${name} was not waited for`)
  const doubt = doubtOf(step, after, plan.steps[to]?.weightBp ?? 10_000)
  if (doubt !== null) wrong.push(doubt)
  const missing = seen.shown.missingAt(step, left.step)
  if (missing !== null) wrong.push(`step ${number} was passed after ${missing}`)
  return wrong
}

function isPassedAtOnce({ weightBp, mirror, gates = [], pause, canaryReplicas }: PlanStep): boolean {
  return weightBp === 0 && mirror === undefined && gates.length === 0 && !pause && canaryReplicas === undefined
}

/** Why the verdict is not enough for what follows, or null. */
function doubtOf(step: PlanStep, { judgement }: RolloutDocument, nextBp: number): string | null {
  if (step.weightBp === 0 && step.mirror === undefined) return null
  if (judgement?.verdict === 'harmful') return 'it went on although canary is harmful'
  if (step.passes === 'no-harm') return null
  if (step.passes === 'decided' && judgement?.goal?.verdict !== 'better') return 'the experiment was not decided'
  if (judgement?.verdict === 'safe' || nextBp <= (judgement?.ramp?.growBp ?? 0)) return null
  return `the share grew to ${nextBp} bp without a proof of safety or a budget for it`
}

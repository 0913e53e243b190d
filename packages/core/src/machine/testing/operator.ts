import type { NamedGate, Plan, PlanStep } from '../../plan.ts'
import type { EventOf, RolloutEvent } from '../event.ts'
import type { RollbackReason } from '../state.ts'

type Where = 'starting' | number | 'all' | 'back' | 'in' | 'out'
type Command = Extract<RolloutEvent, { by: string }>
type Fact = Exclude<RolloutEvent, { by: string }>

/** Whether somebody asks for it. */
export function isCommand(event: RolloutEvent): event is Command {
  return 'by' in event
}

/**
 * A small model beside the machine: what an operator keeps in their head, and how they would go about it by hand. A step is a list of things to do; what is
 * done is crossed out; with nothing left on a step without requests they go on.
 */
export class Operator {
  where: Where = 'starting'
  held: 'no' | 'person' | 'plan' | 'deadline' | 'gate' | 'no-evidence' = 'no'
  evidenceMs = 0
  attempt = 1
  /** Gates that are still to pass, and who has said yes to the first. */
  open: readonly NamedGate[] = []
  yes: readonly string[] = []
  /** The first of them has failed. */
  broken = false
  /** The share that is kept until the copies are there; null: they are. */
  keptBp: number | null = null
  wentBack: RollbackReason = 'aborted'
  #patienceFrom = 0
  #now = 0
  readonly #plan: Plan

  constructor(plan: Plan) {
    this.#plan = plan
  }

  /** Canary's share now. */
  get shareBp(): number {
    if (this.where === 'all' || this.where === 'in') return 10_000
    const step = this.#step()
    if (step === null) return 0
    const { weightBp, fromBp, holdMs } = step
    const way = holdMs === 0 ? 1 : Math.min(1, (this.evidenceMs + 1_000) / holdMs)
    const line = fromBp === undefined ? weightBp : Math.max(1, Math.floor(fromBp + (weightBp - fromBp) * way))
    return this.keptBp === null ? line : Math.min(this.keptBp, line)
  }

  /** Returns whether it is taken; facts always are. */
  hears(event: RolloutEvent, now: number): boolean {
    this.#now = now
    let taken = true
    if (isCommand(event)) taken = this.#obeys(event)
    else this.#notes(event)
    for (let step = this.#step(); step !== null && this.#nothingToDo(step); step = this.#step()) this.#leave(step)
    return taken
  }

  #step(): PlanStep | null {
    return typeof this.where === 'number' ? (this.#plan.steps[this.where] ?? null) : null
  }

  #nothingToDo({ weightBp, mirror }: PlanStep): boolean {
    const requests = weightBp > 0 || mirror !== undefined
    return this.held === 'no' && !requests && this.open.length === 0 && this.keptBp === null
  }

  #leave({ pause }: PlanStep): void {
    if (pause) this.#hold('plan')
    else this.#next()
  }

  #next(): void {
    if (typeof this.where === 'number') this.#goTo(this.where + 1)
  }

  #goTo(where: Where): void {
    const shareBp = this.shareBp
    this.where = typeof where === 'number' && where >= this.#plan.steps.length ? 'all' : where
    this.held = 'no'
    this.evidenceMs = 0
    this.open = this.#step()?.gates ?? []
    this.yes = []
    this.broken = false
    this.keptBp = this.#step()?.canaryReplicas === undefined ? null : shareBp
    this.#patienceFrom = this.#now
  }

  #goBack(reason: RollbackReason): void {
    this.wentBack = reason
    this.#goTo('back')
  }

  #hold(why: Operator['held']): void {
    this.held = why
  }

  #crossOut(): void {
    this.open = this.open.slice(1)
    this.yes = []
    this.#patienceFrom = this.#now
  }

  #rung(weightBp: number): number {
    return this.#plan.steps.filter((step) => step.weightBp <= weightBp).length - 1
  }

  #notes(fact: Fact): void {
    const { where } = this
    if (fact.type === 'in-force') {
      if (where === 'all' && fact.weightBp === 10_000) this.#goTo('in')
      if (where === 'back' && fact.weightBp === 0) this.#goTo('out')
    }
    if (where === 'in' || where === 'out' || where === 'back') return
    if (fact.type === 'canary-failed') this.#goBack('failed')
    if (fact.type === 'canary-ready' && where === 'starting' && this.held === 'no')
      this.#goTo(Math.max(0, this.#rung(fact.ramp?.growBp ?? -1)))
    // Of an earlier try, or of another step: no news.
    if (where === 'starting' || ('attempt' in fact && fact.attempt !== this.attempt)) return
    if (fact.type === 'judged' && fact.verdict === 'harmful') this.#goBack('harmful')
    const step = this.#step()
    if (step === null || ('step' in fact && fact.step !== where)) return
    if (fact.type === 'judged') this.#weighs(step, fact)
    if (fact.type === 'gate') this.#isTold(step, fact)
    if (fact.type === 'unhealthy') this.#misses(step, fact)
    if (fact.type === 'scaled' && this.held === 'no' && this.keptBp !== null) {
      this.keptBp = null
      this.#patienceFrom = this.#now
    }
    if (fact.type === 'tick' && this.held === 'no' && this.open.length === 0)
      if (this.#now - this.#patienceFrom >= step.holdMs + this.#plan.deadlineMs) this.#isLate()
  }

  #isLate(): void {
    if (this.#plan.onDeadline === 'rollback') this.#goBack('deadline')
    else this.#hold('deadline')
  }

  #weighs(step: PlanStep, judged: EventOf<'judged'>): void {
    const { verdict, creditMs, ramp, units = 0, goal } = judged
    if (ramp !== undefined && ramp.stayBp < step.weightBp) return this.#retreats(ramp.stayBp)
    const experiment = step.passes === 'decided'
    if (experiment && this.held === 'no' && goal?.verdict === 'not-shown') return this.#goBack('no-gain')
    const schedule = step.fromBp !== undefined
    if (this.keptBp === null && (this.held === 'no' || !schedule)) this.evidenceMs += creditMs
    const enough = creditMs > 0 && this.evidenceMs >= step.holdMs && units >= (step.minUnits ?? 0)
    if (this.held !== 'no' || !enough || this.open.length > 0 || this.keptBp !== null) return
    const decided = verdict === 'safe' && goal?.verdict === 'better'
    if (experiment ? decided : step.passes === 'no-harm' || this.#may(judged)) this.#leave(step)
  }

  #retreats(stayBp: number): void {
    const { held } = this
    const lower = this.#rung(stayBp)
    if (lower < 0) return this.#goBack('budget')
    this.#goTo(lower)
    this.held = held
  }

  /** The common rule: safe for the next share and able to stay there, or paid for. */
  #may({ verdict, ramp }: EventOf<'judged'>): boolean {
    const next = typeof this.where === 'number' ? this.#plan.steps[this.where + 1] : undefined
    if (next !== undefined && ramp !== undefined && next.weightBp <= ramp.growBp) return true
    return verdict === 'safe' && (ramp === undefined || (next?.weightBp ?? 0) <= ramp.stayBp)
  }

  #isTold({ gates = [] }: PlanStep, { gate, outcome }: EventOf<'gate'>): void {
    const [first] = this.open
    if (first === undefined || gate !== gates.length - this.open.length) return
    if (first.kind === 'approval' || this.broken) return
    if (outcome === 'passed') return this.#crossOut()
    if ('onFailure' in first && first.onFailure === 'rollback') return this.#goBack('gate')
    this.broken = true
    if (this.held === 'no') this.#hold('gate')
  }

  #misses({ mirror }: PlanStep, { do: action }: EventOf<'unhealthy'>): void {
    if (this.shareBp === 0 && mirror === undefined) return
    if (action === 'rollback') this.#goBack('no-evidence')
    else if (this.held === 'no') this.#hold('no-evidence')
  }

  #obeys(command: Command): boolean {
    const { where } = this
    if (command.type === 'retry') {
      if (where !== 'out') return false
      this.attempt += 1
      this.#goTo('starting')
      return true
    }
    if (where === 'in' || where === 'out') return false
    if (command.type === 'abort' || command.type === 'supersede') {
      if (where !== 'back') this.#goBack(command.type === 'abort' ? 'aborted' : 'superseded')
      return true
    }
    if (where === 'back' || where === 'all') return false
    if (command.type === 'resume') return this.#resumes()
    if (command.type === 'approve') return this.#agrees(command)
    if (command.type !== 'pause') return this.#sends(command)
    this.#hold('person')
    return true
  }

  #resumes(): boolean {
    if (this.held === 'no') return false
    if (this.held === 'plan') this.#next()
    this.held = 'no'
    this.broken = false
    this.#patienceFrom = this.#now
    return true
  }

  #agrees({ by }: Command): boolean {
    const [first] = this.open
    if (first?.kind !== 'approval' || this.yes.includes(by) || first.from?.includes(by) === false) return false
    this.yes = [...this.yes, by]
    if (this.yes.length === first.people) this.#crossOut()
    return true
  }

  #sends(command: EventOf<'promote'> | EventOf<'jump'>): boolean {
    const { steps } = this.#plan
    if (typeof this.where !== 'number' || (command.seenStep !== null && command.seenStep !== this.where)) return false
    if (command.type === 'jump') {
      if (command.to < 0 || command.to >= steps.length) return false
      this.#goTo(command.to)
      return true
    }
    const watchesAll = steps.at(-1)?.weightBp === 10_000 && this.where < steps.length - 1
    this.#goTo(!command.full ? this.where + 1 : watchesAll ? steps.length - 1 : 'all')
    return true
  }
}

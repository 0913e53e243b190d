import { gateAsked, isOver, windowIsOpen, type EventOf, type NamedGate } from '@serin/core'
import type { Clock, GateContext, GateRunner, OutsideGate } from '@serin/kit'
import type { Rollout } from '@serin/spec'
import { formatDuration } from '@serin/spec'
import type { RolloutDocument } from '../documents.ts'

/** What is known of another service. */
export interface OtherService {
  readonly stable: string
  /** The version that is being released, or null. */
  readonly releasing: string | null
}

/** What gates work with. */
export interface GatesPorts {
  readonly clock: Clock
  readonly runner: GateRunner
  readonly context: (rollout: RolloutDocument) => GateContext
  readonly otherService: (name: string) => OtherService | null
  /** Takes what a gate has said. Returns whether it was written down; else the gate is asked again. */
  readonly spoke: (event: EventOf<'gate'>) => boolean
  /** Hears of errors that nobody foresaw. */
  readonly defect: (error: unknown) => void
}

/** Time between two questions of gates that have none of their own. */
const restMs = 1_000

interface Question {
  readonly key: string
  readonly stop: AbortController
  says: string | null
}

/**
 * Asks the gate of the step in force, one at a time: whatever else is asked for (another step, an abort, a freeze) ends the question. After a restart a gate is
 * asked again.
 */
export class Gates {
  readonly #ports: GatesPorts
  #question: Question | null = null
  #ended: Promise<void> = Promise.resolve()

  constructor(ports: GatesPorts) {
    this.#ports = ports
  }

  /** Looks which gate is to be asked now; null when nothing may go forward. */
  look(rollout: RolloutDocument | null): void {
    const asked = rollout === null || isOver(rollout.state) ? null : gateAsked(rollout.state, rollout.plan)
    if (rollout === null || asked === null || !('step' in rollout.state)) return this.#drop()
    const { attempt, step } = rollout.state
    const { gate, at, since } = asked
    // One that has failed is asked again when the rollout goes on.
    if (gate.kind === 'approval' || rollout.state.gateFailed === true) return this.#drop()
    const spoke = (outcome: 'passed' | 'failed', why: string): void => {
      if (!this.#ports.spoke({ type: 'gate', attempt, step, gate: at, outcome, why })) this.#drop()
    }
    const key = `${rollout.id}/${attempt}/${step}/${at}/${since}`
    if (gate.kind === 'window' || gate.kind === 'dependency') {
      if (this.#question?.key !== key) this.#begin(key)
      const answer = this.#own(gate)
      if (this.#question !== null) this.#question.says = answer.why
      if (answer.passed) spoke('passed', answer.why)
      return
    }
    if (this.#question?.key === key) return
    const question = this.#begin(key)
    this.#ended = this.#ask(gate, { rollout, question, since, spoke }).catch(this.#ports.defect)
  }

  /** What people see of the gate that is asked. */
  describe({ state, plan }: RolloutDocument): Rollout['gate'] {
    const asked = gateAsked(state, plan)
    if (asked === null || !('step' in state)) return null
    const { gate, since } = asked
    const people = gate.kind === 'approval' ? gate.people : null
    const approvals = [...(state.approvals ?? [])]
    return { name: gate.name, kind: gate.kind, since, says: this.#question?.says ?? null, approvals, people }
  }

  /** Ends the question. */
  async stop(): Promise<void> {
    this.#drop()
    await this.#ended
  }

  #begin(key: string): Question {
    this.#drop()
    const question: Question = { key, stop: new AbortController(), says: null }
    this.#question = question
    return question
  }

  #drop(): void {
    this.#question?.stop.abort(new Error('not asked any more'))
    this.#question = null
  }

  /** Gates that need nobody outside. */
  #own(gate: Extract<NamedGate, { kind: 'window' | 'dependency' }>): {
    readonly passed: boolean
    readonly why: string
  } {
    if (gate.kind === 'window') {
      const passed = windowIsOpen(gate, this.#ports.clock.now())
      const when = `${gate.days.join(', ')} ${gate.from}–${gate.to} ${gate.timezone}`
      return { passed, why: passed ? `It is within ${when}.` : `Waiting for ${when}.` }
    }
    const { service, version } = gate
    const other = this.#ports.otherService(service)
    if (other === null) return { passed: false, why: `There is no service ${service} yet.` }
    const busy = other.releasing === null ? '' : `, ${other.releasing} is being released`
    const passed = version === undefined ? other.releasing === null : other.stable === version
    const wanted = version === undefined ? 'no rollout under way' : version
    return { passed, why: `${service} is at ${other.stable}${busy}${passed ? '' : `; waiting for ${wanted}`}.` }
  }

  async #ask(
    gate: OutsideGate,
    {
      rollout,
      question,
      since,
      spoke,
    }: {
      readonly rollout: RolloutDocument
      readonly question: Question
      readonly since: number
      readonly spoke: (outcome: 'passed' | 'failed', why: string) => void
    },
  ): Promise<void> {
    const { clock, runner, context } = this.#ports
    const { signal } = question.stop
    const late = new AbortController()
    void clock.sleep(Math.max(0, since + gate.within - clock.now()), signal).then(
      () => late.abort(new Error('late')),
      () => undefined,
    )
    const patience = AbortSignal.any([signal, late.signal])
    try {
      while (!patience.aborted) {
        const answer = await runner.ask(gate, context(rollout), patience)
        if (signal.aborted) return
        // A version that has gone meanwhile has not passed, whatever was said of it before.
        const gone = answer.outcome === 'passed' && context(rollout).preview === null
        question.says = gone ? `No replica of ${rollout.plan.canary} is ready any more.` : answer.why
        if (!gone && answer.outcome !== 'waiting') return spoke(answer.outcome, answer.why)
        await clock.sleep('every' in gate ? gate.every : restMs, patience)
      }
    } catch (error) {
      if (!patience.aborted) throw error
    }
    if (!signal.aborted)
      spoke(
        'failed',
        `${gate.name} has not passed within ${formatDuration(gate.within)}. ${question.says ?? ''}`.trim(),
      )
  }
}

import type { GateAnswer, GateRunner } from '@serin/kit'
import type { VirtualClock } from './virtual-clock.ts'

type Word = GateAnswer['outcome'] | 'nothing'

/** How a gate behaves: what it says to each question in turn (its last word for ever; `nothing` hangs), and how long it takes to say it. */
export interface GateBehaviour {
  readonly says: Word | readonly Word[]
  readonly afterMs: number
}

const foreverMs = 1e10
const soon: GateBehaviour = { says: 'passed', afterMs: 1_000 }

/** What stands behind the gates of the world, by name; those it does not know pass soon. It belongs to the world, not to the control plane. */
export class GateKeeper implements GateRunner {
  /** Every yes that was said: rollout, attempt, step and gate. */
  readonly passed = new Set<string>()
  readonly #clock: VirtualClock
  readonly #behaviours: Readonly<Record<string, GateBehaviour>>
  readonly #questions = new Map<string, number>()

  constructor(clock: VirtualClock, behaviours: Readonly<Record<string, GateBehaviour>>) {
    this.#clock = clock
    this.#behaviours = behaviours
  }

  async ask(...[gate, { rollout, attempt, step }, signal]: Parameters<GateRunner['ask']>): Promise<GateAnswer> {
    const name = gate.name ?? gate.kind
    const { says, afterMs } = this.#behaviours[name] ?? soon
    const asked = this.#questions.get(name) ?? 0
    this.#questions.set(name, asked + 1)
    const word = typeof says === 'string' ? says : (says[Math.min(asked, says.length - 1)] ?? 'waiting')
    await this.#clock.sleep(word === 'nothing' ? foreverMs : afterMs, signal)
    if (word === 'passed') this.passed.add([rollout, attempt, step, name].join('/'))
    return { outcome: word === 'nothing' ? 'waiting' : word, why: `${name} says ${word}.` }
  }

  async tell(): Promise<void> {}
}

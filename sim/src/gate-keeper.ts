import type { GateAnswer, GateRunner } from '@serin/kit'
import type { VirtualClock } from './virtual-clock.ts'

/** How a gate behaves: what it says, and how long it takes to say it. */
export interface GateBehaviour {
  readonly says: GateAnswer['outcome']
  readonly afterMs: number
}

const soon: GateBehaviour = { says: 'passed', afterMs: 1_000 }

/** What stands behind the gates of the world, by name; those it does not know pass soon. It belongs to the world, not to the control plane. */
export class GateKeeper implements GateRunner {
  readonly #clock: VirtualClock
  readonly #behaviours: Readonly<Record<string, GateBehaviour>>

  constructor(clock: VirtualClock, behaviours: Readonly<Record<string, GateBehaviour>>) {
    this.#clock = clock
    this.#behaviours = behaviours
  }

  async ask(...[gate, , signal]: Parameters<GateRunner['ask']>): Promise<GateAnswer> {
    const { says, afterMs } = this.#behaviours[gate.name ?? gate.kind] ?? soon
    await this.#clock.sleep(afterMs, signal)
    return { outcome: says, why: `${gate.name ?? gate.kind} says ${says}.` }
  }

  async tell(): Promise<void> {}
}

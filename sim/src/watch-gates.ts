import type { NamedGate } from '@serin/core'
import type { RolloutDocument } from '@serin/engine'
import type { JournalEntry } from '@serin/kit'
import type { GateKeeper } from './gate-keeper.ts'

/** Counts who has said yes, from the journal and from the gates themselves. */
export class Ballot {
  readonly #keeper: GateKeeper
  readonly #passed = new Map<string, Set<string>>()
  readonly #approvals = new Map<string, Set<string>>()

  constructor(keeper: GateKeeper) {
    this.#keeper = keeper
  }

  /** Gates that have passed at the step on which a rollout stands. */
  passed(rollout: RolloutDocument): ReadonlySet<string> {
    return this.#passed.get(placeOf(rollout)) ?? new Set()
  }

  /** A step begins: it is asked anew. */
  begin(rollout: RolloutDocument): void {
    this.#passed.delete(placeOf(rollout))
    this.#approvals.delete(placeOf(rollout))
  }

  /** Takes in an entry about the latest rollout as it was before; says what is wrong with it. */
  heard({ kind, stream, actor, data }: JournalEntry, rollout: RolloutDocument | null): readonly string[] {
    if (rollout === null || stream !== `rollout/${rollout.id}` || !('step' in rollout.state)) return []
    const place = placeOf(rollout)
    if (kind === 'rollout.approve') add(this.#approvals, place, actor)
    if (kind !== 'rollout.gate' || data['outcome'] !== 'passed') return []
    const gate = rollout.plan.steps[rollout.state.step]?.gates?.find(({ name }) => name === data['gate'])
    if (gate === undefined) return [`a gate passed that the step does not have: ${String(data['gate'])}`]
    const known = this.passed(rollout).size
    add(this.#passed, place, gate.name)
    const turn = rollout.plan.steps[rollout.state.step]?.gates?.[known]?.name
    const early = turn === gate.name ? [] : [`${gate.name} passed before its turn`]
    return [...early, ...(this.#isTrue(gate, place) ? [] : [`${gate.name} passed, and nobody said so`])]
  }

  #isTrue(gate: NamedGate, place: string): boolean {
    if (gate.kind === 'window' || gate.kind === 'dependency') return true
    if (gate.kind !== 'approval') return this.#keeper.passed.has(`${place}/${gate.name}`)
    const people = this.#approvals.get(place)?.size ?? 0
    // Another gate wants people of its own.
    this.#approvals.delete(place)
    return people >= gate.people
  }
}

function placeOf({ id, state }: RolloutDocument): string {
  return [id, state.attempt, 'step' in state ? state.step : -1].join('/')
}

function add(sets: Map<string, Set<string>>, place: string, name: string): void {
  sets.set(place, (sets.get(place) ?? new Set<string>()).add(name))
}

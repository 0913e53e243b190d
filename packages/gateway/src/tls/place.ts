import { stateOf } from './pem.ts'

/** What was read from files, with what will become of it. */
export interface Held {
  /** What it is, as a sentence has it: `certificate FILE`. */
  readonly name: string
  /** What is done with it. */
  readonly use: 'shown' | 'believed'
  /** ms since the epoch. */
  readonly expiresAt: number
  /** A key that anybody on the machine may read, or null. */
  readonly exposedKey: string | null
  /** As the log tells it. */
  readonly told: Readonly<Record<string, unknown>>
}

/** Where it is, and how it is read. */
export interface Source<Read extends Held> {
  readonly files: readonly string[]
  /** Rejects with a sentence that says what is wrong. */
  readonly read: () => Promise<Read>
}

/** Something that is read from files, and what has become of them since it was read. */
export class Place<Read extends Held> {
  held: Read
  problem: string | null = null
  readonly #source: Source<Read>
  #taken: string
  /** The state that was seen last, and the one that was refused. */
  #seen: string
  #judged: string

  private constructor(source: Source<Read>, held: Read, state: string) {
    this.#source = source
    this.held = held
    this.#taken = state
    this.#seen = state
    this.#judged = state
  }

  /** Reads it; rejects with a sentence when it cannot be used. */
  static async open<Read extends Held>(source: Source<Read>): Promise<Place<Read>> {
    const state = await stateOf(source.files)
    return new Place(source, await source.read(), state)
  }

  /** Looks whether the files have changed: what has changed for the better is taken, else the one before stays. `now` does not wait for who is still writing. */
  async look(now: boolean): Promise<'changed' | 'refused' | 'same'> {
    const state = await stateOf(this.#source.files)
    const settled = now || state === this.#seen
    this.#seen = state
    if (state === this.#taken && this.problem === null) return 'same'
    if (state === this.#judged && !now) return 'same'
    try {
      this.held = await this.#source.read()
      this.#taken = state
      this.#judged = state
      this.problem = null
      return 'changed'
    } catch (error) {
      // Whoever writes a new pair writes one file after the other: only what stays so is told.
      if (!settled) return 'same'
      this.#judged = state
      this.problem = error instanceof Error ? error.message : String(error)
      return 'refused'
    }
  }
}

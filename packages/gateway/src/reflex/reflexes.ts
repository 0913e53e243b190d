import type { Reflex, RoutingTable } from '@serin/core'
import { hasUnits } from '../decide/snapshot.ts'
import { readJson, writeAtomically } from '../state/files.ts'
import { ErrorWatch } from './error-watch.ts'
import type { Side } from './error-watch.ts'
import { parseMemory, partOfBoot } from './memory.ts'
import type { Memory } from './memory.ts'
import { pulledBack } from './pulled-back.ts'

/** How long errors are collected before they are played. */
const lookMs = 20

/** What reflexes work with. */
export interface ReflexesOptions {
  readonly file: string
  readonly nowMs: () => number
  /** Canary has just lost its share: the table in force has to be made anew. */
  readonly pulled: (reflex: Reflex) => void
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void
}

/**
 * Takes canary's share away when its errors are proved, without asking anybody, and keeps it away for the rest of the attempt whatever newer
 * tables of it say: who sends them may not know yet.
 */
export class Reflexes {
  readonly #options: ReflexesOptions
  #memory: Memory | null
  #watch: ErrorWatch | null = null
  #table: RoutingTable | null = null
  #timer: NodeJS.Timeout | null = null
  #writing: Promise<void> = Promise.resolve()

  private constructor(options: ReflexesOptions, memory: Memory | null) {
    this.#options = options
    this.#memory = memory
  }

  /** Remembers what the file says. */
  static async open(options: ReflexesOptions): Promise<Reflexes> {
    return new Reflexes(options, parseMemory(await readJson(options.file)))
  }

  /** Present while canary is kept from having a share. */
  get pulled(): Reflex | null {
    return this.#memory?.pulled ?? null
  }

  /** The table as it may be in force; from now on its errors are watched. */
  under(table: RoutingTable): RoutingTable {
    const { rollout, reflex } = table.measurement
    const another = this.#memory?.rollout !== rollout
    if (another) {
      this.#watch = null
      this.#remember(reflex === undefined ? null : { rollout, boots: 1, pulled: null })
    } else if (reflex !== undefined && this.#watch === null && this.pulled === null && this.#memory !== null) {
      this.#remember({ ...this.#memory, boots: this.#memory.boots + 1 })
    }
    if (this.pulled !== null) return pulledBack(table)
    if (reflex === undefined) this.#watch = null
    else {
      const alpha = reflex.alpha * partOfBoot(this.#memory?.boots ?? 1)
      this.#watch ??= new ErrorWatch({ sticky: hasUnits(table), alpha })
    }
    this.#table = table
    this.#watch?.share(shareOf(table))
    return table
  }

  /** A randomised request failed; which error of its unit it was, as `ErrorWatch` counts. */
  failed(version: string, depth: number, recentDepth: number): void {
    const side: Side = version === this.#table?.canary ? 'canary' : 'stable'
    if (this.#watch === null || (side === 'stable' && version !== this.#table?.stable)) return
    this.#watch.failed(side, depth, recentDepth)
    if (side === 'canary') this.#timer ??= setTimeout(() => this.#look(), lookMs)
  }

  /** From now on recent errors are counted anew. */
  beginEpoch(): void {
    this.#watch?.beginEpoch()
  }

  /** Resolves when nothing is being written; no look is taken afterwards. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#watch = null
    await this.#writing
  }

  #look(): void {
    this.#timer = null
    const [watch, memory] = [this.#watch, this.#memory]
    if (watch === null || memory === null) return
    const logE = watch.look()
    if (logE < watch.threshold) return
    const { rollout } = memory
    const reflex = { rollout, at: this.#options.nowMs(), logE, threshold: watch.threshold }
    this.#watch = null
    this.#remember({ ...memory, pulled: reflex })
    this.#options.log('reflex.pulled', reflex)
    this.#options.pulled(reflex)
  }

  #remember(memory: Memory | null): void {
    if (memory === null && this.#memory === null) return
    this.#memory = memory
    const { file, log } = this.#options
    this.#writing = this.#writing
      .then(async () => await writeAtomically(file, `${JSON.stringify(memory)}\n`))
      .catch((error: unknown) => log('reflex.unwritten', { problem: String(error) }))
  }
}

/** Canary's part of what canary and stable have. */
function shareOf({ arms, canary, stable }: RoutingTable): number {
  const weightOf = (name: string | null): number => arms.find(({ version }) => version === name)?.weightBp ?? 0
  const [own, other] = [weightOf(canary), weightOf(stable)]
  return own === 0 ? 0 : own / (own + other)
}

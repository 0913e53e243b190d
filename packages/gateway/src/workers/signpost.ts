import { rm } from 'node:fs/promises'
import { writeAtomically } from '../state/files.ts'
import { startTimeOf } from '../state/identity.ts'
import type { GatewayIdentity } from '../state/identity.ts'

/** Keeps `gateway.json` up to date with the processes that serve, so that a gateway after this one knows whether any of them is left. */
export class Signpost {
  readonly #file: string
  readonly #identity: GatewayIdentity
  readonly #log: (event: string, fields: Readonly<Record<string, unknown>>) => void
  #queue: Promise<void> = Promise.resolve()
  #isRemoved = false

  constructor(
    file: string,
    identity: GatewayIdentity,
    log: (event: string, fields: Readonly<Record<string, unknown>>) => void,
  ) {
    this.#file = file
    this.#identity = identity
    this.#log = log
  }

  /** Names those who serve. Rejects when it cannot be written. */
  async write(pids: readonly number[]): Promise<void> {
    const before = this.#queue
    const writing = (async () => {
      await before
      if (this.#isRemoved) return
      const carriers = await Promise.all(pids.map(async (pid) => ({ pid, startTime: await startTimeOf(pid) })))
      await writeAtomically(this.#file, `${JSON.stringify({ ...this.#identity, carriers })}\n`)
    })()
    this.#queue = writing.catch(() => {})
    await writing
  }

  /** Names those who serve now; on a full disk the ones before stand there. */
  async change(pids: readonly number[]): Promise<void> {
    try {
      await this.write(pids)
    } catch (error) {
      this.#log('gateway.unwritten', { problem: error instanceof Error ? error.message : String(error) })
    }
  }

  /** Nobody serves any more. */
  async remove(): Promise<void> {
    this.#isRemoved = true
    await this.#queue
    await rm(this.#file, { force: true })
  }
}

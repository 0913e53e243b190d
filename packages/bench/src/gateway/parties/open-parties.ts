import type { Upstreams } from '../load/process.ts'
import type { Contender, Party } from './party.ts'

/** Proxies that are started when they are first asked for, and closed together. */
export class OpenParties {
  readonly #upstreams: Upstreams
  readonly #opened = new Map<string, Promise<Party | { readonly absent: string }>>()
  readonly #absent = new Set<string>()

  constructor(upstreams: Upstreams) {
    this.#upstreams = upstreams
  }

  /** Why who is missing is missing, a sentence each. */
  get absent(): readonly string[] {
    return [...this.#absent]
  }

  /** Those of them that there are here, in their order. Rejects when one does not start that should. */
  async these(contenders: readonly Contender[]): Promise<readonly Party[]> {
    const settled = await Promise.allSettled(contenders.map(async (each) => await this.#open(each)))
    return settled.flatMap((result, i) => {
      if (result.status === 'rejected') throw result.reason
      if (!('absent' in result.value)) return [result.value]
      this.#absent.add(`${contenders[i]?.name ?? ''} is left out: ${result.value.absent}`)
      return []
    })
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    const settled = await Promise.allSettled(this.#opened.values())
    this.#opened.clear()
    await Promise.all(
      settled.map(async (result) => {
        if (result.status === 'fulfilled' && 'close' in result.value) await result.value.close()
      }),
    )
  }

  async #open(contender: Contender): Promise<Party | { readonly absent: string }> {
    const opened = this.#opened.get(contender.name) ?? contender.open(this.#upstreams)
    this.#opened.set(contender.name, opened)
    return await opened
  }
}

import { SerinError } from '@serin/spec'

const windowMs = 60_000
const mostWrong = 10
/** Addresses that are remembered; the oldest give way. */
const mostAddresses = 1_000

interface Count {
  readonly since: number
  readonly wrong: number
}

/** Counts wrong login codes per address, and lets none try more than a few in a minute. A code cannot be guessed anyway; what this saves is the work, and the log. */
export class Guesses {
  readonly #now: () => number
  readonly #counts = new Map<string, Count>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Lets an address try; what it tries to do is counted when it is refused. Throws `login.too-often`. */
  attempt<T>(address: string, logIn: () => T): T {
    if ((this.#of(address)?.wrong ?? 0) >= mostWrong)
      throw new SerinError('login.too-often', `More than ${mostWrong} wrong links in a minute came from this address.`)
    try {
      return logIn()
    } catch (error) {
      const { since, wrong } = this.#of(address) ?? { since: this.#now(), wrong: 0 }
      this.#counts.delete(address)
      this.#counts.set(address, { since, wrong: wrong + 1 })
      for (const oldest of this.#counts.keys()) {
        if (this.#counts.size <= mostAddresses) break
        this.#counts.delete(oldest)
      }
      throw error
    }
  }

  #of(address: string): Count | undefined {
    const count = this.#counts.get(address)
    return count !== undefined && this.#now() - count.since < windowMs ? count : undefined
  }
}

import type { RequestView } from './request-view.ts'

/** Reads a text of a request, or finds that it has none. */
export type Read = (request: RequestView) => string | undefined

/** What the conditions of a table read that is worth keeping while a request is decided. */
export class Readings {
  readonly #turn = { count: 1 }
  readonly #known = new Map<string, Read>()

  /** The reader of this name, which reads each request once however many conditions ask; `read` says how, the first time. */
  once(name: string, read: Read): Read {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const turn = this.#turn
    let readIn = 0
    let value: string | undefined
    const reader: Read = (request) => {
      if (readIn !== turn.count) {
        value = read(request)
        readIn = turn.count
      }
      return value
    }
    this.#known.set(name, reader)
    return reader
  }

  /** Begins with another request. */
  next(): void {
    this.#turn.count += 1
  }
}

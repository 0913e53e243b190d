/** The lines that end the head of an answer, ready for each second. */
class Tails {
  #second = 0
  #keptMs: number | null = null
  #date = ''
  readonly #ready: (Buffer | undefined)[] = []

  of(dated: boolean, chunked: boolean, keptMs: number | null): Buffer {
    const second = Math.floor(Date.now() / 1_000)
    if (second !== this.#second || (keptMs !== null && keptMs !== this.#keptMs)) {
      this.#second = second
      this.#keptMs = keptMs ?? this.#keptMs
      this.#date = `Date: ${new Date(second * 1_000).toUTCString()}\r\n`
      this.#ready.length = 0
    }
    const which = (dated ? 1 : 0) + (chunked ? 2 : 0) + (keptMs === null ? 4 : 0)
    return (this.#ready[which] ??= this.#render(dated, chunked, keptMs))
  }

  /** The line that says when it is. */
  get date(): string {
    this.of(true, false, null)
    return this.#date
  }

  #render(dated: boolean, chunked: boolean, keptMs: number | null): Buffer {
    const lines =
      (dated ? '' : this.#date) +
      (chunked ? 'Transfer-Encoding: chunked\r\n' : '') +
      (keptMs === null
        ? 'Connection: close\r\n\r\n'
        : `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keptMs / 1_000)}\r\n\r\n`)
    return Buffer.from(lines, 'latin1')
  }
}

/** For all connections: they live in the same second. */
export const tails = new Tails()

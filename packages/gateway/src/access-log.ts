import { createWriteStream } from 'node:fs'
import type { WriteStream } from 'node:fs'

/** One line per request: when it was assigned (ms since the epoch), its version, its status (0: no answer, 499: the client left). */
export class AccessLog {
  readonly #stream: WriteStream

  constructor(file: string) {
    this.#stream = createWriteStream(file, { flags: 'a', mode: 0o600 })
    this.#stream.on('error', () => {}) // A full disk must not stop the traffic.
  }

  write(startedAt: number, version: string, status: number): void {
    // When the disk is slower than the traffic, lines are dropped rather than held.
    if (this.#stream.writableLength < 4_000_000) this.#stream.write(`${startedAt} ${version} ${status}\n`)
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#stream.on('close', resolve)
      this.#stream.end()
    })
  }
}

import { createWriteStream } from 'node:fs'
import type { WriteStream } from 'node:fs'

/** One line per request: when it was assigned (ms since the epoch), who answered, the status (0: no answer, 499: the client left), and the version it answered for, if it could not. */
export class AccessLog {
  readonly #stream: WriteStream

  constructor(file: string) {
    this.#stream = createWriteStream(file, { flags: 'a', mode: 0o600 })
    this.#stream.on('error', () => {}) // A full disk must not stop the traffic.
  }

  write(startedAt: number, version: string, status: number, shielded?: string): void {
    // When the disk is slower than the traffic, lines are dropped rather than held.
    if (this.#stream.writableLength > 4_000_000) return
    this.#stream.write(`${startedAt} ${version} ${status}${shielded === undefined ? '' : ` ${shielded}`}\n`)
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#stream.on('close', resolve)
      this.#stream.end()
    })
  }
}

import { createWriteStream } from 'node:fs'
import type { WriteStream } from 'node:fs'

/** Who answered a request, in whose place if it was, and the trace it is in. */
export interface Served {
  readonly version: string
  readonly shielded?: string | undefined
  readonly traceId?: string | undefined
}

/**
 * One line per request: when it was assigned (ms since the epoch), who answered, the status (0: no answer, 499: the client left), the version
 * it answered for, if that could not, and `trace=ID` where there is one.
 */
export class AccessLog {
  readonly #stream: WriteStream

  constructor(file: string) {
    this.#stream = createWriteStream(file, { flags: 'a', mode: 0o600 })
    this.#stream.on('error', () => {}) // A full disk must not stop the traffic.
  }

  write(startedAt: number, status: number, { version, shielded, traceId }: Served): void {
    // When the disk is slower than the traffic, lines are dropped rather than held.
    if (this.#stream.writableLength > 4_000_000) return
    const stoodIn = shielded === undefined ? '' : ` ${shielded}`
    const traced = traceId === undefined ? '' : ` trace=${traceId}`
    this.#stream.write(`${startedAt} ${version} ${status}${stoodIn}${traced}\n`)
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#stream.on('close', resolve)
      this.#stream.end()
    })
  }
}

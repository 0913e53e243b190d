import type { Edge } from './edge.ts'
import type { Trace } from './trace.ts'

/** How a request came: who sent it on, and whether that one is believed. */
export class Hop {
  readonly edge: Edge
  /** Who connected. */
  readonly peer: string
  /** Who asks, as far as that is known. */
  readonly client: string
  readonly trusted: boolean
  readonly encrypted: boolean
  readonly trace: Trace
  #lines: Buffer | null = null

  constructor(
    edge: Edge,
    { peer, client, trusted, encrypted, trace }: Pick<Hop, 'peer' | 'client' | 'trusted' | 'encrypted' | 'trace'>,
  ) {
    this.edge = edge
    this.peer = peer
    this.client = client
    this.trusted = trusted
    this.encrypted = encrypted
    this.trace = trace
  }

  /** What versions are told of a request of which nothing that it says itself is believed, up to the value of `X-Forwarded-Host`. */
  get lines(): Buffer {
    const proto = this.encrypted ? 'https' : 'http'
    return (this.#lines ??= Buffer.from(
      `X-Forwarded-For: ${this.peer}\r\nX-Forwarded-Proto: ${proto}\r\nX-Forwarded-Host: `,
      'latin1',
    ))
  }
}

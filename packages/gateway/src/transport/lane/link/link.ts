import type { Socket } from 'node:net'

/** Up to this size a copy is cheaper than a second write. */
export const joinedBytes = 16_384

/** Who uses a connection. */
export interface LinkUser {
  /** Bytes came; they are the user's until it returns, and longer only if it says so with `keep`. */
  received(bytes: Buffer): void
  /** More may be written again, after it was `full`. */
  drained(): void
  /** The other side sends no more. */
  ended(): void
  /** It is over, whoever ended it. */
  closed(): void
}

/** Who opens a connection. */
export interface Opener extends LinkUser {
  /** It is there. */
  connected(): void
}

/** A connection as the fast lane uses it: bytes in and bytes out, without streams in between where that can be had. */
export interface Link {
  readonly socket: Socket
  /** Bytes that were written and are still here: until there are none, nothing that was written may be changed. */
  readonly waiting: number
  /** Whether so much waits that nothing more should be written. */
  readonly full: boolean
  /** Whether bytes that came are written over by those that come next, unless they are kept. */
  readonly lends: boolean
  write(bytes: Buffer): void
  /** Reads no more for now. */
  pause(): void
  resume(): void
  /** What came last is still to be written: it must not be written over. For connections to upstreams. */
  keep(): void
  /** Ends it when everything is written. */
  end(): void
  destroy(): void
  /** Gives it up; it goes on as its socket, paused, with these bytes as the next that are read. */
  release(bytes: Buffer): Socket
}

/** The address of an upstream. */
export interface Place {
  readonly hostname: string
  readonly port: string
}

/** A way to have links. */
export interface Links {
  /** Takes over the connection of a client from which nothing was read. */
  take(socket: Socket, user: LinkUser): Link
  /** Opens a connection to an upstream. */
  open(place: Place, user: Opener): Link
}

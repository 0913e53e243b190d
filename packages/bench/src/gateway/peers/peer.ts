import type { RequestListener } from 'node:http'

/** The base address of the version a request gets, by the same hash of the same cookie as everywhere. */
export type Choose = (cookies: string | undefined) => string

/** A proxy in the hands of who publishes it: what handles requests, or the port on which it listens by itself. */
export type Peer = (choose: Choose) => Promise<RequestListener | number>

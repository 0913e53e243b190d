import * as net from 'node:net'
import type { Limits } from '../../limits.ts'
import type { Endpoint } from '../endpoints.ts'

const readBytes = 65_536
const mostIdle = 256
/** An upstream that says when it ends an idle connection is believed, less the time that a request takes to reach it. */
const onItsWayMs = 1_000

/** Who uses a connection to an upstream. */
export interface User {
  /** It has its turn on this connection. */
  granted(upstream: Upstream): void
  connected(): void
  /** Bytes of the answer; they are the user's until it returns. Says whether it wants more, and may keep what it got. */
  received(bytes: Buffer): boolean
  /** The upstream takes more again. */
  drained(): void
  /** The upstream ended the connection, or broke it. */
  lost(upstream: Upstream, ended: boolean): void
}

/** A connection to an upstream: one exchange at a time. */
export class Upstream {
  readonly endpoint: Endpoint
  readonly socket: net.Socket
  user: User | null = null
  /** Whether an exchange before this one used it. */
  used = false
  idleUntilMs = 0
  #buffer = Buffer.allocUnsafeSlow(readBytes)
  #kept = false

  constructor(endpoint: Endpoint, gone: (upstream: Upstream) => void) {
    this.endpoint = endpoint
    const { hostname, port } = endpoint.options
    this.socket = net.connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: {
        // What somebody still has to write must not be written over.
        buffer: () => {
          if (this.#kept) this.#buffer = Buffer.allocUnsafeSlow(readBytes)
          this.#kept = false
          return this.#buffer
        },
        callback: (bytes) => this.#received(bytes),
      },
    })
    this.socket.on('connect', () => this.user?.connected())
    this.socket.on('drain', () => this.user?.drained())
    this.socket.on('error', () => {})
    const over = (ended: boolean): void => {
      const user = this.user
      this.user = null
      gone(this)
      this.socket.destroy()
      user?.lost(this, ended)
    }
    this.socket.on('end', () => over(true))
    this.socket.on('close', () => over(false))
  }

  /** The bytes received last are still to be written. */
  keepBytes(): void {
    this.#kept = true
  }

  #received(length: number): boolean {
    // Nobody asked: such a connection is never used again.
    if (this.user === null) this.socket.destroy()
    else return this.user.received(this.#buffer.subarray(0, length))
    return true
  }
}

/** The connections to one address. */
interface Place {
  /** Idle ones, the last used first. */
  readonly idle: Upstream[]
  readonly waiting: Set<User>
  open: number
}

/** The connections to all upstreams: at most so many to one address, and whoever comes then waits its turn. */
export class Pool {
  readonly #limits: Limits
  readonly #places = new Map<Endpoint, Place>()
  readonly #all = new Set<Upstream>()
  #closed = false

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** Grants a connection, at once if there may be one more; `fresh` never takes a used one. */
  take(endpoint: Endpoint, user: User, fresh: boolean): void {
    let place = this.#places.get(endpoint)
    if (place === undefined) this.#places.set(endpoint, (place = { idle: [], waiting: new Set(), open: 0 }))
    for (let upstream = fresh ? undefined : place.idle.pop(); upstream !== undefined; upstream = place.idle.pop()) {
      if (upstream.socket.destroyed) continue
      upstream.used = true
      grant(upstream, user)
      return
    }
    if (place.open < this.#limits.connectionsPerEndpoint) this.#open(endpoint, place, user)
    else {
      place.waiting.add(user)
      if (fresh) place.idle.shift()?.socket.destroy()
    }
  }

  /** Whoever waits does so no more. */
  cancel(endpoint: Endpoint, user: User): void {
    this.#places.get(endpoint)?.waiting.delete(user)
  }

  /** Keeps a connection whose answer is whole; `endsAfterMs` is how long the upstream keeps it. */
  give(upstream: Upstream, nowMs: number, endsAfterMs: number): void {
    upstream.user = null
    const keptMs = Math.min(this.#limits.upstreamKeepAliveMs, endsAfterMs - onItsWayMs)
    upstream.idleUntilMs = nowMs + keptMs
    const { endpoint } = upstream
    const place = this.#places.get(endpoint)
    const next = first(place?.waiting)
    if (next !== undefined) {
      upstream.used = true
      grant(upstream, next)
    } else if (place === undefined || endpoint.retired || place.idle.length >= mostIdle || keptMs <= 0)
      upstream.socket.destroy()
    else place.idle.push(upstream)
  }

  /** Drops what was idle too long or is wanted no more. */
  check(nowMs: number): void {
    for (const [endpoint, { idle, open, waiting }] of this.#places) {
      for (const upstream of idle) if (endpoint.retired || nowMs > upstream.idleUntilMs) upstream.socket.destroy()
      if (endpoint.retired && open === 0 && waiting.size === 0) this.#places.delete(endpoint)
    }
  }

  close(): void {
    this.#closed = true
    for (const upstream of this.#all) upstream.socket.destroy()
  }

  #open(endpoint: Endpoint, place: Place, user: User): void {
    place.open += 1
    const upstream = new Upstream(endpoint, (gone) => this.#forget(gone, place))
    this.#all.add(upstream)
    grant(upstream, user)
  }

  #forget(upstream: Upstream, place: Place): void {
    if (!this.#all.delete(upstream)) return
    place.open -= 1
    const at = place.idle.indexOf(upstream)
    if (at >= 0) place.idle.splice(at, 1)
    const next = this.#closed ? undefined : first(place.waiting)
    if (next !== undefined) this.#open(upstream.endpoint, place, next)
  }
}

function grant(upstream: Upstream, user: User): void {
  upstream.user = user
  user.granted(upstream)
}

/** Takes the one that waits longest. */
function first(waiting: Set<User> | undefined): User | undefined {
  for (const user of waiting ?? []) {
    waiting?.delete(user)
    return user
  }
  return undefined
}

import * as net from 'node:net'
import type { Limits } from '../../limits.ts'
import type { Endpoint } from '../endpoints.ts'

const readBytes = 65_536

/** Who uses a connection to an upstream. */
export interface User {
  connected(): void
  /** Bytes of the answer; they are the user's until it returns. Says whether it wants more, and may keep what it got. */
  received(bytes: Buffer): boolean
  /** The upstream ended or broke the connection. */
  lost(): void
}

/** A connection to an upstream: one exchange at a time. */
export class Upstream {
  readonly endpoint: Endpoint
  readonly socket: net.Socket
  user: User | null
  /** Whether an exchange before this one used it. */
  used = false
  idleSinceMs = 0
  #buffer = Buffer.allocUnsafeSlow(readBytes)
  #kept = false

  constructor(endpoint: Endpoint, user: User, gone: (upstream: Upstream) => void) {
    this.endpoint = endpoint
    this.user = user
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
    this.socket.on('error', () => {})
    const over = (): void => {
      const user = this.user
      this.user = null
      gone(this)
      this.socket.destroy()
      user?.lost()
    }
    this.socket.on('end', over)
    this.socket.on('close', over)
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

/** The idle connections to all upstreams, the last used first. */
export class Pool {
  readonly #limits: Limits
  readonly #idle = new Map<Endpoint, Upstream[]>()
  readonly #all = new Set<Upstream>()

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** A connection for an exchange; `fresh` never takes a used one. */
  take(endpoint: Endpoint, user: User, fresh: boolean): Upstream {
    const idle = fresh ? undefined : this.#idle.get(endpoint)
    for (let upstream = idle?.pop(); upstream !== undefined; upstream = idle?.pop()) {
      if (upstream.socket.destroyed) continue
      upstream.user = user
      upstream.used = true
      return upstream
    }
    const opened = new Upstream(endpoint, user, (upstream) => this.#forget(upstream))
    this.#all.add(opened)
    return opened
  }

  /** Keeps a connection whose answer is whole. */
  give(upstream: Upstream, nowMs: number): void {
    upstream.user = null
    upstream.idleSinceMs = nowMs
    const { endpoint } = upstream
    const idle = this.#idle.get(endpoint) ?? []
    if (endpoint.retired || idle.length >= 256) upstream.socket.destroy()
    else {
      idle.push(upstream)
      this.#idle.set(endpoint, idle)
    }
  }

  /** Drops what was idle too long or is wanted no more. */
  check(nowMs: number): void {
    for (const [endpoint, idle] of this.#idle) {
      for (const upstream of idle)
        if (endpoint.retired || nowMs - upstream.idleSinceMs > this.#limits.upstreamKeepAliveMs)
          upstream.socket.destroy()
      if (endpoint.retired) this.#idle.delete(endpoint)
    }
  }

  close(): void {
    for (const upstream of this.#all) upstream.socket.destroy()
  }

  #forget(upstream: Upstream): void {
    this.#all.delete(upstream)
    const idle = this.#idle.get(upstream.endpoint)
    const at = idle?.indexOf(upstream) ?? -1
    if (at >= 0) idle?.splice(at, 1)
  }
}

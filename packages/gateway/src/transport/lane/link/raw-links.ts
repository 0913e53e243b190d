import * as net from 'node:net'
import type { Socket } from 'node:net'
import { Beginnings } from '../../../wire/beginnings.ts'
import { handleOf } from './internals.ts'
import type { Handle, Internals, WriteRequest } from './internals.ts'
import type { Link, Links, LinkUser } from './link.ts'

const readBytes = 65_536
/** How many lengths of what clients send recur; of answers on one connection, one. */
const lengthsKept = 1_024

/** Links that read and write beneath Node's streams; a socket of Node's still owns each connection, and ends it. */
export function rawLinks(internals: Internals): Links {
  // What clients send is looked at before the next read: they can all read into the same bytes.
  const shared = new Beginnings(Buffer.allocUnsafeSlow(readBytes), lengthsKept)
  return {
    take: (socket, user) => {
      const link = new RawLink(socket, user, { internals, buffer: shared })
      link.attach()
      return link
    },
    open: ({ hostname, port }, user) => {
      const socket = net.connect({ host: hostname, port: Number(port), noDelay: true })
      const link = new RawLink(socket, user, { internals, buffer: null })
      socket.on('connect', () => {
        link.attach()
        user.connected()
      })
      return link
    },
  }
}

/** The end of the connection says all that an error does. */
const nothing = (): void => {}

class RawLink implements Link {
  readonly socket: Socket
  readonly lends = true
  full = false
  readonly #user: LinkUser
  readonly #internals: Internals
  #handle: Handle | null = null
  /** Null: it gets one of its own. */
  #buffer: Beginnings | null
  readonly #owned: boolean
  #kept = false
  #writes = 0
  #paused = false
  /** What a client sent while it was paused. */
  #held: Buffer | null = null
  #hasEnded = false
  #onread: Handle['onread'] = nothing
  readonly #onClose = (): void => {
    this.#handle = null
    this.#user.closed()
  }

  constructor(
    socket: Socket,
    user: LinkUser,
    { internals, buffer }: { readonly internals: Internals; readonly buffer: Beginnings | null },
  ) {
    this.socket = socket
    this.#user = user
    this.#internals = internals
    this.#buffer = buffer
    this.#owned = buffer === null
    socket.on('close', this.#onClose).on('error', nothing)
  }

  /** Reads from here on what the socket would have read. */
  attach(): void {
    const handle = handleOf(this.socket)
    if (handle === null) return
    this.#handle = handle
    this.#buffer ??= ownBuffer()
    this.#onread = handle.onread
    handle.useUserBuffer(this.#buffer.bytes)
    handle.onread = () => this.#read(handle)
    // Nothing passes through the stream but its end, which is only seen in one that flows.
    this.socket.resume()
  }

  get waiting(): number {
    const own = this.#writes === 0 ? 0 : Math.max(1, this.#handle?.writeQueueSize ?? 1)
    return own + this.socket.writableLength
  }

  write(bytes: Buffer): void {
    const handle = this.#handle
    if (handle === null || bytes.length === 0) return
    const { newRequest, state, asyncAt } = this.#internals
    const request = spare.request ?? new newRequest()
    spare.request = null
    const error = handle.writeBuffer(request, bytes)
    if (error !== 0) this.destroy()
    else if (state[asyncAt] === 0) spare.request = request
    else {
      request.link = this
      request.bytes = bytes
      request.oncomplete = written
      this.#writes += 1
      if (handle.writeQueueSize >= this.socket.writableHighWaterMark) this.full = true
    }
  }

  /** A write is through; `status` is below 0 when it failed. */
  written(status: number): void {
    this.#writes -= 1
    if (this.#handle === null) return
    if (status < 0) {
      this.destroy()
      return
    }
    if (this.#writes > 0 || !this.full) return
    this.full = false
    this.#user.drained()
  }

  pause(): void {
    this.#paused = true
    // Of a client a little more is read: else nobody would see that it leaves.
    if (this.#owned) this.#stop()
  }

  resume(): void {
    this.#paused = false
    if (this.#held === null) this.#start()
    else process.nextTick(() => this.#deliver())
  }

  keep(): void {
    // What all share cannot be kept for one.
    if (!this.#owned) throw new Error('a link that lends shared bytes cannot keep them')
    this.#kept = true
  }

  end(): void {
    this.socket.end()
    this.resume()
  }

  destroy(): void {
    this.#handle = null
    this.socket.destroy()
  }

  release(bytes: Buffer): Socket {
    const { socket } = this
    const [handle, onread] = [this.#handle, this.#onread]
    const buffer = this.#buffer
    this.#handle = null
    socket.off('close', this.#onClose).off('error', nothing)
    if (handle !== null && buffer !== null) {
      const { state, readAt } = this.#internals
      // As if Node had allocated for the read: what comes of it is Node's.
      handle.onread = () => {
        const length = state[readAt] ?? 0
        onread.call(handle, length > 0 ? new Uint8Array(buffer.of(length)).buffer : undefined)
      }
    }
    socket.pause()
    socket.unshift(this.#held === null ? bytes : Buffer.concat([bytes, this.#held]))
    return socket
  }

  #start(): void {
    const handle = this.#handle
    if (handle === null || handle.reading) return
    handle.reading = true
    if (handle.readStart() !== 0) this.destroy()
  }

  #stop(): void {
    const handle = this.#handle
    if (handle === null || !handle.reading) return
    handle.reading = false
    handle.readStop()
  }

  #hold(bytes: Buffer): void {
    this.#held = this.#held === null ? Buffer.from(bytes) : Buffer.concat([this.#held, bytes])
    if (this.#held.length >= readBytes) this.#stop()
  }

  /** What came while it was paused comes before anything else does. */
  #deliver(): void {
    const held = this.#held
    if (this.#paused || held === null || this.#handle === null) return
    this.#held = null
    this.#user.received(held)
    if (this.#handle === null) return
    if (this.#hasEnded) this.#user.ended()
    else if (!this.#paused) this.#start()
  }

  #read(handle: Handle): Uint8Array | undefined {
    const { state, readAt } = this.#internals
    const length = state[readAt] ?? 0
    const buffer = this.#buffer
    if (length > 0 && buffer !== null) {
      const bytes = buffer.of(length)
      // Behind what is held, also when it is not paused any more: order is kept.
      if (this.#handle !== null) {
        if (this.#held !== null || (this.#paused && !this.#owned)) this.#hold(bytes)
        else this.#user.received(bytes)
      }
      if (!this.#kept) return undefined
      this.#kept = false
      this.#buffer = ownBuffer()
      return this.#buffer.bytes
    }
    if (length === 0) return undefined
    // The end, or an error: Node knows what it means to the socket.
    this.#onread.call(handle)
    if (this.socket.destroyed) this.#handle = null
    else if (this.#held !== null) this.#hasEnded = true
    else this.#user.ended()
    return undefined
  }
}

function ownBuffer(): Beginnings {
  return new Beginnings(Buffer.allocUnsafeSlow(readBytes), 1)
}

/** A request whose write was through at once can be used for the next. */
const spare: { request: WriteRequest | null } = { request: null }

function written(this: WriteRequest, status: number): void {
  const { link } = this
  this.link = null
  this.bytes = null
  link?.written(status)
}

import * as net from 'node:net'
import type { Socket } from 'node:net'
import type { Link, Links, LinkUser } from './link.ts'

const readBytes = 65_536

/** Links over Node's public sockets. */
export const netLinks: Links = {
  take: (socket, user) => {
    const received = (bytes: Buffer): void => user.received(bytes)
    socket.on('data', received)
    return new NetLink(socket, user, { lends: false, keep: () => {}, leave: () => socket.off('data', received) })
  },
  open: ({ hostname, port }, user) => {
    let [buffer, kept] = [Buffer.allocUnsafeSlow(readBytes), false]
    const socket = net.connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: {
        buffer: () => {
          if (kept) buffer = Buffer.allocUnsafeSlow(readBytes)
          kept = false
          return buffer
        },
        callback: (length) => {
          user.received(buffer.subarray(0, length))
          return true
        },
      },
    })
    socket.on('connect', () => user.connected())
    return new NetLink(socket, user, { lends: true, keep: () => (kept = true), leave: () => {} })
  },
}

class NetLink implements Link {
  readonly socket: Socket
  readonly lends: boolean
  readonly keep: () => void
  readonly #leave: () => void
  readonly #onEnd: () => void
  readonly #onDrain: () => void
  readonly #onClose: () => void
  readonly #onError = (): void => {}

  constructor(
    socket: Socket,
    user: LinkUser,
    { lends, keep, leave }: { readonly lends: boolean; readonly keep: () => void; readonly leave: () => void },
  ) {
    this.socket = socket
    this.lends = lends
    this.keep = keep
    this.#leave = leave
    this.#onEnd = () => user.ended()
    this.#onDrain = () => user.drained()
    this.#onClose = () => user.closed()
    socket.on('end', this.#onEnd).on('drain', this.#onDrain).on('close', this.#onClose).on('error', this.#onError)
  }

  get waiting(): number {
    return this.socket.writableLength
  }

  get full(): boolean {
    return this.socket.writableNeedDrain
  }

  write(bytes: Buffer): void {
    this.socket.write(bytes)
  }

  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    if (this.socket.isPaused()) this.socket.resume()
  }

  end(): void {
    this.socket.end()
    this.socket.resume()
  }

  destroy(): void {
    this.socket.destroy()
  }

  release(bytes: Buffer): Socket {
    const { socket } = this
    this.#leave()
    socket.off('end', this.#onEnd).off('drain', this.#onDrain).off('close', this.#onClose).off('error', this.#onError)
    socket.pause()
    socket.unshift(bytes)
    return socket
  }
}

import * as net from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import type { Limits } from '../limits.ts'
import { tellApart } from './door.ts'
import type { Ways } from './door.ts'
import { listenOn } from './listen.ts'

/** Where clients come in: each address with what is spoken behind it. */
export class Doors {
  readonly #limits: Limits
  readonly #ways: Ways
  readonly #servers: net.Server[] = []
  /** Connections that have not yet said what they speak. */
  readonly #silent = new Set<Socket>()

  constructor(limits: Limits, ways: Ways) {
    this.#limits = limits
    this.#ways = ways
  }

  /** Opens a plain address: HTTP/1.1, or HTTP/2 of those who know. Rejects with Node's own error when it cannot listen. */
  async plain(host: string, port: number, opened: (socket: Socket) => void): Promise<AddressInfo> {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      opened(socket)
      this.enter(socket)
    })
    return await this.#listen(server, host, port)
  }

  /** A connection of which nothing is known. */
  enter(socket: Socket): void {
    this.#silent.add(socket)
    const known = (): void => void this.#silent.delete(socket)
    socket.once('close', known)
    tellApart(socket, this.#limits.headMs, {
      h1: (told) => {
        known()
        this.#ways.h1(told)
      },
      h2: (told) => {
        known()
        this.#ways.h2(told)
      },
    })
  }

  /** Takes no new connection; resolves when the last one is gone. */
  async leave(): Promise<void> {
    await Promise.all(
      this.#servers.map(async (server) => {
        await new Promise<void>((resolve) => server.close(() => resolve()))
      }),
    )
  }

  /** Ends those who have said nothing. */
  closeIdle(): void {
    for (const socket of this.#silent) socket.destroy()
  }

  async #listen(server: net.Server, host: string, port: number): Promise<AddressInfo> {
    server.maxConnections = this.#limits.connections
    const address = await listenOn(server, host, port)
    this.#servers.push(server)
    return address
  }
}

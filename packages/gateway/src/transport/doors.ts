import * as net from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Limits } from '../limits.ts'
import { tellApart } from './door.ts'
import type { Ways } from './door.ts'
import { listenOn } from './listen.ts'
import { SecureDoor } from './secure-door.ts'
import type { SecureDoorOptions } from './secure-door.ts'

/** Where clients come in: each address with what is spoken behind it. */
export class Doors {
  readonly #limits: Limits
  readonly #ways: Ways
  readonly #servers: net.Server[] = []
  readonly #secure: SecureDoor[] = []
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

  /** Opens an address of TLS: both sides agree in the handshake on what is spoken. As `plain`; `h1` takes connections of HTTP/1.1. */
  async secure(
    host: string,
    port: number,
    { certificates, opened, h1 }: Omit<SecureDoorOptions, 'limits'> & { readonly h1: (socket: TLSSocket) => void },
  ): Promise<AddressInfo> {
    const door = new SecureDoor({
      limits: this.#limits,
      certificates,
      opened: (socket, subject) => {
        opened(socket, subject)
        if (socket.alpnProtocol === 'h2') this.#ways.h2(socket)
        else h1(socket)
      },
    })
    this.#secure.push(door)
    return await this.#listen(door.server, host, port)
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
    for (const door of this.#secure) door.closeIdle()
  }

  async #listen(server: net.Server, host: string, port: number): Promise<AddressInfo> {
    server.maxConnections = this.#limits.connections
    const address = await listenOn(server, host, port)
    this.#servers.push(server)
    return address
  }
}

import { linksOf } from '@serin/gateway'
import type { Link, Links, LinkUser, Opener } from '@serin/gateway'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Peer } from './peer.ts'

/**
 * What the gateway's links cost by themselves: what comes is written on, nobody looks at it, and everybody gets the same version. No gateway on
 * them can cost less.
 */
export const peer: Peer = async (choose) => {
  const links = await linksOf('raw', () => {})
  if (links === null) throw new Error('there are no raw links')
  const relay = { links, place: new URL(choose(undefined)), idle: [] }
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const client = new Client(relay)
    client.link = links.take(socket, client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the relay has no port')
  return address.port
}

interface Relay {
  readonly links: Links
  readonly place: URL
  readonly idle: Upstream[]
}

class Client implements LinkUser {
  link: Link | null = null
  readonly #relay: Relay

  constructor(relay: Relay) {
    this.#relay = relay
  }

  received(bytes: Buffer): void {
    const upstream = this.#relay.idle.pop() ?? new Upstream(this.#relay)
    upstream.ask(this, bytes)
  }

  ended(): void {
    this.link?.end()
  }

  drained(): void {}
  closed(): void {}
}

class Upstream implements Opener {
  readonly #relay: Relay
  readonly #link: Link
  #client: Client | null = null
  #isConnected = false
  #first: Buffer | null = null

  constructor(relay: Relay) {
    this.#relay = relay
    this.#link = relay.links.open(relay.place, this)
  }

  ask(client: Client, bytes: Buffer): void {
    this.#client = client
    if (this.#isConnected) this.#link.write(bytes)
    else this.#first = Buffer.from(bytes)
  }

  connected(): void {
    this.#isConnected = true
    if (this.#first !== null) this.#link.write(this.#first)
  }

  received(bytes: Buffer): void {
    this.#relay.idle.push(this)
    this.#client?.link?.write(bytes)
  }

  drained(): void {}
  ended(): void {}
  closed(): void {}
}

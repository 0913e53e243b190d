import * as net from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import type { Snapshot } from '../../decide/snapshot.ts'
import type { Recording, Underway } from '../../evidence/recording.ts'
import type { Limits } from '../../limits.ts'
import { RequestHead } from '../../wire/request-head.ts'
import type { Assigning } from '../assigning.ts'
import type { Endpoint, Endpoints } from '../endpoints.ts'
import type { Outcome } from '../exchange.ts'
import type { AnswerMark } from '../headers.ts'
import { isShielded } from '../shield.ts'
import { listenOn } from '../listen.ts'
import { Client } from './client.ts'
import type { ClientOptions } from './client.ts'
import { LaneExchange } from './exchange.ts'
import { mostHeadBytes, outgoingOf } from './heads.ts'
import { HeadView } from './head-view.ts'
import type { Links } from './link/link.ts'
import { netLinks } from './link/net-links.ts'
import { Pool } from './pool.ts'
import type { Surroundings, Turn } from './turn.ts'

const mostAddressLength = 4_096

/** What the fast lane is made of; all of it is shared with the full one. */
export interface LaneOptions {
  readonly links: Links
  readonly limits: Limits
  readonly recorder: Recording
  readonly endpoints: Endpoints
  readonly assigning: Assigning
  readonly current: () => Snapshot | null
  readonly leaving: () => boolean
  readonly settle: (ticket: Underway, outcome: Outcome) => void
  readonly log: (ticket: Underway, mark: AnswerMark, outcome: Outcome) => void
}

/** No other headers are looked at than those the lane has seen to. */
const noHeaders = {}

/** The way of ordinary requests, past Node's HTTP. Whatever is not ordinary goes to the full lane before a byte of it is taken. */
export class Lane implements Surroundings {
  readonly limits: Limits
  readonly pool: Pool
  readonly #options: LaneOptions
  readonly #servers: net.Server[] = []
  readonly #clients = new Set<Client>()
  /** Those in whose place stable answers: they may outlive their clients. */
  readonly #unseen = new Set<LaneExchange>()
  /** The table that was looked at last, and whether the lane serves it at all. */
  #seen: Snapshot | null = null
  #serves = false

  constructor(options: LaneOptions) {
    this.#options = options
    this.limits = options.limits
    this.pool = new Pool(options.limits, options.links)
  }

  /** Starts to take connections; `full` gets those with a request that is not ordinary. */
  async listen(host: string, port: number, full: (socket: Socket) => void): Promise<AddressInfo> {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true }, this.door(full, { tls: false }))
    server.maxConnections = this.limits.connections
    const address = await listenOn(server, host, port)
    this.#servers.push(server)
    return address
  }

  /** Takes no new connection; resolves when the last one is gone. */
  async leave(): Promise<void> {
    const servers = this.#servers.map(async (server) => {
      await new Promise<void>((resolve) => server.close(() => resolve()))
    })
    await Promise.all(servers)
  }

  closeIdle(): void {
    for (const client of this.#clients) if (client.idle) client.link.destroy()
  }

  /** Requests whose clients still wait. */
  busy(): number {
    let count = 0
    for (const { exchanges } of this.#clients) count += exchanges.filter(({ unseen }) => !unseen).length
    return count
  }

  /** Ends everything. */
  cut(): void {
    for (const client of this.#clients) client.link.destroy()
    this.pool.close()
  }

  /** Looks at the time limits. */
  check(nowMs: number): void {
    for (const exchange of this.#unseen) exchange.check(nowMs)
    for (const client of this.#clients) {
      for (const exchange of client.exchanges.slice()) if (!exchange.unseen) exchange.check(nowMs)
      client.check(nowMs)
    }
    this.pool.check(nowMs)
  }

  /** What takes over connections from which nothing was read; beneath `tls` there are other bytes than those of a request. `full` is as for `listen`. */
  door(full: (socket: Socket) => void, { tls }: { readonly tls: boolean }): (socket: Socket) => void {
    const { leaving, links } = this.#options
    const { headBytes, headers, headMs, keepAliveMs, answerBodyIdleMs } = this.limits
    const options: ClientOptions = {
      headBytes,
      head: new RequestHead(headers),
      headMs,
      keepAliveMs,
      answerBodyIdleMs,
      links: tls ? netLinks : links,
      leaving,
      take: (taker, head) => this.#take(taker, head),
      handOver: (from, bytes) => {
        this.#clients.delete(from)
        const { socket } = from.link
        if (socket.readableEnded || socket.destroyed) socket.destroy()
        else full(from.link.release(bytes))
      },
      gone: (gone) => this.#clients.delete(gone),
    }
    return (socket) => this.#clients.add(new Client(socket, options))
  }

  #take(client: Client, head: RequestHead): boolean {
    const { current, assigning, leaving } = this.#options
    const snapshot = current()
    if (snapshot === null || leaving() || !this.#fits(snapshot)) return false
    const hop = snapshot.edge.hop(client.address, client.encrypted, head, client.hop)
    client.hop = hop
    const givenId = head.header('x-request-id')
    const view = new HeadView(head, hop.client)
    const assigned = assigning.assign(snapshot, { view, hop, givenId, previews: false })
    // The full lane refuses it, in the same way as everything else.
    if ('refusal' in assigned) return false
    const { ticket, bucket } = assigned
    const bodied = head.framing !== 'none'
    const shielded = !bodied && isShielded(snapshot, { method: head.method, headers: noHeaders }, assigned)
    const outgoing = outgoingOf(head, hop)
    const shares = bodied || shielded ? 1 : sharesOf(snapshot, head.method)
    this.#start(
      { client, snapshot, outgoing, bodied, mark: assigned, ticket, bucket, shares, shielded, left: null },
      ticket.startedMs,
    )
    return true
  }

  #start(turn: Turn, startedMs: number): LaneExchange {
    const exchange = new LaneExchange(turn, this, startedMs)
    turn.client.exchanges.push(exchange)
    exchange.start()
    return exchange
  }

  acquire({ snapshot, mark: { version } }: Turn, tried: ReadonlySet<string>): Endpoint | null {
    return this.#options.endpoints.acquire(version, snapshot.endpoints.get(version) ?? [], tried)
  }

  release(endpoint: Endpoint): void {
    this.#options.endpoints.release(endpoint)
  }

  /** Stable answers in the place of a version that could not. */
  standIn(exchange: LaneExchange): void {
    const { recorder, assigning } = this.#options
    const { turn } = exchange
    const { snapshot, bucket, ticket } = turn
    const { version: shielded, givenId, setCookie, traceId } = turn.mark
    const { stable } = snapshot.table
    recorder.shielded(ticket)
    const left = recorder.hold(stable)
    const marks = assigning.marksOf(snapshot, givenId ?? undefined, { version: stable, by: 'override', bucket })
    const mark = {
      ...marks,
      shielded,
      ...(setCookie === undefined ? {} : { setCookie }),
      ...(traceId === undefined ? {} : { traceId }),
    }
    this.#unseen.add(exchange)
    exchange.standIn = new LaneExchange(
      // What the version was asked may be asked again too.
      { ...turn, outgoing: turn.outgoing.keep(), bodied: false, shares: 1, mark, shielded: false, left },
      this,
      performance.now(),
    )
    turn.client.exchanges.push(exchange.standIn)
    exchange.standIn.start()
  }

  ended(exchange: LaneExchange, outcome: Outcome): void {
    const { settle, log, recorder } = this.#options
    const { client, ticket, mark, left } = exchange.turn
    if (client.exchanges.at(-1) === exchange) client.exchanges.pop()
    else if (client.exchanges.includes(exchange)) client.exchanges.splice(client.exchanges.indexOf(exchange), 1)
    if (left === null) {
      this.#unseen.delete(exchange)
      settle(ticket, outcome)
      if (!exchange.unseen) log(ticket, mark, outcome)
    } else {
      left()
      if (outcome.kind === 'failed' && outcome.cutOff) recorder.wasCutOff(mark.version)
      log(ticket, mark, outcome)
    }
  }

  #fits(snapshot: Snapshot): boolean {
    if (snapshot === this.#seen) return this.#serves
    const addresses = [...snapshot.endpoints.values()].flat()
    const plain = addresses.every((url) => url.startsWith('http:') && url.length < mostAddressLength)
    const { mirror, measurement, upstream } = snapshot.table
    const passedOn = mirror === undefined && measurement.generation === undefined && upstream === undefined
    this.#seen = snapshot
    this.#serves = plain && passedOn && this.#options.limits.headBytes <= mostHeadBytes
    return this.#serves
  }
}

/**
 * How many requests may share a write with this one: those that change nothing, and never while versions are compared, since who stands in line
 * is measured for those before it.
 */
function sharesOf({ canaryBp, edge }: Snapshot, method: string): number {
  const { pipelining } = edge.settings
  if (pipelining === 1 || canaryBp > 0) return 1
  return method === 'GET' || method === 'HEAD' ? pipelining : 1
}

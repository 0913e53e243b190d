import * as net from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import type { Snapshot } from '../../decide/snapshot.ts'
import type { Recording, Underway } from '../../evidence/recording.ts'
import type { Limits } from '../../limits.ts'
import type { RequestHead } from '../../wire/request-head.ts'
import type { Assigned, Assigning } from '../assigning.ts'
import type { Endpoints } from '../endpoints.ts'
import type { Outcome } from '../exchange.ts'
import type { AnswerMark } from '../headers.ts'
import { isShielded } from '../shield.ts'
import { listenOn } from '../listen.ts'
import { Client } from './client.ts'
import { LaneExchange } from './exchange.ts'
import { mostHeadBytes, outgoingOf } from './heads.ts'
import type { Outgoing } from './heads.ts'
import { Pool } from './pool.ts'
import { HeadView } from './head-view.ts'

const mostAddressLength = 4_096

/** What the fast lane is made of; all of it is shared with the full one. */
export interface LaneOptions {
  readonly limits: Limits
  readonly recorder: Recording
  readonly endpoints: Endpoints
  readonly assigning: Assigning
  readonly current: () => Snapshot | null
  readonly leaving: () => boolean
  readonly settle: (ticket: Underway, outcome: Outcome) => void
  readonly log: (ticket: Underway, version: string, outcome: Outcome, shielded?: string) => void
}

/** One request that the lane serves. */
interface Turn extends Assigned {
  readonly client: Client
  readonly snapshot: Snapshot
  readonly outgoing: Omit<Outgoing, 'requestId'>
  readonly givenId: string | undefined
  readonly bodied: boolean
}

/** The way of ordinary requests, past Node's HTTP. Whatever is not ordinary goes to the full lane before a byte of it is taken. */
export class Lane {
  readonly #options: LaneOptions
  readonly #pool: Pool
  readonly #servers: net.Server[] = []
  readonly #clients = new Set<Client>()
  readonly #exchanges = new Set<LaneExchange>()
  /** Whether the lane serves a table at all. */
  readonly #fitting = new WeakMap<Snapshot, boolean>()

  constructor(options: LaneOptions) {
    this.#options = options
    this.#pool = new Pool(options.limits)
  }

  /** Starts to take connections; `full` gets those with a request that is not ordinary. */
  async listen(host: string, port: number, full: (socket: Socket) => void): Promise<AddressInfo> {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#connected(socket, full))
    server.maxConnections = this.#options.limits.connections
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
    for (const client of this.#clients) if (client.idle) client.socket.destroy()
  }

  /** Requests whose clients still wait. */
  busy(): number {
    return [...this.#exchanges].filter(({ unseen }) => !unseen).length
  }

  /** Ends everything. */
  cut(): void {
    for (const client of this.#clients) client.socket.destroy()
    this.#pool.close()
  }

  /** Looks at the time limits. */
  check(nowMs: number): void {
    for (const exchange of this.#exchanges) exchange.check(nowMs)
    for (const client of this.#clients) client.check(nowMs)
    this.#pool.check(nowMs)
  }

  #connected(socket: Socket, full: (socket: Socket) => void): void {
    const { limits, leaving } = this.#options
    const client = new Client(socket, {
      ...limits,
      leaving,
      take: (taker, head) => this.#take(taker, head),
      handOver: (from, bytes) => {
        this.#clients.delete(from)
        if (socket.readableEnded || socket.destroyed) {
          socket.destroy()
          return
        }
        socket.pause()
        socket.unshift(bytes)
        full(socket)
      },
      gone: (gone) => this.#clients.delete(gone),
    })
    this.#clients.add(client)
  }

  #take(client: Client, head: RequestHead): boolean {
    const { current, assigning, leaving } = this.#options
    const snapshot = current()
    if (snapshot === null || leaving() || !this.#fits(snapshot)) return false
    const { address } = client
    const givenId = head.header('x-request-id')
    const view = new HeadView(head, address)
    const assigned = assigning.assign(snapshot, { view, address, givenId, previews: false })
    // The full lane refuses it, in the same way as everything else.
    if ('refusal' in assigned) return false
    const outgoing = outgoingOf(head, address)
    this.#serve({ ...assigned, client, snapshot, outgoing, givenId, bodied: head.framing !== 'none' })
    return true
  }

  #serve(turn: Turn): void {
    const { settle, log } = this.#options
    const { snapshot, outgoing, ticket, version, client, bodied } = turn
    let standsIn: (() => boolean) | null = null
    const shielded = !bodied && isShielded(snapshot, { method: outgoing.method, headers: {} }, turn)
    const exchange = this.#exchange(turn, turn, {
      bodied,
      startedMs: ticket.startedMs,
      headSent: () => standsIn?.() ?? false,
      shield: shielded ? () => (standsIn = this.#standIn(turn)) : null,
      ended: (outcome) => {
        settle(ticket, outcome)
        if (!exchange.unseen) log(ticket, version, outcome)
      },
    })
    client.exchanges.add(exchange)
    exchange.start()
  }

  /** Stable answers in the place of a version that could not; the result says whether its answer has begun. */
  #standIn({ version: shielded, snapshot, givenId, bucket, ticket, setCookie, ...turn }: Turn): () => boolean {
    const { recorder, assigning, log } = this.#options
    const { stable } = snapshot.table
    recorder.shielded(ticket)
    const left = recorder.hold(stable)
    const marks = assigning.marksOf(snapshot, givenId, { version: stable, by: 'override', bucket })
    const exchange = this.#exchange(
      { ...turn, snapshot },
      { ...marks, shielded, ...(setCookie === undefined ? {} : { setCookie }) },
      {
        bodied: false,
        startedMs: performance.now(),
        headSent: () => false,
        shield: null,
        ended: (outcome) => {
          left()
          if (outcome.kind === 'failed' && outcome.cutOff) recorder.wasCutOff(stable)
          log(ticket, stable, outcome, shielded)
        },
      },
    )
    turn.client.exchanges.add(exchange)
    exchange.start()
    return () => exchange.begun
  }

  #exchange(
    { client, snapshot, outgoing }: Pick<Turn, 'client' | 'snapshot' | 'outgoing'>,
    { version, requestId, mark, shielded, setCookie }: AnswerMark,
    how: {
      readonly bodied: boolean
      readonly startedMs: number
      readonly headSent: () => boolean
      readonly shield: (() => void) | null
      readonly ended: (outcome: Outcome) => void
    },
  ): LaneExchange {
    const { endpoints, limits } = this.#options
    const exchange = new LaneExchange(
      {
        ...how,
        outgoing: { ...outgoing, requestId },
        mark: {
          version,
          requestId,
          mark,
          ...(shielded === undefined ? {} : { shielded }),
          ...(setCookie === undefined ? {} : { setCookie }),
        },
        sink: client,
        limits,
        pool: this.#pool,
        acquire: (tried) => endpoints.acquire(version, snapshot.endpoints.get(version) ?? [], tried),
        release: (endpoint) => endpoints.release(endpoint),
        ended: (outcome) => {
          this.#exchanges.delete(exchange)
          client.exchanges.delete(exchange)
          how.ended(outcome)
        },
      },
      how.startedMs,
    )
    this.#exchanges.add(exchange)
    return exchange
  }

  #fits(snapshot: Snapshot): boolean {
    const known = this.#fitting.get(snapshot)
    if (known !== undefined) return known
    const addresses = [...snapshot.endpoints.values()].flat()
    const plain = addresses.every((url) => url.startsWith('http:') && url.length < mostAddressLength)
    const { mirror, measurement, upstream } = snapshot.table
    const passedOn = mirror === undefined && measurement.generation === undefined && upstream === undefined
    const fits = plain && passedOn && this.#options.limits.headBytes <= mostHeadBytes
    this.#fitting.set(snapshot, fits)
    return fits
  }
}

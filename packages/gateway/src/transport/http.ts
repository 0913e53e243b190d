import { viewOf } from '@serin/core/assignment'
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { AccessLog, Served } from '../access-log.ts'
import type { Snapshot } from '../decide/snapshot.ts'
import type { Recording, Underway } from '../evidence/recording.ts'
import type { Limits } from '../limits.ts'
import type { Lookups } from '../lookups/lookups.ts'
import type { Certificates } from '../tls/certificates.ts'
import { plainAddress } from '../address.ts'
import { Assigning } from './assigning.ts'
import type { Assigned, Refused } from './assigning.ts'
import { Doors } from './doors.ts'
import { Endpoints } from './endpoints.ts'
import { Exchange } from './exchange.ts'
import type { Outcome } from './exchange.ts'
import { hasBody, refusalOf } from './framing.ts'
import { newH1Server } from './h1-server.ts'
import { H2Server } from './h2/server.ts'
import type { StreamAnswer, StreamRequest } from './h2/server-stream.ts'
import { Lane } from './lane/lane.ts'
import type { Links } from './lane/link/link.ts'
import type { AnswerOut, RequestIn } from './message.ts'
import { Mirroring } from './mirror/mirroring.ts'
import { endWithProblem, sendProblem } from './problem.ts'
import type { GatewayProblem } from './problem.ts'
import { isShielded } from './shield.ts'
import { openTunnel } from './tunnel.ts'
import { Turns } from './turns.ts'
import { vouch } from './vouched.ts'
import type { Vouched } from './vouched.ts'

const noConnect = { status: 405, detail: 'CONNECT is not served here.' } as const
const badHost = { status: 400, detail: 'The Host header is another host than ":authority".' } as const
const noTable = { status: 503, detail: 'The gateway has no routing table yet.' } as const

/** What the data plane is made of. */
export interface HttpTransportOptions {
  readonly boot: string
  readonly limits: Limits
  readonly recorder: Recording
  readonly accessLog: AccessLog | null
  readonly lookups: Lookups
  /** The table in force, read once per request. */
  readonly current: () => Snapshot | null
  /** What the fast lane works with; null for the full lane alone. */
  readonly links: Links | null
}

/** A request on its way through. */
interface Taken extends Assigned {
  readonly snapshot: Snapshot
  readonly request: RequestIn
  readonly response: AnswerOut
}

/** The data plane on Node's public HTTP APIs. Decision and evidence live elsewhere; this file only moves bytes. */
export class HttpTransport {
  readonly endpoints: Endpoints
  readonly mirroring: Mirroring
  readonly #options: HttpTransportOptions
  readonly #doors: Doors
  readonly #h1: HttpServer
  readonly #h2: H2Server
  readonly #assigning: Assigning
  readonly #lane: Lane | null
  readonly #exchanges = new Set<Exchange>()
  readonly #tunnels = new Set<Duplex>()
  /** Connections to the preview address. */
  readonly #previewing = new WeakSet<Duplex>()
  /** Connections whose requests tell the version who their client is. */
  readonly #vouched = new WeakMap<Duplex, Vouched>()
  /** Connections after a refusal: what the parser still finds on them is not served. */
  readonly #refused = new WeakSet<Duplex>()
  readonly #turns = new Turns()
  readonly #sweeper: NodeJS.Timeout
  #leaving = false

  constructor(options: HttpTransportOptions) {
    this.#options = options
    const { limits } = options
    this.endpoints = new Endpoints(limits)
    this.mirroring = new Mirroring({ recorder: options.recorder, limits })
    this.#assigning = new Assigning(options)
    this.#h1 = newH1Server(limits, {
      tunnels: () => options.current()?.table.upstream !== 'h2c',
      request: (request, response) => this.#take(request, response),
      upgrade: (request, socket, head) => this.#upgrade(request, socket, head),
      connect: (socket) => this.#refuseTunnel(socket, noConnect),
      clientError: (error, socket) => this.#clientError(error, socket),
    })
    this.#h2 = new H2Server(limits, (request, answer, socket) => this.#takeStream(request, answer, socket))
    this.#doors = new Doors(limits, {
      h1: (socket) => this.#h1.emit('connection', socket),
      h2: (socket) => this.#h2.accept(socket),
    })
    this.#lane =
      options.links === null
        ? null
        : new Lane({
            ...options,
            links: options.links,
            endpoints: this.endpoints,
            assigning: this.#assigning,
            leaving: () => this.#leaving,
            settle: (ticket, outcome) => settle(options.recorder, ticket, outcome),
            log: (ticket, mark, outcome) => this.#log(ticket, mark, outcome),
          })
    this.#sweeper = setInterval(
      () => {
        const nowMs = performance.now()
        for (const exchange of this.#exchanges) exchange.check(nowMs)
        this.#lane?.check(nowMs)
        this.#h2.check(nowMs)
      },
      Math.min(500, limits.connectMs / 4),
    )
    this.#sweeper.unref()
  }

  /**
   * Starts to take requests; rejects with Node's own error when it cannot listen. With `preview` canary answers there, whatever its share,
   * rules and the hash say. With `certificates` TLS is spoken there, and nothing else.
   */
  async listen(
    host: string,
    port: number,
    {
      preview = false,
      certificates = null,
    }: { readonly preview?: boolean; readonly certificates?: Certificates | null } = {},
  ): Promise<AddressInfo> {
    const lane = preview ? null : this.#lane
    if (certificates !== null) {
      const full = (socket: Socket): void => {
        this.#h1.emit('connection', socket)
        socket.resume()
      }
      const header = certificates.asked?.header?.toLowerCase()
      return await this.#doors.secure(host, port, {
        certificates,
        opened: (socket, subject) => {
          if (preview) this.#previewing.add(socket)
          if (header !== undefined) this.#vouched.set(socket, { header, subject })
        },
        // The fast lane passes headers on as they come.
        h1: lane === null || header !== undefined ? full : lane.door(full, { tls: true }),
      })
    }
    if (lane !== null) return await lane.listen(host, port, (socket) => this.#doors.enter(socket))
    return await this.#doors.plain(host, port, (socket) => {
      if (preview) this.#previewing.add(socket)
    })
  }

  /**
   * Takes no new connection, ends each connection after its answer, gives idle ones `lingerMs` to send what is on its way, and resolves
   * when nothing is in flight or the time is over; says how many requests and tunnels were then cut off.
   */
  async leave(deadlineMs: number): Promise<number> {
    if (this.#leaving) return 0
    this.#leaving = true
    this.mirroring.leave()
    // Not `http.Server.close`: that one cuts idle connections at once, also when a request is on its way.
    const closed = this.#doors.leave()
    this.#h2.leave()
    const laneClosed = this.#lane?.leave()
    let cutOff = 0
    const over = setTimeout(() => {
      cutOff = [...this.#exchanges].filter(({ unseen }) => !unseen).length + this.#tunnels.size
      cutOff += this.#lane?.busy() ?? 0
      this.#cut()
    }, deadlineMs)
    const linger = setInterval(() => {
      this.#h1.closeIdleConnections()
      this.#h2.closeIdle()
      this.#doors.closeIdle()
      this.#lane?.closeIdle()
    }, this.#options.limits.lingerMs)
    await closed
    await laneClosed
    clearTimeout(over)
    clearInterval(linger)
    this.#cut()
    return cutOff
  }

  #cut(): void {
    clearInterval(this.#sweeper)
    for (const socket of this.#tunnels) socket.destroy()
    this.#lane?.cut()
    this.#h1.close(() => {})
    this.#h1.closeAllConnections()
    this.#h2.cut()
    this.#doors.closeIdle()
    this.endpoints.close()
  }

  /** Requests, tunnels and copies in flight by address, where there are any. */
  inFlightByEndpoint(): Record<string, number> {
    const sums = this.endpoints.inFlight()
    for (const [url, count] of Object.entries(this.mirroring.inFlight())) sums[url] = (sums[url] ?? 0) + count
    return sums
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    if (this.#refused.has(socket)) return
    const refusal = refusalOf(request, this.#options.limits)
    if (refusal === null) this.#turns.take(request, response, () => this.#serve(request, response, socket))
    else {
      this.#refused.add(socket)
      sendProblem(response, refusal, { close: true })
    }
  }

  /** One refused stream says nothing of the others on its connection. */
  #takeStream(request: StreamRequest, answer: StreamAnswer, socket: Duplex): void {
    const refusal = request.twoHosts ? badHost : refusalOf(request, this.#options.limits)
    if (refusal === null) this.#serve(request, answer, socket)
    else {
      sendProblem(answer, refusal, { close: false })
      request.destroy()
    }
  }

  #serve(request: RequestIn, response: AnswerOut, socket: Duplex): void {
    const { current, limits, recorder } = this.#options
    const snapshot = current()
    if (snapshot === null) {
      sendProblem(response, noTable, { close: hasBody(request) })
      return
    }
    const assigned = this.#assign(snapshot, request, socket)
    if ('refusal' in assigned) {
      sendProblem(response, assigned.refusal, { close: hasBody(request) })
      return
    }
    const taken = { snapshot, request, response, ...assigned }
    const { ticket, version } = taken
    const pair = this.mirroring.pairOf(taken)
    const exchange = new Exchange(
      {
        ...taken,
        limits,
        upstream: snapshot.table.upstream,
        acquire: (tried) => this.endpoints.acquire(version, snapshot.endpoints.get(version) ?? [], tried),
        release: (endpoint) => this.endpoints.release(endpoint),
        leaving: () => this.#leaving,
        tap: pair,
        watch: ticket.watch,
        shield: isShielded(snapshot, request, taken) ? () => this.#standIn(taken) : null,
        ended: (outcome) => {
          this.#exchanges.delete(exchange)
          pair?.ended(outcome)
          settle(recorder, ticket, outcome)
          if (!exchange.unseen) this.#log(ticket, taken, outcome)
        },
      },
      ticket.startedMs,
    )
    this.#exchanges.add(exchange)
    exchange.start()
    pair?.start()
  }

  /** Stable answers in the place of a version that could not. It is in flight there, and in no other count of stable: it was not assigned to it. */
  #standIn({ snapshot, request, response, ticket, hop, bucket, version: shielded, setCookie, traceId }: Taken): void {
    const { limits, recorder } = this.#options
    const { stable } = snapshot.table
    recorder.shielded(ticket)
    const left = recorder.hold(stable)
    // As with the override header: the answer is evidence of nothing.
    const served = { version: stable, by: 'override', bucket } as const
    const marks = this.#assigning.marksOf(snapshot, request.headers['x-request-id'], served)
    const exchange = new Exchange(
      {
        request,
        response,
        ticket,
        hop,
        ...marks,
        ...(setCookie === undefined ? {} : { setCookie }),
        shielded,
        limits,
        upstream: snapshot.table.upstream,
        acquire: (tried) => this.endpoints.acquire(stable, snapshot.endpoints.get(stable) ?? [], tried),
        release: (endpoint) => this.endpoints.release(endpoint),
        leaving: () => this.#leaving,
        shield: null,
        ended: (outcome) => {
          this.#exchanges.delete(exchange)
          left()
          if (outcome.kind === 'failed' && outcome.cutOff) recorder.wasCutOff(stable)
          this.#log(ticket, { version: stable, shielded, traceId }, outcome)
        },
      },
      performance.now(),
    )
    this.#exchanges.add(exchange)
    exchange.start()
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { current, limits, recorder } = this.#options
    const snapshot = current()
    const refusal = refusalOf(request, limits) ?? (snapshot === null ? noTable : null)
    if (this.#refused.has(socket) || this.#turns.isBusy(socket) || refusal !== null || snapshot === null) {
      this.#refuseTunnel(socket, refusal ?? noTable)
      return
    }
    const decided = this.#assign(snapshot, request, socket)
    if ('refusal' in decided) {
      endWithProblem(socket, decided.refusal)
      return
    }
    const { ticket, ...assigned } = decided
    const { version } = assigned
    this.#tunnels.add(socket)
    openTunnel({
      request,
      socket,
      head,
      ...assigned,
      limits,
      acquire: (tried) => this.endpoints.acquire(version, snapshot.endpoints.get(version) ?? [], tried),
      release: (endpoint) => this.endpoints.release(endpoint),
      decided: (outcome) => {
        this.#log(ticket, assigned, outcome)
        settle(recorder, ticket, outcome, { stays: true })
      },
      closed: (cutOff) => {
        this.#tunnels.delete(socket)
        if (cutOff) recorder.wasCutOff(version)
        recorder.left(ticket)
      },
    })
  }

  /** What asks for a tunnel and gets none. Behind an unanswered request it would write into its answer. */
  #refuseTunnel(socket: Duplex, problem: GatewayProblem): void {
    if (this.#refused.has(socket) || this.#turns.isBusy(socket)) socket.destroy()
    else endWithProblem(socket, problem)
  }

  /** What the parser refuses, before there is a request. What came whole before it is answered first. */
  #clientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (this.#refused.has(socket)) return
    this.#refused.add(socket)
    const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
    const problem = { status, detail: 'The request is not sound HTTP.' }
    const gone = error.code === 'ECONNRESET' || !socket.writable
    if (gone || !this.#turns.end(socket, () => endWithProblem(socket, problem))) socket.destroy()
  }

  #assign(snapshot: Snapshot, request: RequestIn, socket: Duplex): Assigned | Refused {
    const peer = plainAddress('remoteAddress' in socket ? (socket as Socket).remoteAddress : undefined)
    const vouched = this.#vouched.get(socket)
    if (vouched !== undefined) vouch(request, vouched)
    const { headers, url = '/' } = request
    const hop = snapshot.edge.hop(peer, 'encrypted' in socket, { header: (name) => headers[name]?.toString() })
    return this.#assigning.assign(snapshot, {
      view: viewOf({ headers, target: url, address: hop.client }),
      hop,
      givenId: headers['x-request-id'],
      previews: this.#previewing.has(socket),
    })
  }

  #log({ startedAt }: Underway, served: Served, outcome: Outcome): void {
    const status = outcome.kind === 'answered' ? outcome.status : outcome.kind === 'failed' ? 0 : 499
    this.#options.accessLog?.write(startedAt, status, served)
  }
}

function settle(recorder: Recording, ticket: Underway, outcome: Outcome, { stays = false } = {}): void {
  if (outcome.kind === 'answered') recorder.answered(ticket, outcome.status, outcome.whole)
  else if (outcome.kind === 'failed') {
    recorder.failed(ticket)
    if (outcome.cutOff) recorder.wasCutOff(ticket.account.version)
  } else recorder.abandoned(ticket)
  if (!stays) recorder.left(ticket)
}

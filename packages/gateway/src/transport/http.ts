import { bucketOf, formatRequestMark, viewOf } from '@serin/core/assignment'
import * as http from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import * as net from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { AccessLog } from '../access-log.ts'
import type { Snapshot } from '../decide/snapshot.ts'
import type { Recorder, Ticket } from '../evidence/recorder.ts'
import type { Limits } from '../limits.ts'
import { Endpoints } from './endpoints.ts'
import { Exchange } from './exchange.ts'
import type { Outcome } from './exchange.ts'
import type { AnswerMark } from './headers.ts'
import { hasBody, refusalOf } from './framing.ts'
import { endWithProblem, sendProblem } from './problem.ts'
import { openTunnel } from './tunnel.ts'

const noTable = { status: 503, detail: 'The gateway has no routing table yet.' } as const
const goodRequestId = /^[\x21-\x7e]{1,200}$/

/** What the data plane is made of. */
export interface HttpTransportOptions {
  readonly boot: string
  readonly limits: Limits
  readonly recorder: Recorder
  readonly accessLog: AccessLog | null
  /** The table in force, read once per request. */
  readonly current: () => Snapshot | null
}

/** The data plane on Node's public HTTP API. Decision and evidence live elsewhere; this file only moves bytes. */
export class HttpTransport {
  readonly endpoints: Endpoints
  readonly #options: HttpTransportOptions
  readonly #server: http.Server
  readonly #exchanges = new Set<Exchange>()
  readonly #tunnels = new Set<Duplex>()
  /** Connections after a refusal: what the parser still finds on them is not served. */
  readonly #refused = new WeakSet<Duplex>()
  /** Answers under way by connection. */
  readonly #answering = new WeakMap<Duplex, number>()
  readonly #sweeper: NodeJS.Timeout
  #requests = 0
  #leaving = false

  constructor(options: HttpTransportOptions) {
    this.#options = options
    const { limits } = options
    this.endpoints = new Endpoints(limits)
    this.#server = http.createServer({
      insecureHTTPParser: false,
      requireHostHeader: true,
      maxHeaderSize: limits.headBytes,
      headersTimeout: limits.headMs,
      requestTimeout: 0, // A body may take as long as it flows: `Exchange.check` watches it.
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: Math.min(1_000, limits.headMs),
      noDelay: true,
      shouldUpgradeCallback: (request) => isTunnel(request),
    })
    // Node would drop headers beyond its own count silently; `refusalOf` refuses instead.
    this.#server.maxHeadersCount = 0
    this.#server.maxConnections = limits.connections
    this.#server.on('request', (request, response) => this.#take(request, response))
    this.#server.on('checkContinue', (request, response) => this.#take(request, response))
    this.#server.on('checkExpectation', (_request, response) => {
      sendProblem(response, { status: 417, detail: 'Only "Expect: 100-continue" is known.' }, { close: true })
    })
    this.#server.on('connect', (_request, socket) =>
      endWithProblem(socket, { status: 405, detail: 'CONNECT is not served here.' }),
    )
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
    this.#server.on('clientError', (error, socket) => this.#clientError(error, socket))
    this.#sweeper = setInterval(
      () => {
        const nowMs = performance.now()
        for (const exchange of this.#exchanges) exchange.check(nowMs)
      },
      Math.min(500, limits.connectMs / 4),
    )
    this.#sweeper.unref()
  }

  /** Starts to take requests; rejects with Node's own error when it cannot listen. */
  async listen(host: string, port: number): Promise<AddressInfo> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port, backlog: 1_024 }, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the server has no address')
    return address
  }

  /**
   * Takes no new connection, ends each connection after its answer, gives idle ones `lingerMs` to send what is on its way, and resolves
   * when nothing is in flight or the time is over.
   */
  async leave(deadlineMs: number): Promise<void> {
    if (this.#leaving) return
    this.#leaving = true
    const closed = new Promise<void>((resolve) => {
      // Not `http.Server.close`: that one cuts idle connections at once, also when a request is on its way.
      net.Server.prototype.close.call(this.#server, () => resolve())
    })
    const over = setTimeout(() => this.#cut(), deadlineMs)
    const linger = setInterval(() => this.#server.closeIdleConnections(), this.#options.limits.lingerMs)
    await closed
    clearTimeout(over)
    clearInterval(linger)
    this.#cut()
  }

  #cut(): void {
    clearInterval(this.#sweeper)
    for (const socket of this.#tunnels) socket.destroy()
    this.#server.close(() => {})
    this.#server.closeAllConnections()
    this.endpoints.close()
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const { current, limits, recorder } = this.#options
    const { socket } = request
    if (this.#refused.has(socket)) return
    this.#answering.set(socket, (this.#answering.get(socket) ?? 0) + 1)
    response.on('close', () => this.#answering.set(socket, (this.#answering.get(socket) ?? 1) - 1))
    const refusal = refusalOf(request, limits)
    if (refusal !== null) {
      this.#refused.add(socket)
      sendProblem(response, refusal, { close: true })
      return
    }
    const snapshot = current()
    if (snapshot === null) {
      sendProblem(response, noTable, { close: hasBody(request) })
      return
    }
    const { ticket, ...assigned } = this.#assign(snapshot, request)
    const { version } = assigned
    const exchange = new Exchange(
      {
        request,
        response,
        ticket,
        ...assigned,
        limits,
        acquire: (tried) => this.endpoints.acquire(version, snapshot.endpoints.get(version) ?? [], tried),
        release: (endpoint) => this.endpoints.release(endpoint),
        leaving: () => this.#leaving,
        ended: (outcome) => {
          this.#exchanges.delete(exchange)
          settle(recorder, ticket, outcome)
          this.#log(ticket, version, outcome)
        },
      },
      ticket.startedMs,
    )
    this.#exchanges.add(exchange)
    exchange.start()
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { current, limits, recorder } = this.#options
    // An upgrade behind an unanswered request would write into its answer.
    if (this.#refused.has(socket) || (this.#answering.get(socket) ?? 0) > 0) {
      socket.destroy()
      return
    }
    const snapshot = current()
    const refusal = refusalOf(request, limits) ?? (snapshot === null ? noTable : null)
    if (refusal !== null || snapshot === null) {
      endWithProblem(socket, refusal ?? noTable)
      return
    }
    const { ticket, ...assigned } = this.#assign(snapshot, request)
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
        this.#log(ticket, version, outcome)
        settle(recorder, ticket, outcome, { stays: true })
      },
      closed: () => {
        this.#tunnels.delete(socket)
        recorder.left(ticket)
      },
    })
  }

  /** What the parser refuses, before there is a request. Never writes into an answer that is under way. */
  #clientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (this.#refused.has(socket)) return
    if (error.code === 'ECONNRESET' || !socket.writable || (this.#answering.get(socket) ?? 0) > 0) {
      socket.destroy()
      return
    }
    this.#refused.add(socket)
    const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
    endWithProblem(socket, { status, detail: 'The request is not sound HTTP.' })
  }

  #assign(snapshot: Snapshot, request: IncomingMessage): AnswerMark & { ticket: Ticket; address: string } {
    const address = plainAddress(request.socket.remoteAddress)
    const view = viewOf({ headers: request.headers, target: request.url ?? '/', address })
    let chance = ''
    const decision = snapshot.router.decide(view, () => (chance = String(Math.random())))
    const slices = decision.by === 'hash' ? (snapshot.classify?.(view) ?? null) : null
    const ticket = this.#options.recorder.start(decision, slices)
    this.#requests += 1
    const { version, by, unit } = decision
    const { canaryBp, rollout } = snapshot
    const bucket = bucketOf(unit ?? chance)
    const mark = formatRequestMark(`${this.#options.boot}-${this.#requests.toString(36)}`, {
      version,
      by,
      bucket,
      canaryBp,
      rollout,
    })
    const given = request.headers['x-request-id']
    const requestId = typeof given === 'string' && goodRequestId.test(given) ? given : mark
    return { ticket, version, address, requestId, mark }
  }

  #log(ticket: Ticket, version: string, outcome: Outcome): void {
    const status = outcome.kind === 'answered' ? outcome.status : outcome.kind === 'failed' ? 0 : 499
    this.#options.accessLog?.write(ticket.startedAt, version, status)
  }
}

function settle(recorder: Recorder, ticket: Ticket, outcome: Outcome, { stays = false } = {}): void {
  if (outcome.kind === 'answered') recorder.answered(ticket, outcome.status, outcome.whole)
  else if (outcome.kind === 'failed') recorder.failed(ticket)
  else recorder.abandoned(ticket)
  if (!stays) recorder.left(ticket)
}

/** Only a plain GET becomes a tunnel; `h2c` is not spoken, and a body before an upgrade is not taken: those are served as HTTP/1.1. */
function isTunnel(request: IncomingMessage): boolean {
  return request.method === 'GET' && !hasBody(request) && request.headers.upgrade?.toLowerCase() !== 'h2c'
}

function plainAddress(address: string | undefined): string {
  if (address === undefined) return 'unknown'
  return address.startsWith('::ffff:') ? address.slice(7) : address
}

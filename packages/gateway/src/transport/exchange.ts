import type { RoutingTable } from '@serin/core'
import type { Hop } from '../edge/hop.ts'
import type { AnswerWatch } from '../evidence/generation/answer-watch.ts'
import type { Underway } from '../evidence/recording.ts'
import type { Limits } from '../limits.ts'
import { askUpstream } from './endpoints.ts'
import type { Endpoint } from './endpoints.ts'
import { hasBody } from './framing.ts'
import { deadlineMsOf, isGrpc, statusOfCall, waitedForDeadline } from './grpc.ts'
import { answerHeaders, requestHeaders, requestIdOf, trailersOf } from './headers.ts'
import type { AnswerMark } from './headers.ts'
import type { AnswerIn, AnswerOut, RequestIn, RequestOut, Wire } from './message.ts'
import { noAnswer, noEndpoint, notInTime, sendProblem } from './problem.ts'
import type { GatewayProblem } from './problem.ts'
import { discard, idempotent, lingerMs, saysUnable } from './shield.ts'

/** How a request ended: with the answer of its version, without one, or because its client left. */
export type Outcome =
  | { readonly kind: 'answered'; readonly status: number; readonly whole: boolean }
  /** `cutOff`: its version was on the way out, and did not wait for it. */
  | { readonly kind: 'failed'; readonly cutOff: boolean }
  | { readonly kind: 'abandoned' }

/** Somebody who listens to an exchange and takes no part in it. */
export interface Tap {
  /** The body of the request begins to flow. */
  bodyBegins(): void
  /** The head of the answer is there, its body begins to flow. */
  answered(answer: AnswerIn): void
}

/** What an exchange needs to know of its surroundings. */
export interface ExchangeContext extends AnswerMark {
  readonly request: RequestIn
  readonly response: AnswerOut
  readonly ticket: Underway
  readonly hop: Hop
  readonly limits: Limits
  /** What the upstreams speak, as a table says it. */
  readonly upstream: RoutingTable['upstream']
  /** The next untried address of the version. */
  readonly acquire: (tried: ReadonlySet<string>) => Endpoint | null
  readonly release: (endpoint: Endpoint) => void
  /** Whether the gateway is about to go: connections end after their answer. */
  readonly leaving: () => boolean
  readonly tap?: Tap | null
  /** Sees the answer that the client gets. */
  readonly watch?: AnswerWatch | null
  /** Lets stable answer the client instead; null when a failure of the version is the client's to see. Called once at most. */
  readonly shield: (() => void) | null
  /** Called once, when the version is done with the request. */
  readonly ended: (outcome: Outcome) => void
}

/**
 * One request and its answer on their way through. Streams both ways, holds no body, ends exactly once. When stable has taken the client
 * over, it goes on unseen to the end it would have had: the version is judged by that.
 */
export class Exchange {
  readonly #context: ExchangeContext
  readonly #tried = new Set<string>()
  readonly #bodied: boolean
  #upstream: RequestOut | null = null
  #endpoint: Endpoint | null = null
  #answer: AnswerIn | null = null
  #phase: 'connecting' | 'waiting' | 'answering' | 'done' = 'connecting'
  #bodyStarted = false
  #replayed = false
  #unseen = false
  readonly #grpc: boolean
  readonly #deadlineMs: number | null
  #bytesBefore = 0
  #progressMs: number
  readonly #startedMs: number
  #timedOut: 'connect' | 'answer' | null = null

  constructor(context: ExchangeContext, nowMs: number) {
    this.#context = context
    this.#bodied = hasBody(context.request)
    this.#grpc = isGrpc(context.request)
    this.#deadlineMs = this.#grpc ? deadlineMsOf(context.request.headers) : null
    this.#progressMs = nowMs
    this.#startedMs = nowMs
  }

  /** Begins; `now` is read for the time limits only. */
  start(): void {
    const { request, response } = this.#context
    response.on('close', () => {
      if (!response.writableFinished) this.#clientLeft()
    })
    response.on('drain', () => this.#answer?.resume())
    request.on('error', () => this.#clientLeft())
    this.#attempt(false)
  }

  /** Whether its client is answered by somebody else. */
  get unseen(): boolean {
    return this.#unseen
  }

  /** Looks at the time limits; called about twice a second. */
  check(nowMs: number): void {
    const { limits, request } = this.#context
    const idleMs = nowMs - this.#progressMs
    const waits = this.#phase === 'connecting' || this.#phase === 'waiting'
    if (waits && nowMs - this.#startedMs > limits.shieldMs) this.#yields()
    if (this.#phase === 'connecting' && idleMs > limits.connectMs) {
      this.#timedOut = 'connect'
      this.#upstream?.destroy()
    } else if (this.#grpc) this.#checkCall(nowMs)
    else if (this.#phase === 'waiting' && this.#bodyStarted && !request.complete && !request.isPaused()) {
      if (idleMs > limits.requestBodyIdleMs) this.#clientTooSlow()
    } else if (this.#phase === 'waiting' && idleMs > limits.answerMs) {
      this.#timedOut = 'answer'
      this.#upstream?.destroy()
    } else if (this.#phase === 'answering' && this.#answer !== null && idleMs > limits.answerBodyIdleMs) {
      if (this.#answer.isPaused()) this.#context.response.destroy()
      else if (!String(this.#answer.headers['content-type']).startsWith('text/event-stream')) this.#truncated()
    }
  }

  /** A call may be silent as long as its client likes: it says when it has waited enough. */
  #checkCall(nowMs: number): void {
    if (this.#phase !== 'waiting' || this.#deadlineMs === null) return
    if (nowMs - this.#startedMs < this.#deadlineMs + lingerMs) return
    this.#timedOut = 'answer'
    this.#upstream?.destroy()
  }

  /** Tells the exchange what time it is when something moves. */
  #moved(): void {
    this.#progressMs = performance.now()
  }

  #attempt(fresh: boolean): void {
    const { request, acquire, hop } = this.#context
    const requestId = requestIdOf(this.#context)
    const endpoint = fresh ? this.#endpoint : acquire(this.#tried)
    if (endpoint === null) {
      this.#fail(noEndpoint(this.#tried.size))
      return
    }
    if (!fresh) this.#tried.add(endpoint.url)
    this.#endpoint = endpoint
    this.#phase = 'connecting'
    this.#timedOut = null
    this.#moved()
    const upstream = askUpstream(
      endpoint,
      {
        method: request.method ?? 'GET',
        target: request.url ?? '/',
        headers: requestHeaders(request, { hop, requestId, upgrade: null }),
        fresh,
      },
      this.#context.upstream,
    )
    this.#upstream = upstream
    upstream.on('socket', (socket) => this.#onSocket(upstream, socket))
    upstream.on('response', (answer) => this.#relay(upstream, answer))
    upstream.on('error', () => this.#lost(upstream))
    if (request.headers.expect !== undefined) upstream.on('continue', () => this.#continue(upstream))
    upstream.on('information', ({ statusCode, headers }) => {
      if (statusCode === 103 && headers['link'] !== undefined)
        this.#context.response.writeEarlyHints({ link: headers['link'] })
    })
    if (!this.#bodied) upstream.end()
  }

  #onSocket(upstream: RequestOut, socket: Wire): void {
    if (upstream !== this.#upstream) return
    this.#bytesBefore = socket.bytesRead
    if (socket.connecting) socket.once('connect', () => this.#connected(upstream))
    else this.#connected(upstream)
  }

  #connected(upstream: RequestOut): void {
    if (upstream !== this.#upstream || this.#phase !== 'connecting') return
    this.#phase = 'waiting'
    this.#moved()
    if (!this.#bodied) return
    if (this.#context.request.headers.expect === undefined) this.#sendBody(upstream)
    else upstream.flushHeaders()
  }

  /** The upstream wants the body that the client announced with `Expect: 100-continue`. */
  #continue(upstream: RequestOut): void {
    if (upstream !== this.#upstream || this.#phase !== 'waiting') return
    this.#context.response.writeContinue()
    if (this.#bodied && !this.#bodyStarted) this.#sendBody(upstream)
  }

  /** From the first byte of the body on there is no other attempt: nothing of it is kept. */
  #sendBody(upstream: RequestOut): void {
    const { request } = this.#context
    this.#bodyStarted = true
    request.on('data', (chunk: Buffer) => {
      this.#moved()
      if (!upstream.destroyed && !upstream.write(chunk)) request.pause()
    })
    this.#context.tap?.bodyBegins()
    upstream.on('drain', () => request.resume())
    upstream.on('close', () => request.resume())
    request.on('end', () => {
      if (upstream.destroyed) return
      if (request.rawTrailers.length > 0) upstream.addTrailers(trailersOf(request.rawTrailers))
      upstream.end()
    })
  }

  #relay(upstream: RequestOut, answer: AnswerIn): void {
    if (upstream !== this.#upstream || this.#phase === 'done') {
      answer.resume()
      return
    }
    const { response, shield } = this.#context
    const status = answer.statusCode ?? 502
    if (shield !== null && saysUnable(status)) {
      this.#yields()
      this.#end({ kind: 'answered', status, whole: true })
      discard(upstream, answer, () => {})
      setTimeout(() => !answer.complete && upstream.destroy(), lingerMs).unref()
      return
    }
    this.#phase = 'answering'
    this.#answer = answer
    this.#moved()
    answer.on('error', () => this.#truncated())
    answer.on('close', () => {
      if (!answer.complete) this.#truncated()
    })
    if (this.#unseen) {
      answer.on('data', () => this.#moved())
      discard(upstream, answer, () => this.#end({ kind: 'answered', status, whole: true }))
      return
    }
    const headers = answerHeaders(answer, this.#context)
    if (this.#context.leaving() || this.#unreadExpectation()) headers.push('Connection', 'close')
    try {
      response.writeHead(status, answer.statusMessage ?? '', headers)
    } catch {
      this.#truncated() // A head that Node refuses to write: the version's fault.
      return
    }
    const { watch } = this.#context
    watch?.head(answer.headers['content-type'], answer.headers['content-encoding'])
    let begun = false
    answer.on('data', (chunk: Buffer) => {
      begun = true
      this.#moved()
      if (!response.write(chunk)) answer.pause()
      watch?.body(chunk, this.#progressMs)
    })
    answer.on('end', () => {
      begun = true
      if (answer.rawTrailers.length > 0) response.addTrailers(trailersOf(answer.rawTrailers))
      response.end()
      this.#end({ kind: 'answered', status: this.#grpc ? statusOfCall(answer) : status, whole: true })
      this.#lingerOverRest()
    })
    this.#context.tap?.answered(answer)
    // A head without a body yet, such as of an event stream, must not wait for the body.
    setImmediate(() => {
      if (!begun && !response.writableEnded) response.flushHeaders()
    })
  }

  #unreadExpectation(): boolean {
    return this.#bodied && !this.#bodyStarted
  }

  /** The version answered before it had read the whole request: let the client see that, but do not read on for ever. */
  #lingerOverRest(): void {
    const { request, response } = this.#context
    if (!this.#bodied || request.complete) return
    request.resume()
    response.on('finish', () => {
      if (!request.complete) setTimeout(() => !request.complete && request.destroy(), lingerMs).unref()
    })
  }

  /** The upstream connection failed before an answer. */
  #lost(upstream: RequestOut): void {
    if (upstream !== this.#upstream || this.#phase === 'answering' || this.#phase === 'done') return
    const { request } = this.#context
    if (this.#phase === 'connecting' && !this.#bodyStarted) {
      this.#giveBack()
      this.#attempt(false)
      return
    }
    const silent = upstream.socket === null || upstream.socket.bytesRead === this.#bytesBefore
    if (
      upstream.reusedSocket &&
      silent &&
      !this.#replayed &&
      !this.#bodied &&
      idempotent.has(request.method ?? '') &&
      this.#timedOut === null
    ) {
      this.#replayed = true
      this.#attempt(true)
      return
    }
    this.#fail(this.#timedOut === 'answer' ? notInTime : noAnswer)
  }

  #fail(problem: GatewayProblem): void {
    if (this.#phase === 'done') return
    if (this.#yields()) {
      this.#end({ kind: 'failed', cutOff: false })
      return
    }
    const { response, request } = this.#context
    this.#end({ kind: 'failed', cutOff: this.#timedOut === null && this.#endpoint?.retired === true })
    const close = this.#context.leaving() || (this.#bodied && !request.complete)
    if (!response.headersSent && !response.destroyed) sendProblem(response, problem, { close, added: this.#marks() })
    this.#lingerOverRest()
  }

  /** The answer broke off: the client must see that it is not whole. */
  #truncated(): void {
    if (this.#phase === 'done') return
    this.#end({ kind: 'failed', cutOff: !this.#unseen && this.#endpoint?.retired === true })
    this.#upstream?.destroy()
    if (!this.#unseen) this.#context.response.destroy()
  }

  /** Whether stable answers the client, from now on at the latest. */
  #yields(): boolean {
    const { shield } = this.#context
    if (shield === null) return false
    if (!this.#unseen) {
      this.#unseen = true
      shield()
    }
    return true
  }

  #clientTooSlow(): void {
    const { response } = this.#context
    this.#end({ kind: 'abandoned' })
    this.#upstream?.destroy()
    const problem = { status: 408, detail: 'The request body did not come in time.' }
    sendProblem(response, problem, { close: true, added: this.#marks() })
    this.#lingerOverRest()
  }

  /** A client that leaves in the middle of an answer has been answered; one that leaves before has not. */
  #clientLeft(): void {
    if (this.#phase === 'done') return
    // Stable's answer had begun: how this version does is still worth knowing.
    if (this.#unseen && this.#context.response.headersSent) return
    const status = this.#answer?.statusCode
    const waited = waitedForDeadline(this.#deadlineMs, performance.now() - this.#startedMs)
    if (status === undefined && waited) this.#end({ kind: 'failed', cutOff: false })
    this.#end(status === undefined ? { kind: 'abandoned' } : { kind: 'answered', status, whole: false })
    this.#upstream?.destroy()
  }

  /** What a problem says of the version: nobody becomes a unit by it. */
  #marks(): Omit<AnswerMark, 'version'> {
    const { told, givenId, mark, shielded } = this.#context
    return { told, givenId, mark, ...(shielded === undefined ? {} : { shielded }) }
  }

  #end(outcome: Outcome): void {
    if (this.#phase === 'done') return
    this.#phase = 'done'
    this.#giveBack()
    this.#context.ended(outcome)
  }

  #giveBack(): void {
    if (this.#endpoint !== null) this.#context.release(this.#endpoint)
    this.#endpoint = null
  }
}

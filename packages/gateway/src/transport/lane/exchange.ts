import type { Limits } from '../../limits.ts'
import { AnswerHead } from '../../wire/answer-head.ts'
import type { Framing } from '../../wire/answer-head.ts'
import { BodyEnd } from '../../wire/body.ts'
import { HeadEnd, broken, notYet } from '../../wire/fields.ts'
import type { Endpoint } from '../endpoints.ts'
import type { Outcome } from '../exchange.ts'
import type { AnswerMark } from '../headers.ts'
import { noAnswer, noEndpoint, notInTime } from '../problem.ts'
import type { GatewayProblem } from '../problem.ts'
import { discardedBytes, idempotent, lingerMs, saysUnable } from '../shield.ts'
import { earlyHints, requestBytes } from './heads.ts'
import type { Outgoing } from './heads.ts'
import type { Pool, Upstream, User } from './pool.ts'

const mostAnswerHeadBytes = 65_536
const mostFields = 1_000
const nothing = Buffer.alloc(0)
/** Read, and passed on, in one go: all exchanges can share it. */
const answerHead = new AnswerHead(mostFields)

/** The client's side of an exchange. */
export interface Sink {
  head(answer: AnswerHead, mark: AnswerMark): void
  hints(bytes: Buffer): void
  /** A piece of the body as it came, with its framing unless it had none. False when it is to wait for `drained`. */
  body(bytes: Buffer, upstream: Upstream): boolean
  /** The answer is whole. */
  done(): void
  /** The exchange can take bytes of the request's body. */
  feed(): void
  /** Whether the whole body of the request was there. */
  readonly bodyComplete: boolean
  /** The body stopped coming. */
  tooSlow(mark: AnswerMark): void
  /** Nothing more comes for now. */
  flush(): void
  problem(problem: GatewayProblem, mark: AnswerMark): void
  /** The answer will never be whole. */
  broken(): void
}

/** What an exchange needs to know of its surroundings. */
export interface LaneContext {
  readonly outgoing: Outgoing
  /** Whether a body follows the head. */
  readonly bodied: boolean
  readonly mark: AnswerMark
  readonly sink: Sink
  readonly limits: Limits
  readonly pool: Pool
  readonly acquire: (tried: ReadonlySet<string>) => Endpoint | null
  readonly release: (endpoint: Endpoint) => void
  readonly shield: (() => void) | null
  /** Whether somebody's answer to the client has begun. */
  readonly headSent: () => boolean
  readonly ended: (outcome: Outcome) => void
}

/** One request and its answer on their way through the fast lane: what `Exchange` is in the full one. */
export class LaneExchange implements User {
  readonly #context: LaneContext
  readonly #tried = new Set<string>()
  #upstream: Upstream | null = null
  #endpoint: Endpoint | null = null
  #phase: 'connecting' | 'waiting' | 'answering' | 'done' = 'connecting'
  #status = 0
  #framing: Framing = 'none'
  #keeps = false
  #endsAfterMs = 0
  #eventStream = false
  readonly #headEnd = new HeadEnd()
  #pending: Buffer = nothing
  #body: BodyEnd | null = null
  #silent = true
  #bodyStarted = false
  /** The upstream has more of the body than it takes. */
  #full = false
  #replayed = false
  #unseen = false
  #paused = false
  #discarded = 0
  #timedOut: 'connect' | 'answer' | null = null
  readonly #startedMs: number
  #progressMs: number

  constructor(context: LaneContext, nowMs: number) {
    this.#context = context
    this.#startedMs = nowMs
    this.#progressMs = nowMs
  }

  get unseen(): boolean {
    return this.#unseen
  }

  /** Whether its client sees its answer. */
  get begun(): boolean {
    return this.#body !== null
  }

  start(): void {
    this.#attempt(false)
  }

  /** Looks at the time limits. */
  check(nowMs: number): void {
    const { limits } = this.#context
    const idleMs = nowMs - this.#progressMs
    const waits = this.#phase === 'connecting' || this.#phase === 'waiting'
    if (waits && nowMs - this.#startedMs > limits.shieldMs) this.#yields()
    if (this.#phase === 'connecting' && idleMs > limits.connectMs) this.#connectsTooSlowly()
    else if (this.#phase === 'waiting' && this.#bodyStarted && !this.#full && !this.#context.sink.bodyComplete) {
      if (idleMs > limits.requestBodyIdleMs) this.#clientTooSlow()
    } else if (this.#phase === 'waiting' && idleMs > limits.answerMs) {
      this.#timedOut = 'answer'
      this.#upstream?.socket.destroy()
    } else if (this.#phase === 'answering' && idleMs > limits.answerBodyIdleMs) {
      if (this.#paused) this.#context.sink.broken()
      else if (!this.#eventStream) this.#truncated()
    }
  }

  /** The client takes more again. */
  clientDrained(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#progressMs = performance.now()
    this.#upstream?.socket.resume()
  }

  /** Whether bytes of the request's body may come now. */
  get takesBody(): boolean {
    const flows = this.#phase === 'waiting' || this.#phase === 'answering'
    return flows && this.#context.bodied && this.#upstream !== null && !this.#full
  }

  /** Bytes of the request's body, as they came. From the first on there is no other attempt: nothing of it is kept. */
  send(bytes: Buffer): void {
    this.#progressMs = performance.now()
    if (this.#upstream?.socket.write(bytes) === false) this.#full = true
  }

  /** The client's body came in a form that is none: neither side gets any more of it. */
  refuse(): void {
    this.#drop()
    this.#end({ kind: 'abandoned' })
  }

  /** A client that leaves in the middle of an answer has been answered; one that leaves before has not. */
  clientLeft(): void {
    if (this.#phase === 'done' || (this.#unseen && this.#context.headSent())) return
    const answered = this.#phase === 'answering'
    this.#drop()
    this.#end(answered ? { kind: 'answered', status: this.#status, whole: false } : { kind: 'abandoned' })
  }

  #attempt(fresh: boolean): void {
    this.#upstream = null
    const endpoint = fresh ? this.#endpoint : this.#context.acquire(this.#tried)
    if (endpoint === null) {
      this.#fail(noEndpoint(this.#tried.size))
      return
    }
    this.#tried.add(endpoint.url)
    this.#endpoint = endpoint
    this.#phase = 'connecting'
    this.#timedOut = null
    this.#silent = true
    this.#progressMs = performance.now()
    this.#context.pool.take(endpoint, this, fresh)
  }

  granted(upstream: Upstream): void {
    this.#upstream = upstream
    if (!upstream.socket.connecting) this.connected()
  }

  connected(): void {
    const socket = this.#upstream?.socket
    if (this.#phase !== 'connecting' || this.#endpoint === null || socket === undefined) return
    this.#phase = 'waiting'
    this.#progressMs = performance.now()
    const head = requestBytes(this.#context.outgoing, this.#endpoint.basePath)
    if (!this.#context.bodied) {
      socket.write(head)
      return
    }
    this.#bodyStarted = true
    socket.cork()
    socket.write(head)
    this.#context.sink.feed()
    socket.uncork()
  }

  /** The upstream takes more of the body again. */
  drained(): void {
    this.#full = false
    if (this.#context.bodied) this.#context.sink.feed()
  }

  received(bytes: Buffer): boolean {
    this.#silent = false
    if (this.#body !== null) {
      this.#progressMs = performance.now()
      this.#relay(bytes, 0)
    } else if (this.#phase === 'waiting') this.#readHead(bytes)
    return !this.#paused
  }

  #readHead(bytes: Buffer): void {
    const seen = this.#pending.length
    const all = seen === 0 ? bytes : Buffer.concat([this.#pending, bytes])
    const end = this.#headEnd.find(all, seen)
    if (end === notYet) {
      this.#pending = seen === 0 ? Buffer.from(bytes) : all
      if (all.length > mostAnswerHeadBytes) this.#unsound()
      return
    }
    if (end === broken || !answerHead.read(all, end, this.#context.outgoing.method) || answerHead.status === 101) {
      this.#unsound()
      return
    }
    this.#pending = nothing
    this.#headEnd.reset()
    if (answerHead.status < 200) {
      const hints = earlyHints(answerHead)
      if (hints !== null && !this.#unseen) this.#context.sink.hints(hints)
      if (end < all.length) this.#readHead(all.subarray(end))
      return
    }
    this.#answer(all, end)
  }

  #answer(bytes: Buffer, from: number): void {
    const { status, framing, length } = answerHead
    this.#status = status
    this.#framing = framing
    this.#keeps = answerHead.keeps
    this.#endsAfterMs = answerHead.endsAfterMs
    this.#eventStream = answerHead.eventStream
    this.#progressMs = performance.now()
    if (this.#context.shield !== null && saysUnable(status)) {
      this.#yields()
      this.#end({ kind: 'answered', status, whole: true })
      setTimeout(() => this.#drop(), lingerMs).unref()
    }
    if (this.#phase !== 'done') this.#phase = 'answering'
    this.#body = new BodyEnd(framing, length)
    if (this.#unseen) {
      if (this.#eventStream) this.#enough()
    } else this.#context.sink.head(answerHead, this.#context.mark)
    this.#relay(bytes, from)
    if (!this.#unseen) this.#context.sink.flush()
  }

  #relay(bytes: Buffer, from: number): void {
    const body = this.#body
    const upstream = this.#upstream
    if (body === null || upstream === null) return
    const end = body.take(bytes, from)
    if (end < 0) {
      this.#truncated()
      return
    }
    if (this.#unseen) {
      this.#discarded += end - from
      if (this.#discarded > discardedBytes) this.#enough()
    } else if (end > from && !this.#context.sink.body(bytes.subarray(from, end), upstream) && !body.whole) {
      this.#paused = true
    }
    if (body.whole) this.#whole(end === bytes.length)
  }

  /** Bytes behind an answer belong to nobody: the connection is not used again. */
  #whole(clean: boolean): void {
    const upstream = this.#upstream
    this.#upstream = null
    if (upstream !== null) {
      upstream.user = null
      const read = !this.#context.bodied || (this.#context.sink.bodyComplete && upstream.socket.writableLength === 0)
      if (clean && read && this.#keeps) this.#context.pool.give(upstream, performance.now(), this.#endsAfterMs)
      else upstream.socket.destroy()
    }
    const ended = this.#phase === 'done'
    this.#end({ kind: 'answered', status: this.#status, whole: true })
    if (!ended && !this.#unseen) this.#context.sink.done()
  }

  /** Nobody sees the rest. */
  #enough(): void {
    this.#drop()
    this.#end({ kind: 'answered', status: this.#status, whole: true })
  }

  #unsound(): void {
    this.#drop()
    this.#fail({ status: 502, detail: 'The version did not answer in sound HTTP.' })
  }

  lost(upstream: Upstream, ended: boolean): void {
    if (upstream !== this.#upstream) return
    this.#upstream = null
    if (this.#phase === 'done') return
    if (this.#phase === 'answering') {
      if (this.#framing === 'close' && ended) this.#whole(false)
      else this.#truncated()
      return
    }
    if (this.#phase === 'connecting') {
      this.#giveBack()
      this.#attempt(false)
      return
    }
    const again = upstream.used && !this.#context.bodied && this.#silent && !this.#replayed && this.#timedOut === null
    if (again && idempotent.has(this.#context.outgoing.method)) {
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
    this.#end({ kind: 'failed', cutOff: this.#timedOut === null && this.#endpoint?.retired === true })
    this.#context.sink.problem(problem, this.#context.mark)
  }

  #truncated(): void {
    if (this.#phase === 'done') return
    const cutOff = !this.#unseen && this.#endpoint?.retired === true
    this.#drop()
    this.#end({ kind: 'failed', cutOff })
    if (!this.#unseen) this.#context.sink.broken()
  }

  /** Whoever waits for its turn, or for the connection, waits no more. */
  #connectsTooSlowly(): void {
    this.#timedOut = 'connect'
    if (this.#upstream !== null) this.#upstream.socket.destroy()
    else if (this.#endpoint !== null) {
      this.#context.pool.cancel(this.#endpoint, this)
      this.#giveBack()
      this.#attempt(false)
    }
  }

  #clientTooSlow(): void {
    this.#drop()
    this.#end({ kind: 'abandoned' })
    this.#context.sink.tooSlow(this.#context.mark)
  }

  #yields(): boolean {
    const { shield } = this.#context
    if (shield === null) return false
    if (!this.#unseen) {
      this.#unseen = true
      shield()
    }
    return true
  }

  #drop(): void {
    const upstream = this.#upstream
    this.#upstream = null
    if (this.#endpoint !== null && upstream === null) this.#context.pool.cancel(this.#endpoint, this)
    if (upstream === null) return
    upstream.user = null
    upstream.socket.destroy()
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

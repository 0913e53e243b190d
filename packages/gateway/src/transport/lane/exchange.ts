import { AnswerHead } from '../../wire/answer-head.ts'
import type { Framing } from '../../wire/answer-head.ts'
import type { BodyEnd } from '../../wire/body.ts'
import { HeadEnd, broken } from '../../wire/fields.ts'
import type { Endpoint } from '../endpoints.ts'
import type { Outcome } from '../exchange.ts'
import { noAnswer, noEndpoint, notInTime } from '../problem.ts'
import type { GatewayProblem } from '../problem.ts'
import { discardedBytes, idempotent, lingerMs, saysUnable } from '../shield.ts'
import { earlyHints } from './heads.ts'
import { pageBytes } from './upstream.ts'
import type { Upstream, User } from './upstream.ts'
import type { Sink, Surroundings, Turn } from './turn.ts'

const mostAnswerHeadBytes = 65_536
const mostFields = 1_000
const nothing = Buffer.alloc(0)
/** Read, and passed on, in one go: all exchanges can share it. */
const answerHead = new AnswerHead(mostFields)

/** Instead of a time: something has moved since the limits were looked at last. So no clock is read for each piece of a body. */
const justNow = -1
const untried: ReadonlySet<string> = new Set()

/** One request and its answer on their way through the fast lane: what `Exchange` is in the full one. */
export class LaneExchange implements User {
  readonly turn: Turn
  /** What answers in its place. */
  standIn: LaneExchange | null = null
  readonly #lane: Surroundings
  readonly #sink: Sink
  /** The addresses that were tried before this one. */
  #tried: Set<string> | null = null
  #upstream: Upstream | null = null
  #endpoint: Endpoint | null = null
  #phase: 'connecting' | 'waiting' | 'answering' | 'done' = 'connecting'
  #status = 0
  #framing: Framing = 'none'
  #keeps = false
  #endsAfterMs = 0
  #eventStream = false
  #headEnd: HeadEnd | null = null
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
  #progressMs = justNow

  constructor(turn: Turn, lane: Surroundings, startedMs: number) {
    this.turn = turn
    this.#lane = lane
    this.#sink = turn.client
    this.#startedMs = startedMs
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
    // Whoever waits is overtaken by what is read next.
    if (this.#phase === 'connecting') this.turn.outgoing.keep()
  }

  /** Looks at the time limits. */
  check(nowMs: number): void {
    const { limits } = this.#lane
    if (this.#progressMs === justNow) this.#progressMs = nowMs
    const idleMs = nowMs - this.#progressMs
    const waits = this.#phase === 'connecting' || this.#phase === 'waiting'
    if (waits && nowMs - this.#startedMs > limits.shieldMs) this.#yields()
    if (this.#phase === 'connecting' && idleMs > limits.connectMs) this.#connectsTooSlowly()
    else if (this.#phase === 'waiting' && this.#bodyStarted && !this.#full && !this.#sink.bodyComplete) {
      if (idleMs > limits.requestBodyIdleMs) this.#clientTooSlow()
    } else if (this.#phase === 'waiting' && this.#upstream?.isInLine(this, idleMs) === true) return
    else if (this.#phase === 'waiting' && idleMs > limits.answerMs) {
      this.#timedOut = 'answer'
      this.#upstream?.destroy()
    } else if (this.#phase === 'answering' && idleMs > limits.answerBodyIdleMs) {
      if (this.#paused) this.#sink.broken()
      else if (!this.#eventStream) this.#truncated()
    }
  }

  /** The client takes more again. */
  clientDrained(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#progressMs = justNow
    this.#upstream?.link.resume()
  }

  /** Whether bytes of the request's body may come now. */
  get takesBody(): boolean {
    const flows = this.#phase === 'waiting' || this.#phase === 'answering'
    return flows && this.turn.bodied && this.#upstream !== null && !this.#full
  }

  /** Bytes of the request's body, as they came. From the first on there is no other attempt: nothing of it is kept. */
  send(bytes: Buffer): void {
    const upstream = this.#upstream
    if (upstream === null) return
    this.#progressMs = justNow
    upstream.sendBody(bytes)
    if (upstream.link.full) this.#full = true
  }

  /** The client's body came in a form that is none: neither side gets any more of it. */
  refuse(): void {
    this.#drop()
    this.#end({ kind: 'abandoned' })
  }

  /** A client that leaves in the middle of an answer has been answered; one that leaves before has not. */
  clientLeft(): void {
    if (this.#phase === 'done' || (this.#unseen && this.standIn?.begun === true)) return
    const answered = this.#phase === 'answering'
    this.#drop()
    this.#end(answered ? { kind: 'answered', status: this.#status, whole: false } : { kind: 'abandoned' })
  }

  #attempt(fresh: boolean): void {
    this.#upstream = null
    const before = this.#endpoint
    if (!fresh && before !== null) {
      this.#tried = (this.#tried ?? new Set()).add(before.url)
      this.#giveBack()
    }
    const endpoint = fresh ? before : this.#lane.acquire(this.turn, this.#tried ?? untried)
    if (endpoint === null) {
      this.#fail(noEndpoint(this.#tried?.size ?? 0))
      return
    }
    this.#endpoint = endpoint
    this.#phase = 'connecting'
    this.#timedOut = null
    this.#silent = true
    this.#progressMs = justNow
    const { outgoing, mark, shares } = this.turn
    const isShort = shares > 1 && outgoing.roomFor(endpoint.basePath, mark) <= pageBytes
    this.#lane.pool.take(endpoint, this, { fresh, shares: isShort ? shares : 1 })
  }

  granted(upstream: Upstream): void {
    this.#upstream = upstream
    if (upstream.isConnected) this.connected()
  }

  connected(): void {
    const upstream = this.#upstream
    if (this.#phase !== 'connecting' || this.#endpoint === null || upstream === null) return
    this.#phase = 'waiting'
    this.#progressMs = justNow
    const { outgoing, mark, bodied } = this.turn
    const { basePath } = this.#endpoint
    const page = upstream.pageFor(outgoing.roomFor(basePath, mark))
    outgoing.put(page, basePath, mark)
    if (!bodied) {
      upstream.send(page)
      return
    }
    this.#bodyStarted = true
    upstream.hold(page)
    this.#sink.feed()
    this.#upstream?.sendBody(nothing)
  }

  /** The upstream takes more of the body again. */
  drained(): void {
    this.#full = false
    if (this.turn.bodied) this.#sink.feed()
  }

  received(bytes: Buffer): void {
    this.#silent = false
    if (this.#body !== null) {
      this.#progressMs = justNow
      this.#relay(bytes, 0)
    } else if (this.#phase === 'waiting') this.#readHead(bytes)
  }

  #readHead(bytes: Buffer): void {
    const seen = this.#pending.length
    const all = seen === 0 ? bytes : Buffer.concat([this.#pending, bytes])
    if (seen > 0 && !this.#isWhole(all, seen)) return
    const read = answerHead.read(all, all.length, this.turn.outgoing.method)
    if (read === 'more' && seen === 0) {
      // Most heads come in one piece; of others the end is sought first.
      this.#headEnd = new HeadEnd()
      if (this.#isWhole(Buffer.from(all), 0)) this.#unsound()
      return
    }
    if (read !== 'sound' || answerHead.status === 101) {
      this.#unsound()
      return
    }
    this.#pending = nothing
    const { end } = answerHead
    if (answerHead.status < 200) {
      const hints = earlyHints(answerHead)
      if (hints !== null && !this.#unseen) this.#sink.hints(hints)
      if (end < all.length) this.#readHead(all.subarray(end))
      return
    }
    this.#answer(all, end)
  }

  /** Whether the head so far has an end. If not, it waits for the rest. */
  #isWhole(bytes: Buffer, seen: number): boolean {
    const end = this.#headEnd?.find(bytes, seen) ?? broken
    if (end >= 0) return true
    this.#pending = bytes
    if (end === broken || bytes.length > mostAnswerHeadBytes) this.#unsound()
    return false
  }

  #answer(bytes: Buffer, from: number): void {
    const { status, framing, length } = answerHead
    this.#status = status
    this.#framing = framing
    this.#keeps = answerHead.keeps
    this.#endsAfterMs = answerHead.endsAfterMs
    this.#eventStream = answerHead.eventStream
    this.#progressMs = justNow
    if (this.turn.shielded && saysUnable(status)) {
      this.#yields()
      this.#end({ kind: 'answered', status, whole: true })
      setTimeout(() => this.#drop(), lingerMs).unref()
    }
    if (this.#phase !== 'done') this.#phase = 'answering'
    this.#body = this.#upstream?.bodyOf(framing, length) ?? null
    if (this.#unseen) {
      if (this.#eventStream) this.#enough()
    } else this.#sink.head(answerHead, this.turn.mark)
    this.#relay(bytes, from)
    if (!this.#unseen) this.#sink.flush()
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
    } else if (end > from && !this.#sink.body(bytes, from, end, upstream.link) && !body.whole) {
      this.#paused = true
      upstream.link.pause()
      // Nobody waits for somebody else's client.
      upstream.freeLine()
    }
    if (body.whole) this.#whole(end === bytes.length ? nothing : bytes.subarray(end))
  }

  /** Bytes behind an answer belong to who is next in line; when nobody is, the connection is not used again. */
  #whole(rest: Buffer): void {
    const upstream = this.#upstream
    this.#upstream = null
    // Nothing of it may wait while others are served.
    if (!this.#unseen) this.#sink.flush()
    // Whoever answers before it has read all may find the rest in the next request.
    const read = upstream?.link.waiting === 0 && (!this.turn.bodied || this.#sink.bodyComplete)
    const again = read && this.#keeps && !upstream.ends
    const first = upstream?.hasLine === true
    if (upstream !== null && !first) {
      upstream.user = null
      if (again && rest.length === 0) this.#lane.pool.give(upstream, this.#endsAfterMs)
      else {
        if (rest.length > 0) upstream.distrust()
        upstream.destroy()
      }
    }
    this.#over()
    if (first && !upstream.next(rest, again)) upstream.destroy()
  }

  #over(): void {
    const ended = this.#phase === 'done'
    this.#end({ kind: 'answered', status: this.#status, whole: true })
    if (!ended && !this.#unseen) this.#sink.done()
  }

  /** Nobody sees the rest. */
  #enough(): void {
    this.#drop()
    this.#end({ kind: 'answered', status: this.#status, whole: true })
  }

  #unsound(): void {
    this.#upstream?.distrust()
    this.#drop()
    this.#fail({ status: 502, detail: 'The version did not answer in sound HTTP.' })
  }

  lost(upstream: Upstream, ended: boolean): void {
    if (upstream !== this.#upstream) return
    this.#upstream = null
    if (this.#phase === 'done') return
    if (this.#phase === 'answering') {
      if (this.#framing === 'close' && ended) this.#over()
      else this.#truncated()
      return
    }
    if (this.#phase === 'connecting') {
      this.#attempt(false)
      return
    }
    const again = upstream.used && !this.turn.bodied && this.#silent && !this.#replayed && this.#timedOut === null
    if (again && idempotent.has(this.turn.outgoing.method)) {
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
    this.#sink.problem(problem, this.turn.mark)
  }

  #truncated(): void {
    if (this.#phase === 'done') return
    const cutOff = !this.#unseen && this.#endpoint?.retired === true
    this.#drop()
    this.#end({ kind: 'failed', cutOff })
    if (!this.#unseen) this.#sink.broken()
  }

  /** Whoever waits for its turn, or for the connection, waits no more. */
  #connectsTooSlowly(): void {
    this.#timedOut = 'connect'
    if (this.#upstream !== null) this.#upstream.destroy()
    else if (this.#endpoint !== null) {
      this.#lane.pool.cancel(this.#endpoint, this)
      this.#attempt(false)
    }
  }

  #clientTooSlow(): void {
    this.#drop()
    this.#end({ kind: 'abandoned' })
    this.#sink.tooSlow(this.turn.mark)
  }

  #yields(): boolean {
    if (!this.turn.shielded) return false
    if (!this.#unseen) {
      this.#unseen = true
      this.#lane.standIn(this)
    }
    return true
  }

  #drop(): void {
    const upstream = this.#upstream
    this.#upstream = null
    if (this.#endpoint !== null && upstream === null) this.#lane.pool.cancel(this.#endpoint, this)
    if (upstream === null) return
    upstream.leave(this)
  }

  #end(outcome: Outcome): void {
    if (this.#phase === 'done') return
    this.#phase = 'done'
    this.#giveBack()
    this.#lane.ended(this, outcome)
  }

  #giveBack(): void {
    if (this.#endpoint !== null) this.#lane.release(this.#endpoint)
    this.#endpoint = null
  }
}

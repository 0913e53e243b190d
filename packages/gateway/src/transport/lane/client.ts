import type { Socket } from 'node:net'
import type { Hop } from '../../edge/hop.ts'
import type { AnswerHead } from '../../wire/answer-head.ts'
import { BodyEnd } from '../../wire/body.ts'
import { HeadEnd, broken } from '../../wire/fields.ts'
import { lineEnd } from '../../wire/page.ts'
import type { RequestHead, Unsound } from '../../wire/request-head.ts'
import { plainAddress } from '../../address.ts'
import type { AnswerMark } from '../headers.ts'
import { endWithProblem } from '../problem.ts'
import type { GatewayProblem } from '../problem.ts'
import { lingerMs } from '../shield.ts'
import { Desk } from './desk.ts'
import type { LaneExchange } from './exchange.ts'
import { problemBytes } from './heads.ts'
import { joinedBytes } from './link/link.ts'
import type { Link, Links, LinkUser } from './link/link.ts'
import type { Sink } from './turn.ts'

const nothing = Buffer.alloc(0)
const lastChunk = Buffer.from('0\r\n\r\n')
/** Nothing lies on it while others are served. */
const desk = new Desk()
/** Instead of a time: something has come or gone since the limits were looked at last. */
const justNow = -1
/** What may wait of a body before the client is held back. */
const heldBytes = 65_536

/** What a client needs of the lane. */
export interface ClientOptions {
  readonly links: Links
  readonly headBytes: number
  /** What heads are read with: each is read, and passed on, in one go. */
  readonly head: RequestHead
  readonly headMs: number
  readonly keepAliveMs: number
  readonly answerBodyIdleMs: number
  readonly leaving: () => boolean
  /** Takes a request, or says that it is not for this lane. */
  readonly take: (client: Client, head: RequestHead) => boolean
  /** Gives the connection to the full lane, with the bytes that it has not seen. */
  readonly handOver: (client: Client, bytes: Buffer) => void
  readonly gone: (client: Client) => void
}

/** A client's connection while the fast lane owns it: one request at a time, the rest waits. */
export class Client implements Sink, LinkUser {
  readonly link: Link
  readonly address: string
  readonly encrypted: boolean
  /** Everything that is under way for it, seen or unseen. */
  readonly exchanges: LaneExchange[] = []
  /** How its last request came. */
  hop: Hop | null = null
  readonly #lane: ClientOptions
  /** Of the request under way: whether its client ends the connection after the answer, and whether it wants the head alone. */
  #wantsEnd = false
  #headOnly = false
  #end: HeadEnd | null = null
  #pending: Buffer = nothing
  /** Whether what is pending is only lent. */
  #lent = false
  /** How much of the pending bytes was searched for the end of a head. */
  #looked = 0
  /** `rest`: the answer is through, and the end of the request's body is still to come. */
  #state: 'reading' | 'answering' | 'rest' | 'over' = 'reading'
  #body: BodyEnd | null = null
  #stepping = false
  #paused = false
  #sinceMs = justNow
  #closes = false
  #rechunks = false
  /** Whether the head of an answer waits on the desk for the body that came with it. */
  #headWaits = false
  #served = 0

  constructor(socket: Socket, lane: ClientOptions) {
    this.address = plainAddress(socket.remoteAddress)
    this.encrypted = 'encrypted' in socket
    this.#lane = lane
    this.link = lane.links.take(socket, this)
  }

  /** Whether nothing of a request is there. */
  get idle(): boolean {
    return this.#state === 'reading' && this.#pending.length === 0
  }

  get bodyComplete(): boolean {
    return this.#body === null || this.#body.whole
  }

  /** Looks at the time limits. */
  check(nowMs: number): void {
    if (this.#sinceMs === justNow) this.#sinceMs = nowMs
    const ms = nowMs - this.#sinceMs
    const { link } = this
    if (this.#state === 'over') {
      if (ms > (link.waiting > 0 ? this.#lane.keepAliveMs : lingerMs)) link.destroy()
    } else if (this.#state === 'answering') return
    else if (this.#state === 'rest') {
      if (ms > lingerMs) link.destroy()
    } else if (link.waiting > 0) {
      if (ms > this.#lane.answerBodyIdleMs) link.destroy()
    } else if (this.#pending.length > 0 || this.#served === 0) {
      if (ms > this.#lane.headMs) this.#refuse({ status: 408, detail: 'The request head did not come in time.' })
    } else if (ms > this.#lane.keepAliveMs) link.destroy()
    else this.hop = null
  }

  head(answer: AnswerHead, mark: AnswerMark): void {
    this.#closes = this.#wantsEnd || this.#lane.leaving()
    this.#rechunks = answer.framing === 'close'
    this.#headWaits = true
    desk.head(answer, mark, this.#closes ? null : this.#lane.keepAliveMs)
  }

  hints(bytes: Buffer): void {
    this.link.write(bytes)
  }

  body(bytes: Buffer, from: number, to: number, source: Link): boolean {
    const { link } = this
    const joins = this.#headWaits && !this.#rechunks && to - from <= joinedBytes
    if (joins && desk.add(bytes, from, to)) this.flush()
    else {
      this.flush()
      const piece = bytes.subarray(from, to)
      link.write(this.#rechunks ? chunkOf(piece) : piece)
      if (link.waiting > 0) source.keep()
    }
    return !link.full
  }

  flush(): void {
    if (!this.#headWaits) return
    this.#headWaits = false
    this.link.write(desk.take())
    if (this.link.waiting > 0) desk.kept()
  }

  done(): void {
    this.flush()
    if (this.#rechunks) this.link.write(lastChunk)
    this.#answered()
  }

  problem(problem: GatewayProblem, mark: AnswerMark): void {
    this.#closes = this.#wantsEnd || this.#lane.leaving() || !this.bodyComplete
    this.link.write(problemBytes(problem, { mark, head: this.#headOnly, closes: this.#closes }))
    this.#answered()
  }

  tooSlow(mark: AnswerMark): void {
    this.problem({ status: 408, detail: 'The request body did not come in time.' }, mark)
  }

  broken(): void {
    this.#state = 'over'
    this.#headWaits = false
    this.link.destroy()
  }

  feed(): void {
    const body = this.#body
    if (body === null || this.#state !== 'answering') return
    for (const exchange of this.exchanges.slice()) {
      if (!body.whole && this.#pending.length > 0 && exchange.takesBody) {
        const end = body.take(this.#pending, 0)
        if (end < 0) {
          this.#brokenBody(exchange)
          return
        }
        const piece = this.#pending.subarray(0, end)
        this.#pending = end === this.#pending.length ? nothing : this.#pending.subarray(end)
        exchange.send(this.#lent ? Buffer.from(piece) : piece)
      }
    }
    this.#holdBack()
  }

  #brokenBody(exchange: LaneExchange): void {
    if (exchange.begun) {
      this.broken()
      return
    }
    exchange.refuse()
    this.#refuse({ status: 400, detail: 'The request body is not sound.' })
  }

  /** What comes before its turn is left to the client, so that it does not fill memory. */
  #holdBack(): void {
    if (this.#state === 'over') return
    const limit = this.bodyComplete ? this.#lane.headBytes : heldBytes
    const held = this.#pending.length > limit
    if (held === this.#paused) return
    this.#paused = held
    if (held) this.link.pause()
    else this.link.resume()
  }

  #answered(): void {
    this.#served += 1
    this.#rechunks = false
    this.#sinceMs = justNow
    if (this.#closes) {
      this.#state = 'over'
      this.#pending = nothing
      this.link.end()
      return
    }
    this.#state = this.bodyComplete ? 'reading' : 'rest'
    this.#next()
    this.#holdBack()
  }

  received(bytes: Buffer): void {
    if (this.#state === 'over') return
    const before = this.#pending
    if (before.length === 0 && this.#state === 'reading') this.#sinceMs = justNow
    this.#lent = before.length === 0 && this.link.lends
    this.#pending = before.length === 0 ? bytes : Buffer.concat([before, bytes])
    if (this.#state === 'answering' && !this.bodyComplete) this.feed()
    else {
      if (this.#state !== 'answering') this.#next()
      this.#holdBack()
    }
    if (this.#lent && this.#pending.length > 0) this.#pending = Buffer.from(this.#pending)
    this.#lent = false
  }

  /** Serves what is there; an answer that comes at once must not nest, and whoever does not read its answers gets no more of them. */
  #next(): void {
    if (this.#stepping) return
    this.#stepping = true
    while (
      this.#pending.length > 0 &&
      !this.link.full &&
      (this.#state === 'rest' ? this.#skip() : this.#state === 'reading' && this.#step())
    );
    this.#stepping = false
  }

  /** Reads over the rest of a body that nobody waits for. */
  #skip(): boolean {
    const end = this.#body?.take(this.#pending, 0) ?? 0
    if (end < 0) {
      this.broken()
      return false
    }
    this.#pending = this.#pending.subarray(end)
    if (!this.bodyComplete) return false
    this.#state = 'reading'
    this.#sinceMs = performance.now()
    return true
  }

  #step(): boolean {
    const pending = this.#pending
    // Empty lines before a request: rare, and not worth a rule here. And the first bytes of HTTP/2.
    if (pending[0] === 13 || pending[0] === 10 || isPreface(pending)) return this.#handOver()
    if (this.#looked > 0 && !this.#isWhole(pending)) return false
    const { head } = this.#lane
    const unsound = head.read(pending, pending.length)
    if (unsound === 'more') {
      // Most heads come in one piece; of others the end is sought first.
      if (!this.#isWhole(pending)) return false
      return this.#refuse({ status: 400, detail: 'The request is not sound HTTP.' })
    }
    this.#looked = 0
    if (unsound !== null) return this.#refuse(unsound)
    const { end } = head
    if (end > this.#lane.headBytes) return this.#refuse(tooLarge)
    this.#state = 'answering'
    this.#wantsEnd = head.closes
    this.#headOnly = head.method === 'HEAD'
    this.#body = head.framing === 'none' ? null : new BodyEnd(head.framing, head.length)
    this.#pending = end === pending.length ? nothing : pending.subarray(end)
    if (head.ordinary && this.#lane.take(this, head)) return true
    this.#pending = pending
    return this.#handOver()
  }

  /** Whether the head that is pending has an end; if it can have none any more, it is refused. */
  #isWhole(pending: Buffer): boolean {
    if (this.#looked === 0) this.#end = new HeadEnd()
    const end = this.#end?.find(pending, this.#looked) ?? broken
    this.#looked = pending.length
    if (end >= 0) return true
    if (end === broken) this.#refuse({ status: 400, detail: 'The request is not sound HTTP.' })
    else if (pending.length > this.#lane.headBytes) this.#refuse(tooLarge)
    return false
  }

  #refuse(unsound: Unsound): false {
    this.#state = 'over'
    this.#sinceMs = justNow
    this.#pending = nothing
    endWithProblem(this.link.socket, unsound)
    this.link.resume()
    return false
  }

  #handOver(): false {
    this.#state = 'over'
    const pending = this.#lent ? Buffer.from(this.#pending) : this.#pending
    this.#pending = nothing
    this.#lane.handOver(this, pending)
    return false
  }

  /** As in the full lane, who ends its side has left. */
  ended(): void {
    if (this.#state === 'answering') this.link.destroy()
    else if (this.#state === 'reading' && this.#pending.length > 0)
      this.#refuse({ status: 400, detail: 'The request head is not whole.' })
    else this.link.end()
  }

  drained(): void {
    for (const exchange of this.exchanges.slice()) exchange.clientDrained()
    if (this.#state !== 'reading' && this.#state !== 'rest') return
    this.#sinceMs = justNow
    this.#next()
    this.#holdBack()
  }

  closed(): void {
    this.#state = 'over'
    this.#lane.gone(this)
    for (const exchange of this.exchanges.slice()) exchange.clientLeft()
  }
}

const tooLarge = { status: 431, detail: 'The request head is too large.' } as const

/** `PRI` begins no request of HTTP/1.1. */
function isPreface(bytes: Buffer): boolean {
  return bytes[0] === 80 && bytes[1] === 82 && bytes[2] === 73
}

/** A piece of a body that came without framing, as a chunk. */
function chunkOf(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, lineEnd])
}

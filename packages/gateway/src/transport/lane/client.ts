import type { Socket } from 'node:net'
import type { AnswerHead } from '../../wire/answer-head.ts'
import { BodyEnd } from '../../wire/body.ts'
import { HeadEnd, broken, notYet } from '../../wire/fields.ts'
import { RequestHead } from '../../wire/request-head.ts'
import type { Unsound } from '../../wire/request-head.ts'
import { plainAddress } from '../address.ts'
import type { AnswerMark } from '../headers.ts'
import { endWithProblem } from '../problem.ts'
import type { GatewayProblem } from '../problem.ts'
import { lingerMs } from '../shield.ts'
import type { LaneExchange, Sink } from './exchange.ts'
import { answerScratch, copyOf, problemBytes, writeAnswer } from './heads.ts'
import type { Upstream } from './pool.ts'

const nothing = Buffer.alloc(0)
const lastChunk = Buffer.from('0\r\n\r\n')
const lineEnd = Buffer.from('\r\n')
/** Up to this size a copy is cheaper than a second write. */
const joinedBytes = 16_384
/** What may wait of a body before the client is held back. */
const heldBytes = 65_536

/** What a client needs of the lane. */
export interface Surroundings {
  readonly headBytes: number
  readonly headers: number
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
export class Client implements Sink {
  readonly socket: Socket
  readonly address: string
  /** Everything that is under way for it, seen or unseen. */
  readonly exchanges = new Set<LaneExchange>()
  readonly #lane: Surroundings
  readonly #head: RequestHead
  readonly #end = new HeadEnd()
  #pending: Buffer = nothing
  #looked = 0
  /** `rest`: the answer is through, and the end of the request's body is still to come. */
  #state: 'reading' | 'answering' | 'rest' | 'over' = 'reading'
  #body: BodyEnd | null = null
  #stepping = false
  #sinceMs = performance.now()
  #closes = false
  #rechunks = false
  /** What waits in `answerScratch` for the body that came with it. */
  #headLength = 0
  #served = 0
  readonly #onData = (bytes: Buffer): void => this.#received(bytes)
  readonly #onEnd = (): void => this.#ended()
  readonly #onDrain = (): void => this.#drained()
  readonly #onClose = (): void => this.#closed()
  readonly #onError = (): void => {}

  constructor(socket: Socket, lane: Surroundings) {
    this.socket = socket
    this.address = plainAddress(socket.remoteAddress)
    this.#lane = lane
    this.#head = new RequestHead(lane.headers)
    socket.on('data', this.#onData).on('end', this.#onEnd).on('drain', this.#onDrain)
    socket.on('close', this.#onClose).on('error', this.#onError)
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
    const ms = nowMs - this.#sinceMs
    if (this.#state === 'over') {
      const unread = this.socket.writableLength > 0
      if (ms > (unread ? this.#lane.keepAliveMs : lingerMs)) this.socket.destroy()
    } else if (this.#state === 'answering') return
    else if (this.#state === 'rest') {
      if (ms > lingerMs) this.socket.destroy()
    } else if (this.socket.writableLength > 0) {
      if (ms > this.#lane.answerBodyIdleMs) this.socket.destroy()
    } else if (this.#pending.length > 0 || this.#served === 0) {
      if (ms > this.#lane.headMs) this.#refuse({ status: 408, detail: 'The request head did not come in time.' })
    } else if (ms > this.#lane.keepAliveMs) this.socket.destroy()
  }

  head(answer: AnswerHead, mark: AnswerMark): void {
    this.#closes = this.#head.closes || this.#lane.leaving()
    this.#rechunks = answer.framing === 'close'
    this.#headLength = writeAnswer(answer, mark, this.#closes ? null : this.#lane.keepAliveMs)
  }

  hints(bytes: Buffer): void {
    this.socket.write(bytes)
  }

  body(bytes: Buffer, upstream: Upstream): boolean {
    const { socket } = this
    if (bytes.length <= joinedBytes && (this.#headLength > 0 || this.#rechunks)) return this.#writeJoined(bytes)
    socket.cork()
    this.flush()
    if (this.#rechunks) socket.write(chunkSize(bytes))
    socket.write(bytes)
    if (this.#rechunks) socket.write(lineEnd)
    socket.uncork()
    if (socket.writableLength > 0) upstream.keepBytes()
    return !socket.writableNeedDrain
  }

  flush(): void {
    if (this.#headLength > 0) this.socket.write(copyOf(answerScratch, this.#headLength))
    this.#headLength = 0
  }

  #writeJoined(bytes: Buffer): boolean {
    let at = this.#headLength
    this.#headLength = 0
    if (this.#rechunks) at += answerScratch.write(chunkSize(bytes), at, 'latin1')
    at += bytes.copy(answerScratch, at)
    if (this.#rechunks) at += lineEnd.copy(answerScratch, at)
    return this.socket.write(copyOf(answerScratch, at))
  }

  done(): void {
    this.flush()
    if (this.#rechunks) this.socket.write(lastChunk)
    this.#answered()
  }

  problem(problem: GatewayProblem, mark: AnswerMark): void {
    this.#closes = this.#head.closes || this.#lane.leaving() || !this.bodyComplete
    this.socket.write(problemBytes(problem, { mark, head: this.#head.method === 'HEAD', closes: this.#closes }))
    this.#answered()
  }

  tooSlow(mark: AnswerMark): void {
    this.problem({ status: 408, detail: 'The request body did not come in time.' }, mark)
  }

  broken(): void {
    this.#state = 'over'
    this.#headLength = 0
    this.socket.destroy()
  }

  feed(): void {
    const body = this.#body
    if (body === null || this.#state !== 'answering') return
    for (const exchange of this.exchanges) {
      if (!body.whole && this.#pending.length > 0 && exchange.takesBody) {
        const end = body.take(this.#pending, 0)
        if (end < 0) {
          this.#brokenBody(exchange)
          return
        }
        const piece = this.#pending.subarray(0, end)
        this.#pending = this.#pending.subarray(end)
        exchange.send(piece)
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
    if (this.#pending.length > limit) this.socket.pause()
    else if (this.socket.isPaused()) this.socket.resume()
  }

  #answered(): void {
    this.#served += 1
    this.#rechunks = false
    this.#sinceMs = performance.now()
    if (this.#closes) {
      this.#state = 'over'
      this.#pending = nothing
      this.socket.end()
      this.socket.resume()
      return
    }
    this.#state = this.bodyComplete ? 'reading' : 'rest'
    this.#next()
    this.#holdBack()
  }

  #received(bytes: Buffer): void {
    if (this.#state === 'over') return
    if (this.#pending.length === 0 && this.#state === 'reading') this.#sinceMs = performance.now()
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes])
    if (this.#state === 'answering' && !this.bodyComplete) this.feed()
    else {
      if (this.#state !== 'answering') this.#next()
      this.#holdBack()
    }
  }

  /** Serves what is there; an answer that comes at once must not nest, and whoever does not read its answers gets no more of them. */
  #next(): void {
    if (this.#stepping) return
    this.#stepping = true
    while (
      this.#pending.length > 0 &&
      !this.socket.writableNeedDrain &&
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
    if (pending[0] === 13 || pending[0] === 10 || isPreface(pending)) {
      this.#handOver()
      return false
    }
    const end = this.#end.find(pending, this.#looked)
    this.#looked = pending.length
    if (end === notYet ? pending.length > this.#lane.headBytes : end > this.#lane.headBytes) {
      return this.#refuse({ status: 431, detail: 'The request head is too large.' })
    }
    if (end === notYet) return false
    if (end === broken) return this.#refuse({ status: 400, detail: 'The request is not sound HTTP.' })
    const { plain } = this.#end
    this.#end.reset()
    this.#looked = 0
    const head = this.#head
    const unsound = head.read(pending, end, plain)
    if (unsound !== null) return this.#refuse(unsound)
    this.#state = 'answering'
    this.#body = head.framing === 'none' ? null : new BodyEnd(head.framing, head.length)
    this.#pending = end === pending.length ? nothing : pending.subarray(end)
    if (head.ordinary && this.#lane.take(this, head)) return true
    this.#pending = pending
    this.#handOver()
    return false
  }

  #refuse(unsound: Unsound): boolean {
    this.#state = 'over'
    this.#sinceMs = performance.now()
    this.#pending = nothing
    endWithProblem(this.socket, unsound)
    this.socket.resume()
    return false
  }

  #handOver(): void {
    const { socket } = this
    this.#state = 'over'
    socket.off('data', this.#onData).off('end', this.#onEnd).off('drain', this.#onDrain)
    socket.off('close', this.#onClose).off('error', this.#onError)
    this.#lane.handOver(this, this.#pending)
    this.#pending = nothing
  }

  /** As in the full lane, who ends its side has left. */
  #ended(): void {
    if (this.#state === 'answering') this.socket.destroy()
    else if (this.#state === 'reading' && this.#pending.length > 0)
      this.#refuse({ status: 400, detail: 'The request head is not whole.' })
    else this.socket.end()
  }

  #drained(): void {
    for (const exchange of this.exchanges) exchange.clientDrained()
    if (this.#state !== 'reading' && this.#state !== 'rest') return
    this.#sinceMs = performance.now()
    this.#next()
    this.#holdBack()
  }

  #closed(): void {
    this.#state = 'over'
    this.#lane.gone(this)
    for (const exchange of this.exchanges) exchange.clientLeft()
  }
}

/** `PRI` begins no request of HTTP/1.1. */
function isPreface(bytes: Buffer): boolean {
  return bytes[0] === 80 && bytes[1] === 82 && bytes[2] === 73
}

function chunkSize(bytes: Buffer): string {
  return `${bytes.length.toString(16)}\r\n`
}

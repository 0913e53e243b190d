import type { Socket } from 'node:net'
import type { AnswerHead } from '../../wire/answer-head.ts'
import { HeadEnd, broken, notYet } from '../../wire/fields.ts'
import { RequestHead } from '../../wire/request-head.ts'
import type { Unsound } from '../../wire/request-head.ts'
import type { AnswerMark } from '../headers.ts'
import { endWithProblem } from '../problem.ts'
import type { GatewayProblem } from '../problem.ts'
import { lingerMs } from '../shield.ts'
import type { LaneExchange, Sink } from './exchange.ts'
import { answerBytes, problemBytes } from './heads.ts'
import type { Upstream } from './pool.ts'

const nothing = Buffer.alloc(0)
const lastChunk = Buffer.from('0\r\n\r\n')
const lineEnd = Buffer.from('\r\n')
/** Up to this size a copy is cheaper than a second write. */
const joinedBytes = 16_384

/** What a client needs of the lane. */
export interface Surroundings {
  readonly headBytes: number
  readonly headers: number
  readonly headMs: number
  readonly keepAliveMs: number
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
  /** Everything that is under way for it, seen or unseen. */
  readonly exchanges = new Set<LaneExchange>()
  readonly #lane: Surroundings
  readonly #head: RequestHead
  readonly #end = new HeadEnd()
  #pending: Buffer = nothing
  #looked = 0
  #state: 'reading' | 'answering' | 'over' = 'reading'
  #stepping = false
  #sinceMs = performance.now()
  #closes = false
  #rechunks = false
  #headBytes: Buffer | null = null
  #served = 0
  readonly #onData = (bytes: Buffer): void => this.#received(bytes)
  readonly #onEnd = (): void => this.#ended()
  readonly #onDrain = (): void => this.#drained()
  readonly #onClose = (): void => this.#closed()
  readonly #onError = (): void => {}

  constructor(socket: Socket, lane: Surroundings) {
    this.socket = socket
    this.#lane = lane
    this.#head = new RequestHead(lane.headers)
    socket.on('data', this.#onData).on('end', this.#onEnd).on('drain', this.#onDrain)
    socket.on('close', this.#onClose).on('error', this.#onError)
  }

  /** Whether nothing of a request is there. */
  get idle(): boolean {
    return this.#state === 'reading' && this.#pending.length === 0
  }

  get #waits(): boolean {
    return this.#state === 'reading'
  }

  /** Looks at the time limits. */
  check(nowMs: number): void {
    const ms = nowMs - this.#sinceMs
    if (this.#state === 'over') {
      const unread = this.socket.writableLength > 0
      if (ms > (unread ? this.#lane.keepAliveMs : lingerMs)) this.socket.destroy()
    } else if (this.#state === 'answering') return
    else if (this.#pending.length > 0 || this.#served === 0) {
      if (ms > this.#lane.headMs) this.#refuse({ status: 408, detail: 'The request head did not come in time.' })
    } else if (ms > this.#lane.keepAliveMs) this.socket.destroy()
  }

  head(answer: AnswerHead, mark: AnswerMark): void {
    this.#closes = this.#head.closes || this.#lane.leaving()
    this.#rechunks = answer.framing === 'close'
    this.#headBytes = answerBytes(answer, mark, this.#closes)
  }

  hints(bytes: Buffer): void {
    this.socket.write(bytes)
  }

  body(bytes: Buffer, upstream: Upstream): boolean {
    const { socket } = this
    const parts = this.#headBytes === null ? [] : [this.#headBytes]
    this.#headBytes = null
    if (this.#rechunks) parts.push(Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, lineEnd)
    else parts.push(bytes)
    if (bytes.length <= joinedBytes && parts.length > 1) return socket.write(Buffer.concat(parts))
    if (parts.length > 1) socket.cork()
    for (const part of parts) socket.write(part)
    if (parts.length > 1) socket.uncork()
    if (socket.writableLength > 0) upstream.keepBytes()
    return !socket.writableNeedDrain
  }

  flush(): void {
    if (this.#headBytes !== null) this.socket.write(this.#headBytes)
    this.#headBytes = null
  }

  done(): void {
    this.flush()
    if (this.#rechunks) this.socket.write(lastChunk)
    this.#answered()
  }

  problem(problem: GatewayProblem, mark: AnswerMark): void {
    this.#closes = this.#head.closes || this.#lane.leaving()
    this.socket.write(problemBytes(problem, { mark, head: this.#head.method === 'HEAD', closes: this.#closes }))
    this.#answered()
  }

  broken(): void {
    this.#state = 'over'
    this.socket.destroy()
  }

  #answered(): void {
    this.#served += 1
    this.#rechunks = false
    this.#sinceMs = performance.now()
    if (this.#closes) {
      this.#state = 'over'
      this.socket.end()
      return
    }
    this.#state = 'reading'
    this.#next()
    if (this.#waits) this.socket.resume()
  }

  #received(bytes: Buffer): void {
    if (this.#state === 'over') return
    if (this.#pending.length === 0 && this.#state === 'reading') this.#sinceMs = performance.now()
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes])
    if (this.#state === 'reading') this.#next()
    // What comes before its turn is held back, so that it does not fill memory.
    else if (this.#pending.length > this.#lane.headBytes) this.socket.pause()
  }

  /** Serves what is there; an answer that comes at once must not nest. */
  #next(): void {
    if (this.#stepping) return
    this.#stepping = true
    while (this.#state === 'reading' && this.#pending.length > 0 && this.#step());
    this.#stepping = false
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
    this.#end.reset()
    this.#looked = 0
    const unsound = this.#head.read(pending, end)
    if (unsound !== null) return this.#refuse(unsound)
    this.#state = 'answering'
    this.#pending = end === pending.length ? nothing : pending.subarray(end)
    if (this.#head.ordinary && this.#lane.take(this, this.#head)) return true
    this.#pending = pending
    this.#handOver()
    return false
  }

  #refuse(unsound: Unsound): boolean {
    this.#state = 'over'
    this.#sinceMs = performance.now()
    this.#pending = nothing
    endWithProblem(this.socket, unsound)
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
    for (const exchange of this.exchanges) exchange.drained()
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

import type { RoutingTable } from '@serin/core'
import type { IncomingHttpHeaders } from 'node:http'
import { askUpstream } from '../endpoints.ts'
import type { Endpoint } from '../endpoints.ts'
import { isEventStream } from '../headers.ts'
import type { AnswerIn, RequestOut } from '../message.ts'
import type { KeptBody } from './keeping.ts'

/** What is sent, and where it may go. */
export interface CopyContext {
  readonly method: string
  readonly target: string
  readonly headers: readonly string[]
  readonly trailers: readonly [string, string][]
  readonly body: Buffer
  readonly upstream: RoutingTable['upstream']
  /** Where the answer is kept. */
  readonly kept: KeptBody
  /** Whether it may be sent again when a used connection turns out to be dead. */
  readonly replayable: boolean
  readonly acquire: (tried: ReadonlySet<string>) => Endpoint | null
  readonly release: (endpoint: Endpoint) => void
  /** Called once, unless it was given up. */
  readonly ended: (end: CopyEnd) => void
}

/** How a copy ended. */
export interface CopyEnd {
  /** Null without a whole answer. */
  readonly status: number | null
  readonly headers: IncomingHttpHeaders
  /** Whether the answer was read to its end. */
  readonly whole: boolean
  /** Whether its address had left the table: then a failure says nothing. */
  readonly retired: boolean
}

/** A request that was answered already, sent once more to another version. Holds nothing up: all of it is in memory, and its answer is thrown away. */
export class Copy {
  readonly #context: CopyContext
  readonly #tried = new Set<string>()
  #upstream: RequestOut | null = null
  #endpoint: Endpoint | null = null
  #answer: AnswerIn | null = null
  #connected = false
  #bytesBefore = 0
  #replayed = false
  #retired = false
  #done = false

  constructor(context: CopyContext) {
    this.#context = context
  }

  start(): void {
    this.#attempt(false)
  }

  /** The head that has arrived so far. */
  get status(): number | null {
    return this.#answer?.statusCode ?? null
  }

  /** Ends it without a word to anybody. */
  giveUp(): void {
    this.#leave()
  }

  /** Ends it with what has arrived: with the status of the head, or as a failure. */
  stop(how: 'status' | 'failed'): void {
    this.#end(how === 'status' ? this.status : null, false)
  }

  #attempt(again: boolean): void {
    const { acquire, release, method, target, headers, trailers, body, replayable } = this.#context
    if (!again) {
      this.#retired ||= this.#endpoint?.retired === true
      if (this.#endpoint !== null) release(this.#endpoint)
      this.#endpoint = acquire(this.#tried)
    }
    const endpoint = this.#endpoint
    if (endpoint === null) {
      this.#end(null, false)
      return
    }
    this.#tried.add(endpoint.url)
    this.#connected = false
    const upstream = askUpstream(
      endpoint,
      { method, target, headers, fresh: again || !replayable },
      this.#context.upstream,
    )
    this.#upstream = upstream
    upstream.on('socket', (socket) => {
      this.#bytesBefore = socket.bytesRead
      if (socket.connecting) socket.once('connect', () => (this.#connected = true))
      else this.#connected = true
    })
    upstream.on('response', (answer) => this.#read(answer))
    upstream.on('upgrade', (_answer, socket) => {
      socket.destroy()
      this.#end(null, false)
    })
    upstream.on('error', () => this.#lost(upstream))
    if (trailers.length > 0) upstream.addTrailers(trailers)
    upstream.end(body)
  }

  #read(answer: AnswerIn): void {
    if (this.#done) {
      answer.resume()
      return
    }
    this.#answer = answer
    const { kept } = this.#context
    answer.on('error', () => this.#end(null, false))
    answer.on('close', () => this.#end(null, false))
    answer.on('end', () => this.#end(this.status, true))
    if (isEventStream(answer)) {
      this.#end(this.status, false)
      return
    }
    answer.on('data', (chunk: Buffer) => {
      kept.add(chunk)
      if (kept.state === 'longer') this.#end(this.status, false)
    })
  }

  #lost(upstream: RequestOut): void {
    if (this.#done || upstream !== this.#upstream || this.#answer !== null) return
    const silent = upstream.socket === null || upstream.socket.bytesRead === this.#bytesBefore
    if (!this.#connected) this.#attempt(false)
    else if (upstream.reusedSocket && silent && this.#context.replayable && !this.#replayed) {
      this.#replayed = true
      this.#attempt(true)
    } else this.#end(null, false)
  }

  #end(status: number | null, whole: boolean): void {
    if (this.#done) return
    const retired = this.#retired || this.#endpoint?.retired === true
    const end = { status, whole, headers: this.#answer?.headers ?? {}, retired }
    this.#leave({ whole })
    this.#context.ended(end)
  }

  #leave({ whole = false } = {}): void {
    if (this.#done) return
    this.#done = true
    // A whole answer leaves its connection for the next.
    if (!whole) this.#upstream?.destroy()
    if (this.#endpoint !== null) this.#context.release(this.#endpoint)
    this.#endpoint = null
  }
}

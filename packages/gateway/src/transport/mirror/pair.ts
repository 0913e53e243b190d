import type { IncomingHttpHeaders } from 'node:http'
import type { Tap, Outcome } from '../exchange.ts'
import { trailersOf } from '../headers.ts'
import { isEventStream } from '../headers.ts'
import type { AnswerIn, RequestIn } from '../message.ts'
import { Copy } from './copy.ts'
import type { CopyContext, CopyEnd } from './copy.ts'
import type { KeptBody } from './keeping.ts'

/** What one version made of the request. */
export interface Side {
  readonly status: number | null
  readonly headers: IncomingHttpHeaders
  readonly kept: KeptBody
  /** When its answer had ended, on the steady clock; null when it was not read to its end. */
  readonly endMs: number | null
}

/** Both sides of a pair. */
export interface Sides {
  readonly stable: Side
  readonly canary: Side
  /** When the copy was sent, on the steady clock. */
  readonly sentMs: number
}

/** What a pair needs to know of its surroundings. */
export interface PairContext extends Pick<
  CopyContext,
  'method' | 'target' | 'headers' | 'upstream' | 'acquire' | 'release'
> {
  readonly request: RequestIn
  readonly bodied: boolean
  readonly replayable: boolean
  readonly timeoutMs: number
  readonly bodies: { readonly request: KeptBody; readonly stable: KeptBody; readonly canary: KeptBody }
  /** The copy is under way; the result is called when it no longer is. */
  readonly sent: () => () => void
  /** Called once: with both sides; with `dropped` when the request could not be kept; with null when it says nothing. */
  readonly over: (how: Sides | 'dropped' | null) => void
}

/** A request on its way to stable and its copy. It listens to the original and never touches it. */
export class Pair implements Tap {
  readonly #context: PairContext
  #copy: Copy | null = null
  #timer: NodeJS.Timeout | undefined
  #landed: (() => void) | null = null
  #sentMs = 0
  #head: AnswerIn | null = null
  #stable: Side | null = null
  #canary: Side | null = null
  #over = false

  constructor(context: PairContext) {
    this.#context = context
  }

  /** The original is on its way. */
  start(): void {
    if (!this.#context.bodied) this.#send()
  }

  bodyBegins(): void {
    const { request, bodies } = this.#context
    request.on('data', (chunk: Buffer) => {
      if (this.#over) return
      bodies.request.add(chunk)
      if (bodies.request.state !== 'kept') this.#finish('dropped')
    })
    request.on('end', () => this.#send())
  }

  answered(answer: AnswerIn): void {
    this.#head = answer
    const kept = this.#context.bodies.stable
    // Streams may go on for hours, large answers for minutes: their status is known now.
    if (isEventStream(answer)) this.#stableIs({ status: answer.statusCode ?? null, endMs: null })
    answer.on('data', (chunk: Buffer) => {
      if (this.#over || this.#stable !== null) return
      kept.add(chunk)
      if (kept.state === 'longer') this.#stableIs({ status: answer.statusCode ?? null, endMs: null })
    })
  }

  /** Stable is done with the original. */
  ended(outcome: Outcome): void {
    // Stable did not want the rest of the body: there is no whole request to copy.
    if (this.#context.bodied && this.#copy === null) this.giveUp()
    if (this.#over || this.#stable !== null) return
    const unheard = outcome.kind === 'abandoned' || (outcome.kind === 'answered' && !outcome.whole)
    const cutOff = outcome.kind === 'failed' && outcome.cutOff
    if (unheard || cutOff) this.giveUp()
    else if (outcome.kind === 'answered') this.#stableIs({ status: outcome.status, endMs: performance.now() })
    else this.#stableIs({ status: null, endMs: null })
  }

  /** Nobody wants to know any more. */
  giveUp(): void {
    this.#finish(null)
  }

  #send(): void {
    if (this.#over || this.#copy !== null) return
    const { request, bodies, sent, timeoutMs, ...context } = this.#context
    this.#landed = sent()
    this.#sentMs = performance.now()
    this.#timer = setTimeout(() => this.#late(), timeoutMs)
    this.#timer.unref()
    const copy = new Copy({
      ...context,
      body: bodies.request.bytes,
      trailers: trailersOf(request.rawTrailers),
      kept: bodies.canary,
      ended: (end) => this.#canaryIs(end),
    })
    this.#copy = copy
    copy.start()
  }

  /** A copy that takes longer than it may is a failure, unless stable has not finished either. */
  #late(): void {
    if (this.#stable !== null) this.#copy?.stop('failed')
    else if (this.#copy?.status != null) this.#copy.stop('status')
    else this.giveUp()
  }

  #stableIs({ status, endMs }: Pick<Side, 'status' | 'endMs'>): void {
    this.#stable = { status, endMs, headers: this.#head?.headers ?? {}, kept: this.#context.bodies.stable }
    // What cannot be kept of stable is not compared.
    if (endMs === null) this.#stable.kept.drop()
    this.#both()
  }

  #canaryIs({ status, headers, whole, retired }: CopyEnd): void {
    this.#land()
    if (status === null && retired) {
      this.giveUp()
      return
    }
    const { canary, request } = this.#context.bodies
    request.drop()
    if (!whole) canary.drop()
    this.#canary = { status, headers, endMs: whole ? performance.now() : null, kept: canary }
    this.#both()
  }

  #both(): void {
    if (this.#stable === null || this.#canary === null) return
    this.#finish({ stable: this.#stable, canary: this.#canary, sentMs: this.#sentMs })
  }

  #land(): void {
    clearTimeout(this.#timer)
    this.#landed?.()
    this.#landed = null
  }

  #finish(how: Sides | 'dropped' | null): void {
    if (this.#over) return
    this.#over = true
    this.#copy?.giveUp()
    this.#land()
    this.#context.over(how)
  }
}

import { constants } from 'node:http2'
import type { ServerHttp2Stream } from 'node:http2'
import type { IncomingHttpHeaders } from 'node:http'
import type { AnswerOut, RequestIn } from '../message.ts'
import { fieldsOut, headIn } from './fields.ts'
import { StreamIn } from './stream-in.ts'

/** A stream of a client as the request of HTTP/1.1 that it could have been: whatever decides and counts does not see the difference. */
export class StreamRequest extends StreamIn implements RequestIn {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly httpVersion = '1.1'
  readonly httpVersionMajor = 1
  /** Whether the host is told twice, in two ways. */
  readonly twoHosts: boolean

  constructor(
    stream: ServerHttp2Stream,
    from: { readonly headers: IncomingHttpHeaders; readonly fields: readonly string[]; readonly ended: boolean },
  ) {
    super(stream)
    const { pseudo, headers, raw } = headIn(from.fields, from.headers)
    const authority = pseudo[':authority']
    this.method = pseudo[':method'] ?? ''
    this.url = pseudo[':path'] ?? ''
    this.twoHosts = authority !== undefined && headers.host !== undefined && headers.host !== authority
    if (authority !== undefined && headers.host === undefined) {
      headers.host = authority
      raw.unshift('host', authority)
    }
    if (!from.ended && headers['content-length'] === undefined) {
      // A body whose length nobody knows yet.
      headers['transfer-encoding'] = 'chunked'
      raw.push('transfer-encoding', 'chunked')
    }
    this.headers = headers
    this.rawHeaders = raw
  }

  /** The rest of it is not wanted; its answer stays. */
  destroy(): void {
    this.stream.close(constants.NGHTTP2_NO_ERROR)
  }
}

/** The answer on a stream of a client. Its head waits for what comes next: an answer without a body is one frame, as gRPC wants it. */
export class StreamAnswer implements AnswerOut {
  readonly req: { readonly headers: IncomingHttpHeaders }
  readonly #stream: ServerHttp2Stream
  #head: string[] | null = null
  #headTaken = false
  #trailers: readonly [string, string][] = []
  #ended = false

  constructor(stream: ServerHttp2Stream, req: { readonly headers: IncomingHttpHeaders }) {
    this.#stream = stream
    this.req = req
    stream.on('error', () => {})
    stream.on('wantTrailers', () => stream.sendTrailers(grouped(this.#trailers)))
  }

  get headersSent(): boolean {
    return this.#headTaken
  }

  get destroyed(): boolean {
    return this.#stream.destroyed || this.#stream.closed
  }

  get writableEnded(): boolean {
    return this.#ended
  }

  /** Node ends a stream that its client resets: that is not the end that was meant. */
  get writableFinished(): boolean {
    return this.#ended && this.#stream.writableFinished
  }

  on(event: 'close' | 'drain' | 'finish', listener: () => void): this {
    this.#stream.on(event, listener)
    // A reset is known at once, the close only when all that came was read.
    if (event === 'close') this.#stream.on('aborted', listener)
    return this
  }

  writeContinue(): void {
    this.#informs({ ':status': 100 })
  }

  writeEarlyHints(hints: Record<string, string | string[]>): void {
    this.#informs({ ':status': 103, ...hints })
  }

  writeHead(status: number, _message: string, headers: string[]): void {
    this.#headTaken = true
    this.#head = [':status', String(status), ...fieldsOut(headers).fields]
  }

  flushHeaders(): void {
    this.#respond(false)
  }

  write(chunk: Buffer): boolean {
    this.#respond(false)
    return this.destroyed || this.#stream.write(chunk)
  }

  addTrailers(trailers: readonly [string, string][]): void {
    this.#trailers = trailers
  }

  end(body?: string): void {
    if (this.#ended) return
    this.#ended = true
    this.#respond(body === undefined && this.#trailers.length === 0)
    if (!this.destroyed) this.#stream.end(body)
  }

  destroy(): void {
    // Not `close`: that one ends the answer first, as if it were whole.
    this.#stream.destroy(new Error('the answer broke off'))
  }

  #informs(headers: Record<string, number | string | string[]>): void {
    if (!this.destroyed && !this.#stream.headersSent) this.#stream.additionalHeaders(headers)
  }

  #respond(endStream: boolean): void {
    const head = this.#head
    this.#head = null
    if (head === null || this.destroyed) return
    try {
      this.#stream.respond(head, { endStream, waitForTrailers: !endStream })
    } catch {
      this.destroy() // A head that Node refuses to write: the version's fault.
    }
  }
}

function grouped(trailers: readonly [string, string][]): Record<string, string[]> {
  const all: Record<string, string[]> = {}
  for (const [name, value] of trailers) (all[name.toLowerCase()] ??= []).push(value)
  return all
}

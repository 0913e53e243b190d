import { EventEmitter } from 'node:events'
import type { ClientHttp2Stream } from 'node:http2'
import type { IncomingHttpHeaders } from 'node:http'
import type { AnswerIn, RequestOut, Wire } from '../message.ts'
import { fieldsOut, headIn } from './fields.ts'
import type { Session } from './sessions.ts'
import { StreamIn } from './stream-in.ts'

/** The answer on a stream to an upstream. */
class StreamAnswerIn extends StreamIn implements AnswerIn {
  readonly statusCode: number
  readonly statusMessage = ''
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]

  readonly #cancel: () => void

  constructor(
    stream: ClientHttp2Stream,
    from: { readonly headers: IncomingHttpHeaders; readonly fields: readonly string[]; readonly cancel: () => void },
  ) {
    super(stream)
    this.#cancel = from.cancel
    const head = headIn(from.fields, from.headers)
    this.statusCode = Number(head.pseudo[':status'])
    this.headers = head.headers
    this.rawHeaders = head.raw
  }

  destroy(): void {
    this.#cancel()
  }
}

/** A request on a connection that others share, with the events of one that has its own. */
export class StreamRequestOut extends EventEmitter implements RequestOut {
  readonly socket: Wire & { bytesRead: number }
  readonly reusedSocket: boolean
  readonly #session: Session
  readonly #head: string[]
  #stream: ClientHttp2Stream | null = null
  /** Not `close` of the stream: that one ends the request first, as if it were whole. */
  readonly #cancel = new AbortController()
  #trailers: readonly [string, string][] = []
  #known = false
  #ended = false
  #answered = false
  #over = false

  constructor(
    session: Session,
    { method, path, headers }: { readonly method: string; readonly path: string; readonly headers: readonly string[] },
  ) {
    super()
    this.#session = session
    this.reusedSocket = session.connected
    const { fields, host } = fieldsOut(headers)
    this.#head = [':method', method, ':path', path, ':scheme', 'http', ':authority', host ?? '', ...fields]
    this.socket = {
      connecting: !session.connected,
      bytesRead: 0,
      once: (_event, listener) => session.whenKnown((error) => error === null && listener()),
    }
    process.nextTick(() => this.emit('socket', this.socket))
    session.whenKnown((error) => this.#ready(error))
  }

  get destroyed(): boolean {
    return this.#over
  }

  flushHeaders(): void {
    this.#begin(false)
  }

  write(chunk: Buffer): boolean {
    const stream = this.#begin(false)
    return stream === null || stream.closed || stream.destroyed || stream.write(chunk)
  }

  addTrailers(trailers: readonly [string, string][]): void {
    this.#trailers = trailers
  }

  end(body?: Buffer): void {
    if (this.#ended) return
    this.#ended = true
    if (body !== undefined && body.length > 0) this.#body = body
    if (this.#known) this.#finish()
  }

  #body: Buffer | null = null

  destroy(): void {
    if (this.#over) return
    this.#cancel.abort()
    this.#failed(new Error('the request was given up'))
  }

  #ready(error: Error | null): void {
    if (this.#over) return
    this.#known = true
    if (error !== null) this.#failed(error)
    else if (this.#ended) this.#finish()
    // A stream begins with its head, also when the client waits for an answer before it says more.
    else setImmediate(() => this.#begin(false))
  }

  #finish(): void {
    const bare = this.#body === null && this.#trailers.length === 0 && this.#stream === null
    const stream = this.#begin(bare)
    if (!bare && stream !== null && !stream.closed) stream.end(this.#body ?? undefined)
  }

  #begin(endStream: boolean): ClientHttp2Stream | null {
    if (this.#stream !== null || this.#over || !this.#known) return this.#stream
    try {
      this.#listen(
        this.#session.session.request(this.#head, {
          endStream,
          waitForTrailers: !endStream,
          signal: this.#cancel.signal,
        }),
      )
    } catch (error) {
      // The connection is about to go, or a head that Node refuses to send.
      const failure = error instanceof Error ? error : new Error(String(error))
      process.nextTick(() => this.#failed(failure))
    }
    return this.#stream
  }

  #listen(stream: ClientHttp2Stream): void {
    this.#stream = stream
    stream.on('response', (headers, _flags, fields?: readonly string[]) => {
      this.socket.bytesRead += 1
      this.#answered = true
      this.emit(
        'response',
        new StreamAnswerIn(stream, { headers, fields: fields ?? [], cancel: () => this.#cancel.abort() }),
      )
    })
    stream.on('continue', () => this.emit('continue'))
    stream.on('headers', (headers) => {
      this.socket.bytesRead += 1
      this.emit('information', { statusCode: Number(headers[':status']), headers })
    })
    stream.on('wantTrailers', () => {
      stream.sendTrailers(Object.fromEntries(this.#trailers))
    })
    stream.on('drain', () => this.emit('drain'))
    stream.on('error', (error) => this.#failed(error))
    stream.on('close', () => this.#failed(new Error('the stream was closed without an answer')))
  }

  /** Also the end of a request that was answered: then nobody is told of a failure. */
  #failed(error: Error): void {
    if (this.#over) return
    this.#over = true
    this.#session.release()
    process.nextTick(() => {
      if (!this.#answered) this.emit('error', error)
      this.emit('close')
    })
  }
}

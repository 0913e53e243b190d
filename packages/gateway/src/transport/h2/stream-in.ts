import { constants } from 'node:http2'
import type { Http2Stream } from 'node:http2'
import type { IncomingHttpHeaders } from 'node:http'

/** What comes in on a stream, as a message of HTTP/1.1 would. */
export abstract class StreamIn {
  abstract readonly headers: IncomingHttpHeaders
  abstract readonly rawHeaders: readonly string[]
  rawTrailers: readonly string[] = []
  complete = false
  protected readonly stream: Http2Stream

  constructor(stream: Http2Stream) {
    this.stream = stream
    stream.on('trailers', (_trailers: IncomingHttpHeaders, _flags: number, raw?: readonly string[]) => {
      this.rawTrailers = raw ?? []
    })
    // A stream that is reset ends too: what came of it is not whole.
    stream.on('end', () => (this.complete = stream.rstCode === constants.NGHTTP2_NO_ERROR))
  }

  on(event: 'data', listener: (chunk: Buffer) => void): this
  on(event: 'end' | 'close', listener: () => void): this
  on(event: 'error', listener: (error: Error) => void): this
  on(event: string, listener: (() => void) | ((chunk: Buffer) => void) | ((error: Error) => void)): this {
    if (event === 'end') this.stream.on('end', () => this.complete && (listener as () => void)())
    else this.stream.on(event, listener)
    return this
  }

  pause(): void {
    this.stream.pause()
  }

  resume(): void {
    this.stream.resume()
  }

  isPaused(): boolean {
    return this.stream.isPaused()
  }

  abstract destroy(): void
}

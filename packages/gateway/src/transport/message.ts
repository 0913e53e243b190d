import type { IncomingHttpHeaders } from 'node:http'

/** What comes in, whichever version of HTTP carries it; Node's own messages fit. */
interface Incoming {
  readonly headers: IncomingHttpHeaders
  /** Names and values as they came, one after the other. */
  readonly rawHeaders: readonly string[]
  readonly rawTrailers: readonly string[]
  /** Whether all of it has come. */
  readonly complete: boolean
  on(event: 'data', listener: (chunk: Buffer) => void): unknown
  on(event: 'end' | 'close', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  pause(): unknown
  resume(): unknown
  isPaused(): boolean
  destroy(): unknown
}

/** A client's request. */
export interface RequestIn extends Incoming {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly httpVersion: string
  readonly httpVersionMajor: number
}

/** An upstream's answer. */
export interface AnswerIn extends Incoming {
  readonly statusCode?: number | undefined
  readonly statusMessage?: string | undefined
}

/** The answer to a client. */
export interface AnswerOut {
  readonly req: { readonly headers: IncomingHttpHeaders }
  readonly headersSent: boolean
  readonly destroyed: boolean
  readonly writableEnded: boolean
  readonly writableFinished: boolean
  on(event: 'close' | 'drain' | 'finish', listener: () => void): unknown
  writeContinue(): unknown
  writeEarlyHints(hints: Record<string, string | string[]>): unknown
  writeHead(status: number, message: string, headers: string[]): unknown
  flushHeaders(): unknown
  /** False when the client should be waited for. */
  write(chunk: Buffer): boolean
  addTrailers(trailers: readonly [string, string][]): unknown
  end(body?: string): unknown
  destroy(): unknown
}

/** What carries a request to an upstream, as far as an exchange looks at it. */
export interface Wire {
  readonly connecting: boolean
  readonly bytesRead: number
  once(event: 'connect', listener: () => void): unknown
}

/** A request to an upstream. */
export interface RequestOut {
  readonly socket: Wire | null
  readonly reusedSocket: boolean
  readonly destroyed: boolean
  on(event: 'socket', listener: (wire: Wire) => void): unknown
  on(event: 'response', listener: (answer: AnswerIn) => void): unknown
  on(event: 'upgrade', listener: (answer: AnswerIn, wire: { destroy(): unknown }) => void): unknown
  on(event: 'information', listener: (info: { statusCode: number; headers: IncomingHttpHeaders }) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'continue' | 'drain' | 'close', listener: () => void): unknown
  flushHeaders(): unknown
  /** False when the upstream should be waited for. */
  write(chunk: Buffer): boolean
  addTrailers(trailers: readonly [string, string][]): unknown
  end(body?: Buffer): unknown
  destroy(): unknown
}

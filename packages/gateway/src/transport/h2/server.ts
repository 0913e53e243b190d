import * as http2 from 'node:http2'
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Limits } from '../../limits.ts'
import { StreamAnswer, StreamRequest } from './server-stream.ts'

/** What a connection may send between two looks (half a second) that is no request and has to be answered. */
const pingsBetweenLooks = 5_000
const settingsBetweenLooks = 50
/** The greatest id of a stream: "no new ones, but those on their way are served". */
const anyStream = 2 ** 31 - 1

/** A connection of HTTP/2. */
interface Connection {
  readonly session: ServerHttp2Session
  readonly socket: Duplex
  streams: number
  idleSinceMs: number
  pings: number
  settings: number
}

/** Takes a request of a stream. */
type Take = (request: StreamRequest, answer: StreamAnswer, socket: Duplex) => void

/** The connections of clients that speak HTTP/2, whatever they came in by. Each is bounded in streams, resets and idle chatter. */
export class H2Server {
  readonly #limits: Limits
  readonly #take: Take
  readonly #server: http2.Http2Server
  readonly #connections = new Map<ServerHttp2Session, Connection>()
  #accepting: Duplex | null = null

  constructor(limits: Limits, take: Take) {
    this.#limits = limits
    this.#take = take
    this.#server = http2.createServer({
      settings: { maxConcurrentStreams: limits.streams, maxHeaderListSize: limits.headBytes, enablePush: false },
      maxHeaderListPairs: limits.headers + 8,
      maxSessionRejectedStreams: limits.streams,
      maxSessionInvalidFrames: 100,
      streamResetBurst: limits.resetBurst,
      streamResetRate: limits.resetsPerSecond,
    })
    this.#server.on('session', (session) => {
      session.on('error', () => {})
      this.#opened(session)
    })
    this.#server.on('stream', (stream, headers, flags, fields) => this.#stream(stream, headers, flags, fields))
    this.#server.on('sessionError', () => {})
  }

  /** Takes over a connection that nothing was read from, or what was read was put back. */
  accept(socket: Duplex): void {
    // Who ends its side has left: nothing else would end the other.
    socket.allowHalfOpen = false
    this.#accepting = socket
    this.#server.emit('connection', socket)
    this.#accepting = null
  }

  /** Tells everybody that no new streams are wanted here; those on their way are served. */
  leave(): void {
    for (const { session } of this.#connections.values())
      if (!session.destroyed) session.goaway(http2.constants.NGHTTP2_NO_ERROR, anyStream)
  }

  /** Ends each connection after its last answer. */
  closeIdle(): void {
    for (const { session } of this.#connections.values()) if (!session.closed) session.close()
  }

  /** Ends everything. */
  cut(): void {
    for (const { session } of this.#connections.values()) session.destroy()
  }

  /** Looks at the time limits. */
  check(nowMs: number): void {
    for (const connection of this.#connections.values()) {
      connection.pings = 0
      connection.settings = 0
      if (connection.streams > 0 || nowMs - connection.idleSinceMs <= this.#limits.keepAliveMs) continue
      if (connection.session.closed) connection.session.destroy()
      else connection.session.close()
      connection.idleSinceMs = nowMs
    }
  }

  #opened(session: ServerHttp2Session): void {
    const socket = this.#accepting
    if (socket === null) {
      session.destroy()
      return
    }
    const connection = { session, socket, streams: 0, idleSinceMs: performance.now(), pings: 0, settings: 0 }
    this.#connections.set(session, connection)
    session.on('close', () => this.#connections.delete(session))
    session.on('ping', () => {
      connection.pings += 1
      if (connection.pings > pingsBetweenLooks) calm(session)
    })
    session.on('remoteSettings', () => {
      connection.settings += 1
      if (connection.settings > settingsBetweenLooks) calm(session)
    })
  }

  #stream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number, fields: string[]): void {
    // Also of a stream whose connection was ended before it is heard of: an error that nobody hears ends the process.
    stream.on('error', () => {})
    const connection =
      stream.session === undefined ? undefined : this.#connections.get(stream.session as ServerHttp2Session)
    if (connection === undefined) {
      stream.destroy()
      return
    }
    connection.streams += 1
    stream.on('close', () => {
      connection.streams -= 1
      connection.idleSinceMs = performance.now()
    })
    const ended = (flags & http2.constants.NGHTTP2_FLAG_END_STREAM) !== 0
    const request = new StreamRequest(stream, { headers, fields, ended })
    this.#take(request, new StreamAnswer(stream, request), connection.socket)
  }
}

/** More than anybody needs who means well. */
function calm(session: ServerHttp2Session): void {
  if (session.destroyed) return
  session.destroy(undefined, http2.constants.NGHTTP2_ENHANCE_YOUR_CALM)
}

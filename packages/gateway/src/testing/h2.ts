/** Clients of HTTP/2 for the gateway's tests. */
import { once } from 'node:events'
import { connect, createServer } from 'node:http2'
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  OutgoingHttpHeaders,
  SecureClientSessionOptions,
  ServerHttp2Stream,
} from 'node:http2'
import type { IncomingHttpHeaders } from 'node:http'

/** A connection that is closed at the end of a test. */
export async function openSession(
  address: string,
  options: SecureClientSessionOptions = {},
): Promise<ClientHttp2Session & Disposable> {
  const session = connect(address, options)
  session.on('error', () => {})
  await once(session, 'connect')
  return Object.assign(session, { [Symbol.dispose]: () => session.destroy() })
}

/** A whole answer on a stream. */
export interface StreamAnswered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly trailers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Sends a request on a stream and reads the whole answer; rejects when it is reset. */
export async function sendOn(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: string | Buffer,
): Promise<StreamAnswered> {
  const stream = session.request(headers, { endStream: body === undefined })
  if (body !== undefined) stream.end(body)
  return await answerOn(stream)
}

/** Reads the whole answer on a stream; rejects when it is reset. */
export async function answerOn(stream: ClientHttp2Stream): Promise<StreamAnswered> {
  let head: IncomingHttpHeaders = {}
  let trailers: IncomingHttpHeaders = {}
  const chunks: Buffer[] = []
  stream.on('response', (headers) => (head = headers))
  stream.on('trailers', (headers: IncomingHttpHeaders) => (trailers = headers))
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  await new Promise<void>((resolve, reject) => {
    stream.on('error', reject)
    stream.on('close', () => {
      if (stream.rstCode === 0) resolve()
      else reject(new Error(`reset with ${stream.rstCode}`))
    })
  })
  return { status: Number(head[':status']), headers: head, trailers, body: Buffer.concat(chunks) }
}

/** An upstream that speaks HTTP/2 alone. */
export interface H2Upstream extends AsyncDisposable {
  readonly url: string
  /** Connections so far. */
  readonly sessions: () => number
}

/** Starts an upstream of HTTP/2 with prior knowledge. */
export async function h2Upstream(
  onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
): Promise<H2Upstream> {
  let sessions = 0
  const open = new Set<{ destroy(): void }>()
  const server = createServer()
  server.on('session', (session) => {
    sessions += 1
    open.add(session)
  })
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    onStream(stream, headers)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    sessions: () => sessions,
    [Symbol.asyncDispose]: async () => {
      for (const session of open) session.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

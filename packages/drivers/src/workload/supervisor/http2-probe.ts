import { connect, type ClientHttp2Stream, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'

/** The request for the health of the whole server: a message of no bytes, not compressed. */
const askWhole = Buffer.alloc(5)
/** Field 1 of the answer, a varint. */
const statusField = 0x08
const healths = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']
/** More than any answer about health has. */
const maxAnswerBytes = 1_024

/** The status of a GET over HTTP/2 with prior knowledge, on a connection of its own. */
export async function statusByHttp2(url: string, signal: AbortSignal): Promise<number> {
  return await onStream(url, { ':method': 'GET' }, signal, async (stream) => {
    stream.end()
    return Number((await headOf(stream))[':status'])
  })
}

/** What a server says of itself by the health protocol of gRPC: `SERVING`, another word of it, or a status such as `grpc-status 12`. */
export async function healthByGrpc(url: string, signal: AbortSignal): Promise<string> {
  const head = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' }
  return await onStream(url, head, signal, async (stream) => {
    let trailers: IncomingHttpHeaders = {}
    stream.once('trailers', (last: IncomingHttpHeaders) => (trailers = last))
    stream.end(askWhole)
    const first = await headOf(stream)
    if (first[':status'] !== 200) return String(first[':status'])
    const bytes = await bodyOf(stream)
    const status = first['grpc-status'] ?? trailers['grpc-status']
    if (status !== '0')
      return status === '12' ? 'grpc-status 12: it has no grpc.health.v1.Health' : `grpc-status ${String(status)}`
    // An enum that is 0 is left out of the message.
    return healths[bytes[5] === statusField ? (bytes[6] ?? 0) : 0] ?? 'an unknown health'
  })
}

async function onStream<T>(
  url: string,
  head: OutgoingHttpHeaders,
  signal: AbortSignal,
  ask: (stream: ClientHttp2Stream) => Promise<T>,
): Promise<T> {
  const { origin, pathname, search } = new URL(url)
  const session = connect(origin)
  const failed = Promise.withResolvers<never>()
  const stop = (): void => failed.reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  session.on('error', failed.reject)
  try {
    if (signal.aborted) stop()
    const stream = session.request({ ':path': `${pathname}${search}`, 'user-agent': 'serin-probe', ...head })
    stream.on('error', failed.reject)
    stream.once('close', () => failed.reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })))
    return await Promise.race([failed.promise, ask(stream)])
  } finally {
    signal.removeEventListener('abort', stop)
    // The answer is known; what is still open must not keep the connection.
    session.destroy()
  }
}

function headOf(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders & { ':status'?: number }> {
  return new Promise((resolve) => stream.once('response', resolve))
}

async function bodyOf(stream: ClientHttp2Stream): Promise<Buffer> {
  return await new Promise((resolve) => {
    let bytes = Buffer.alloc(0)
    stream.on('data', (more: Buffer) => {
      if (bytes.length < maxAnswerBytes) bytes = Buffer.concat([bytes, more])
    })
    stream.once('end', () => resolve(bytes))
  })
}

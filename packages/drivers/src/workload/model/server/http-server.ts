import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ProtocolError } from '../protocol/protocol-error.ts'
import { RunFailure } from './engine.ts'
import { bodyBytesMax, keepAliveMs } from './limits.ts'
import type { Repository } from './repository.ts'
import { answer } from './routes.ts'
import type { Answer } from './routes.ts'

/** A server that takes requests. */
export interface InferenceServer {
  readonly port: number
  /** Takes no new connection, finishes what is in flight; resolves when nothing is left. */
  leave(): Promise<void>
}

/** What a server is started with. */
export interface InferenceServerOptions {
  readonly repository: Repository
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Called after the answer when the engine is of no further use. */
  readonly onBroken: (reason: string) => void
}

/** Listens and answers. Rejects with Node's own error when the port is taken. */
export async function startInferenceServer(options: InferenceServerOptions): Promise<InferenceServer> {
  const { repository, host, port, onBroken } = options
  let leaving = false
  const server = createServer({ keepAliveTimeout: keepAliveMs }, (request, response) => {
    void respond(repository, request, leaving)
      .catch((error: unknown) => {
        if (error instanceof RunFailure && error.fault === 'engine')
          response.once('finish', () => onBroken(error.message))
        return errorAnswer(error)
      })
      .then((given) => (given === null ? undefined : send(response, given, leaving)))
  })
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    async leave() {
      leaving = true
      server.close()
      await once(server, 'close')
    },
  }
}

/** The answer, or null when the client went away before it had said everything. */
async function respond(repository: Repository, request: IncomingMessage, leaving: boolean): Promise<Answer | null> {
  const body = await read(request)
  if (body === null) return null
  const { method = '', url = '/', headers } = request
  return await answer(repository, { method, url, headers, body }, leaving)
}

async function read(request: IncomingMessage): Promise<Buffer | null> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > bodyBytesMax) throw tooLarge()
  return await new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > bodyBytesMax) reject(tooLarge())
      else chunks.push(chunk)
    })
    request.on('end', () => resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)))
    request.on('error', () => resolve(null))
    request.on('close', () => resolve(null))
  })
}

function tooLarge(): ProtocolError {
  return new ProtocolError(413, `The body has more than ${bodyBytesMax} bytes.`)
}

function errorAnswer(error: unknown): Answer {
  const [status, message] =
    error instanceof ProtocolError
      ? [error.status, error.message]
      : error instanceof RunFailure
        ? [error.fault === 'request' ? 400 : 500, error.message]
        : [500, 'Something unexpected happened in the model server.']
  if (!(error instanceof ProtocolError) && !(error instanceof RunFailure))
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return { status, json: JSON.stringify({ error: message }), binary: [] }
}

function send(response: ServerResponse, { status, json, binary }: Answer, leaving: boolean): void {
  const length = Buffer.byteLength(json)
  const last = leaving || status === 413 // Whoever still sends a body that is not wanted has to stop.
  response.writeHead(status, {
    ...typeOf(json, binary),
    'content-length': binary.reduce((sum, bytes) => sum + bytes.length, length),
    ...(binary.length === 0 ? {} : { 'inference-header-content-length': length }),
    ...(last ? { connection: 'close' } : {}),
  })
  // A text goes out in one write together with the head.
  response.end(binary.length === 0 ? json : Buffer.concat([Buffer.from(json), ...binary]))
}

function typeOf(json: string, binary: readonly Uint8Array[]): { readonly 'content-type'?: string } {
  if (binary.length > 0) return { 'content-type': 'application/octet-stream' }
  return json === '' ? {} : { 'content-type': 'application/json' }
}

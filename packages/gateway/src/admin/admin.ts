import { timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { SlotRing } from '../evidence/slot-ring.ts'
import { sendProblem } from '../transport/problem.ts'
import type { ApplyAnswer, GatewayReport } from './report.ts'

const largestTableBytes = 8_000_000
/** A follower that does not read is cut off rather than fed from memory. */
const largestBacklogBytes = 8_000_000

/** What the admin port can do. */
export interface AdminVerbs {
  readonly boot: string
  readonly token: string
  readonly slots: SlotRing
  report(): GatewayReport | Promise<GatewayReport>
  /** Puts a table in force; a text says why it cannot. */
  apply(table: unknown): Promise<ApplyAnswer | string>
  /** Begins to leave; returns at once. */
  drain(deadlineMs: number | null): void
}

/** Opens the admin server on an ephemeral loopback port. */
export async function openAdmin(verbs: AdminVerbs): Promise<{ readonly port: number; close(): void }> {
  const server: Server = createServer({ requestTimeout: 30_000, keepAliveTimeout: 60_000 }, (request, response) => {
    handle(verbs, request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the admin server has no address')
  return {
    port: address.port,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function handle(verbs: AdminVerbs, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!allowed(request, verbs.token)) {
    sendProblem(response, { status: 401, detail: 'The bearer token of gateway.json is missing.' }, { close: true })
    return
  }
  const url = new URL(request.url ?? '/', 'http://gateway')
  switch (`${request.method ?? ''} ${url.pathname}`) {
    case 'GET /healthz':
      sendJson(response, 200, { boot: verbs.boot })
      return
    case 'GET /routing':
      sendJson(response, 200, await verbs.report())
      return
    case 'PUT /routing':
      await putRouting(verbs, request, response)
      return
    case 'GET /evidence':
      followEvidence(verbs, url.searchParams, response)
      return
    case 'POST /drain': {
      const deadline = url.searchParams.get('deadlineMs')
      sendJson(response, 202, { leaving: true })
      verbs.drain(deadline === null ? null : Math.max(0, Number(deadline) || 0))
      return
    }
    default:
      sendProblem(
        response,
        { status: 404, detail: 'Known: GET /healthz, GET and PUT /routing, GET /evidence, POST /drain.' },
        { close: true },
      )
  }
}

async function putRouting(verbs: AdminVerbs, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > largestTableBytes) {
      sendProblem(response, { status: 413, detail: 'The routing table is too large.' }, { close: true })
      return
    }
    chunks.push(chunk)
  }
  let value: unknown
  try {
    value = JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    sendProblem(response, { status: 400, detail: 'The body is not JSON.' }, { close: false })
    return
  }
  const answer = await verbs.apply(value)
  if (typeof answer === 'string') sendProblem(response, { status: 422, detail: answer }, { close: false })
  else sendJson(response, 200, answer)
}

/** Kept slots after the cursor, then live ones, as lines of JSON; a cursor of another boot gets everything kept. */
function followEvidence(verbs: AdminVerbs, query: URLSearchParams, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' })
  response.flushHeaders()
  const after = query.get('boot') === verbs.boot ? Number(query.get('after')) || 0 : 0
  const stop = verbs.slots.follow(after, ({ line }) => {
    if (response.writableLength > largestBacklogBytes) response.destroy()
    else response.write(`${line}\n`)
  })
  response.on('close', stop)
}

function allowed(request: IncomingMessage, token: string): boolean {
  const given = Buffer.from(request.headers.authorization ?? '')
  const wanted = Buffer.from(`Bearer ${token}`)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

import * as http from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Limits } from '../limits.ts'
import { hasBody, originForm } from './framing.ts'

/** Who takes what the server reads. */
export interface H1Handlers {
  /** Whether a request that asks for a tunnel can get one. */
  readonly tunnels: () => boolean
  readonly request: (request: IncomingMessage, response: ServerResponse) => void
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** Somebody asks for a tunnel to anywhere. */
  readonly connect: (socket: Duplex) => void
  /** What the parser refuses, before there is a request. */
  readonly clientError: (error: NodeJS.ErrnoException, socket: Duplex) => void
}

/** Node's HTTP/1.1 as a gateway needs it: strict, bounded. It is given its connections and listens nowhere itself. */
export function newH1Server(
  limits: Limits,
  { tunnels, request, upgrade, connect, clientError }: H1Handlers,
): http.Server {
  const server = http.createServer({
    insecureHTTPParser: false,
    requireHostHeader: false, // `refusalOf` refuses instead: Node would go on to serve what follows on the connection.
    maxHeaderSize: limits.headBytes,
    headersTimeout: limits.headMs,
    requestTimeout: 0, // A body may take as long as it flows: `Exchange.check` watches it.
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: Math.min(1_000, limits.headMs),
    noDelay: true,
    shouldUpgradeCallback: (asked) => isTunnel(asked) && tunnels(),
  })
  // Node would drop headers beyond its own count silently; `refusalOf` refuses instead.
  server.maxHeadersCount = 0
  const take = (asked: IncomingMessage, response: ServerResponse): void => {
    asked.url = originForm(asked)
    request(asked, response)
  }
  server.on('request', take)
  server.on('checkContinue', take)
  server.on('checkExpectation', take)
  server.on('connect', (_request, socket) => connect(socket))
  server.on('upgrade', upgrade)
  server.on('clientError', clientError)
  // It never listens: this starts what it does when it does, such as watching for slow heads.
  server.emit('listening')
  return server
}

/** Only a plain GET becomes a tunnel; `h2c` is not spoken by upgrade, and a body before an upgrade is not taken: those are served as HTTP/1.1. */
function isTunnel(request: IncomingMessage): boolean {
  return request.method === 'GET' && !hasBody(request) && request.headers.upgrade?.toLowerCase() !== 'h2c'
}

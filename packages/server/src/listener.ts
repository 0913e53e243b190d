import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { SerinError } from '@serin/spec'
import { problemResponse } from './problem-response.ts'

type Fetch = Parameters<typeof getRequestListener>[0]

/** Where to listen. */
export interface Address {
  readonly host: string
  /** A free one if 0. */
  readonly port: number
}

/** An HTTP server that listens. */
export interface Listener {
  readonly url: string
  /** Takes no more requests; those under way may finish until the signal aborts. */
  close(patience: AbortSignal): Promise<void>
}

const headersWithinMs = 10_000
const requestWithinMs = 60_000
const maxConnections = 1_000

/** Listens. Throws `port.in-use`, or `usage.invalid` when the address is not one this process can listen on. */
export async function listen(fetch: Fetch, { host, port }: Address): Promise<Listener> {
  const unreadable = new SerinError('body.invalid', 'The request cannot be read: its host or its path makes no sense.')
  const answer = getRequestListener(fetch, {
    // Nothing global is replaced behind anybody's back.
    overrideGlobalObjects: false,
    errorHandler: () => problemResponse(unreadable),
  })
  // It answers its own errors.
  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing))
  server.headersTimeout = headersWithinMs
  server.requestTimeout = requestWithinMs
  server.maxConnections = maxConnections
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explained(error, { host, port })))
    server.listen(port, host, resolve)
  })
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    async close(patience) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      const cut = () => server.closeAllConnections()
      if (patience.aborted) cut()
      else patience.addEventListener('abort', cut, { once: true })
      await closed
      patience.removeEventListener('abort', cut)
    },
  }
}

function explained(error: NodeJS.ErrnoException, { host, port }: Address): SerinError {
  if (error.code === 'EADDRINUSE')
    return new SerinError('port.in-use', `Something else listens on ${host}:${port}.`, { cause: error })
  return new SerinError('usage.invalid', `Nobody can listen on ${host}:${port} here: ${error.message}.`, {
    cause: error,
  })
}

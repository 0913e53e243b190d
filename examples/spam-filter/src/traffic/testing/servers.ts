/** Real servers for the tests of the traffic: on loopback, on free ports, closed with their test. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server that is closed, with all its connections, at the end of its block. */
export interface TestServer extends AsyncDisposable {
  readonly url: string
}

/** Starts a server; on a free port unless one is given. */
export async function startTestServer(listener: RequestListener, port = 0): Promise<TestServer> {
  const server = createServer(listener)
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Looks every few ms until something holds; fails after half a minute. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let look = 0; look < 3_000; look += 1) {
    if (holds()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`still waiting: ${what}`)
}

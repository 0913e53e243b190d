import { createProxyServer } from 'httpxy'
import { Agent } from 'node:http'
import type { Peer } from './peer.ts'

/** `httpxy` as its page shows it, with kept connections and forwarded headers. */
export const peer: Peer = async (choose) => {
  const proxy = createProxyServer({ agent: new Agent({ keepAlive: true }), xfwd: true })
  return (request, response) => {
    proxy.web(request, response, { target: choose(request.headers.cookie) }).catch(() => response.destroy())
  }
}

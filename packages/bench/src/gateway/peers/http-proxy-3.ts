import { createProxyServer } from 'http-proxy-3'
import { Agent } from 'node:http'
import type { Peer } from './peer.ts'

/** `http-proxy-3` as its page shows it, with kept connections and forwarded headers. */
export const peer: Peer = async (choose) => {
  const proxy = createProxyServer({ agent: new Agent({ keepAlive: true }), xfwd: true })
  proxy.on('error', (_error, _request, response) => response.destroy())
  return (request, response) => {
    proxy.web(request, response, { target: choose(request.headers.cookie) })
  }
}

import { Agent, request } from 'node:http'
import type { Peer } from './peer.ts'

/** The least that a proxy on Node's own HTTP does: a request for each request, the answer piped through. */
export const peer: Peer = async (choose) => {
  const agent = new Agent({ keepAlive: true, scheduling: 'lifo' })
  return (incoming, response) => {
    const { hostname, port } = new URL(choose(incoming.headers.cookie))
    const { method, url: path, headers } = incoming
    const outgoing = request({ agent, hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    outgoing.on('error', () => response.destroy())
    incoming.pipe(outgoing)
  }
}

import fastProxy from 'fast-proxy'
import type { Peer } from './peer.ts'

/** `fast-proxy` as its page shows it, with undici as client: one for each version, for its pool has one address. */
export const peer: Peer = async (choose) => {
  const proxies = new Map<string, ReturnType<typeof fastProxy>>()
  return (request, response) => {
    const base = choose(request.headers.cookie)
    const known = proxies.get(base) ?? fastProxy({ base, undici: { connections: 128, pipelining: 1 } })
    proxies.set(base, known)
    known.proxy(request, response, request.url ?? '/', {})
  }
}

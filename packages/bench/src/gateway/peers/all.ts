import type { Peer } from './peer.ts'

interface Entry {
  /** Null where Node itself is enough. */
  readonly packageName: string | null
  readonly load: () => Promise<{ readonly peer: Peer }>
}

/** The proxies on Node, by the name of their package. */
export const peers: Readonly<Record<string, Entry>> = {
  'http-proxy-3': { packageName: 'http-proxy-3', load: async () => await import('./http-proxy-3.ts') },
  httpxy: { packageName: 'httpxy', load: async () => await import('./httpxy.ts') },
  '@fastify/reply-from': { packageName: '@fastify/reply-from', load: async () => await import('./reply-from.ts') },
  'fast-proxy': { packageName: 'fast-proxy', load: async () => await import('./fast-proxy.ts') },
  // The least that anything on the gateway's links does.
  'serin-links': { packageName: null, load: async () => await import('./links.ts') },
  // The least that a proxy on Node's own HTTP does.
  'node:http': { packageName: null, load: async () => await import('./node-http.ts') },
}

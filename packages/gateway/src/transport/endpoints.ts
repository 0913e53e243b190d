import type { RoutingTable } from '@serin/core'
import * as http from 'node:http'
import * as https from 'node:https'
import type { Limits } from '../limits.ts'
import { Connections } from './connections.ts'
import { StreamRequestOut } from './h2/request-out.ts'
import { Sessions } from './h2/sessions.ts'
import type { RequestOut } from './message.ts'

/** One address that serves a version, with its connections. */
export interface Endpoint {
  readonly url: string
  readonly options: { readonly protocol: string; readonly hostname: string; readonly port: string }
  /** Path of the base address without the last `/`. */
  readonly basePath: string
  /** Its connections of HTTP/1.1. */
  readonly connections: Connections
  /** Its connections of HTTP/2, for a table that asks for them. */
  readonly sessions: Sessions
  open: number
  retired: boolean
}

/** The connections to all upstreams. An address that leaves the table keeps its connections until its last request is through. */
export class Endpoints {
  readonly #limits: Limits
  readonly #byUrl = new Map<string, Endpoint>()
  readonly #turns = new Map<string, number>()
  /** The addresses of the table in force; null before the first. */
  #kept: ReadonlySet<string> | null = null

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** The addresses of a table are the ones to keep. */
  keepOnly(table: Pick<RoutingTable, 'arms'>): void {
    const urls = new Set(table.arms.flatMap((arm) => arm.endpoints))
    this.#kept = urls
    for (const endpoint of this.#byUrl.values()) {
      endpoint.retired = !urls.has(endpoint.url)
      this.#dropIfDone(endpoint)
    }
    const versions = new Set(table.arms.map((arm) => arm.version))
    for (const version of this.#turns.keys()) if (!versions.has(version)) this.#turns.delete(version)
  }

  /** The next address of a version in turn that was not tried yet, or null. Give it back with `release`. */
  acquire(version: string, urls: readonly string[], tried: ReadonlySet<string>): Endpoint | null {
    const turn = urls.length === 1 ? 0 : (this.#turns.get(version) ?? 0)
    for (let i = 0; i < urls.length; i += 1) {
      const url = urls[(turn + i) % urls.length]
      if (url === undefined || tried.has(url)) continue
      if (urls.length > 1) this.#turns.set(version, (turn + i + 1) % urls.length)
      const endpoint = this.#byUrl.get(url) ?? this.#open(url)
      endpoint.open += 1
      return endpoint
    }
    return null
  }

  /** A request on this address is through. */
  release(endpoint: Endpoint): void {
    endpoint.open -= 1
    this.#dropIfDone(endpoint)
  }

  /** Requests and tunnels in flight by address, where there are any. */
  inFlight(): Record<string, number> {
    const busy = [...this.#byUrl.values()].filter(({ open }) => open > 0)
    return Object.fromEntries(busy.map(({ url, open }) => [url, open]))
  }

  /** Closes all connections. */
  close(): void {
    for (const endpoint of this.#byUrl.values()) closeAll(endpoint)
    this.#byUrl.clear()
  }

  #open(url: string): Endpoint {
    const { protocol, host, hostname, port, pathname } = new URL(url)
    const { connectionsPerEndpoint: most, upstreamKeepAliveMs: keptMs } = this.#limits
    const secure = protocol === 'https:'
    const endpoint: Endpoint = {
      url,
      options: {
        protocol,
        hostname: hostname.replace(/^\[|\]$/g, ''),
        port: port === '' ? (secure ? '443' : '80') : port,
      },
      basePath: pathname.replace(/\/+$/, ''),
      connections: new Connections(secure, { most, keptMs }),
      sessions: new Sessions(`http://${host}`, { idleMs: this.#limits.keepAliveMs, most }),
      open: 0,
      // A request that was decided by an older table may still come to an address that has left.
      retired: this.#kept !== null && !this.#kept.has(url),
    }
    this.#byUrl.set(url, endpoint)
    return endpoint
  }

  #dropIfDone(endpoint: Endpoint): void {
    if (!endpoint.retired || endpoint.open > 0) return
    closeAll(endpoint)
    this.#byUrl.delete(endpoint.url)
  }
}

/** The head of a request to an address; `fresh` never takes a used connection. */
export interface HeadOut {
  readonly method: string
  readonly target: string
  readonly headers: readonly string[]
  readonly fresh: boolean
}

/** Starts a request on an address, by HTTP/2 if its table says that this is what is spoken there. */
export function askUpstream(endpoint: Endpoint, head: HeadOut, upstream: RoutingTable['upstream']): RequestOut {
  if (upstream !== 'h2c') return requestTo(endpoint, head)
  return new StreamRequestOut(endpoint.sessions.take(head.fresh), { ...head, path: pathOf(endpoint, head) })
}

/** Starts a request of HTTP/1.1 on an address. */
export function requestTo(endpoint: Endpoint, head: HeadOut): http.ClientRequest {
  const send = endpoint.options.protocol === 'https:' ? https.request : http.request
  return send({
    ...endpoint.options,
    method: head.method,
    path: pathOf(endpoint, head),
    headers: head.headers,
    agent: endpoint.connections.agentFor(head.fresh),
    maxHeaderSize: 65_536,
  })
}

function pathOf({ basePath }: Endpoint, { target }: HeadOut): string {
  return target === '*' ? '*' : basePath + target
}

function closeAll({ connections, sessions }: Endpoint): void {
  connections.close()
  sessions.close()
}

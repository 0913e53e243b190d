import type { RoutingTable } from '@serin/core'
import * as http from 'node:http'
import * as https from 'node:https'
import type { Limits } from '../limits.ts'

/** One address that serves a version, with its connections. */
export interface Endpoint {
  readonly url: string
  readonly options: { readonly protocol: string; readonly hostname: string; readonly port: string }
  /** Path of the base address without the last `/`. */
  readonly basePath: string
  readonly agent: http.Agent
  /** Same address, never a used connection: for the replay after a stale one. */
  readonly freshAgent: http.Agent
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
    const turn = this.#turns.get(version) ?? 0
    for (let i = 0; i < urls.length; i += 1) {
      const url = urls[(turn + i) % urls.length]
      if (url === undefined || tried.has(url)) continue
      this.#turns.set(version, (turn + i + 1) % urls.length)
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
    for (const endpoint of this.#byUrl.values()) {
      endpoint.agent.destroy()
      endpoint.freshAgent.destroy()
    }
    this.#byUrl.clear()
  }

  #open(url: string): Endpoint {
    const { protocol, hostname, port, pathname } = new URL(url)
    const kept = {
      keepAlive: true,
      scheduling: 'lifo',
      maxSockets: this.#limits.connectionsPerEndpoint,
      maxFreeSockets: 256,
      timeout: this.#limits.upstreamKeepAliveMs,
    } as const
    const secure = protocol === 'https:'
    const endpoint: Endpoint = {
      url,
      options: {
        protocol,
        hostname: hostname.replace(/^\[|\]$/g, ''),
        port: port === '' ? (secure ? '443' : '80') : port,
      },
      basePath: pathname.replace(/\/+$/, ''),
      agent: secure ? new https.Agent(kept) : new http.Agent(kept),
      freshAgent: secure ? new https.Agent() : new http.Agent(),
      open: 0,
      // A request that was decided by an older table may still come to an address that has left.
      retired: this.#kept !== null && !this.#kept.has(url),
    }
    this.#byUrl.set(url, endpoint)
    return endpoint
  }

  #dropIfDone(endpoint: Endpoint): void {
    if (!endpoint.retired || endpoint.open > 0) return
    endpoint.agent.destroy()
    endpoint.freshAgent.destroy()
    this.#byUrl.delete(endpoint.url)
  }
}

/** Starts a request on an address; `fresh` never takes a used connection. */
export function requestTo(
  endpoint: Endpoint,
  head: {
    readonly method: string
    readonly target: string
    readonly headers: readonly string[]
    readonly fresh: boolean
  },
): http.ClientRequest {
  const send = endpoint.options.protocol === 'https:' ? https.request : http.request
  return send({
    ...endpoint.options,
    method: head.method,
    path: head.target === '*' ? '*' : endpoint.basePath + head.target,
    headers: head.headers,
    agent: head.fresh ? endpoint.freshAgent : endpoint.agent,
    maxHeaderSize: 65_536,
  })
}

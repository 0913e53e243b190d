/** Real servers and clients for the gateway's tests: loopback, ephemeral ports, everything closed at the end. */
import type { EvidenceSlot, RoutingTable } from '@serin/core'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, createServer, request as httpRequest } from 'node:http'
import type { IncomingHttpHeaders, RequestListener, Server } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startGateway } from '../gateway.ts'
import type { Gateway, GatewayOptions } from '../gateway.ts'
import { lanesOfTest } from './lanes.ts'

/** A test's own world: a state directory, upstreams and gateways that end with it. */
export interface World extends AsyncDisposable {
  readonly directory: string
  /** Starts an upstream; returns its base address. */
  upstream(listener: RequestListener, prepare?: (server: Server) => void): Promise<string>
  gateway(options?: Partial<GatewayOptions>): Promise<Gateway>
}

/** Opens a world. */
export async function openWorld(): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'serin-gateway-'))
  const servers: Server[] = []
  const gateways: Gateway[] = []
  return {
    directory,
    upstream: async (listener, prepare) => {
      const server = createServer(listener)
      prepare?.(server)
      servers.push(server)
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return `http://127.0.0.1:${portOf(server)}`
    },
    gateway: async (options) => {
      const gateway = await startGateway({
        service: 'shop',
        host: '127.0.0.1',
        port: 0,
        stateDirectory: directory,
        ...lanesOfTest(),
        ...options,
      })
      gateways.push(gateway)
      return gateway
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(gateways.map(async (gateway) => await gateway.drain(0)))
      for (const server of servers) {
        server.close()
        server.closeAllConnections()
      }
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** A table of canary v2 and stable v1 with the given share and addresses. */
export function tableOf(
  revision: number,
  canaryBp: number,
  endpoints: { readonly v1: readonly string[]; readonly v2: readonly string[] },
  more: Partial<RoutingTable> = {},
): RoutingTable {
  return {
    service: 'shop',
    revision,
    salt: 'shop/',
    unit: [{ header: 'x-user' }],
    arms: [
      { version: 'v2', endpoints: endpoints.v2, weightBp: canaryBp },
      { version: 'v1', endpoints: endpoints.v1, weightBp: 10_000 - canaryBp },
    ],
    stable: 'v1',
    canary: 'v2',
    rules: [],
    overrideHeader: 'serin-version',
    measurement: { rollout: 'r1', latencyCutsMs: [], latencyFrom: 0 },
    ...more,
  }
}

/** A whole answer. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly trailers: NodeJS.Dict<string>
  readonly body: Buffer
}

/** What to send. */
export interface Sent {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  readonly agent?: Agent
}

/** Sends a request and reads the whole answer; rejects when it is not whole. */
export async function send(
  address: string,
  { method = 'GET', path = '/', headers = {}, body, agent }: Sent = {},
): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const outgoing = httpRequest(`${address}${path}`, { method, headers, agent }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => {
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          trailers: answer.trailers,
          body: Buffer.concat(chunks),
        })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** Sends bytes as they are; resolves with everything that came back when the gateway closed, or `until` was seen. */
export async function sendRaw(address: string, bytes: string, until?: string): Promise<string> {
  const { hostname, port } = new URL(address)
  const socket = connect(Number(port), hostname)
  socket.setEncoding('latin1')
  let text = ''
  socket.write(bytes, 'latin1')
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk: string) => {
      text += chunk
      if (until !== undefined && text.includes(until)) resolve()
    })
    socket.on('close', () => resolve())
    socket.on('error', () => resolve())
  })
  socket.destroy()
  return text
}

/** Reads evidence from the admin port until `enough` says so. */
export async function evidenceOf(
  gateway: Pick<Gateway, 'identity'>,
  enough: (slots: readonly EvidenceSlot[]) => boolean,
  query = '',
): Promise<EvidenceSlot[]> {
  const { adminPort, token } = gateway.identity
  const stop = new AbortController()
  const response = await fetch(`http://127.0.0.1:${adminPort}/evidence${query}`, {
    headers: { authorization: `Bearer ${token}` },
    signal: stop.signal,
  })
  const slots: EvidenceSlot[] = []
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of response.body ?? []) {
    rest += decoder.decode(chunk, { stream: true })
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const slot: EvidenceSlot = JSON.parse(line)
      slots.push(slot)
    }
    if (enough(slots)) break
  }
  stop.abort()
  return slots
}

/** Sums a count over slots. */
export function sumOf(
  slots: readonly EvidenceSlot[],
  version: string,
  count: (arm: EvidenceSlot['arms'][string]) => number,
): number {
  return slots.reduce((sum, slot) => sum + (slot.arms[version] === undefined ? 0 : count(slot.arms[version])), 0)
}

/** Waits until something holds, looking every few ms; fails with the description after ten seconds, or what is given. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  { seconds = 10 } = {},
): Promise<void> {
  for (let attempt = 0; attempt < seconds * 100; attempt += 1) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`still waiting: ${what}`)
}

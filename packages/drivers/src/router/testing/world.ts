import type { RoutingTable } from '@serin/core'
import type { DriverContext, TrafficRouter } from '@serin/kit'
import { Service } from '@serin/spec'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, createServer, request } from 'node:http'
import type { IncomingHttpHeaders, RequestListener, Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Of the service whose router it is. */
export const spec = Service.decode({
  listen: 0,
  workload: { kind: 'endpoints' },
  versions: { v1: { endpoints: ['http://127.0.0.1:1'] } },
  stable: 'v1',
  drain: '2s',
})

export const never = AbortSignal.any([])

/** What every router is opened with. */
export interface RouterContext extends DriverContext {
  readonly listen: Service['listen']
  readonly preview?: Service['preview']
}

/** A state directory, two versions that answer with their names, and the routers that were opened over them. */
export interface World<Router = unknown> extends AsyncDisposable {
  readonly directory: string
  readonly endpoints: { readonly v1: string[]; readonly v2: string[] }
  /** Keeps connections, as browsers and SDKs do. */
  readonly agent: Agent
  open(more?: Partial<RouterContext>): Promise<Router>
}

/** Opens a world for a router; `answers` replaces what a version does. */
export async function openWorld<Router extends Pick<TrafficRouter, 'release'>>(
  openRouter: (context: RouterContext) => Promise<Router>,
  answers: Partial<Record<'v1' | 'v2', RequestListener>> = {},
): Promise<World<Router>> {
  const directory = await mkdtemp(join(tmpdir(), 'serin-router-'))
  const servers = await Promise.all(
    (['v1', 'v2'] as const).map(
      async (version) => await serve(answers[version] ?? ((_, response) => response.end(version))),
    ),
  )
  const routers: Router[] = []
  const agent = new Agent({ keepAlive: true, maxSockets: 32 })
  const clock = { now: () => Date.now(), sleep: async () => await Promise.reject(new Error('not used')) }
  return {
    directory,
    agent,
    endpoints: { v1: [addressOf(servers[0])], v2: [addressOf(servers[1])] },
    open: async (more) => {
      const where = { stateDirectory: directory, baseDirectory: '/' }
      const router = await openRouter({ service: 'shop', spec, clock, listen: 0, ...where, ...more })
      routers.push(router)
      return router
    },
    [Symbol.asyncDispose]: async () => {
      agent.destroy()
      // Whoever releases last finds nothing left to stop.
      for (const router of routers) await router.release(AbortSignal.timeout(10_000))
      for (const server of servers) {
        server.close()
        server.closeAllConnections()
      }
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Everything to one version. */
export function allTo(version: 'v1' | 'v2', revision: number, world: Pick<World, 'endpoints'>): RoutingTable {
  return split(version === 'v2' ? 10_000 : 0, revision, world)
}

/** Canary v2 at a weight, stable v1 with the rest. */
export function split(weightBp: number, revision: number, { endpoints }: Pick<World, 'endpoints'>): RoutingTable {
  return {
    service: 'shop',
    revision,
    salt: 'shop/"$1"/',
    unit: [{ header: 'x-user' }],
    arms: [
      { version: 'v2', endpoints: endpoints.v2, weightBp },
      { version: 'v1', endpoints: endpoints.v1, weightBp: 10_000 - weightBp },
    ],
    stable: 'v1',
    canary: 'v2',
    rules: [],
    overrideHeader: null,
    measurement: { rollout: 'r', latencyCutsMs: [], latencyFrom: 0 },
  }
}

/** An answer as a client sees it. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Sends a GET and reads the whole answer. Rejects when the connection breaks. */
export async function ask(
  url: string,
  { unit = 'anyone', agent, headers = {} }: { unit?: string; agent?: Agent; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const user = Buffer.from(unit, 'utf8').toString('latin1')
    request(url, { agent: agent ?? false, headers: { 'x-user': user, ...headers } })
      .on('response', (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
        const { statusCode: status = 0, headers: heads } = response
        response.on('end', () => resolve({ status, headers: heads, body })).on('error', reject)
      })
      .on('error', reject)
      .end()
  })
}

/** A process that has ended stays in the list until its parent has heard of it. */
export async function isGone(pid: number): Promise<boolean> {
  for (let attempt = 0; attempt < 500 && existsSync(`/proc/${pid}`); attempt += 1) await sleep(10)
  return !existsSync(`/proc/${pid}`)
}

/** A server on a free port of loopback. */
export async function serve(answer: RequestListener): Promise<Server> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** Where it answers. */
export function addressOf(server: Server | undefined): string {
  const address = server?.address()
  if (typeof address !== 'object' || address === null) throw new Error('no address')
  return `http://127.0.0.1:${address.port}`
}

import { randomUUID } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { LuaHost } from './lua-host.ts'
import type { LuaDid } from './lua-host.ts'
import type { Copy, Listener, Route, Routes } from './stand-in-resources.ts'

interface Line {
  status: number
  flags: string
  headMs: number | null
  host: string | null
}

/** What the stand-in does with requests: the script, the routes, a copy of the cluster, a line in the log. */
export class StandInProxy {
  readonly clusters = new Map<string, Copy[]>()
  readonly #agent = new Agent({ keepAlive: true, timeout: 4_000 })
  readonly #unwritten = new Map<string, string[]>()
  #routes: readonly Route[] = []
  #lua: LuaHost | null = null
  #turn = 0

  constructor() {
    setInterval(() => this.#write(), 100)
  }

  /** The next request goes by these. */
  follow({ virtual_hosts: [{ routes, typed_per_filter_config: config }] }: Routes): void {
    const before = this.#lua
    this.#lua = new LuaHost(config.serin_decide.source_code.inline_string)
    this.#routes = routes
    // What is under way in the old one ends first.
    setTimeout(() => before?.[Symbol.dispose](), 1_000)
  }

  /** Answers a request that came to a listener. */
  async answer(listener: Listener, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const began = performance.now()
    const door = /^serin_(preview|control)$/.exec(listener.name)?.[1] ?? ''
    const headers: (readonly [string, string])[] = []
    for (let i = 0; i < incoming.rawHeaders.length; i += 2)
      headers.push([(incoming.rawHeaders[i] ?? '').toLowerCase(), incoming.rawHeaders[i + 1] ?? ''])
    const pseudo = [
      [':method', incoming.method ?? ''],
      [':path', incoming.url ?? ''],
    ] as const
    const { remoteAddress, remotePort } = incoming.socket
    const did =
      (await this.#lua?.run({ door, address: `${remoteAddress}:${remotePort}`, headers: [...pseudo, ...headers] })) ??
      {}
    if (did.problem !== undefined) console.error(`[warning] script log: ${did.problem}`)
    const line: Line = { status: 0, flags: '-', headMs: null, host: null }
    const route = this.#routes.find((each) => fits(each, did, incoming))
    response.once('close', () => this.#log(listener, line, did, route, incoming, began))
    if (did.status !== undefined) {
      line.status = Number(did.status)
      response.end(did.body)
    } else if (route?.route === undefined) {
      line.status = route?.direct_response?.status ?? 404
      response.writeHead(line.status).end()
    } else await this.#pass(route, incoming, response, line, began)
  }

  async #pass(
    route: Route,
    incoming: IncomingMessage,
    response: ServerResponse,
    line: Line,
    began: number,
  ): Promise<void> {
    const copies = (this.clusters.get(route.route?.cluster ?? '') ?? []).filter(({ health }) => health !== 'DRAINING')
    const copy = copies[(this.#turn += 1) % Math.max(1, copies.length)]
    const fail = (flags: string): void => {
      line.flags = flags
      line.status = 503
      response.writeHead(503).end()
    }
    if (copy === undefined) return fail('UH')
    line.host = `${copy.address}:${copy.port}`
    copy.active += 1
    await new Promise<void>((resolve) => {
      response.once('close', resolve)
      const outgoing = request(
        {
          host: copy.address,
          port: copy.port,
          method: incoming.method,
          path: incoming.url,
          headers: incoming.headers,
          agent: this.#agent,
        },
        (answer) => {
          line.headMs = Math.round(performance.now() - began)
          line.status = answer.statusCode ?? 0
          response.writeHead(line.status, {
            ...answer.headers,
            ...Object.fromEntries(
              (route.response_headers_to_add ?? []).map(({ header }) => [header.key, header.value]),
            ),
            'x-request-id': incoming.headers['x-request-id'] ?? randomUUID(),
          })
          answer.pipe(response).on('error', () => {})
        },
      )
      outgoing.on('error', () => (response.headersSent ? response.destroy() : fail('UF')))
      response.once('close', () => outgoing.destroy())
      incoming.pipe(outgoing)
    })
    copy.active -= 1
  }

  #log(
    listener: Listener,
    line: Line,
    did: LuaDid,
    route: Route | undefined,
    incoming: IncomingMessage,
    began: number,
  ): void {
    const [{ filter, typed_config: config }] = listener.filter_chains[0].filters[0].typed_config.access_log
    // The one filter there is lets through what asks for the table.
    if (filter !== undefined && incoming.url?.startsWith('/table?') !== true) return
    if (!incoming.complete) line.flags = 'DC'
    const said: Readonly<Record<string, unknown>> = {
      '%DYNAMIC_METADATA(serin:decided)%': did.decided ?? null,
      '%DYNAMIC_METADATA(serin:mark)%': did.mark ?? null,
      '%RESPONSE_CODE%': line.status,
      '%RESPONSE_FLAGS%': line.flags,
      '%DURATION%': Math.round(performance.now() - began),
      '%RESPONSE_DURATION%': line.headMs,
      '%ROUTE_NAME%': route?.name ?? null,
      '%UPSTREAM_CLUSTER%': route?.route?.cluster ?? null,
      '%UPSTREAM_HOST%': line.host,
      '%REQ(X-REQUEST-ID)%': incoming.headers['x-request-id'] ?? null,
    }
    const fields = Object.entries(config.log_format.json_format).map(([key, format]) => [key, said[format]])
    const unwritten = this.#unwritten.get(config.path) ?? []
    this.#unwritten.set(config.path, [...unwritten, `${JSON.stringify(Object.fromEntries(fields))}\n`])
  }

  /** A path is opened anew each time, so that a renamed file is left as soon as somebody asks for it. */
  #write(): void {
    for (const [path, lines] of this.#unwritten) appendFileSync(path, lines.join(''))
    this.#unwritten.clear()
  }
}

function fits(
  { match: { headers = [], dynamic_metadata: metadata = [] } }: Route,
  did: LuaDid,
  incoming: IncomingMessage,
): boolean {
  return (
    headers.every(({ name, string_match: match }) => {
      const value = name === ':method' ? incoming.method : incoming.headers[name]
      if (match === undefined) return value !== undefined
      return new RegExp(`^(?:${match.safe_regex.regex})$`).test(String(value))
    }) && metadata.every(({ value }) => did.version === value.string_match.exact)
  )
}

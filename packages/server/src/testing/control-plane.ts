/** Real control planes for the server's tests: loopback, free ports, everything stopped and removed at the end. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request, type IncomingMessage, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startServer, type RunningServer, type ServerOptions } from '../server.ts'

/** An answer, read to its end. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
  /** The text as JSON, or undefined when it is none. */
  readonly json: unknown
}

/** What is sent besides the path. */
export interface Sent {
  readonly body?: unknown
  /** Sent as it is, whatever it is. */
  readonly raw?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
  /** Null sends none. */
  readonly token?: string | null
}

/** A test's own world: a data directory, servers that play versions, and a control plane over them. */
export class ControlPlane implements AsyncDisposable {
  readonly directory: string
  readonly lines: string[] = []
  readonly #servers: Server[] = []
  #running: RunningServer | null = null

  /** In a directory of its own under `parent`. */
  constructor(parent: string = tmpdir()) {
    this.directory = mkdtempSync(join(parent, 'serin-server-'))
  }

  get dataDirectory(): string {
    return join(this.directory, 'data')
  }

  get running(): RunningServer {
    if (this.#running === null) throw new Error('the control plane does not run')
    return this.#running
  }

  async start(options: Partial<ServerOptions> = {}): Promise<RunningServer> {
    this.#running = await startServer({
      dataDirectory: this.dataDirectory,
      port: 0,
      log: (line) => this.lines.push(line),
      ...options,
    })
    return this.#running
  }

  async stop(options: { readonly keep: boolean }): Promise<void> {
    const running = this.#running
    this.#running = null
    await running?.stop(options)
  }

  /** Starts a server that answers everything with the name of its version; returns its address. */
  async version(name: string): Promise<string> {
    return `http://127.0.0.1:${(await this.squatter(name)).port}`
  }

  /** Somebody else who listens on a port, until told to go or until the end of the test. */
  async squatter(says: string, port = 0): Promise<{ readonly port: number; readonly leave: () => Promise<void> }> {
    const server = createServer((_request, response) => response.end(says)).listen(port, '127.0.0.1')
    this.#servers.push(server)
    await once(server, 'listening')
    const leave = async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    }
    return { port: portOf(server), leave }
  }

  /** A release file with a service `shop` over two servers; `more` replaces fields of the service, written as YAML. */
  async file(more: Readonly<Record<string, string>> = {}): Promise<string> {
    const [v1, v2] = [await this.version('v1'), await this.version('v2')]
    const fields = {
      listen: '0',
      unit: '[{ header: x-user }]',
      workload: '{ kind: endpoints, ready: { every: 100ms } }',
      versions: `{ v1: { endpoints: ["${v1}"] }, v2: { endpoints: ["${v2}"] } }`,
      stable: 'v1',
      strategy: '{ kind: canary, steps: [{ weight: 10%, hold: 1h }, { weight: 50%, hold: 1h }] }',
      metrics: '{ errors: { kind: errors }, wrong: { kind: observation, role: monitor } }',
      ...more,
    }
    return `serin: v1\nservices:\n  shop:\n${Object.entries(fields)
      .map(([key, value]) => `    ${key}: ${value}\n`)
      .join('')}`
  }

  /** Applies the file and waits until its service serves. */
  async shop(more: Readonly<Record<string, string>> = {}): Promise<void> {
    const applied = await this.call('PUT', '/v1/file', { body: { text: await this.file(more), baseDirectory: '/' } })
    if (applied.status !== 200) throw new Error(applied.text)
    await this.until('the service serves', async () => {
      const { versions } = (await this.call('GET', '/v1/services/shop')).json as {
        versions: { name: string; inForceBp: number | null; workload: string }[]
      }
      return versions.some(({ inForceBp, workload }) => inForceBp === 10_000 && workload === 'ready')
    })
  }

  async call(method: string, path: string, sent: Sent = {}): Promise<Answer> {
    const { url, token } = this.running
    return await send(`${url}${path}`, method, { token, ...sent })
  }

  /** Waits until something is so; fails when it is not within a minute. */
  async until(what: string, so: () => boolean | Promise<boolean>): Promise<void> {
    const end = performance.now() + 60_000
    while (!(await so())) {
      if (performance.now() > end) throw new Error(`not so within a minute: ${what}`)
      await sleep(20)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop({ keep: false })
    for (const server of this.#servers) {
      server.close()
      server.closeAllConnections()
    }
    rmSync(this.directory, { recursive: true, force: true })
  }
}

/** A request over a connection of its own. */
export async function send(url: string, method: string, { body, raw, headers, token }: Sent): Promise<Answer> {
  const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body))
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(url, {
      method,
      agent: false,
      headers: {
        ...(token == null ? {} : { authorization: `Bearer ${token}` }),
        ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
    })
    outgoing.on('response', resolve).on('error', reject)
    outgoing.end(payload)
  })
  let text = ''
  for await (const chunk of answer.setEncoding('utf8')) text += String(chunk)
  return { status: answer.statusCode ?? 0, headers: answer.headers, text, json: parsed(text) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

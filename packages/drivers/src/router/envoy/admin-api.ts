import { SerinError } from '@serin/spec'
import { request } from 'node:http'

const answerWithinMs = 5_000

/** A copy of a version as Envoy says it has it. */
export interface SeenHost {
  readonly cluster: string
  readonly address: string
  readonly port: number
  readonly draining: boolean
  /** Requests under way. */
  readonly active: number
}

/** The versions of what Envoy has taken; null where it has taken nothing. */
export interface Taken {
  readonly listeners: string | null
  readonly clusters: string | null
  readonly routes: string | null
  /** Clusters that requests can be sent to. */
  readonly ready: ReadonlySet<string>
  /** Listeners that take connections. */
  readonly listening: ReadonlySet<string>
}

/** What an Envoy that runs says of itself, over its admin socket. */
export class AdminApi {
  readonly #socketPath: string

  constructor(socketPath: string) {
    this.#socketPath = socketPath
  }

  /** Whether it has read what it was started with. Rejects when it does not answer. */
  async isReady(signal: AbortSignal): Promise<boolean> {
    return (await this.#call('GET', '/ready', signal)).status === 200
  }

  /** The copies it has, and what each has under way. */
  async hosts(signal: AbortSignal): Promise<readonly SeenHost[]> {
    const all = await this.#json('/clusters?format=json', signal)
    return listOf(all, 'cluster_statuses').flatMap((status) =>
      listOf(status, 'host_statuses').map((host) => hostOf(textOf(status, 'name') ?? '', host)),
    )
  }

  /** Which of the files that Serin writes it has taken. */
  async taken(signal: AbortSignal): Promise<Taken> {
    const configs = listOf(await this.#json('/config_dump', signal), 'configs')
    const dump = (kind: string): unknown => configs.find((config) => textOf(config, '@type')?.endsWith(kind) === true)
    const [listeners, clusters, routes] = ['.ListenersConfigDump', '.ClustersConfigDump', '.RoutesConfigDump'].map(dump)
    const active = listOf(listeners, 'dynamic_listeners').filter((each) => fieldOf(each, 'active_state') !== undefined)
    return {
      listeners: textOf(listeners, 'version_info') ?? null,
      clusters: textOf(clusters, 'version_info') ?? null,
      routes: textOf(listOf(routes, 'dynamic_route_configs')[0], 'version_info') ?? null,
      ready: new Set(
        listOf(clusters, 'dynamic_active_clusters').flatMap((each) => textOf(fieldOf(each, 'cluster'), 'name') ?? []),
      ),
      listening: new Set(active.flatMap((each) => textOf(each, 'name') ?? [])),
    }
  }

  /** Takes no new connection, and lets the others finish. */
  async drain(signal: AbortSignal): Promise<void> {
    await this.#call('POST', '/drain_listeners', signal)
  }

  /** Writes its log into a new file from now on. */
  async reopenLogs(signal: AbortSignal): Promise<void> {
    await this.#call('POST', '/reopen_logs', signal)
  }

  async #json(path: string, signal: AbortSignal): Promise<unknown> {
    const { status, text } = await this.#call('GET', path, signal)
    try {
      if (status === 200) return JSON.parse(text)
    } catch {
      // Said below.
    }
    throw new SerinError('gateway.failed', `The Envoy that runs answers ${path} with what Serin cannot read.`)
  }

  async #call(
    method: string,
    path: string,
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)])
    try {
      return await new Promise((resolve, reject) => {
        const outgoing = request({ socketPath: this.#socketPath, method, path, agent: false, signal: limited })
        outgoing.on('error', reject)
        outgoing.on('response', (answer) => {
          let text = ''
          answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text })).on('error', reject)
        })
        outgoing.end()
      })
    } catch (cause) {
      signal.throwIfAborted()
      throw new SerinError('gateway.unreachable', `Envoy does not answer on ${this.#socketPath}.`, { cause })
    }
  }
}

/** Envoy leaves out what is zero, writes large numbers as texts, and calls what drains unhealthy. */
function hostOf(cluster: string, host: unknown): SeenHost {
  const socket = fieldOf(fieldOf(host, 'address'), 'socket_address')
  const active = listOf(host, 'stats').find((stat) => textOf(stat, 'name') === 'rq_active')
  return {
    cluster,
    address: textOf(socket, 'address') ?? '',
    port: Number(fieldOf(socket, 'port_value') ?? 0),
    draining: ['DRAINING', 'UNHEALTHY'].includes(textOf(fieldOf(host, 'health_status'), 'eds_health_status') ?? ''),
    active: Number(fieldOf(active, 'value') ?? 0),
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? new Map<string, unknown>(Object.entries(value)).get(name)
    : undefined
}

function textOf(value: unknown, name: string): string | undefined {
  const field = fieldOf(value, name)
  return typeof field === 'string' ? field : undefined
}

function listOf(value: unknown, name: string): readonly unknown[] {
  const field = fieldOf(value, name)
  return Array.isArray(field) ? field : []
}

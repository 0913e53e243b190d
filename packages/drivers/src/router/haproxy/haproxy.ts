import type { RoutingTable } from '@serin/core'
import { writeAtomically } from '@serin/gateway'
import { SerinError } from '@serin/spec'
import { createHash } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { addressesOf, numberOf, startedAt, urlsOf } from '../proxy/addresses.ts'
import type { Addresses } from '../proxy/addresses.ts'
import { ControlClient } from '../proxy/control-client.ts'
import { decideScript } from '../proxy/decide-script.ts'
import { Daemon, programOf } from '../proxy/daemon.ts'
import type { InFlight, InForce, Proxy, ProxyContext } from '../proxy/driven.ts'
import { hasItsShares, inForceOf } from '../proxy/in-force.ts'
import { fileNames, haproxyConfig } from './render.ts'
import { RuntimeApi } from './runtime-api.ts'
import type { Stat } from './runtime-api.ts'
import { backends, isSettled, seated, serversOf, steps } from './servers.ts'
import type { Server } from './servers.ts'
import { readState } from './state.ts'
import type { HaproxyState } from './state.ts'
import { tableMap } from './table-map.ts'
import type { Entry } from './table-map.ts'

const startWithinMs = 15_000
/** A socket's path may have 107 bytes, and HAProxy needs some for a name while it begins. */
const longestDirectory = 75
const stateFile = 'haproxy.json'
const decideFile = new URL('decide.lua', import.meta.url)

/** The HAProxy of a service. */
export class Haproxy implements Proxy {
  readonly product = 'HAProxy'
  readonly #context: ProxyContext
  readonly #directory: string
  readonly #daemon: Daemon
  readonly #control: ControlClient
  readonly #api: RuntimeApi
  readonly #decide: string
  #state: HaproxyState
  /** One of another Serin that still runs: the next takes over from it. */
  #predecessor: number | null = null
  #released = false

  private constructor(context: ProxyContext, state: HaproxyState, decide: string) {
    const { service, stateDirectory: directory, command } = context
    const config = join(directory, fileNames.config)
    this.#context = context
    this.#directory = directory
    this.#state = state
    this.#decide = decide
    this.#daemon = new Daemon({
      service,
      product: 'HAProxy',
      command: programOf('haproxy', service, command),
      pidFile: join(directory, fileNames.pid),
      isOurs: (title) => title.includes(` -f ${config} `),
      softly: 'SIGUSR1',
    })
    this.#control = new ControlClient('HAProxy', join(directory, fileNames.control))
    this.#api = new RuntimeApi(join(directory, fileNames.admin))
  }

  /** What an earlier control plane left, or a beginning. Nothing is started. */
  static async find(context: ProxyContext): Promise<Haproxy> {
    const { stateDirectory, listen, preview, workers = 1 } = context
    if (Buffer.byteLength(stateDirectory) > longestDirectory)
      throw new SerinError('gateway.failed', `HAProxy cannot have sockets in a path as long as ${stateDirectory}.`)
    await mkdir(stateDirectory, { recursive: true, mode: 0o700 })
    const decide = await decideScript(decideFile)
    const told = addressesOf(listen, preview)
    const shape = haproxyConfig([], { directory: stateDirectory, threads: workers, ...told })
    const program = createHash('sha256').update(decide).update(shape).digest('hex')
    const empty: HaproxyState = { told, ...told, program, table: null, seats: {}, servers: [], past: [] }
    const before = await readState(join(stateDirectory, stateFile))
    if (before === null) return new Haproxy(context, empty, decide)
    if (before.program === program) return new Haproxy(context, before, decide)
    const same = JSON.stringify(before.told) === JSON.stringify(told)
    const found = new Haproxy(context, { ...before, program, ...(same ? {} : { told, ...told }) }, decide)
    found.#predecessor = await found.#daemon.pid()
    return found
  }

  get table(): RoutingTable | null {
    return this.#state.table
  }

  get addresses(): ReturnType<typeof urlsOf> {
    return urlsOf(this.#state)
  }

  /** Starts it when it does not run, with the table it had. */
  async ensure(): Promise<void> {
    if (this.#released)
      throw new SerinError('gateway.unreachable', `The HAProxy of ${this.#context.service} was released.`)
    if (this.#predecessor === null && (await this.#daemon.pid()) !== null) return
    const addresses = await startedAt(this.#state, this.#state.told, async (tried) => await this.#start(tried))
    await this.#keep({ ...this.#state, ...addresses, past: [] })
  }

  /** Asks which table is in force, and measures what it does; compares its map and servers with those of the table. */
  async inForce(signal: AbortSignal, mark = ''): Promise<InForce> {
    return await inForceOf(this.#control, () => this.#state, {
      signal,
      mark,
      isAsWritten: async (measured) => {
        const stats = await this.#api.stats(signal)
        return (
          hasItsShares(measured) &&
          isSettled(measured.state.servers, runningOf(stats)) &&
          closedOf(stats).length === 0 &&
          isSameMap(await this.#api.map(this.#mapFile, signal), this.#map(measured.table, this.#state.seats))
        )
      },
    })
  }

  /** What it has under way, also at servers that left the table. */
  async inFlight(signal: AbortSignal): Promise<InFlight> {
    const byVersion: Record<string, number> = {}
    const byEndpoint: Record<string, number> = {}
    const stats = new Map(runningOf(await this.#api.stats(signal)).map((stat) => [pathOf(stat), stat.current]))
    for (const server of [...this.#state.servers, ...this.#state.past]) {
      const count = stats.get(pathOf(server)) ?? 0
      stats.delete(pathOf(server))
      if (count === 0) continue
      byEndpoint[server.endpoint] = (byEndpoint[server.endpoint] ?? 0) + count
      byVersion[server.version] = (byVersion[server.version] ?? 0) + count
    }
    return { byVersion, byEndpoint }
  }

  /** New servers first, then the table in one step, then the servers that nothing is sent to any more. */
  async apply(table: RoutingTable, signal: AbortSignal): Promise<void> {
    const { seats, servers } = await this.#seat(table, signal)
    const stats = await this.#api.stats(signal)
    const running = runningOf(stats)
    const { add, before, after, remove } = steps(servers, running)
    try {
      for (const server of add) await this.#api.addServer(server, signal)
      for (const command of before) await this.#api.command(command, corrected, signal)
      await this.#api.replaceMap(this.#mapFile, this.#map(table, seats), signal)
    } catch (error) {
      for (const server of add) await this.#remove(pathOf(server), signal)
      throw error
    }
    const gone = [...this.#state.servers, ...this.#state.past].filter((old) => !has(servers, old) && has(running, old))
    await this.#keep({ ...this.#state, table, seats, servers, past: gone })
    for (const name of closedOf(stats)) await this.#api.command(`enable frontend ${name}`, quiet, signal)
    for (const command of after) await this.#api.command(command, quiet, signal)
    for (const path of remove) await this.#remove(path, signal)
  }

  /** Lets it finish, ends it, and removes its files. */
  async release(drainMs: number, signal: AbortSignal): Promise<void> {
    this.#released = true
    await this.#daemon.stop(drainMs, signal)
    for (const name of [...Object.values(fileNames), stateFile]) await rm(join(this.#directory, name), { force: true })
  }

  get #mapFile(): string {
    return join(this.#directory, fileNames.map)
  }

  #map(table: RoutingTable, seats: HaproxyState['seats']): readonly Entry[] {
    return tableMap(table, (version) => seats[version] ?? 0)
  }

  async #seat(table: RoutingTable, signal: AbortSignal): Promise<Pick<HaproxyState, 'seats' | 'servers'>> {
    const busy = runningOf(await this.#api.stats(signal)).map(({ backend }) => backend)
    const versions = table.arms.map(({ version }) => version)
    const seats = seated(versions, this.#state.seats, busy)
    if (seats === undefined)
      throw new SerinError(
        'gateway.failed',
        `HAProxy can have ${backends} versions of ${table.service} at once, and ${versions.length} are asked for.`,
      )
    const endpoints = [...new Set(table.arms.flatMap((arm) => arm.endpoints))]
    const found = await Promise.all(endpoints.map(async (each) => [each, await resolved(each)] as const))
    const addresses = new Map(found)
    return { seats, servers: serversOf(table, seats, (endpoint) => addresses.get(endpoint) ?? '') }
  }

  /** A server can only be removed when nothing of it is left; else the next table tries again. */
  async #remove(path: string, signal: AbortSignal): Promise<void> {
    await this.#api.command(`set server ${path} state maint`, anything, signal)
    await this.#api.command(`del server ${path}`, anything, signal)
  }

  async #start(addresses: Addresses): Promise<void> {
    const { service, workers = 1 } = this.#context
    const { table, seats, servers } = this.#state
    const before = this.#predecessor
    // A killed HAProxy leaves its sockets behind; those of one that runs are taken over.
    for (const name of before === null ? [fileNames.admin, fileNames.control, fileNames.pid] : [])
      await rm(join(this.#directory, name), { force: true })
    const map = table === null ? [] : this.#map(table, seats)
    await writeAtomically(this.#mapFile, map.map(([key, value]) => `${key} ${value}\n`).join(''))
    await writeAtomically(join(this.#directory, fileNames.decide), this.#decide)
    const config = join(this.#directory, fileNames.config)
    await writeAtomically(
      config,
      haproxyConfig(servers, { directory: this.#directory, threads: workers, ...addresses }),
    )
    // It is handed the open ports, so that nobody is refused; the one before goes on with what it has, and with nothing new.
    const takeOver = before === null ? [] : ['-x', join(this.#directory, fileNames.admin), '-sf', String(before)]
    const said = await this.#daemon.run(['-D', '-f', config, '-p', join(this.#directory, fileNames.pid), ...takeOver])
    if (said !== null) throw refusal(service, said)
    if (before !== null) this.#daemon.endLater(before, this.#context.spec.drain)
    this.#predecessor = null
    const deadline = performance.now() + startWithinMs
    while (!(await this.#answers())) {
      if (performance.now() > deadline)
        throw new SerinError('gateway.failed', `The HAProxy of ${service} did not come up.`)
      await sleep(10)
    }
  }

  async #answers(): Promise<boolean> {
    if ((await this.#daemon.pid()) === null) return false
    return await this.#control.table(AbortSignal.timeout(startWithinMs)).then(
      () => true,
      () => false,
    )
  }

  async #keep(state: HaproxyState): Promise<void> {
    await writeAtomically(join(this.#directory, stateFile), `${JSON.stringify(state)}\n`)
    this.#state = state
  }
}

const quiet = /^$/
/** It says what it changed, or that there was nothing to change. */
const corrected = /^$|changed|no need/
const anything = /^/

function refusal(service: string, said: string): SerinError {
  const taken = /cannot bind socket \(Address already in use\)[^[]*\[([^\]]+)\]/.exec(said)?.[1]
  if (taken !== undefined)
    return new SerinError(
      'gateway.port-in-use',
      `The HAProxy of ${service} cannot listen on ${taken}: something else does.`,
      { details: { listen: taken } },
    )
  const alerts = said.split('\n').filter((line) => line.startsWith('[ALERT]'))
  const complaint = (alerts[0] ?? said).replace(/^\[ALERT\]\s+\(\d+\)\s+:\s+/, '')
  return new SerinError('gateway.failed', `The HAProxy of ${service} could not be started: ${complaint}`)
}

type RunningServer = Stat & { readonly backend: string }

function runningOf(stats: readonly Stat[]): readonly RunningServer[] {
  return stats
    .filter(({ proxy, name }) => /^serin_\d+$/.test(proxy) && name !== 'BACKEND')
    .map((stat) => ({ ...stat, backend: stat.proxy }))
}

/** Frontends that somebody closed. */
function closedOf(stats: readonly Stat[]): readonly string[] {
  return stats.filter(({ name, status }) => name === 'FRONTEND' && status !== 'OPEN').map(({ proxy }) => proxy)
}

function pathOf({ backend, name }: Pick<Server, 'backend' | 'name'>): string {
  return `${backend}/${name}`
}

function has(servers: readonly Pick<Server, 'backend' | 'name'>[], one: Server): boolean {
  return servers.some((server) => pathOf(server) === pathOf(one))
}

function isSameMap(seen: readonly Entry[], wanted: readonly Entry[]): boolean {
  const known = new Map(seen)
  return seen.length === wanted.length && wanted.every(([key, value]) => known.get(key) === value)
}

/** HAProxy takes servers by number while it runs. */
async function resolved(endpoint: string): Promise<string> {
  const { address, port } = await numberOf(endpoint, 'HAProxy')
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

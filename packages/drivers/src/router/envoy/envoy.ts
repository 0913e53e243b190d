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
import type { InFlight, InForce, Proxy, ProxyContext } from '../proxy/driven.ts'
import { hasItsShares, inForceOf } from '../proxy/in-force.ts'
import { AdminApi } from './admin-api.ts'
import { EnvoyProcess, refuseTaken } from './envoy-process.ts'
import { activeOf, hostsOf, isSettled, joined, parted } from './hosts.ts'
import { bootstrap, fileNames, listeners } from './listeners.ts'
import { readState } from './state.ts'
import type { EnvoyState } from './state.ts'
import { XdsFiles } from './xds-files.ts'
import type { Wanted } from './xds-files.ts'

const inForceWithinMs = 15_000
/** A socket's path may have 107 bytes. */
const longestDirectory = 90
const stateFile = 'envoy.json'

/** The Envoy of a service. */
export class Envoy implements Proxy {
  readonly product = 'Envoy'
  readonly #context: ProxyContext
  readonly #directory: string
  readonly #process: EnvoyProcess
  readonly #control: ControlClient
  readonly #admin: AdminApi
  readonly #files: XdsFiles
  #state: EnvoyState
  #released = false

  private constructor(context: ProxyContext, state: EnvoyState) {
    const { service, stateDirectory: directory, command, workers = 1 } = context
    const at = (name: keyof typeof fileNames): string => join(directory, fileNames[name])
    this.#context = context
    this.#directory = directory
    this.#state = state
    this.#process = new EnvoyProcess({
      service,
      command,
      bootstrapFile: at('bootstrap'),
      pidFile: at('pid'),
      logFile: at('log'),
      threads: workers,
    })
    this.#control = new ControlClient('Envoy', at('control'))
    this.#admin = new AdminApi(at('admin'))
    this.#files = new XdsFiles(directory)
  }

  /** What an earlier control plane left, or a beginning. Nothing is started. */
  static async find(context: ProxyContext): Promise<Envoy> {
    const { service, stateDirectory, listen, preview, workers = 1 } = context
    if (Buffer.byteLength(stateDirectory) > longestDirectory)
      throw new SerinError('gateway.failed', `Envoy cannot have sockets in a path as long as ${stateDirectory}.`)
    await mkdir(stateDirectory, { recursive: true, mode: 0o700 })
    const told = addressesOf(listen, preview)
    const shape = [workers, bootstrap(service, stateDirectory), listeners(told, stateDirectory)]
    const program = createHash('sha256').update(JSON.stringify(shape)).digest('hex')
    const before = await readState(join(stateDirectory, stateFile))
    if (before === null) return new Envoy(context, { told, ...told, program, table: null, hosts: [] })
    if (before.program === program) return new Envoy(context, before)
    const same = JSON.stringify(before.told) === JSON.stringify(told)
    const found = new Envoy(context, { ...before, program, ...(same ? {} : { told, ...told }) })
    await found.#process.stop(new AbortController().signal)
    return found
  }

  get table(): RoutingTable | null {
    return this.#state.table
  }

  get addresses(): ReturnType<typeof urlsOf> {
    return urlsOf(this.#state)
  }

  /** Makes it go on with its log in a new file. */
  async reopenLog(): Promise<void> {
    await this.#admin.reopenLogs(AbortSignal.timeout(inForceWithinMs))
  }

  /** Starts it when it does not run, with the table it had. */
  async ensure(): Promise<void> {
    if (this.#released)
      throw new SerinError('gateway.unreachable', `The Envoy of ${this.#context.service} was released.`)
    if ((await this.#process.pid()) !== null) return
    const hosts = this.#state.hosts.filter(({ leaving }) => !leaving)
    const addresses = await startedAt(
      this.#state,
      this.#state.told,
      async (tried) => await this.#start({ table: this.#state.table, hosts }, tried),
    )
    await this.#keep({ ...this.#state, ...addresses, hosts })
  }

  /** Asks which table is in force, and measures what it does; compares what it has taken, and its copies, with what Serin wrote. */
  async inForce(signal: AbortSignal, mark = ''): Promise<InForce> {
    return await inForceOf(this.#control, () => this.#state, {
      signal,
      mark,
      isAsWritten: async (measured) =>
        hasItsShares(measured) &&
        isSettled(measured.state.hosts, await this.#admin.hosts(signal)) &&
        (await this.#files.isAsWritten(await this.#admin.taken(signal), this.#state, await numbered(this.#state))),
    })
  }

  /** What it has under way, also at copies that left the table. */
  async inFlight(signal: AbortSignal): Promise<InFlight> {
    const byVersion: Record<string, number> = {}
    const byEndpoint: Record<string, number> = {}
    for (const [{ version, endpoint }, count] of activeOf(this.#state.hosts, await this.#admin.hosts(signal))) {
      if (count === 0) continue
      byEndpoint[endpoint] = (byEndpoint[endpoint] ?? 0) + count
      byVersion[version] = (byVersion[version] ?? 0) + count
    }
    return { byVersion, byEndpoint }
  }

  /** New copies first, then the table in one step, then the copies that nothing is sent to any more. */
  async apply(table: RoutingTable, signal: AbortSignal): Promise<void> {
    const before = this.#state
    const endpoints = [...new Set(table.arms.flatMap((arm) => arm.endpoints))]
    const found = await Promise.all(endpoints.map(async (each) => [each, await numberOf(each, 'Envoy')] as const))
    const numbers = new Map(found)
    const wanted = hostsOf(table, (endpoint) => numbers.get(endpoint) ?? { address: '', port: 0 })
    const both = joined(before.hosts, wanted)
    try {
      await this.#settle({ table, hosts: both }, signal)
      await this.#change(
        async () => await this.#files.writeRoutes({ table, hosts: both }),
        async () => await this.#follows(table, signal),
        signal,
      )
    } catch (error) {
      await this.#files.writeRoutes(before)
      await this.#files.writeClusters(before)
      throw error
    }
    const hosts = parted(both, wanted, await this.#admin.hosts(signal))
    await this.#keep({ ...this.#state, table, hosts })
    await this.#settle({ table, hosts }, signal)
    await this.#files.writeListeners(await numbered(this.#state))
    await this.#files.forgetOthers({ table, hosts })
  }

  /** Lets it finish, ends it, and removes its files. */
  async release(drainMs: number, signal: AbortSignal): Promise<void> {
    this.#released = true
    if ((await this.#process.pid()) !== null) await this.#drain(drainMs, signal).catch(() => {})
    await this.#process.stop(signal)
    for (const name of [...Object.values(fileNames), stateFile, placeFile, 'xds', `${fileNames.evidence}.old`])
      await rm(join(this.#directory, name), { recursive: true, force: true })
  }

  /** Resolves when it has these copies in these clusters. */
  async #settle(wanted: Wanted, signal: AbortSignal): Promise<void> {
    await this.#change(
      async () => await this.#files.writeClusters(wanted),
      async () =>
        this.#files.hasClusters(await this.#admin.taken(signal), wanted) &&
        isSettled(wanted.hosts, await this.#admin.hosts(signal)),
      signal,
    )
  }

  /** Each worker takes a table by itself, and each connection comes to one of them: as many as may be asked have to say the same. */
  async #follows(table: RoutingTable, signal: AbortSignal): Promise<boolean> {
    const { workers = 1 } = this.#context
    for (let asked = 0; asked < (workers === 1 ? 1 : workers * 4); asked += 1)
      if ((await this.#control.table(signal)).revision !== table.revision) return false
    return true
  }

  /** Writes, and looks until it is so. Rejects with what Envoy says against it. */
  async #change(write: () => Promise<void>, isSo: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
    const since = (await this.#process.logged()).length
    await write()
    const deadline = performance.now() + inForceWithinMs
    while (!(await isSo())) {
      const said = await this.#process.complaint(since)
      if (said !== null || performance.now() > deadline)
        throw new SerinError(
          'gateway.failed',
          `The Envoy of ${this.#context.service} did not take what it was told: ${said ?? `see ${join(this.#directory, fileNames.log)}`}`,
        )
      await sleep(10)
      signal.throwIfAborted()
    }
  }

  async #start(wanted: Wanted, addresses: Addresses): Promise<void> {
    const { service } = this.#context
    const numbers = await numbered(addresses)
    await refuseTaken(service, numbers)
    // A killed Envoy leaves its sockets behind.
    for (const name of [fileNames.admin, fileNames.control]) await rm(join(this.#directory, name), { force: true })
    await this.#files.writeClusters(wanted)
    await this.#files.writeRoutes(wanted)
    await this.#files.writeListeners(numbers)
    const text = `${JSON.stringify(bootstrap(service, this.#directory), null, 2)}\n`
    await writeAtomically(join(this.#directory, fileNames.bootstrap), text)
    await this.#process.start(async () => await this.#isUp(wanted, numbers))
  }

  async #isUp(wanted: Wanted, addresses: Addresses): Promise<boolean> {
    const signal = AbortSignal.timeout(inForceWithinMs)
    try {
      return (
        (await this.#admin.isReady(signal)) &&
        (await this.#files.isAsWritten(await this.#admin.taken(signal), wanted, addresses)) &&
        (await this.#control.table(signal)).revision === (wanted.table?.revision ?? null)
      )
    } catch {
      return false
    }
  }

  async #drain(drainMs: number, signal: AbortSignal): Promise<void> {
    await this.#admin.drain(signal)
    const deadline = performance.now() + drainMs
    while (performance.now() < deadline && !signal.aborted) {
      if ((await this.#admin.hosts(signal)).every(({ active }) => active === 0)) return
      await sleep(20)
    }
  }

  async #keep(state: EnvoyState): Promise<void> {
    await writeAtomically(join(this.#directory, stateFile), `${JSON.stringify(state)}\n`)
    this.#state = state
  }
}

/** Up to where the log was read. */
export const placeFile = 'evidence.json'

/** Envoy listens on numbers only. */
async function numbered({ listen, preview }: Addresses): Promise<Addresses> {
  const told = async (address: string): Promise<string> => {
    const { address: host, port } = await numberOf(`http://${address}`, 'Envoy')
    return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  }
  return { listen: await told(listen), preview: preview === null ? null : await told(preview) }
}

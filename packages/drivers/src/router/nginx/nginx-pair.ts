import type { RoutingTable } from '@serin/core'
import { writeAtomically } from '@serin/gateway'
import { SerinError } from '@serin/spec'
import { randomBytes } from 'node:crypto'
import { accessSync, constants } from 'node:fs'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ControlClient } from './control-client.ts'
import type { NginxContext } from './driver.ts'
import type { Route } from './in-flight.ts'
import { NginxMaster } from './nginx-master.ts'
import { frontConfig, serverOf, socketNames, splitConfig } from './render.ts'
import type { Setting } from './render.ts'
import { readState } from './state.ts'
import type { NginxState } from './state.ts'

const inForceWithinMs = 15_000
/** A socket's path may have 107 bytes. */
const longestDirectory = 90
const places = ['/usr/sbin', '/usr/local/sbin', '/usr/local/nginx/sbin', '/opt/nginx/sbin']

/** What nginx does now, asked of nginx itself. */
export interface InForce {
  readonly revision: number | null
  /** Measured, not read. */
  readonly weights: Readonly<Record<string, number>>
  /** Whether file and shares are those that Serin wrote. */
  readonly asWritten: boolean
}

/** The two nginx of a service: the front, which stays as it is, and the one behind it, which follows the table. */
export class NginxPair {
  readonly #context: NginxContext
  readonly #directory: string
  readonly #front: NginxMaster
  readonly #split: NginxMaster
  readonly #control: ControlClient
  #state: NginxState
  #released = false

  private constructor(context: NginxContext, state: NginxState) {
    const { service, stateDirectory: directory } = context
    const command = commandOf(context)
    this.#context = context
    this.#directory = directory
    this.#state = state
    this.#front = new NginxMaster({ service, command, directory, name: 'front' })
    this.#split = new NginxMaster({ service, command, directory, name: 'split' })
    this.#control = new ControlClient(join(directory, socketNames.control))
  }

  /** What an earlier control plane left, or a beginning. Nothing is started. */
  static async find(context: NginxContext): Promise<NginxPair> {
    const { stateDirectory, listen, preview } = context
    if (Buffer.byteLength(stateDirectory) > longestDirectory)
      throw new SerinError('gateway.failed', `nginx cannot have sockets in a path as long as ${stateDirectory}.`)
    await mkdir(stateDirectory, { recursive: true, mode: 0o700 })
    const told = { listen: hostAndPort(listen), preview: preview === undefined ? null : hostAndPort(preview) }
    const before = await readState(join(stateDirectory, 'nginx.json'))
    const empty: NginxState = {
      told,
      ...told,
      evidencePort: 0,
      evidenceKey: randomBytes(16).toString('hex'),
      table: null,
      past: [],
    }
    if (before === null) return new NginxPair(context, empty)
    if (JSON.stringify(before.told) === JSON.stringify(told)) return new NginxPair(context, before)
    const pair = new NginxPair(context, { ...before, told, ...told })
    await pair.#front.stop(0, new AbortController().signal)
    return pair
  }

  get table(): RoutingTable | null {
    return this.#state.table
  }

  /** Where the evidence goes by now; 0: nowhere yet. */
  get evidencePort(): number {
    return this.#state.evidencePort
  }

  /** What every line of evidence has to name. */
  get evidenceKey(): string {
    return this.#state.evidenceKey
  }

  get addresses(): { readonly address: string; readonly previewAddress?: string } {
    const { listen, preview } = this.#state
    return { address: `http://${listen}`, ...(preview === null ? {} : { previewAddress: `http://${preview}` }) }
  }

  /** Addresses that requests may be under way to. */
  get routes(): readonly Route[] {
    return routesOf(this.#state.table, this.#state.past)
  }

  /** Starts what does not run, with the table it had. */
  async ensure(evidencePort: number): Promise<void> {
    if (this.#released)
      throw new SerinError('gateway.unreachable', `The nginx of ${this.#context.service} was released.`)
    const moved = evidencePort !== this.#state.evidencePort
    if (moved) await this.#keep({ ...this.#state, evidencePort })
    if ((await this.#split.pid()) === null) await this.#startSplit()
    else if (moved) await this.#reload(this.#state.table, AbortSignal.timeout(inForceWithinMs))
    if ((await this.#front.pid()) === null) await this.#startFront()
  }

  /** Asks which table is in force, and measures what it does. */
  async inForce(signal: AbortSignal, mark = ''): Promise<InForce> {
    const { revision, arms } = await this.#control.table(signal, mark)
    const { table } = this.#state
    if (revision === null || table === null)
      return { revision, weights: {}, asWritten: revision === (table?.revision ?? null) }
    const told = arms.map(([version, weightBp]) => ({ version, weightBp, endpoints: [] }))
    const weights = await this.#control.weights({ salt: table.salt, arms: told }, signal)
    const same = arms.every(([version, weightBp]) => weights[version] === weightBp)
    const file = await readFile(this.#split.conf, 'utf8').catch(() => '')
    return { revision, weights, asWritten: same && file === splitConfig(table, this.#setting) }
  }

  /** Workers that take no new request and have not finished yet. */
  async leaving(): Promise<readonly number[]> {
    return (await this.#split.workers()).filter(({ leaving }) => leaving).map(({ pid }) => pid)
  }

  /** Puts a table in force, or leaves everything as it was and says why. */
  async apply(table: RoutingTable, signal: AbortSignal): Promise<void> {
    const before = this.#state
    await this.#reload(table, signal)
    const past = (await this.leaving()).length === 0 ? [] : routesOf(before.table, before.past)
    await this.#keep({ ...this.#state, table, past })
  }

  /** Ends both, the front first, and removes their files. */
  async release(drainMs: number, signal: AbortSignal): Promise<void> {
    this.#released = true
    await this.#front.stop(drainMs, signal)
    await this.#split.stop(drainMs, signal)
    const names = ['nginx.json', 'nginx.log', ...Object.values(socketNames)]
    const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    for (const name of [...names, ...folders]) await rm(join(this.#directory, name), { recursive: true, force: true })
  }

  get #setting(): Setting {
    const { workers = 1 } = this.#context
    const user = process.getuid?.() === 0 ? 'root' : null
    const { evidencePort, evidenceKey } = this.#state
    return { directory: this.#directory, workers, user, evidencePort, evidenceKey }
  }

  async #startSplit(): Promise<void> {
    // A killed nginx leaves its sockets behind, and nothing can listen there then.
    for (const name of Object.values(socketNames)) await rm(join(this.#directory, name), { force: true })
    await writeAtomically(this.#split.conf, splitConfig(this.#state.table, this.#setting))
    await this.#split.start()
  }

  /** Clients know the addresses: a free port that was taken once is taken again, and another only when somebody else has it. */
  async #startFront(): Promise<void> {
    const { told } = this.#state
    for (let attempt = 0; ; attempt += 1) {
      const { listen, preview } = attempt === 0 ? this.#state : told
      const addresses = { listen: await withPort(listen), preview: preview === null ? null : await withPort(preview) }
      await writeAtomically(this.#front.conf, frontConfig(addresses, this.#setting))
      try {
        await this.#front.start()
        await this.#keep({ ...this.#state, ...addresses })
        return
      } catch (error) {
        const free = told.listen.endsWith(':0') || told.preview?.endsWith(':0') === true
        if (!free || attempt === 2 || !(error instanceof SerinError) || error.code !== 'gateway.port-in-use')
          throw error
      }
    }
  }

  /**
   * nginx checks the new configuration before it is put in place. It is in force when every worker is either new or takes no request any more: a
   * worker says of itself that it is shutting down before it stops listening, and accepts nothing after that.
   */
  async #reload(table: RoutingTable | null, signal: AbortSignal): Promise<void> {
    const next = `${this.#split.conf}.next`
    await writeAtomically(next, splitConfig(table, this.#setting))
    const refusal = await this.#split.refusalOf(next)
    if (refusal !== null) {
      await rm(next, { force: true })
      throw new SerinError('gateway.failed', `nginx refuses the configuration of ${this.#context.service}: ${refusal}`)
    }
    const before = await readFile(this.#split.conf, 'utf8').catch(() => '')
    const old = new Set((await this.#split.workers()).map(({ pid }) => pid))
    await rename(next, this.#split.conf)
    await this.#split.reload()
    const deadline = performance.now() + inForceWithinMs
    while (!(await this.#follows(old, table, signal))) {
      if (performance.now() > deadline) {
        await writeAtomically(this.#split.conf, before)
        throw new SerinError(
          'gateway.failed',
          `The nginx of ${this.#context.service} did not take the new configuration. Its log: ${this.#directory}/nginx.log`,
        )
      }
      await sleep(5)
      signal.throwIfAborted()
    }
  }

  async #follows(old: ReadonlySet<number>, table: RoutingTable | null, signal: AbortSignal): Promise<boolean> {
    const workers = await this.#split.workers()
    const remains = workers.some(({ pid, leaving }) => old.has(pid) && !leaving)
    if (remains || workers.every(({ leaving }) => leaving)) return false
    return (await this.#control.table(signal)).revision === (table?.revision ?? null)
  }

  async #keep(state: NginxState): Promise<void> {
    await writeAtomically(join(this.#directory, 'nginx.json'), `${JSON.stringify(state)}\n`)
    this.#state = state
  }
}

function routesOf(table: RoutingTable | null, past: readonly Route[]): readonly Route[] {
  const now = (table?.arms ?? []).flatMap(({ version, endpoints }) =>
    endpoints.map((endpoint) => ({ endpoint, version })),
  )
  return [...now, ...past.filter((one) => now.every(({ endpoint }) => serverOf(endpoint) !== serverOf(one.endpoint)))]
}

/** Servers live in folders that a user's PATH does not lead to. */
function commandOf({ command = 'nginx', service }: NginxContext): string {
  if (command.includes('/')) return command
  const folders = [...(process.env['PATH'] ?? '').split(':').filter(Boolean), ...places]
  const found = folders.map((folder) => join(folder, command)).find((path) => isProgram(path))
  if (found !== undefined) return found
  throw new SerinError(
    'gateway.failed',
    `${service} is to be routed by nginx, and there is no "${command}" on this machine.`,
  )
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function hostAndPort(listen: NginxContext['listen']): string {
  return typeof listen === 'number' ? `127.0.0.1:${listen}` : listen
}

async function withPort(address: string): Promise<string> {
  if (!address.endsWith(':0')) return address
  const host = address.slice(0, -2)
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: host.replaceAll(/[[\]]/g, ''), port: 0 }, resolve)
  })
  const bound = server.address()
  await new Promise<void>((resolve) => server.close(() => resolve()))
  if (bound === null || typeof bound === 'string') throw new Error('no port')
  return `${host}:${bound.port}`
}

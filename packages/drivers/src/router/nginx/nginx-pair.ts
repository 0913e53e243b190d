import type { RoutingTable } from '@serin/core'
import { writeAtomically } from '@serin/gateway'
import { SerinError } from '@serin/spec'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { addressesOf, startedAt } from '../proxy/addresses.ts'
import { ControlClient } from '../proxy/control-client.ts'
import { programOf, textOf } from '../proxy/daemon.ts'
import type { InFlight, InForce, Proxy, ProxyContext } from '../proxy/driven.ts'
import { inFlightOf, routesOf } from './in-flight.ts'
import { nginxInForce } from './in-force.ts'
import { NginxMaster } from './nginx-master.ts'
import { frontConfig, socketNames, splitConfig } from './render.ts'
import type { Setting } from './render.ts'
import { RememberedNginx, stateFile } from './remembered.ts'
import { readState } from './state.ts'
import type { NginxState } from './state.ts'

const inForceWithinMs = 15_000
/** A socket's path may have 107 bytes. */
const longestDirectory = 90

/** The two nginx of a service: the front, which stays as it is, and the one behind it, which follows the table. */
export class NginxPair extends RememberedNginx implements Proxy {
  readonly #directory: string
  readonly #front: NginxMaster
  readonly #split: NginxMaster
  readonly #control: ControlClient

  private constructor(context: ProxyContext, state: NginxState) {
    super(context, state)
    const { service, stateDirectory: directory } = context
    const command = programOf('nginx', service, context.command)
    this.#directory = directory
    this.#front = new NginxMaster({ service, command, directory, name: 'front' })
    this.#split = new NginxMaster({ service, command, directory, name: 'split' })
    this.#control = new ControlClient('nginx', join(directory, socketNames.control))
  }

  /** What an earlier control plane left, or a beginning. Nothing is started. */
  static async find(context: ProxyContext): Promise<NginxPair> {
    const { stateDirectory, listen, preview } = context
    if (Buffer.byteLength(stateDirectory) > longestDirectory)
      throw new SerinError('gateway.failed', `nginx cannot have sockets in a path as long as ${stateDirectory}.`)
    await mkdir(stateDirectory, { recursive: true, mode: 0o700 })
    const told = addressesOf(listen, preview)
    const before = await readState(join(stateDirectory, stateFile))
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

  /** Starts what does not run, with the table it had. */
  async ensure(): Promise<void> {
    const moved = await this.turnEvidence()
    if ((await this.#split.pid()) === null) await this.#startSplit()
    else if (moved && !(await this.#isForgotten()))
      await this.#reload(this.state.table, AbortSignal.timeout(inForceWithinMs))
    if ((await this.#front.pid()) === null) await this.#startFront()
    else await this.#renewFront()
  }

  /** Whether it serves a table that nobody here remembers: until another comes that one is left alone. */
  async #isForgotten(): Promise<boolean> {
    if (this.state.table !== null) return false
    return (await this.#control.table(AbortSignal.timeout(inForceWithinMs))).revision !== null
  }

  /** Asks which table is in force, and measures what it does. */
  async inForce(signal: AbortSignal, mark = ''): Promise<InForce> {
    const { table } = this.state
    return await nginxInForce(this.#control, table, {
      signal,
      mark,
      isFileOurs: async () => (await textOf(this.#split.conf)) === splitConfig(table, this.#setting),
    })
  }

  /** What older tables still have under way. */
  async inFlight(): Promise<InFlight> {
    return await inFlightOf(await this.#leaving(), routesOf(this.state.table, this.state.past))
  }

  /** Puts a table in force, or leaves everything as it was and says why. */
  async apply(table: RoutingTable, signal: AbortSignal): Promise<void> {
    const before = this.state
    await this.#reload(table, signal)
    const past = (await this.#leaving()).length === 0 ? [] : routesOf(before.table, before.past)
    await this.keep({ ...this.state, table, past })
  }

  /** Ends both, the front first, and removes their files. */
  async release(drainMs: number, signal: AbortSignal): Promise<void> {
    this.isReleased = true
    await this.#front.stop(drainMs, signal)
    await this.#split.stop(drainMs, signal)
    const names = [stateFile, 'nginx.log', ...Object.values(socketNames)]
    const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    for (const name of [...names, ...folders]) await rm(join(this.#directory, name), { recursive: true, force: true })
  }

  /** Workers that take no new request and have not finished yet. */
  async #leaving(): Promise<readonly number[]> {
    return (await this.#split.workers()).filter(({ leaving }) => leaving).map(({ pid }) => pid)
  }

  get #setting(): Setting {
    const { workers = 1 } = this.context
    const user = process.getuid?.() === 0 ? 'root' : null
    const { evidencePort, evidenceKey } = this.state
    return { directory: this.#directory, workers, user, evidencePort, evidenceKey }
  }

  async #startSplit(): Promise<void> {
    // A killed nginx leaves its sockets behind, and nothing can listen there then.
    for (const name of Object.values(socketNames)) await rm(join(this.#directory, name), { force: true })
    await writeAtomically(this.#split.conf, splitConfig(this.state.table, this.#setting))
    await this.#split.start()
  }

  async #startFront(): Promise<void> {
    const addresses = await startedAt(this.state, this.state.told, async (tried) => {
      await writeAtomically(this.#front.conf, frontConfig(tried, this.#setting))
      await this.#front.start()
    })
    await this.keep({ ...this.state, ...addresses })
  }

  /** One that another Serin started goes on with what this one would have written. Clients lose the connections that they keep then, and no request. */
  async #renewFront(): Promise<void> {
    const { listen, preview } = this.state
    if ([listen, preview].some((address) => address?.endsWith(':0') === true)) return
    const text = frontConfig(this.state, this.#setting)
    if ((await textOf(this.#front.conf)) === text) return
    await writeAtomically(this.#front.conf, text)
    await this.#front.reload()
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
      throw new SerinError('gateway.failed', `nginx refuses the configuration of ${this.context.service}: ${refusal}`)
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
          `The nginx of ${this.context.service} did not take the new configuration. Its log: ${this.#directory}/nginx.log`,
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
}

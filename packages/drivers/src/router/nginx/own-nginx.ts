import type { RoutingTable } from '@serin/core'
import { SerinError } from '@serin/spec'
import type { Service } from '@serin/spec'
import { randomBytes } from 'node:crypto'
import { access, constants, mkdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { addressesOf, partsOf, refusalAt, startedAt } from '../proxy/addresses.ts'
import type { Addresses } from '../proxy/addresses.ts'
import { ControlClient } from '../proxy/control-client.ts'
import type { TableInForce } from '../proxy/control-client.ts'
import type { InFlight, InForce, Proxy, ProxyContext } from '../proxy/driven.ts'
import { inFlightOf, routesOf } from './in-flight.ts'
import { nginxInForce } from './in-force.ts'
import { masterOf, nowCs, startedCs, workersOf } from './nginx-master.ts'
import type { Worker } from './nginx-master.ts'
import { checkOwn, reloadOwn } from './own-commands.ts'
import { IncludeFile } from './own-include.ts'
import { controlPath, fromHere, isWritten, ownConfig, toldIn } from './own-render.ts'
import { RememberedNginx, stateFile } from './remembered.ts'
import { readState } from './state.ts'
import type { NginxState } from './state.ts'

const inForceWithinMs = 15_000
/** What was there before Serin, and before the last table. */
const kept = { former: 'former.conf', before: 'before.conf' } as const

type Own = NonNullable<Service['nginx']>

/** What is asked about an nginx that runs. */
interface Running {
  readonly said: TableInForce
  /** Null where it cannot be seen. */
  readonly master: number | null
}

/** An nginx that is somebody's own: Serin has one include file in it and reloads it; it starts and stops nothing. */
export class OwnNginx extends RememberedNginx implements Proxy {
  readonly #own: Own
  readonly #file: IncludeFile

  private constructor(context: ProxyContext, own: Own, { file, state }: { file: IncludeFile; state: NginxState }) {
    super(context, state)
    this.#own = own
    this.#file = file
  }

  /** What an earlier control plane left, or a beginning. Nothing of the nginx is changed. */
  static async find(context: ProxyContext, own: Own): Promise<OwnNginx> {
    const { service, stateDirectory, baseDirectory, listen, preview } = context
    const folder = resolve(baseDirectory, own.include)
    await access(folder, constants.W_OK).catch((cause: unknown) => {
      throw new SerinError(
        'gateway.failed',
        `${service} cannot write into ${folder}. Make the folder, and add this line to the http block of your nginx: include ${folder}/*.conf;`,
        { cause },
      )
    })
    await mkdir(stateDirectory, { recursive: true, mode: 0o700 })
    const file = new IncludeFile(join(folder, `${service}.conf`), stateDirectory)
    const told = addressesOf(listen, preview)
    const before = await readState(join(stateDirectory, stateFile))
    const state = before ?? begun(told, toldIn(await file.text()))
    const moved = JSON.stringify(state.told) !== JSON.stringify(told)
    return new OwnNginx(context, own, { file, state: moved ? { ...state, told, ...told } : state })
  }

  /** Puts the table it had in force again where it is not; before the first one it only looks whether the addresses are free. */
  async ensure(): Promise<void> {
    const moved = await this.turnEvidence()
    const { table, told } = this.state
    const running = await this.#running()
    if (table !== null && (running === null || moved)) await this.#put(table, AbortSignal.timeout(inForceWithinMs))
    if (table !== null || running !== null) return
    const addresses = await startedAt(this.state, told, async (tried) => await assertFree(this.context.service, tried))
    await this.keep({ ...this.state, ...addresses })
  }

  /** Asks which table is in force, and measures what it does. */
  async inForce(signal: AbortSignal, mark = ''): Promise<InForce> {
    const { table } = this.state
    if (table === null && (await this.#running()) === null)
      return { revision: null, epoch: 0, weights: {}, asWritten: true }
    return await nginxInForce(this.#control, table, {
      signal,
      mark,
      isFileOurs: async () => table !== null && (await this.#file.text()) === this.#config(table),
    })
  }

  /** What older tables still have under way. */
  async inFlight(): Promise<InFlight> {
    const workers = await workersUnder(await this.#running())
    return await inFlightOf(pidsOf(workers, true), routesOf(this.state.table, this.state.past))
  }

  /** Puts a table in force, or leaves everything as it was and says why. */
  async apply(table: RoutingTable, signal: AbortSignal): Promise<void> {
    const before = this.state
    if (before.table === null && !isWritten(await this.#file.text())) await this.#file.keep(kept.former)
    await this.#put(table, signal)
    const leaving = pidsOf(await workersUnder(await this.#running()), true)
    const past = leaving.length === 0 ? [] : routesOf(before.table, before.past)
    await this.keep({ ...this.state, table, past })
  }

  /** Gives back what was there before the first table, byte by byte. The nginx goes on running. */
  async release(drainMs: number, signal: AbortSignal): Promise<void> {
    if (isWritten(await this.#file.text())) await this.#giveBack(drainMs, signal)
    this.isReleased = true
    for (const name of [stateFile, ...Object.values(kept)])
      await rm(join(this.context.stateDirectory, name), { force: true })
  }

  async #giveBack(drainMs: number, signal: AbortSignal): Promise<void> {
    const { service } = this.context
    const running = await this.#running()
    const old = pidsOf(await workersUnder(running), false)
    await this.#file.keep(kept.before)
    await this.#file.restore(kept.former)
    // One that does not run reads it when it is started.
    if (running === null) return
    try {
      await checkOwn(service, this.#own, { file: this.#file.path, text: null })
      await reloadOwn(service, this.#own)
      await this.#until(async () => (await this.#running()) === null && !(await remain(running, old)))
    } catch (error) {
      await this.#file.restore(kept.before)
      throw error
    }
    const deadline = performance.now() + drainMs
    const routes = routesOf(this.state.table, this.state.past)
    const isBusy = async (): Promise<boolean> => {
      const { byEndpoint } = await inFlightOf(pidsOf(await workersUnder(running), true), routes)
      return Object.keys(byEndpoint).length > 0
    }
    while (performance.now() < deadline && !signal.aborted && (await isBusy())) await sleep(20)
  }

  /**
   * nginx itself says whether it takes its configuration with the new lines, and whether it reads them at all. They are in force when a worker names
   * the revision, and every older worker takes no request any more.
   */
  async #put(table: RoutingTable, signal: AbortSignal): Promise<void> {
    const { service } = this.context
    const text = this.#config(table)
    const before = await this.#running()
    const old = pidsOf(await workersUnder(before), false)
    await this.#file.keep(kept.before)
    try {
      await this.#file.write(text)
      await checkOwn(service, this.#own, { file: this.#file.path, text })
      const sinceCs = await nowCs()
      await reloadOwn(service, this.#own)
      await this.#until(async () => {
        signal.throwIfAborted()
        const now = await this.#running()
        return now?.said.revision === table.revision && !(await remain(now, old, sinceCs))
      })
    } catch (error) {
      await this.#file.restore(kept.before)
      throw error
    }
    await this.#file.forget(kept.before)
  }

  async #until(isSo: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + inForceWithinMs
    while (!(await isSo())) {
      if (performance.now() > deadline)
        throw new SerinError(
          'gateway.failed',
          `The nginx of ${this.context.service} did not take the new configuration within ${inForceWithinMs / 1_000} s, so what was there is put back. Its error log says why.`,
        )
      await sleep(10)
    }
  }

  /** What runs, or null when nothing answers that has the lines of this service. */
  async #running(): Promise<Running | null> {
    try {
      const said = await this.#control.table(AbortSignal.timeout(inForceWithinMs))
      return { said, master: said.pid === undefined ? null : await masterOf(said.pid) }
    } catch (error) {
      if (error instanceof SerinError) return null
      throw error
    }
  }

  get #control(): ControlClient {
    const { evidenceKey } = this.state
    return new ControlClient('nginx', {
      ...partsOf(fromHere(this.state.listen)),
      path: controlPath({ evidenceKey }),
      secret: evidenceKey,
    })
  }

  #config(table: RoutingTable): string {
    const { listen, preview, evidencePort, evidenceKey } = this.state
    return ownConfig(table, { service: this.context.service, listen, preview, evidencePort, evidenceKey })
  }
}

/** The beginning of a state; of a file of Serin's that nobody remembers it takes what nginx goes by. */
function begun(told: Addresses, left: ReturnType<typeof toldIn>): NginxState {
  const { evidencePort, evidenceKey } = left ?? { evidencePort: 0, evidenceKey: randomBytes(16).toString('hex') }
  const { listen, preview } = told
  const had = {
    listen: listen.endsWith(':0') ? (left?.listen ?? listen) : listen,
    preview: preview?.endsWith(':0') === true ? (left?.preview ?? preview) : preview,
  }
  return { told, ...had, evidencePort, evidenceKey, table: null, past: [] }
}

async function workersUnder(running: Running | null): Promise<readonly Worker[]> {
  return running === null || running.master === null ? [] : await workersOf(running.master)
}

/** Whether a worker of before still takes requests. Which those are nobody knew where nothing answered yet: then their age says it. */
async function remain(running: Running, old: readonly number[], sinceCs = 0): Promise<boolean> {
  const taking = pidsOf(await workersUnder(running), false)
  const started = await Promise.all(taking.map(startedCs))
  return taking.some((pid, i) => old.includes(pid) || (started[i] ?? 0) < sinceCs)
}

function pidsOf(workers: readonly Worker[], leaving: boolean): readonly number[] {
  return workers.filter((worker) => worker.leaving === leaving).map(({ pid }) => pid)
}

/** nginx notices a taken address only when it is reloaded, and tells its log alone. */
async function assertFree(service: string, { listen, preview }: Addresses): Promise<void> {
  for (const address of preview === null ? [listen] : [listen, preview]) {
    const cause = await refusalAt(address)
    // Whether an address can be had for another reason is for nginx to say: it may listen where Serin may not.
    if (cause?.code === 'EADDRINUSE')
      throw new SerinError(
        'gateway.port-in-use',
        `The nginx of ${service} cannot listen on ${address}: something else does.`,
        { details: { listen: address }, cause },
      )
  }
}

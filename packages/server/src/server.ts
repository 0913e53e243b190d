import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createGateRunner } from '@serin/drivers/gate'
import { openRouter } from '@serin/drivers/router'
import { openSqliteStore } from '@serin/drivers/store/sqlite'
import { openWorkload } from '@serin/drivers/workload'
import { Engine, type StopOptions } from '@serin/engine'
import type { Store } from '@serin/kit'
import { createApp } from './app.ts'
import { dashboardPages } from './dashboard/pages.ts'
import { HistoryKeeper } from './history/history-keeper.ts'
import { isLoopback } from './guard.ts'
import { listen, type Listener } from './listener.ts'
import { Guesses } from './sessions/guesses.ts'
import { SimulationDesk } from './simulation/desk.ts'
import { SessionBook } from './sessions/session-book.ts'
import { ensureToken } from './tokens/admin-token.ts'
import { TokenBook } from './tokens/token-book.ts'
import { wallClock } from './wall-clock.ts'
import { forgetWhere, writeWhere } from './where-file.ts'

/** Version of this control plane. */
export const serinVersion = '0.1.0'

/** Longer than a gateway may take to start: a file that is being applied is applied, or refused, with an answer. */
const finishWithinMs = 20_000

/** How a control plane is started. */
export interface ServerOptions {
  /** Everything it keeps: store, token, pid files, logs. Made if it is not there; only its owner can read it. */
  readonly dataDirectory: string
  /** Loopback unless told. */
  readonly host?: string
  /** A free one if 0. Default 4560. */
  readonly port?: number
  /** Host names by which it may be reached, such as that of a proxy in front; on loopback its own are always known. */
  readonly names?: readonly string[]
  /** Gateways write a line per request to `services/NAME/gateway/access.log`. Nobody shortens it but you. */
  readonly accessLogs?: boolean
  readonly log?: (line: string) => void
}

/** A running control plane. */
export interface RunningServer {
  readonly url: string
  readonly token: string
  readonly dataDirectory: string
  /** With `keep`, gateways and replicas go on; else everything stops and no process is left behind. */
  stop(options: StopOptions): Promise<void>
}

/** Starts a control plane: the only place that knows the drivers, the real clock and the file system. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host = '127.0.0.1', port = 4560, names, log = () => undefined } = options
  const dataDirectory = resolve(options.dataDirectory)
  const store = openSqliteStore({ directory: dataDirectory })
  const ending = new AbortController()
  let engine: Engine | undefined
  let listener: Listener | undefined
  try {
    const token = ensureToken(dataDirectory)
    engine = engineOver(store, dataDirectory, { ...options, log })
    const known = isLoopback(host) || names !== undefined ? (names ?? []) : null
    const history = new HistoryKeeper({ engine, dataDirectory, now: () => wallClock.now(), log })
    const tokens = bookOver(engine, token, { dataDirectory, log })
    const simulations = new SimulationDesk(() => wallClock.now())
    const app = createApp({
      engine,
      tokens,
      history,
      simulations,
      sessions: new SessionBook({ dataDirectory, tokens, now: () => wallClock.now(), log }),
      guesses: new Guesses(() => wallClock.now()),
      pages: dashboardPages(log),
      dataDirectory,
      version: serinVersion,
      log,
      names: known,
      ending: ending.signal,
    })
    listener = await listen(app.fetch, { host, port })
    leaveWord(dataDirectory, listener.url, log)
    await engine.start()
    const running = { store, engine, listener, ending, history, simulations, dataDirectory }
    let stopped: Promise<void> | undefined
    return { url: listener.url, token, dataDirectory, stop: (how) => (stopped ??= stopAll(running, how)) }
  } catch (error) {
    // Nothing it did not start is stopped: gateways and replicas of an earlier control plane go on.
    await engine?.stop({ keep: true }).catch((failure: unknown) => log(`defect: ${String(failure)}`))
    await listener?.close(AbortSignal.abort())
    forgetWhere(dataDirectory, process.pid)
    store.close()
    throw error
  }
}

function engineOver(
  store: Store,
  dataDirectory: string,
  { accessLogs = false, log }: Pick<ServerOptions, 'accessLogs'> & { readonly log: (line: string) => void },
): Engine {
  return new Engine({
    store,
    clock: wallClock,
    openRouter: (context) => {
      const stateDirectory = owned(context.stateDirectory, context.spec.router)
      const accessLog = accessLogs ? { accessLogFile: join(stateDirectory, 'access.log') } : {}
      return openRouter({ ...context, stateDirectory }, accessLog)
    },
    openWorkload: (context) => openWorkload({ ...context, stateDirectory: owned(context.stateDirectory, 'versions') }),
    gates: createGateRunner(),
    stateDirectory: (service) => owned(dataDirectory, join('services', service)),
    onTaken: () => log('Another control plane has taken the store over; this one does nothing any more.'),
    onDefect: (error) => log(`defect: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
  })
}

function bookOver(
  engine: Engine,
  adminToken: string,
  options: { readonly dataDirectory: string; readonly log: (line: string) => void },
): TokenBook {
  return new TokenBook({
    ...options,
    adminToken,
    now: () => wallClock.now(),
    record: (kind, asker, data) => engine.record(kind, asker, data),
  })
}

/** On a full disk nobody finds this control plane by its file; it is there all the same. */
function leaveWord(dataDirectory: string, url: string, log: (line: string) => void): void {
  try {
    writeWhere(dataDirectory, { url, pid: process.pid })
  } catch (error) {
    log(`nobody is told where this control plane answers: ${String(error)}`)
  }
}

interface Running {
  readonly store: Store
  readonly engine: Engine
  readonly listener: Listener
  readonly ending: AbortController
  readonly history: HistoryKeeper
  readonly simulations: SimulationDesk
  readonly dataDirectory: string
}

/** First nobody asks any more, then everything ends, then it is put away; each even if the one before failed. */
async function stopAll(running: Running, options: StopOptions): Promise<void> {
  const { store, engine, listener, ending, history, simulations, dataDirectory } = running
  ending.abort()
  simulations.close()
  const late = AbortSignal.timeout(finishWithinMs)
  await listener.close(options.hurry === undefined ? late : AbortSignal.any([late, options.hurry]))
  options.told?.('The API takes no more requests.')
  try {
    await engine.stop(options)
  } finally {
    history.close()
    store.close()
    forgetWhere(dataDirectory, process.pid)
  }
}

function owned(parent: string, child: string): string {
  const directory = join(parent, child)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  return directory
}

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { join, resolve } from 'node:path'
import { serve } from '@hono/node-server'
import { openGateway } from '@serin/drivers/router/gateway'
import { openSqliteStore } from '@serin/drivers/store/sqlite'
import { openWorkload } from '@serin/drivers/workload'
import { Engine } from '@serin/engine'
import { SerinError } from '@serin/spec'
import { createApp } from './app.ts'
import { ensureToken } from './token-file.ts'
import { wallClock } from './wall-clock.ts'

/** Version of this control plane. */
export const serinVersion = '0.1.0'

/** How a control plane is started. */
export interface ServerOptions {
  /** Everything it keeps: store, token, pid files, logs. Made if it is not there; only its owner can read it. */
  readonly dataDirectory: string
  /** Loopback unless told. */
  readonly host?: string
  /** A free one if 0. Default 4560. */
  readonly port?: number
  readonly log?: (line: string) => void
}

/** A running control plane. */
export interface RunningServer {
  readonly url: string
  readonly token: string
  readonly dataDirectory: string
  /** With `keep`, gateways and replicas go on; else everything stops and no process is left behind. */
  stop(options: { readonly keep: boolean }): Promise<void>
}

/** Starts a control plane: the only place that knows the drivers, the real clock and the file system. */
export async function startServer({
  dataDirectory: given,
  host = '127.0.0.1',
  port = 4560,
  log = () => undefined,
}: ServerOptions): Promise<RunningServer> {
  const dataDirectory = resolve(given)
  const store = openSqliteStore({ directory: dataDirectory })
  const token = ensureToken(dataDirectory)
  const engine = new Engine({
    store,
    clock: wallClock,
    openRouter: (context) =>
      openGateway({
        ...context,
        stateDirectory: owned(context.stateDirectory, 'gateway'),
        listen: context.spec.listen,
      }),
    openWorkload: (context) => openWorkload({ ...context, stateDirectory: owned(context.stateDirectory, 'versions') }),
    stateDirectory: (service) => owned(dataDirectory, join('services', service)),
  })
  const app = createApp({ engine, token, dataDirectory, version: serinVersion, log })
  let server: Server
  try {
    server = await listening(app.fetch, host, port)
  } catch (error) {
    store.close()
    throw error
  }
  const address = server.address()
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${typeof address === 'object' && address !== null ? address.port : port}`
  writeWhere(dataDirectory, url)
  try {
    await engine.start()
  } catch (error) {
    // Nothing it did not start is stopped: gateways and replicas of an earlier control plane go on.
    await engine.stop({ keep: true })
    server.close()
    store.close()
    throw error
  }
  return {
    url,
    token,
    dataDirectory,
    async stop({ keep }) {
      server.close()
      server.closeAllConnections()
      await engine.stop({ keep })
      store.close()
      rmSync(join(dataDirectory, 'control-plane.json'), { force: true })
    },
  }
}

function listening(fetch: Parameters<typeof serve>[0]['fetch'], host: string, port: number): Promise<Server> {
  return new Promise((done, fail) => {
    const server = serve({ fetch, hostname: host, port }, () => done(server as Server))
    server.once('error', (error: NodeJS.ErrnoException) => {
      fail(
        error.code === 'EADDRINUSE'
          ? new SerinError('port.in-use', `Something else listens on ${host}:${port}.`, { cause: error })
          : error,
      )
    })
  })
}

function owned(parent: string, child: string): string {
  const directory = join(parent, child)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  return directory
}

/** Where the CLI finds this control plane; written whole or not at all. */
function writeWhere(dataDirectory: string, url: string): void {
  const file = join(dataDirectory, 'control-plane.json')
  writeFileSync(`${file}.new`, `${JSON.stringify({ url, pid: process.pid })}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** Where a control plane of a data directory answers, or null when none has been started. */
export function whereIs(dataDirectory: string): { readonly url: string; readonly pid: number } | null {
  const file = join(dataDirectory, 'control-plane.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { url: string; pid: number }) : null
}

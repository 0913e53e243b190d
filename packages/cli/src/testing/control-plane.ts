import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startServer, type RunningServer } from '@serin/server'
import { run, type Ran, type RunOptions } from './run.ts'

/** A control plane with one service, whose versions are servers of the test. */
export interface World {
  readonly directory: string
  readonly server: RunningServer
  /** Runs a command line beside it. */
  serin(words: string, options?: RunOptions): Promise<Ran>
  /** Runs it with `-o json` and gives what it printed. */
  json<T>(words: string): Promise<T>
  /** Runs a command line until what it prints fits. */
  until(words: string, fits: (ran: Ran) => boolean): Promise<Ran>
  close(): Promise<void>
}

/** What differs from a canary of two steps that refuses a second release. */
export interface WorldOptions {
  /** A flow mapping of YAML. */
  readonly strategy?: string
  readonly onNewVersion?: 'refuse' | 'queue' | 'supersede'
  /** More lines of the service, two levels deep. */
  readonly more?: string
}

/** Starts it; nothing of it is left after `close`. */
export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'serin-cli-'))
  const versions = await Promise.all(['v1', 'v2', 'v3'].map(serveVersion))
  writeFileSync(join(directory, 'serin.yaml'), fileFor(versions, options))
  const server = await startServer({ dataDirectory: join(directory, '.serin'), port: 0 })
  const serin = (words: string, options: RunOptions = {}) =>
    run(words.match(/"[^"]*"|\S+/g)?.map((word) => word.replaceAll('"', '')) ?? [], { cwd: directory, ...options })
  return {
    directory,
    server,
    serin,
    async json<T>(words: string) {
      const { code, stdout, stderr } = await serin(`${words} -o json`)
      if (code !== 0) throw new Error(`serin ${words}: ${stderr}`)
      return JSON.parse(stdout) as T
    },
    async until(words, fits) {
      const deadline = Date.now() + 60_000
      for (;;) {
        const ran = await serin(words)
        if (fits(ran)) return ran
        if (Date.now() > deadline) throw new Error(`serin ${words} still says: ${ran.stdout}${ran.stderr}`)
        await sleep(50)
      }
    },
    async close() {
      await server.stop({ keep: false })
      for (const version of versions) {
        version.close()
        version.closeAllConnections()
      }
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function serveVersion(name: string): Promise<Server> {
  const server = createServer((_request, response) => response.end(name)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function addressOf(server: Server | undefined): string {
  const address = server?.address()
  if (address === null || typeof address !== 'object') throw new Error('no address')
  return `http://127.0.0.1:${address.port}`
}

const twoSteps = '{ kind: canary, steps: [{ weight: 10%, hold: 1m }, { weight: 50%, hold: 1m }] }'

function fileFor(
  [v1, v2, v3]: readonly Server[],
  { strategy = twoSteps, onNewVersion = 'refuse', more = '' }: WorldOptions,
): string {
  return `serin: v1
services:
  shop:
    listen: 0
    unit: [{ header: x-user }]
    onNewVersion: ${onNewVersion}
    workload: { kind: endpoints }
    stable: v1
    versions:
      v1: { endpoints: ['${addressOf(v1)}'] }
      v2: { endpoints: ['${addressOf(v2)}'] }
      v3: { endpoints: ['${addressOf(v3)}'] }
    strategy: ${strategy}
    metrics:
      errors: { kind: errors }
      spam: { kind: observation, role: monitor }
${more}`
}

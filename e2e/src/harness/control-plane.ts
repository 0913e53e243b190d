import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient, type Client } from '@serin/sdk'
import type { Rollout } from '@serin/spec'
import { startLoad, type Load, type LoadOptions } from './load.ts'
import { until } from './until.ts'

const cli = fileURLToPath(import.meta.resolve('@serin/cli'))

/** A control plane as users start it: `serin up` as a process of its own. */
export class ControlPlane {
  readonly dataDirectory: string
  readonly #arguments: readonly string[]
  readonly #keeps: boolean
  #child: ChildProcess | null = null
  /** Everything it has printed, of all its lives. */
  output = ''

  constructor(dataDirectory: string, ...more: readonly string[]) {
    this.dataDirectory = dataDirectory
    this.#arguments = ['up', '--data', dataDirectory, '--port', '0', ...more]
    this.#keeps = more.includes('--keep')
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** Starts the process; does not wait until it answers. */
  launch(): void {
    const child = spawn(process.execPath, [cli, ...this.#arguments], { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.output = (this.output + text).slice(-50_000)))
    }
    this.#child = child
  }

  /** Starts it and waits until it answers. */
  async start(): Promise<Client> {
    this.launch()
    return await this.client()
  }

  /** A client of the process that runs now; waits until it answers, rejects when it ends before. */
  async client(): Promise<Client> {
    const child = this.#child
    const client = await until(`the control plane (${this.dataDirectory})`, async () => {
      if (child === null || child.exitCode !== null || child.signalCode !== null) return 'ended'
      const file = join(this.dataDirectory, 'control-plane.json')
      if (!existsSync(file)) return null
      const where: { url: string; pid: number } = JSON.parse(readFileSync(file, 'utf8'))
      if (where.pid !== child.pid) return null
      const answer = await fetch(`${where.url}/readyz`)
      if (!answer.ok) return null
      const token = readFileSync(join(this.dataDirectory, 'token'), 'utf8').trim()
      return createClient({ url: where.url, token })
    })
    if (client === 'ended') throw new Error(`The control plane ended: ${this.output}`)
    return client
  }

  /** kill -9, at once. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Ctrl-C, as a person would; the code it exits with. Gateways and replicas end with it, unless it was told to leave them (`--keep`). */
  async stop(): Promise<number | null> {
    return await this.#end('SIGINT')
  }

  /** Ends it and everything of its data directory: by Ctrl-C when it runs and keeps nothing, else by another control plane that does. */
  async end(): Promise<void> {
    if (!this.#keeps && this.#child !== null) {
      const child = this.#child
      const stuck = setTimeout(() => child.kill('SIGKILL'), 60_000)
      const code = await this.stop()
      clearTimeout(stuck)
      if (code === 0) return
    }
    await this.kill()
    await stopEverything(this.dataDirectory)
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child
    this.#child = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
    const exited = once(child, 'exit')
    child.kill(signal)
    const [code] = (await exited) as [number | null]
    return code
  }
}

/** Where a scene differs from a small service under a moderate load. */
export interface SceneOptions {
  readonly file: string
  readonly load: LoadOptions
  /** Called with the data directory before anything is in it, and after everything has gone. */
  readonly prepare?: (dataDirectory: string) => void
  readonly cleanUp?: (dataDirectory: string) => void
}

/** A control plane with a service that serves under load; nothing of it is left behind, also after a failure. */
export interface Scene extends AsyncDisposable {
  readonly controlPlane: ControlPlane
  readonly dataDirectory: string
  readonly client: Client
  readonly load: Load
}

/** Opens a scene: the file is applied, stable serves, and its latency is known. */
export async function openScene(options: SceneOptions): Promise<Scene> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'serin-e2e-'))
  options.prepare?.(dataDirectory)
  const controlPlane = new ControlPlane(dataDirectory)
  const close = async (): Promise<void> => {
    await controlPlane.end()
    options.cleanUp?.(dataDirectory)
    rmSync(dataDirectory, { recursive: true, force: true })
  }
  try {
    const client = await controlPlane.start()
    await client.applyFile({ text: options.file, baseDirectory: dataDirectory })
    // A replica may be ready a moment before the gateway knows its address: only an answer says that stable serves.
    const address = await until('stable to serve', async () => {
      const { address: known } = await client.getService({ service: 'web' })
      return known !== null && (await fetch(known)).ok ? known : null
    })
    const load = await startLoad(address, options.load)
    await until('a baseline', async () => (await load.report()).answered > 400)
    return {
      controlPlane,
      dataDirectory,
      client,
      load,
      async [Symbol.asyncDispose]() {
        await load[Symbol.asyncDispose]()
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The latest rollout of the service once it is over. */
export async function rolloutEnd(client: Client, withinMs = 60_000): Promise<Rollout> {
  return await until(
    'the rollout to end',
    async () => {
      const rollout = await client.getRollout({ rollout: 'web' })
      if (rollout.endedAt === null) throw new Error(`it is ${rollout.phase}: ${rollout.sentence}`)
      return rollout
    },
    withinMs,
  )
}

/** Stops everything that belongs to a data directory: a control plane that is told to leave nothing behind. */
async function stopEverything(dataDirectory: string): Promise<void> {
  const child = spawn(process.execPath, [cli, 'up', '--data', dataDirectory, '--port', '0'], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  await until('the control plane that cleans up', () => {
    if (child.exitCode !== null) throw new Error('it ended at once')
    const file = join(dataDirectory, 'control-plane.json')
    return existsSync(file) && readFileSync(file, 'utf8').includes(`"pid":${child.pid}`)
  })
  child.kill('SIGINT')
  await exited
}

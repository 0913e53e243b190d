import { SerinError } from '@serin/spec'
import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Servers live in folders that a user's PATH does not lead to. */
const places = ['/usr/sbin', '/usr/local/sbin', '/usr/local/nginx/sbin', '/opt/nginx/sbin']

/** How a server that outlives the control plane is run and known again. */
export interface DaemonOptions {
  readonly service: string
  /** What people call it, such as `nginx`. */
  readonly product: string
  /** Path of the program. */
  readonly command: string
  readonly pidFile: string
  /** Whether a process with this command line is it. */
  isOurs(title: string): boolean
  /** Lets it finish what is under way. */
  readonly softly: NodeJS.Signals
}

/** A server that puts itself into the background. Another process that has its pid by now is not taken for it. */
export class Daemon {
  readonly #options: DaemonOptions
  /** Another has taken over from it, and it is not gone yet. */
  #before: number | null = null

  constructor(options: DaemonOptions) {
    this.#options = options
  }

  /** The process, or null when it does not run. */
  async pid(): Promise<number | null> {
    const pid = Number((await textOf(this.#options.pidFile)).trim())
    if (!Number.isInteger(pid) || pid <= 0) return null
    return this.#options.isOurs(await titleOf(pid)) ? pid : null
  }

  /** Runs the program: null when it is content, or what it says against it. */
  async run(args: readonly string[]): Promise<string | null> {
    const { command, product, service } = this.#options
    // An environment of our own: nginx takes over listening sockets that a variable names, and HAProxy reads variables into its configuration.
    const child = spawn(command, args, { cwd: '/', env: {}, stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('close', resolve)
      child.once('error', (cause) =>
        reject(
          new SerinError('gateway.failed', `${product} is needed for ${service} and could not be run: ${command}.`, {
            cause,
          }),
        ),
      )
    })
    return code === 0 ? null : said.trim()
  }

  /** Ends a process of ours that another has taken over from, when its time is over. */
  endLater(pid: number, afterMs: number): void {
    this.#before = pid
    setTimeout(() => void this.#endBefore(), afterMs).unref()
  }

  async #endBefore(): Promise<void> {
    const pid = this.#before
    this.#before = null
    if (pid !== null && this.#options.isOurs(await titleOf(pid))) process.kill(pid, 'SIGTERM')
  }

  /** Lets it finish what is in flight, for a time; ends it at once when patience is over. Resolves when it is gone. */
  async stop(drainMs: number, patience: AbortSignal): Promise<void> {
    const pid = await this.pid()
    if (pid !== null) await this.#stop(pid, drainMs, patience)
    await this.#endBefore()
  }

  async #stop(pid: number, drainMs: number, patience: AbortSignal): Promise<void> {
    const deadline = performance.now() + drainMs
    process.kill(pid, this.#options.softly)
    while ((await this.pid()) !== null) {
      // TERM makes a master kill its workers; KILL would leave them behind.
      if (patience.aborted || performance.now() > deadline) process.kill(pid, 'SIGTERM')
      await sleep(20)
    }
  }
}

/** The path of a program. Rejects with `gateway.failed` when there is none of that name. */
export function programOf(product: string, service: string, command = product): string {
  if (command.includes('/')) return command
  const folders = [...(process.env['PATH'] ?? '').split(':').filter(Boolean), ...places]
  const found = folders.map((folder) => join(folder, command)).find((path) => isProgram(path))
  if (found !== undefined) return found
  throw new SerinError(
    'gateway.failed',
    `${service} is to be routed by ${product}, and there is no "${command}" on this machine.`,
  )
}

/** The command line of a process, with a space after each word; a space alone when there is none. */
export async function titleOf(pid: number): Promise<string> {
  return `${(await textOf(`/proc/${pid}/cmdline`)).replaceAll('\0', ' ').trim()} `
}

/** The text of a file; nothing when it cannot be read. */
export async function textOf(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch(() => '')
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

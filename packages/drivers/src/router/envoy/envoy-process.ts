import { SerinError } from '@serin/spec'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeAtomically } from '@serin/gateway'
import { refusalAt } from '../proxy/addresses.ts'
import type { Addresses } from '../proxy/addresses.ts'
import { Daemon, programOf, textOf } from '../proxy/daemon.ts'

const startWithinMs = 15_000

/** How an Envoy is run. */
export interface EnvoyOptions {
  readonly service: string
  /** The program; found by itself when absent. */
  readonly command: string | undefined
  readonly bootstrapFile: string
  readonly pidFile: string
  readonly logFile: string
  /** Worker threads. */
  readonly threads: number
}

/** The process of an Envoy. It outlives the control plane, and is known by its pid file and its command line. */
export class EnvoyProcess {
  readonly #options: EnvoyOptions
  readonly #daemon: Daemon

  constructor(options: EnvoyOptions) {
    const { service, bootstrapFile, pidFile } = options
    this.#options = options
    this.#daemon = new Daemon({
      service,
      product: 'Envoy',
      command: options.command ?? 'envoy',
      pidFile,
      isOurs: (title) => title.includes(` -c ${bootstrapFile} `),
      softly: 'SIGTERM',
    })
  }

  /** The process, or null when it does not run. */
  async pid(): Promise<number | null> {
    return await this.#daemon.pid()
  }

  /** Starts it in the background; resolves when it is up, or rejects with what it says against it. */
  async start(isUp: () => Promise<boolean>): Promise<void> {
    const { service, command, bootstrapFile, pidFile, logFile, threads } = this.#options
    const program = programOf('envoy', service, command)
    const log = await open(logFile, 'w', 0o600)
    // A log line is to be read soon, and another Envoy on this machine is not to be taken for an older self.
    const args = ['-c', bootstrapFile, '--concurrency', String(threads), '--file-flush-interval-msec', '100']
    args.push('--disable-hot-restart', '--log-level', 'warning')
    const child = spawn(program, args, { detached: true, stdio: ['ignore', log.fd, log.fd], cwd: '/', env: {} })
    try {
      await Promise.race([once(child, 'spawn'), once(child, 'error').then(([cause]) => Promise.reject(cause))])
    } catch (cause) {
      throw new SerinError('gateway.failed', `Envoy is needed for ${service} and could not be run: ${program}.`, {
        cause,
      })
    } finally {
      await log.close()
    }
    child.unref()
    await writeAtomically(pidFile, `${child.pid}\n`)
    const deadline = performance.now() + startWithinMs
    while (!(await isUp())) {
      const ended = child.exitCode !== null || child.signalCode !== null
      const said = await this.complaint()
      if (ended || said !== null || performance.now() > deadline) {
        await this.stop(AbortSignal.abort())
        throw new SerinError(
          'gateway.failed',
          `The Envoy of ${service} ${ended ? 'ended at once' : 'did not come up'}: ${said ?? `its log is ${logFile}`}`,
        )
      }
      await sleep(20)
    }
  }

  /** The last thing it says against what it was told since the log had this length; null when it is content. */
  async complaint(since = 0): Promise<string | null> {
    const lines = (await this.logged()).slice(since).split('\n')
    const last = lines.findLast((line) => /\brejected\b|\bcritical\b|error adding|cannot bind/i.test(line))
    return last?.replace(/^(\[[^\]]*\]\s*)+/, '') ?? null
  }

  /** What it has logged since it was started. */
  async logged(): Promise<string> {
    return await textOf(this.#options.logFile)
  }

  /** Ends it. */
  async stop(patience: AbortSignal): Promise<void> {
    await this.#daemon.stop(5_000, patience)
  }
}

/** Rejects with `gateway.port-in-use` when something else listens where an Envoy is to: Envoy itself would start all the same, and only log it. */
export async function refuseTaken(service: string, { listen, preview }: Addresses): Promise<void> {
  for (const address of preview === null ? [listen] : [listen, preview]) {
    const cause = await refusalAt(address)
    if (cause !== null)
      throw new SerinError(
        'gateway.port-in-use',
        `The Envoy of ${service} cannot listen on ${address}: something else does.`,
        { details: { listen: address }, cause },
      )
  }
}

import { SerinError } from '@serin/spec'
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { Daemon, textOf, titleOf } from '../proxy/daemon.ts'

const startWithinMs = 15_000

/** A worker process; one that leaves takes no new request. */
export interface Worker {
  readonly pid: number
  readonly leaving: boolean
}

/** How an nginx is run. */
export interface MasterOptions {
  readonly service: string
  /** Path of the program. */
  readonly command: string
  readonly directory: string
  readonly name: 'front' | 'split'
}

/** One nginx: its master process with its own configuration. It outlives the control plane and is known by its pid file and its command line. */
export class NginxMaster {
  readonly conf: string
  readonly #options: MasterOptions
  readonly #daemon: Daemon

  constructor(options: MasterOptions) {
    const { directory, name, service, command } = options
    const conf = `${directory}/${name}.conf`
    this.#options = options
    this.conf = conf
    this.#daemon = new Daemon({
      service,
      product: 'nginx',
      command,
      pidFile: `${directory}/${name}.pid`,
      isOurs: (title) => title.startsWith('nginx: master process') && title.includes(` ${conf} `),
      softly: 'SIGQUIT',
    })
  }

  /** The process, or null when it does not run. */
  async pid(): Promise<number | null> {
    return await this.#daemon.pid()
  }

  /** Starts it. Rejects with `gateway.port-in-use` or `gateway.failed` and nginx's own words. */
  async start(): Promise<void> {
    const { directory, name, service } = this.#options
    const said = await this.#run(this.conf)
    if (said !== null) {
      const taken = /bind\(\) to (\S+) failed \(98:/.exec(said)?.[1]
      if (taken !== undefined)
        throw new SerinError(
          'gateway.port-in-use',
          `The nginx of ${service} cannot listen on ${taken}: something else does.`,
          { details: { listen: taken } },
        )
      throw new SerinError('gateway.failed', `The nginx of ${service} could not be started: ${said}`)
    }
    const deadline = performance.now() + startWithinMs
    while ((await this.pid()) === null || (await this.workers()).length === 0) {
      if (performance.now() > deadline)
        throw new SerinError(
          'gateway.failed',
          `The nginx of ${service} (${name}) did not come up. Its log: ${directory}/nginx.log`,
        )
      await sleep(10)
    }
  }

  /** Asks nginx itself whether it would take a configuration: null, or what it says against it. */
  async refusalOf(file: string): Promise<string | null> {
    return await this.#run(file, '-t')
  }

  /** Tells it to read its configuration anew; returns long before it has. */
  async reload(): Promise<void> {
    const pid = await this.pid()
    if (pid === null) throw new SerinError('gateway.unreachable', `The nginx of ${this.#options.service} is gone.`)
    process.kill(pid, 'SIGHUP')
  }

  /** Its workers as they call themselves. */
  async workers(): Promise<readonly Worker[]> {
    const pid = await this.pid()
    return pid === null ? [] : await workersOf(pid)
  }

  /** Lets it finish what is in flight, for a time; ends it at once when patience is over. Resolves when it is gone. */
  async stop(drainMs: number, patience: AbortSignal): Promise<void> {
    await this.#daemon.stop(drainMs, patience)
    for (const suffix of ['conf', 'conf.next', 'pid'])
      await rm(`${this.#options.directory}/${this.#options.name}.${suffix}`, { force: true })
  }

  /** Null when nginx is content, or its last complaint. */
  async #run(conf: string, ...more: readonly string[]): Promise<string | null> {
    const { directory } = this.#options
    // The file first: nginx cuts the end off the title by which its master is known.
    const said = await this.#daemon.run(['-c', conf, '-p', directory, '-e', `${directory}/nginx.log`, ...more])
    if (said === null) return null
    return complaintIn(said)
  }
}

/** The complaint among what nginx says. */
export function complaintIn(said: string): string {
  const lines = said.split('\n')
  const complaint = ['emerg', 'error', 'alert'].flatMap((level) =>
    lines.filter((line) => line.includes(`[${level}]`)),
  )[0]
  return (complaint ?? said).replace(/^.*?\[[a-z]+\] (\d+#\d+: )?/, '')
}

/** The workers of a master as they call themselves. */
export async function workersOf(master: number): Promise<readonly Worker[]> {
  const listed = await textOf(`/proc/${master}/task/${master}/children`)
  const children = listed.trim().split(' ').filter(Boolean).map(Number)
  const titles = await Promise.all(children.map(async (child) => ({ pid: child, title: await titleOf(child) })))
  return titles
    .filter(({ title }) => title.startsWith('nginx: '))
    .map(({ pid: child, title }) => ({ pid: child, leaving: title.includes('is shutting down') }))
}

/** The master of a worker, or null where it cannot be seen, as from outside a container. */
export async function masterOf(worker: number): Promise<number | null> {
  const parent = Number(/^PPid:\s+(\d+)$/m.exec(await textOf(`/proc/${worker}/status`))?.[1])
  if (!(await titleOf(worker)).startsWith('nginx: worker process') || !(parent > 0)) return null
  return (await titleOf(parent)).startsWith('nginx: master process') ? parent : null
}

/** Hundredths of a second since the machine was started. */
export async function nowCs(): Promise<number> {
  return Math.floor(Number((await textOf('/proc/uptime')).split(' ')[0]) * 100)
}

/** When a process was started, in the same time. */
export async function startedCs(pid: number): Promise<number> {
  const stat = await textOf(`/proc/${pid}/stat`)
  // The name of a program, in brackets, may hold anything.
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
}

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { TrafficReport } from './generator.ts'

/** Where the traffic of a demo goes. */
export interface TrafficProcessOptions {
  readonly gateway: string
  readonly controlPlane: string
  readonly token: string
  readonly requestsPerSecond?: number
  readonly users?: number
  readonly seed?: number
  /** Called with every report, once a second, and with the last one. */
  readonly onReport?: (report: TrafficReport) => void
}

/** Traffic in a process of its own. */
export interface TrafficProcess {
  /** The latest report; null before the first. */
  latest(): TrafficReport | null
  /** Waits for what is under way and gives the last report. Rejects when the process died without one. */
  stop(): Promise<TrafficReport>
}

/** Starts the traffic. It ends with this process, however that ends. */
export function startTraffic(options: TrafficProcessOptions): TrafficProcess {
  const child = launch(options)
  const exited = once(child, 'exit')
  // A child that cannot be started says so when its last report is asked for.
  exited.catch(() => undefined)
  let latest: TrafficReport | null = null
  const { stdout } = child
  if (stdout === null) throw new TypeError('the traffic has no standard output')
  const lines = createInterface({ input: stdout })
  const read = once(lines, 'close')
  lines.on('line', (line) => {
    latest = JSON.parse(line) as TrafficReport
    options.onReport?.(latest)
  })
  return {
    latest: () => latest,
    stop: async () => {
      child.stdin?.end()
      const [code, signal] = (await exited) as [number | null, string | null]
      await read
      if (latest?.final === true) return latest
      throw new Error(`the traffic ended without a last report (${signal ?? `code ${code}`})`)
    },
  }
}

function launch(options: TrafficProcessOptions): ChildProcess {
  const more = Object.entries({ rate: options.requestsPerSecond, users: options.users, seed: options.seed })
  const file = fileURLToPath(new URL('main.ts', import.meta.url))
  const where = ['--gateway', options.gateway, '--control-plane', options.controlPlane]
  const how = more.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]))
  return spawn(process.execPath, [file, ...where, ...how], {
    env: { ...process.env, SERIN_TOKEN: options.token },
    stdio: ['pipe', 'pipe', 'inherit'],
    // A Ctrl-C in the terminal is for the demo, which then stops its traffic in order.
    detached: true,
  })
}

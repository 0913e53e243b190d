import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** What is sent, and how fast. */
export interface LoadOptions {
  /** Requests per second, as far as the connections allow. */
  readonly rate: number
  /** How many users take turns in the header `x-user`. */
  readonly users?: number
  readonly connections?: number
  readonly path?: string
  /** With a body requests are POSTs. */
  readonly body?: string
}

/** What the load generator has counted itself. */
export interface LoadReport {
  readonly sent: number
  /** Whole answers with status 200. */
  readonly answered: number
  readonly failed: number
  readonly byVersion: Readonly<Record<string, number>>
  /** The first failures, in words. */
  readonly failures: readonly string[]
  readonly slowestMs: number
}

/** A message to the generator's process. */
export type LoadCommand =
  | { readonly type: 'change'; readonly options: Partial<LoadOptions> }
  | { readonly type: 'report' }
  | { readonly type: 'stop' }

/** A running load. */
export interface Load {
  change(options: Partial<LoadOptions>): Promise<LoadReport>
  report(): Promise<LoadReport>
  /** Lets what is in flight end; gives the last count. */
  stop(): Promise<LoadReport>
  /** Ends at once, also after a failure. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts a load on an address such as `http://127.0.0.1:8080`. */
export async function startLoad(address: string, options: LoadOptions): Promise<Load> {
  const { hostname, port } = new URL(address)
  const child = fork(fileURLToPath(new URL('load-process.ts', import.meta.url)), [hostname, port])
  await ask(child, { type: 'change', options })
  return {
    change: (changed) => ask(child, { type: 'change', options: changed }),
    report: () => ask(child, { type: 'report' }),
    stop: () => ask(child, { type: 'stop' }),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
    },
  }
}

async function ask(child: ChildProcess, command: LoadCommand): Promise<LoadReport> {
  const answer = once(child, 'message')
  child.send(command)
  const [report] = (await answer) as [LoadReport]
  return report
}

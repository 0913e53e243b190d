import { runCli } from '../run.ts'
import type { World } from '../world.ts'

/** What a command line printed, and its exit code. */
export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** How a command line is run in a test. */
export interface RunOptions {
  readonly cwd?: string
  readonly env?: World['env']
  readonly stdin?: string
  /** Columns of a terminal; without it stdout is a pipe. */
  readonly columns?: number
}

/** Runs a command line in this process, with its own streams and environment. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  let [stdout, stderr] = ['', '']
  const { cwd = '/', env = {}, stdin = '', columns } = options
  const code = await runCli(argv, {
    stdin: (async function* () {
      yield await Promise.resolve(stdin)
    })(),
    stdout: { write: (text) => (stdout += text), columns, isTTY: columns !== undefined },
    stderr: { write: (text) => (stderr += text) },
    env,
    cwd,
    onInterrupt: () => () => undefined,
    onResize: () => () => undefined,
    keys: null,
    onExit: () => () => undefined,
    hangUp: new AbortController().signal,
  })
  return { code, stdout, stderr }
}

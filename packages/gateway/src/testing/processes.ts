/** Gateways as processes of their own. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ApplyAnswer, GatewayReport } from '../admin/report.ts'
import type { GatewayIdentity } from '../state/identity.ts'
import { until } from './servers.ts'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))

/** A gateway process, by its admin port. */
export interface GatewayProcess extends AsyncDisposable {
  readonly child: ChildProcess
  readonly identity: GatewayIdentity
  /** What it wrote to stderr so far, line by line. */
  readonly events: readonly { readonly event: string }[]
  report(): Promise<GatewayReport>
  apply(table: unknown): Promise<ApplyAnswer>
}

/** Starts a gateway in a state directory, and waits until it says who it is. It is killed at the end, with its workers. `node` is what Node itself is told. */
export async function startProcess(
  directory: string,
  options: readonly string[],
  node: readonly string[] = [],
): Promise<GatewayProcess> {
  const args = [...node, main, '--service', 'shop', '--state', directory, ...options]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const events: { event: string }[] = []
  let rest = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) events.push(line.startsWith('{') ? JSON.parse(line) : { event: line })
  })
  let identity: GatewayIdentity | null = null
  const runs = (): boolean => {
    if (child.exitCode !== null) throw new Error(`it ended: ${JSON.stringify(events)}`)
    try {
      const found: GatewayIdentity = JSON.parse(readFileSync(join(directory, 'gateway.json'), 'utf8'))
      if (found.pid === child.pid) identity = found
    } catch {
      // Not yet.
    }
    return identity !== null
  }
  // Several processes start one after the other; other tests do so at the same time.
  await until('it runs', runs, { seconds: 60 })
  if (identity === null) throw new Error('it does not run')
  return processOf(child, identity, events)
}

function processOf(child: ChildProcess, identity: GatewayIdentity, events: { event: string }[]): GatewayProcess {
  const call = async <Answer>(init: RequestInit): Promise<Answer> => {
    const headers = { authorization: `Bearer ${identity.token}` }
    const answer = await fetch(`http://127.0.0.1:${identity.adminPort}/routing`, { ...init, headers })
    if (!answer.ok) throw new Error(await answer.text())
    return (await answer.json()) as Answer
  }
  return {
    child,
    identity,
    events,
    report: async () => await call({}),
    apply: async (table) => await call({ method: 'PUT', body: JSON.stringify(table) }),
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await once(child, 'exit')
      clearTimeout(late)
    },
  }
}

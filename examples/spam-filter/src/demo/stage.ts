import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createClient, type Client } from '@serin/sdk'
import type { ServiceStatus } from '@serin/spec'
import { startTraffic, type TrafficProcess } from '../traffic/traffic-process.ts'

const cli = fileURLToPath(import.meta.resolve('@serin/cli'))
const releaseFile = fileURLToPath(new URL('../../serin.yaml', import.meta.url))
const withinMs = 60_000

/** The service of the example. */
export const service = 'spam-filter'

/** Everything that runs during the demo: a control plane as `serin up` starts it, its gateway and replicas, and the users. */
export interface Stage {
  readonly dataDirectory: string
  readonly client: Client
  readonly address: string
  readonly traffic: TrafficProcess
  /** One line per request: when it was assigned (ms since the epoch), its version, its status. */
  readonly accessLog: string
  /** Ends everything in order and removes the data. */
  close(): Promise<void>
}

/** Sets the stage; `told` hears what is being waited for. Rejects with a sentence when something does not start. */
export async function openStage(told: (sentence: string) => void): Promise<Stage> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'serin-demo-'))
  const logFile = join(dataDirectory, 'control-plane.log')
  const log = openSync(logFile, 'a')
  const up = ['up', '--data', dataDirectory, '--port', '0', '-f', releaseFile, '--access-log']
  // Detached: a Ctrl-C in the terminal is for the demo, which then ends its control plane in order.
  const child = spawn(process.execPath, [cli, ...up], { stdio: ['ignore', log, log], detached: true })
  let traffic: TrafficProcess | null = null
  const close = async (): Promise<void> => {
    await traffic?.stop().catch(() => undefined)
    await ended(child)
    rmSync(dataDirectory, { recursive: true, force: true })
  }
  try {
    told('Starting the control plane, the gateway and two replicas of v1…')
    const where = await until('the control plane', () => whereIs(child, dataDirectory, logFile))
    const token = readFileSync(join(dataDirectory, 'token'), 'utf8').trim()
    const client = createClient({ url: where, token })
    const address = await until('v1 to be ready', async () => servedAt(await client.getService({ service })))
    told('Starting the users…')
    traffic = startTraffic({ gateway: address, controlPlane: where, token })
    const accessLog = join(dataDirectory, 'services', service, 'gateway', 'access.log')
    return { dataDirectory, client, address, traffic, accessLog, close }
  } catch (error) {
    await close()
    throw error
  }
}

function whereIs(child: ChildProcess, dataDirectory: string, logFile: string): string | null {
  if (child.exitCode !== null)
    throw new StageFailure(`The control plane ended: ${readFileSync(logFile, 'utf8').trim()}`)
  const file = join(dataDirectory, 'control-plane.json')
  if (!existsSync(file)) return null
  const { url } = JSON.parse(readFileSync(file, 'utf8')) as { readonly url: string }
  return url
}

/** A replica may be ready a moment before the gateway knows its address: only an answer says that it serves. */
async function servedAt({ address, stable, versions }: ServiceStatus): Promise<string | null> {
  const runs = versions.find(({ name }) => name === stable)
  if (runs?.failure != null) throw new StageFailure(`${stable} does not start: ${runs.failure.message}`)
  return address !== null && (await fetch(`${address}/v2/health/ready`)).ok ? address : null
}

/** What keeps the demo from going on, in a sentence. */
export class StageFailure extends Error {}

async function until<T>(what: string, ask: () => T | null | Promise<T | null>): Promise<T> {
  const deadline = performance.now() + withinMs
  let last: unknown
  while (performance.now() < deadline) {
    try {
      const answer = await ask()
      if (answer !== null) return answer
    } catch (error) {
      if (error instanceof StageFailure) throw error
      last = error
    }
    await sleep(100)
  }
  throw new StageFailure(`Waited ${withinMs / 1_000} s for ${what}.`, { cause: last })
}

/** Ctrl-C for the control plane, which then stops gateway and replicas. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGINT')
  await exited
}

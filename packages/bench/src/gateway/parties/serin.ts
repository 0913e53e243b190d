import type { GatewayIdentity } from '@serin/gateway'
import { spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Upstreams } from '../load/process.ts'
import { ownDirectory } from './end-with-us.ts'
import { startParty } from './party.ts'
import type { Contender } from './party.ts'
import { benchTable } from './table.ts'

const gatewayMain = fileURLToPath(import.meta.resolve('@serin/gateway/main'))
const startMs = 20_000

/** Serin's gateway as the control plane starts it, with everything on. */
export const serin: Contender = serinAs('serin', {})

/** The same on Node's public API alone. */
export const serinNet: Contender = serinAs('serin-net', { SERIN_TRANSPORT: 'net' })

/** The same on two cores. */
export const serinTwoWorkers: Contender = {
  name: 'serin-2-workers',
  open: async (upstreams) =>
    hasWorkers()
      ? await serinAs('serin-2-workers', {}, ['--workers', '2']).open(upstreams)
      : { absent: 'This gateway has no --workers.' },
}

function hasWorkers(): boolean {
  const { stdout, stderr } = spawnSync(process.execPath, [gatewayMain, '--help'], { encoding: 'utf8' })
  return `${stdout}${stderr}`.includes('--workers')
}

function serinAs(name: string, environment: Readonly<Record<string, string>>, more: readonly string[] = []): Contender {
  return {
    name,
    async open(upstreams) {
      const state = await ownDirectory(name)
      // As packages/drivers/src/router/gateway starts it.
      const args = ['--max-semi-space-size=16', gatewayMain, '--service', 'shop', '--listen', '127.0.0.1:0']
      return await startParty(name, [process.execPath, ...args, '--state', state.path, ...more], {
        port: async (child) => await startRollout(child, state.path, upstreams),
        options: { env: { ...environment } },
        afterwards: state.remove,
      })
    },
  }
}

async function startRollout(child: ChildProcess, state: string, upstreams: Upstreams): Promise<number> {
  const { adminPort, token, address } = await readIdentity(child, join(state, 'gateway.json'))
  const response = await fetch(`http://127.0.0.1:${adminPort}/routing`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(benchTable(upstreams)),
  })
  if (!response.ok) throw new Error(`the gateway does not take the table: ${await response.text()}`)
  return Number(new URL(address).port)
}

async function readIdentity(child: ChildProcess, file: string): Promise<GatewayIdentity> {
  const deadlineMs = performance.now() + startMs
  for (;;) {
    try {
      return JSON.parse(await readFile(file, 'utf8'))
    } catch (cause) {
      if (performance.now() > deadlineMs || child.exitCode !== null)
        throw new Error('it did not say where it listens', { cause })
      await sleep(20)
    }
  }
}

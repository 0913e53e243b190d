import type { RoutingTable } from '@serin/core'
import type { GatewayIdentity } from '@serin/gateway'
import type { ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { canaryBp } from '../load/requests.ts'
import { Control } from './control.ts'
import { ownDirectory } from './end-with-us.ts'
import { startParty } from './party.ts'
import type { Contender } from './party.ts'
import { benchTable } from './table.ts'

const gatewayMain = fileURLToPath(import.meta.resolve('@serin/gateway/main'))
const startMs = 20_000

/** Serin's gateway as the control plane starts it, with everything on. */
export const serin: Contender = serinAs('serin', {})

/** The same on Node's public API alone. */
export const serinNet: Contender = serinAs('serin-net', { environment: { SERIN_TRANSPORT: 'net' } })

/** The same on two cores. */
export const serinTwoWorkers: Contender = serinAs('serin-2-workers', { args: ['--workers', '2'] })

/** The same without a rollout, when requests that come together may share a write. */
export const serinPipelining: Contender = serinAs('serin-pipelining', { pipelining: 8, shareBp: 0 })

/** What is not as usual. */
interface Unusual {
  readonly environment?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  readonly pipelining?: number
  readonly shareBp?: number
}

function serinAs(
  name: string,
  { environment = {}, args = [], shareBp = canaryBp, pipelining = 1 }: Unusual,
): Contender {
  return {
    name,
    async open(upstreams) {
      const state = await ownDirectory(name)
      // As packages/drivers/src/router/gateway starts it.
      const usual = ['--max-semi-space-size=16', gatewayMain, '--service', 'shop', '--listen', '127.0.0.1:0']
      let rollout: Rollout | null = null
      const party = await startParty(name, [process.execPath, ...usual, '--state', state.path, ...args], {
        port: async (child) => {
          rollout = await startRollout(child, state.path, (bp = shareBp) => benchTable(upstreams, bp, pipelining))
          return rollout.port
        },
        options: { env: { ...environment } },
        afterwards: async () => {
          rollout?.close()
          await state.remove()
        },
      })
      return { ...party, h2Port: party.port, change: async (shareBp) => await rollout?.change(shareBp) }
    },
  }
}

/** A rollout through a gateway. */
interface Rollout {
  readonly port: number
  change(canaryBp: number): Promise<void>
  close(): void
}

async function startRollout(
  child: ChildProcess,
  state: string,
  tableOf: (shareBp?: number) => RoutingTable,
): Promise<Rollout> {
  const identity = await readIdentity(child, join(state, 'gateway.json'))
  const control = new Control(identity)
  let revision = 0
  const change = async (shareBp?: number): Promise<void> => {
    revision += 1
    await control.put({ ...tableOf(shareBp), revision })
  }
  await change()
  return { port: Number(new URL(identity.address).port), change, close: () => control.close() }
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

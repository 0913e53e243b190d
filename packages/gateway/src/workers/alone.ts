import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { defaultLimits } from '../limits.ts'
import { logLine } from '../log.ts'
import { readJson } from '../state/files.ts'
import { isRunning } from '../state/identity.ts'
import type { GatewayIdentity } from '../state/identity.ts'
import type { Duty } from './messages.ts'

const lookMs = 100
const wayWithinMs = 5_000
/** Who has a connection may still ask once while its worker lingers. */
const clearMs = lookMs + 2 * defaultLimits.lingerMs

/**
 * How long a worker without its parent goes on with the table it has: until another gateway stands in `gateway.json`, the file is gone, or
 * somebody stops it.
 */
export async function untilReplaced(
  { boot, identityFile }: Pick<Duty, 'boot' | 'identityFile'>,
  stopped: Promise<'stopped'>,
): Promise<void> {
  for (;;) {
    const identity = await readJson(identityFile)
    if (typeof identity !== 'object' || identity === null || !('boot' in identity) || identity.boot !== boot) return
    if ((await Promise.race([sleep(lookMs), stopped])) === 'stopped') return
  }
}

/** A gateway that is gone and whose workers still serve: they have its addresses. Null when there is none. */
export async function leftWorkers(identityFile: string): Promise<GatewayIdentity | null> {
  const found = await readJson(identityFile)
  if (!isOfWorkers(found) || (await isRunning(found))) return null
  // Others may have taken its port since.
  const serving = await Promise.all((found.carriers ?? []).map(isRunning))
  return serving.includes(true) ? found : null
}

/** Makes such workers leave; resolves when their addresses are free and none of them answers by the old table any more. */
export async function makeWay(identityFile: string): Promise<void> {
  const found = await leftWorkers(identityFile)
  if (found === null) return
  logLine('gateway.makes-way', { boot: found.boot })
  await rm(identityFile, { force: true })
  const addresses = [found.address, found.previewAddress].filter((address) => address !== null)
  const deadlineMs = performance.now() + wayWithinMs
  while (!(await areFree(addresses)) && performance.now() < deadlineMs) await sleep(5)
  await passAway()
}

/** Resolves when workers that have been told to leave answer nobody any more who had no request in flight. */
export async function passAway(): Promise<void> {
  await sleep(clearMs)
}

/** The port itself, or a free one for 0; null when it is taken. */
export async function portAt(host: string, port: number): Promise<number | null> {
  return await new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null)
      else reject(error)
    })
    server.listen({ host, port, exclusive: true }, () => {
      const { port: taken } = server.address() as AddressInfo
      server.close(() => resolve(taken))
    })
  })
}

async function areFree(addresses: readonly string[]): Promise<boolean> {
  for (const address of addresses) {
    const { hostname, port } = new URL(address)
    if ((await portAt(hostname.replaceAll(/[[\]]/g, ''), Number(port))) === null) return false
  }
  return true
}

function isOfWorkers(value: unknown): value is GatewayIdentity {
  if (typeof value !== 'object' || value === null || !('workers' in value)) return false
  return 'pid' in value && 'startTime' in value && 'address' in value && 'carriers' in value
}

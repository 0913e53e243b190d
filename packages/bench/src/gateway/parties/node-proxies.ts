import { fileURLToPath } from 'node:url'
import { peers } from '../peers/all.ts'
import { printedPort, startParty } from './party.ts'
import type { Contender } from './party.ts'

const main = fileURLToPath(new URL('../peers/main.ts', import.meta.url))

/** The proxies that people run on Node, each in a process of its own; all of them choose by the same hash of the cookie. */
export const nodeProxies: readonly Contender[] = Object.keys(peers).map(nodeProxyAs)

/** The least that a proxy on Node's own HTTP does. */
export const nodeHttp: Contender = nodeProxyAs('node:http')

function nodeProxyAs(name: string): Contender {
  return {
    name,
    async open({ canary, stable }) {
      if (!isInstalled(peers[name]?.packageName ?? null))
        return { absent: `The npm package ${name} is not installed: only those who develop Serin have it.` }
      const command = [process.execPath, main, name, String(canary), String(stable)] as const
      return await startParty(name, command, { port: printedPort })
    },
  }
}

function isInstalled(packageName: string | null): boolean {
  if (packageName === null) return true
  try {
    import.meta.resolve(packageName)
    return true
  } catch {
    return false
  }
}

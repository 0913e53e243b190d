import type { RoutingTable } from '@serin/core'
import { claims } from '../proxy/claims.ts'
import { decideScript } from '../proxy/decide-script.ts'
import { tableLua } from './table-lua.ts'

const decideFile = new URL('decide.lua', import.meta.url)

/** The script that Envoy runs for each request: a table, and how it is read. */
export async function luaScript(table: RoutingTable | null): Promise<string> {
  const named = `local claims = { ${claims.map((name) => `"${name}"`).join(', ')} }\n`
  return tableLua(table) + named + (await decideScript(decideFile))
}

import type { RoutingTable } from '@serin/core'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { serverOf } from '../proxy/addresses.ts'
import type { InFlight } from '../proxy/driven.ts'

/** An address that requests were sent to, and whose it was. */
export interface Route {
  readonly endpoint: string
  readonly version: string
}

/**
 * What the workers that leave are still doing: such a worker keeps no idle connection, so each of its connections to a version is a request, a stream
 * or a tunnel. Where a name stands for an address, or a worker is somebody else's, the connections cannot be told: as long as any such worker is there,
 * one counts as under way.
 */
export async function inFlightOf(leaving: readonly number[], routes: readonly Route[]): Promise<InFlight> {
  const byVersion: Record<string, number> = {}
  const byEndpoint: Record<string, number> = {}
  if (leaving.length === 0) return { byVersion, byEndpoint }
  const open = new Map<string, number>()
  const remotes = await Promise.all(leaving.map(remotesOf))
  const isHidden = remotes.includes(null)
  for (const each of remotes.flatMap((list) => list ?? [])) open.set(each, (open.get(each) ?? 0) + 1)
  for (const { endpoint, version } of routes) {
    const server = serverOf(endpoint, 'nginx')
    const count = !isHidden && /^[\d.]+:\d+$/.test(server) ? (open.get(server) ?? 0) : 1
    if (count === 0) continue
    byEndpoint[endpoint] = count
    byVersion[version] = (byVersion[version] ?? 0) + count
  }
  return { byVersion, byEndpoint }
}

/** The addresses of a table, and older ones that may still have requests under way. */
export function routesOf(table: RoutingTable | null, past: readonly Route[]): readonly Route[] {
  const { arms = [], mirror } = table ?? {}
  const now = [...arms, ...(mirror === undefined ? [] : [mirror])].flatMap(({ version, endpoints }) =>
    endpoints.map((endpoint) => ({ endpoint, version })),
  )
  return [
    ...now,
    ...past.filter((one) =>
      now.every(({ endpoint }) => serverOf(endpoint, 'nginx') !== serverOf(one.endpoint, 'nginx')),
    ),
  ]
}

/** The far ends of the IPv4 connections of a process, such as `127.0.0.1:4001`; null when they are hidden from us. */
async function remotesOf(pid: number): Promise<readonly string[] | null> {
  try {
    const handles = await readdir(`/proc/${pid}/fd`)
    const targets = await Promise.all(
      handles.map(async (fd) => await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')),
    )
    const own = new Set(targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []))
    const table = await readFile(`/proc/${pid}/net/tcp`, 'utf8')
    return table
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => own.has(fields[9] ?? ''))
      .map((fields) => addressOf(fields[2] ?? ''))
  } catch (error) {
    const hidden = error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM')
    return hidden ? null : [] // It ended meanwhile.
  }
}

/** `0100007F:0FA1` is 127.0.0.1:4001: the kernel prints the bytes of the address as a number of this machine. */
function addressOf(text: string): string {
  const [address = '', port = ''] = text.split(':')
  const bytes = address.match(/../g) ?? []
  return `${bytes
    .toReversed()
    .map((byte) => parseInt(byte, 16))
    .join('.')}:${parseInt(port, 16)}`
}

import type { RoutingTable } from '@serin/core'
import type { SeenHost } from './admin-api.ts'
import type { Host } from './clusters.ts'
import { clusterOf } from './routes.ts'

/** The copies of a table, each once. Pure. */
export function hostsOf(
  table: RoutingTable,
  numberOf: (endpoint: string) => Pick<Host, 'address' | 'port'>,
): readonly Host[] {
  const all = table.arms.flatMap(({ version, endpoints }) =>
    endpoints.map((endpoint): Host => ({ version, endpoint, ...numberOf(endpoint), leaving: false })),
  )
  return [...new Map(all.map((host) => [keyOf(host), host])).values()]
}

/** Before the table: the new copies are there, and no other is gone. Pure. */
export function joined(before: readonly Host[], wanted: readonly Host[]): readonly Host[] {
  return [...wanted, ...before.filter((host) => !has(wanted, host))]
}

/** After the table: a copy that left it stays, without new requests, as long as it has something under way. Pure. */
export function parted(before: readonly Host[], wanted: readonly Host[], seen: readonly SeenHost[]): readonly Host[] {
  const busy = new Set(seen.filter(({ active }) => active > 0).map(seenKey))
  const leaving = before
    .filter((host) => !has(wanted, host) && busy.has(keyOf(host)))
    .map((host) => ({ ...host, leaving: true }))
  return [...wanted, ...leaving]
}

/** Whether Envoy has these copies and no other. Pure. */
export function isSettled(hosts: readonly Host[], seen: readonly SeenHost[]): boolean {
  const found = new Map(seen.map((host) => [seenKey(host), host.draining]))
  return found.size === hosts.length && hosts.every((host) => found.get(keyOf(host)) === host.leaving)
}

/** What each copy has under way. Pure. */
export function activeOf(hosts: readonly Host[], seen: readonly SeenHost[]): readonly (readonly [Host, number])[] {
  const active = new Map(seen.map((host) => [seenKey(host), host.active]))
  return hosts.map((host) => [host, active.get(keyOf(host)) ?? 0])
}

function has(hosts: readonly Host[], one: Host): boolean {
  return hosts.some((host) => keyOf(host) === keyOf(one))
}

function keyOf({ version, address, port }: Host): string {
  return `${clusterOf(version)} ${address} ${port}`
}

function seenKey({ cluster, address, port }: SeenHost): string {
  return `${cluster} ${address} ${port}`
}

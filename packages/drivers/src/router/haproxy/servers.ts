import type { RoutingTable } from '@serin/core'
import { serverOf } from '../proxy/addresses.ts'

/** How many versions may have requests at once; HAProxy makes servers while it runs, but no backends. */
export const backends = 32

/** A copy of a version as HAProxy has it. */
export interface Server {
  /** `serin_0`, `serin_1`, … */
  readonly backend: string
  readonly name: string
  /** IP address and port. */
  readonly address: string
  readonly endpoint: string
  readonly version: string
}

/** A server that runs, as far as it matters for what has to be done. */
export interface Running {
  readonly backend: string
  readonly name: string
  readonly address: string
  readonly status: string
  readonly weight: number
  readonly current: number
}

/** Which backend each version of a table has: the one it had; a new one takes one that nothing uses, or that was used least lately. Undefined when there are too many. */
export function seated(
  versions: readonly string[],
  before: Readonly<Record<string, number>>,
  busy: readonly string[],
): Readonly<Record<string, number>> | undefined {
  const seats = new Map(
    versions.flatMap((version) => (before[version] === undefined ? [] : [[version, before[version]]])),
  )
  const all = Array.from({ length: backends }, (_, i) => i)
  // One in which older requests still run last: their server may have the very address of a new one.
  const order = [...all.filter((i) => !busy.includes(`serin_${i}`)), ...all.filter((i) => busy.includes(`serin_${i}`))]
  for (const version of versions) {
    if (seats.has(version)) continue
    const free = order.find((i) => ![...seats.values()].includes(i))
    if (free === undefined) return undefined
    seats.set(version, free)
  }
  return Object.fromEntries(seats)
}

/** The servers a table wants. */
export function serversOf(
  { arms }: Pick<RoutingTable, 'arms'>,
  seats: Readonly<Record<string, number>>,
  addressOf: (endpoint: string) => string,
): readonly Server[] {
  return arms.flatMap(({ version, endpoints }) =>
    [...new Set(endpoints)].map((endpoint) => ({
      backend: `serin_${seats[version] ?? 0}`,
      name: serverOf(endpoint, 'HAProxy').replaceAll(/[^\w.:-]/g, '_'),
      address: addressOf(endpoint),
      endpoint,
      version,
    })),
  )
}

/** What has to be done so that exactly the wanted servers take requests. `add` and `before` come before the table, `after` when nothing is sent to the others any more. */
export function steps(
  wanted: readonly Server[],
  running: readonly Running[],
): {
  readonly add: readonly Server[]
  readonly before: readonly string[]
  readonly after: readonly string[]
  /** Nothing runs there any more, once it has been made to rest. */
  readonly remove: readonly string[]
} {
  const pathOf = ({ backend, name }: Pick<Server, 'backend' | 'name'>): string => `${backend}/${name}`
  const found = new Map(running.map((server) => [pathOf(server), server]))
  const kept = new Set(wanted.map(pathOf))
  const gone = running.filter((server) => !kept.has(pathOf(server)))
  return {
    add: wanted.filter((server) => !found.has(pathOf(server))),
    before: wanted.flatMap((server) => {
      const there = found.get(pathOf(server))
      return there === undefined || isAsWanted(server, there) ? [] : corrections(pathOf(server), server)
    }),
    after: gone
      .filter(({ status }) => !isOut(status))
      .map((server) => `set server ${pathOf(server)} state ${server.current > 0 ? 'drain' : 'maint'}`),
    remove: gone.filter(({ current }) => current === 0).map(pathOf),
  }
}

/** Whether exactly the wanted servers take requests, where they should. */
export function isSettled(wanted: readonly Server[], running: readonly Running[]): boolean {
  const { add, before, after } = steps(wanted, running)
  return add.length + before.length + after.length === 0
}

function corrections(path: string, { address }: Server): readonly string[] {
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? []
  return [
    `set server ${path} addr ${host} port ${port}`,
    `set server ${path} weight 1`,
    `set server ${path} state ready`,
  ]
}

function isAsWanted({ address }: Server, { address: has, status, weight }: Running): boolean {
  return address === has && weight === 1 && !isOut(status)
}

function isOut(status: string): boolean {
  return /^(MAINT|DRAIN)/.test(status)
}

/** Two versions and a gateway that copies the requests of one to the other. */
import type { EvidenceSlot, Mirror, MirrorSlot, RoutingTable } from '@serin/core'
import type { RequestListener, Server } from 'node:http'
import type { Gateway, GatewayOptions } from '../gateway.ts'
import { evidenceOf, openWorld, sumOf, tableOf } from './servers.ts'
import type { World } from './servers.ts'

/** What a test's own pair of versions is made of. */
export interface MirrorWorld extends AsyncDisposable {
  readonly world: World
  readonly gateway: Gateway
  readonly address: string
  readonly endpoints: { readonly v1: readonly string[]; readonly v2: readonly string[] }
  /** Puts the next table in force. */
  apply(mirror: Partial<Mirror> | null, more?: Partial<RoutingTable>): Promise<void>
  /** The mirror counts of all slots, once they say enough. */
  counts(enough: (sums: MirrorSums) => boolean): Promise<MirrorSums>
}

/** Counts over slots. */
export interface MirrorSums extends Omit<MirrorSlot, 'canaryLatency' | 'stableLatency'> {
  /** Requests that stable has answered. */
  readonly originals: number
  /** Latencies told of each version. */
  readonly timed: readonly [canary: number, stable: number]
}

/** Opens two versions behind a gateway, all of whose requests are copied. `v2` may be an address instead. */
export async function openMirror(
  v1: RequestListener,
  v2: RequestListener | string,
  {
    mirror = {},
    prepare,
    ...options
  }: Partial<GatewayOptions> & { readonly mirror?: Partial<Mirror>; readonly prepare?: (server: Server) => void } = {},
): Promise<MirrorWorld> {
  const world = await openWorld()
  const endpoints = {
    v1: [await world.upstream(v1)],
    v2: [typeof v2 === 'string' ? v2 : await world.upstream(v2, prepare)],
  }
  const gateway = await world.gateway(options)
  let revision = 0
  const apply: MirrorWorld['apply'] = async (changed, more = {}) => {
    revision += 1
    const table = tableOf(revision, 0, endpoints, {
      ...more,
      ...(changed === null ? {} : { mirror: { ...mirrorTo(endpoints.v2), ...mirror, ...changed } }),
    })
    const answer = await gateway.apply(table)
    if (typeof answer === 'string') throw new Error(answer)
  }
  await apply({})
  return {
    world,
    gateway,
    address: gateway.identity.address,
    endpoints,
    apply,
    counts: async (enough) => sumsOf(await evidenceOf(gateway, (slots) => enough(sumsOf(slots)))),
    [Symbol.asyncDispose]: async () => await world[Symbol.asyncDispose](),
  }
}

/** A mirror of everything that is safe. */
export function mirrorTo(endpoints: readonly string[]): Mirror {
  return {
    version: 'v2',
    endpoints,
    shareBp: 10_000,
    methods: ['GET', 'HEAD'],
    body: 'json',
    ignored: [],
    tolerance: 0,
    timeoutMs: 20_000,
  }
}

function sumsOf(slots: readonly EvidenceSlot[]): MirrorSums {
  const sum = (count: (slot: MirrorSlot) => number): number =>
    slots.reduce((total, { mirror }) => total + (mirror === undefined ? 0 : count(mirror)), 0)
  const bins = (latency: MirrorSlot['canaryLatency']): number => latency.reduce((total, [, count]) => total + count, 0)
  return {
    sent: sum((slot) => slot.sent),
    dropped: sum((slot) => slot.dropped),
    compared: sum((slot) => slot.compared),
    different: sum((slot) => slot.different),
    differentStatus: sum((slot) => slot.differentStatus),
    differentBody: sum((slot) => slot.differentBody),
    onlyCanaryFailed: sum((slot) => slot.onlyCanaryFailed),
    onlyStableFailed: sum((slot) => slot.onlyStableFailed),
    originals: sumOf(slots, 'v1', (arm) => arm.requests),
    timed: [sum((slot) => bins(slot.canaryLatency)), sum((slot) => bins(slot.stableLatency))],
  }
}

import type { RoutingTable } from '@serin/core'
import { endpointsOf, isNewer } from '@serin/core/routing'
import type { DriverContext, EvidenceSource, RoutingObservation, TrafficRouter } from '@serin/kit'
import { EdgeSettings, SerinError } from '@serin/spec'
import type { Segment, Service } from '@serin/spec'
import { randomBytes } from 'node:crypto'
import type { LogEvidence } from './log-evidence.ts'

/** What the driver of a proxy is opened with. */
export interface ProxyContext extends DriverContext {
  /** Port on loopback, or `address:port`; port 0 takes a free one and keeps it. */
  readonly listen: Service['listen']
  /** Where canary answers whatever its share is; in the form of `listen`. */
  readonly preview?: Service['preview']
  /** The program to run; found by itself when absent. */
  readonly command?: string | undefined
  /** Worker processes, or threads; 1 when absent. */
  readonly workers?: number | undefined
}

/** A proxy of Serin's own as a router and a source of evidence. */
export interface ProxyRouter extends TrafficRouter, EvidenceSource {
  /** Lets go of the proxy without stopping it. */
  close(): void
}

/** What a proxy does now, asked of the proxy itself. */
export interface InForce {
  readonly revision: number | null
  /** Which control plane sent the table, where the product says it. */
  readonly epoch?: number
  /** Measured, not read. */
  readonly weights: Readonly<Record<string, number>>
  /** Whether what it has and what it does is what Serin wrote. */
  readonly asWritten: boolean
}

/** Requests that a proxy has under way. */
export interface InFlight {
  readonly byVersion: Readonly<Record<string, number>>
  readonly byEndpoint: Readonly<Record<string, number>>
}

/** A proxy that Serin starts and drives, with what is particular to the product. */
export interface Proxy {
  /** What people call it. */
  readonly product: string
  /** Whether it sends copies and says what became of them. */
  readonly mirrors?: true
  /** The table that Serin gave it last. */
  readonly table: RoutingTable | null
  readonly addresses: Pick<RoutingObservation, 'address' | 'previewAddress'>
  /** Starts what does not run, with the table it had. Rejects when it was released. */
  ensure(): Promise<void>
  /** Asks what is in force; `mark` comes back in the log. */
  inForce(signal: AbortSignal, mark?: string): Promise<InForce>
  inFlight(signal: AbortSignal): Promise<InFlight>
  /** Puts a table in force, or leaves everything as it was and says why. */
  apply(table: RoutingTable, signal: AbortSignal): Promise<void>
  /** Ends it and removes its files. */
  release(drainMs: number, signal: AbortSignal): Promise<void>
}

const barrierMs = 500
/** No table of Serin's has it: somebody else wrote what is in force. */
const foreignRevision = 0

/** Starts a proxy, or adopts it, and answers for it as a router; every verb starts again what has died. */
export async function driven(context: ProxyContext, proxy: Proxy, evidence: LogEvidence): Promise<ProxyRouter> {
  try {
    await proxy.ensure()
    if (proxy.table !== null) evidence.change(proxy.table)
  } catch (error) {
    evidence.close()
    // Nobody will release what was never opened; one that has a table serves, or will again.
    if (proxy.table === null) await proxy.release(0, AbortSignal.abort())
    throw error
  }
  let last: Promise<unknown> = Promise.resolve()
  /** One verb at a time changes what runs. */
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work)
    last = turn.catch(() => {})
    return await turn
  }
  return {
    capabilities: { granularityBp: 1, rules: true, websocket: true },
    observe: async (signal) => {
      await inTurn(async () => await proxy.ensure())
      return await observed(proxy, evidence, signal)
    },
    apply: async (table, signal) =>
      await inTurn(async () => {
        refuse(proxy, context.service, table)
        await proxy.ensure()
        if (await isDone(proxy, table, signal)) return
        await proxy.apply(table, signal)
        evidence.change(table)
      }),
    release: async (signal) => {
      await inTurn(async () => await proxy.release(context.spec.drain, signal))
      evidence.close()
    },
    slots: (after, signal) => evidence.slots(after, signal),
    close: () => evidence.close(),
  }
}

async function observed(proxy: Proxy, evidence: LogEvidence, signal: AbortSignal): Promise<RoutingObservation> {
  const mark = randomBytes(8).toString('hex')
  const caughtUp = evidence.caughtUp(mark, barrierMs)
  const { revision, weights, asWritten } = await proxy.inForce(signal, mark)
  await caughtUp
  if (revision !== null) evidence.measured(revision, weights)
  const { table } = proxy
  const { byVersion, byEndpoint } = await proxy.inFlight(signal)
  return {
    revision: asWritten ? revision : foreignRevision,
    weights,
    inFlight: { ...Object.fromEntries(Object.keys(weights).map((version) => [version, 0])), ...byVersion },
    endpoints: table === null ? [] : endpointsOf(table),
    inFlightByEndpoint: byEndpoint,
    lastRequestAt: evidence.lastRequestAt(),
    ...proxy.addresses,
  }
}

function refuse({ product, mirrors }: Proxy, service: string, table: RoutingTable): void {
  if (table.service !== service)
    throw new SerinError('gateway.failed', `This is the ${product} of ${service}, the table is for ${table.service}.`)
  if (table.mirror !== undefined && !(mirrors === true && table.mirror.body === 'ignore'))
    throw new SerinError(
      'gateway.failed',
      mirrors === true
        ? `${product} compares the status of answers to copies, not their bodies: say "body: ignore".`
        : `${product} cannot compare the answers to copies of requests.`,
    )
  const beyond = edgeBeyond(table)
  if (beyond !== undefined)
    throw new SerinError('gateway.failed', `${product} does not have the setting "gateway.${beyond}".`)
  refuseUnknown(product, table)
}

/** A setting of the gateway's edge that was asked for and is not for others; whom to believe is for all. */
function edgeBeyond({ edge }: RoutingTable): string | undefined {
  const { trustProxies: _all, ...byDefault } = EdgeSettings.parse({})
  const asked: Readonly<Record<string, unknown>> = edge ?? byDefault
  return Object.entries(byDefault).find(([name, value]) => asked[name] !== value)?.[0]
}

/** What this configuration cannot say must not be left out of it: somebody else would get the request. */
function refuseUnknown(
  product: string,
  { sticky, token, overrideKeySha256, rules, segments = {}, unit }: RoutingTable,
): void {
  const parts: readonly (Segment & { readonly share?: unknown })[] = [...rules, ...Object.values(segments)]
  const unknown =
    [sticky, token, overrideKeySha256].some((feature) => feature !== undefined) ||
    unit.some((source) => 'claim' in source) ||
    parts.some(({ country, device, claim, unit: units, share }) =>
      [country, device, claim, units, share].some((part) => part !== undefined),
    )
  if (unknown)
    throw new SerinError(
      'gateway.failed',
      `${product} cannot tell requests apart by country, device, token, unit or share, nor give cookies.`,
    )
}

/** Whether nothing is left to do: a later table is there, or this one as it was written. */
async function isDone(proxy: Proxy, table: RoutingTable, signal: AbortSignal): Promise<boolean> {
  const before = proxy.table
  if (before !== null && isNewer(before, table)) return true
  const { revision, epoch = 0, asWritten } = await proxy.inForce(signal)
  // What runs knows of a later control plane, whatever is remembered here.
  if (epoch > (table.epoch ?? 0)) return true
  if (before === null || isNewer(table, before)) return false
  return revision === before.revision && asWritten
}

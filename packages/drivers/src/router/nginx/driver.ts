import type { RoutingTable } from '@serin/core'
import { endpointsOf, isNewer } from '@serin/core/routing'
import type { DriverContext, EvidenceSource, RoutingObservation, TrafficRouter } from '@serin/kit'
import { SerinError } from '@serin/spec'
import type { Service } from '@serin/spec'
import { randomBytes } from 'node:crypto'
import { NginxEvidence } from './evidence.ts'
import { inFlightOf } from './in-flight.ts'
import { NginxPair } from './nginx-pair.ts'

/** What the nginx driver is opened with. */
export interface NginxContext extends DriverContext {
  /** Port on loopback, or `address:port`; port 0 takes a free one and keeps it. */
  readonly listen: Service['listen']
  /** Where canary answers whatever its share is; in the form of `listen`. */
  readonly preview?: Service['preview']
  /** The nginx to run; found by itself when absent. */
  readonly command?: string | undefined
  /** Worker processes; 1 when absent. */
  readonly workers?: number | undefined
}

/** An nginx of Serin's own as a router and a source of evidence. */
export interface NginxRouter extends TrafficRouter, EvidenceSource {
  /** Lets go of nginx without stopping it. */
  close(): void
}

const barrierMs = 500
/** No table of Serin's has it: somebody else wrote what is in force. */
const foreignRevision = 0

/**
 * Adopts the nginx that runs for this state directory, or starts it: one that clients talk to, and behind it one that splits and is reloaded with every
 * table. They outlive this process, and every verb starts again what has died. Rejects with `gateway.port-in-use` or `gateway.failed`.
 */
export async function openNginx(context: NginxContext): Promise<NginxRouter> {
  const pair = await NginxPair.find(context)
  const evidence = await NginxEvidence.open(pair.evidencePort, pair.evidenceKey)
  try {
    await pair.ensure(evidence.port)
    if (pair.table !== null) evidence.change(pair.table)
  } catch (error) {
    evidence.close()
    // Nobody will release what was never opened; one that has a table serves, or will again.
    if (pair.table === null) await pair.release(0, AbortSignal.abort())
    throw error
  }
  let last: Promise<unknown> = Promise.resolve()
  /** One verb at a time changes what runs. */
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work)
    last = turn.catch(() => {})
    return await turn
  }

  const observe = async (signal: AbortSignal): Promise<RoutingObservation> => {
    await inTurn(async () => await pair.ensure(evidence.port))
    const mark = randomBytes(8).toString('hex')
    const caughtUp = evidence.caughtUp(mark, barrierMs)
    const { revision, weights, asWritten } = await pair.inForce(signal, mark)
    await caughtUp
    const { table } = pair
    const { byVersion, byEndpoint } = await inFlightOf(await pair.leaving(), pair.routes)
    return {
      revision: asWritten ? revision : foreignRevision,
      weights,
      inFlight: { ...Object.fromEntries(Object.keys(weights).map((version) => [version, 0])), ...byVersion },
      endpoints: table === null ? [] : endpointsOf(table),
      inFlightByEndpoint: byEndpoint,
      lastRequestAt: evidence.lastRequestAt(),
      ...pair.addresses,
    }
  }

  const apply = async (table: RoutingTable, signal: AbortSignal): Promise<void> => {
    if (table.service !== context.service)
      throw new SerinError(
        'gateway.failed',
        `This is the nginx of ${context.service}, the table is for ${table.service}.`,
      )
    if (table.mirror !== undefined)
      throw new SerinError('gateway.failed', 'nginx cannot compare the answers to copies of requests.')
    await pair.ensure(evidence.port)
    const before = pair.table
    if (before !== null && isNewer(before, table)) return
    const { revision, asWritten } = await pair.inForce(signal)
    if (before !== null && !isNewer(table, before) && revision === before.revision && asWritten) return
    await pair.apply(table, signal)
    evidence.change(table)
  }

  return {
    capabilities: { granularityBp: 1, rules: true, websocket: true },
    observe,
    apply: async (table, signal) => await inTurn(async () => await apply(table, signal)),
    release: async (signal) => {
      await inTurn(async () => await pair.release(context.spec.drain, signal))
      evidence.close()
    },
    slots: (after, signal) => evidence.slots(after, signal),
    close: () => evidence.close(),
  }
}

import type { EvidenceSlot } from '@serin/core'
import { endpointsOf } from '@serin/core/routing'
import type { GatewayReport } from '@serin/gateway'
import type { DriverContext, EvidenceCursor, EvidenceSource, RoutingObservation, TrafficRouter } from '@serin/kit'
import { certificatesOf, SerinError } from '@serin/spec'
import type { Service } from '@serin/spec'
import type { IncomingMessage } from 'node:http'
import { resolve } from 'node:path'
import { AdminClient } from './admin-client.ts'
import { GatewayProcess } from './gateway-process.ts'

/** What the gateway driver is opened with. */
export interface GatewayContext extends DriverContext {
  /** Port on loopback, or `address:port`; port 0 takes a free one and keeps it. */
  readonly listen: Service['listen']
  /** Where canary answers whatever its share is; in the form of `listen`. */
  readonly preview?: Service['preview']
  /** Among how many processes it shares the traffic; one by default. */
  readonly workers?: Service['workers']
  /** Where the gateway writes a line per request, if anywhere. */
  readonly accessLogFile?: string
}

/** Serin's own gateway as a router and a source of evidence. */
export interface GatewayRouter extends TrafficRouter, EvidenceSource {
  /** Everything the gateway says of itself. */
  report(signal: AbortSignal): Promise<GatewayReport>
  /** Lets go of the process without stopping it. */
  close(): void
}

/**
 * Adopts the gateway that runs for this state directory, or starts one as a process of its own that outlives this one. Every verb starts
 * it again when it has died; it then goes on with its table from disk. Rejects with `gateway.port-in-use`, `gateway.certificate` or `gateway.failed`.
 */
export async function openGateway(context: GatewayContext): Promise<GatewayRouter> {
  const admin = new AdminClient()
  const { host, port } = hostAndPort(context.listen)
  const inPlace = (file: string): string => resolve(context.baseDirectory, file)
  const { clientCertificates: clients } = context.spec.gateway
  const running = new GatewayProcess(
    {
      service: context.service,
      host,
      port,
      preview: context.preview === undefined ? null : hostAndPort(context.preview),
      tls: certificatesOf(context.spec.gateway).map(({ certificate, key }) => ({
        certificate: inPlace(certificate),
        key: inPlace(key),
      })),
      clientCertificates: clients === undefined ? null : { ...clients, ca: inPlace(clients.ca) },
      directory: context.stateDirectory,
      accessLogFile: context.accessLogFile ?? null,
      workers: context.workers ?? 1,
    },
    admin,
  )
  const report = async (signal: AbortSignal): Promise<GatewayReport> => {
    const value = await running.call({ method: 'GET', path: '/routing', signal })
    if (!isReport(value))
      throw new SerinError('gateway.failed', `The gateway of ${context.service} sent a report of another form.`)
    return value
  }
  await running.ensure()

  return {
    capabilities: { granularityBp: 1, rules: true, websocket: true },
    report,
    async observe(signal): Promise<RoutingObservation> {
      const { table, previewAddress, problems = [], ...seen } = await report(signal)
      const { revision, weights, inFlight, inFlightByEndpoint, cutOff, lastRequestAt, address } = seen
      const endpoints = table === null ? [] : endpointsOf(table)
      const preview = previewAddress === null ? {} : { previewAddress }
      const told = { ...preview, ...(problems.length === 0 ? {} : { problems }) }
      return { revision, weights, inFlight, endpoints, inFlightByEndpoint, cutOff, lastRequestAt, address, ...told }
    },
    async apply(table, signal) {
      await running.call({ method: 'PUT', path: '/routing', body: JSON.stringify(table), signal })
    },
    async release(signal) {
      await running.release(context.spec.drain, signal)
      admin.close()
    },
    slots: (after, signal) => follow(admin, running, after, signal),
    close: () => admin.close(),
  }
}

async function* follow(
  admin: AdminClient,
  running: GatewayProcess,
  after: EvidenceCursor | null,
  signal: AbortSignal,
): AsyncGenerator<EvidenceSlot> {
  if (signal.aborted) return
  const identity = await running.ensure()
  const query =
    after === null ? '' : `?${new URLSearchParams({ boot: after.boot, after: String(after.seq) }).toString()}`
  let answer: IncomingMessage
  try {
    answer = await admin.open(identity, { method: 'GET', path: `/evidence${query}`, signal })
  } catch {
    return // Lost before it began, or aborted: the caller asks again.
  }
  try {
    let rest = ''
    answer.setEncoding('utf8')
    for await (const chunk of answer as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const slot: EvidenceSlot = JSON.parse(line)
        yield slot
      }
    }
  } catch (error) {
    if (error instanceof SyntaxError) throw error
  } finally {
    answer.destroy()
  }
}

function hostAndPort(listen: Service['listen']): { host: string; port: number } {
  if (typeof listen === 'number') return { host: '127.0.0.1', port: listen }
  const colon = listen.lastIndexOf(':')
  return { host: listen.slice(0, colon).replaceAll(/[[\]]/g, ''), port: Number(listen.slice(colon + 1)) }
}

function isReport(value: unknown): value is GatewayReport {
  return (
    typeof value === 'object' && value !== null && 'revision' in value && 'weights' in value && 'lastRequestAt' in value
  )
}

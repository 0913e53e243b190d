import type { RoutingTable } from '@serin/core'
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import { AccessLog } from './access-log.ts'
import { openAdmin } from './admin/admin.ts'
import { reportOf } from './admin/report.ts'
import type { ApplyAnswer, GatewayReport } from './admin/report.ts'
import type { Snapshot } from './decide/snapshot.ts'
import { departureOf } from './departure.ts'
import { Recorder } from './evidence/recorder.ts'
import { SlotRing } from './evidence/slot-ring.ts'
import { defaultLimits } from './limits.ts'
import { Lookups } from './lookups/lookups.ts'
import type { KeyTimes } from './lookups/key-set.ts'
import type { Limits } from './limits.ts'
import { Reflexes } from './reflex/reflexes.ts'
import { openStateDirectory, readJson, writeAtomically } from './state/files.ts'
import { TableOnDisk } from './state/table-on-disk.ts'
import { startTimeOf } from './state/identity.ts'
import type { ClientCertificates } from './tls/authority.ts'
import type { CertificateFiles } from './tls/certificate.ts'
import { Certificates } from './tls/certificates.ts'
import type { GatewayIdentity } from './state/identity.ts'
import { TableInForce } from './table-in-force.ts'
import { HttpTransport } from './transport/http.ts'
import { linksOf, transportOf } from './transport/lane/link/choose.ts'
import type { Transport } from './transport/lane/link/choose.ts'
import { hostAndPort, listenAt } from './transport/listen-at.ts'

const slotMs = 1_000

/** How a gateway is started. */
export interface GatewayOptions {
  readonly service: string
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  /** Where canary answers whatever its share is, if anywhere. */
  readonly preview?: { readonly host: string; readonly port: number }
  /** TLS is spoken at both, and clients are shown these; the first one when they name no server. Absent, or none: no TLS. */
  readonly tls?: readonly CertificateFiles[]
  /** What clients have to show in turn; only with `tls`. */
  readonly clientCertificates?: ClientCertificates
  readonly stateDirectory: string
  readonly accessLogFile?: string
  readonly limits?: Partial<Limits>
  /** How the keys of tokens are fetched; tests use shorter times. */
  readonly keyTimes?: KeyTimes
  /** By default what `SERIN_TRANSPORT` says. */
  readonly transport?: Transport
  readonly unitCapacity?: number
  /** Events with a stable name, for the log. */
  readonly log?: (event: string, fields: Readonly<Record<string, unknown>>) => void
}

/** A running gateway. */
export interface Gateway {
  readonly identity: GatewayIdentity
  report(): GatewayReport
  /** Puts a table in force with the next request, then on disk; a text says why it cannot. */
  apply(table: unknown): Promise<ApplyAnswer | string>
  /** Looks at once whether the certificates have changed. */
  reload(): Promise<void>
  /** Leaves: see `drainMs` and `lingerMs` of the limits. */
  drain(deadlineMs?: number | null): Promise<void>
  /** Resolves when it has left. */
  readonly left: Promise<void>
}

/** Starts a gateway in this process. It goes on with the table it finds on disk. Rejects with Node's own error when it cannot listen, or with a sentence about a certificate that cannot be used. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const limits = { ...defaultLimits, ...options.limits }
  const { service, log = () => {} } = options
  const certificates = await Certificates.open(options.tls, log, options.clientCertificates)
  const files = await openStateDirectory(options.stateDirectory)
  const boot = randomBytes(8).toString('hex')
  const clocks = { epochMs: () => Date.now(), steadyMs: () => performance.now() }
  const reflexes = await Reflexes.open({
    file: files.reflex,
    nowMs: clocks.epochMs,
    pulled: () => inForce.again(),
    log,
  })
  const recorder = recorderOf(options, { boot, clocks, listener: reflexes })
  const slots = new SlotRing()
  const accessLog = options.accessLogFile === undefined ? null : new AccessLog(options.accessLogFile)
  const current = (): Snapshot | null => inForce.snapshot
  const lookups = new Lookups({ log, keyTimes: options.keyTimes })
  const links = await linksOf(options.transport ?? transportOf(process.env['SERIN_TRANSPORT']), log)
  const transport = new HttpTransport({ boot, limits, recorder, accessLog, current, lookups, links })
  const disk = new TableOnDisk(files.table, log)
  const changed = (table: RoutingTable): void => {
    lookups.change(table)
    transport.endpoints.keepOnly(table)
    transport.mirroring.change(table)
  }
  const inForce = new TableInForce({ service, recorder, reflexes, slots, disk, changed, log })
  inForce.goOnWith(await readJson(files.table))

  const addresses = await listenAt(transport, options, certificates)
  const report = (): GatewayReport => {
    const inFlightByEndpoint = transport.inFlightByEndpoint()
    const { snapshot } = inForce
    const known = { service, boot, ...addresses, snapshot, recorder, disk, inFlightByEndpoint, lookups }
    return reportOf({ ...known, reflex: reflexes.pulled, certificates })
  }
  const ticker = setInterval(() => inForce.cut(), slotMs)

  const token = randomBytes(32).toString('hex')
  const { drain, left } = departureOf({
    drainMs: limits.drainMs,
    finish: async (deadlineMs) => await transport.leave(deadlineMs),
    end: async () => {
      clearInterval(ticker)
      lookups.close()
      certificates?.close()
      inForce.cut()
      admin.close()
      await accessLog?.close()
      await disk.settled()
      await reflexes.close()
      await rm(files.identity, { force: true })
    },
    log,
  })
  const apply: Gateway['apply'] = (table) => inForce.apply(table)
  const admin = await openAdmin({ boot, token, slots, report, apply, drain: (deadlineMs) => void drain(deadlineMs) })

  const identity = await identityOf(options, { boot, token, adminPort: admin.port, ...addresses })
  await writeAtomically(files.identity, `${JSON.stringify(identity)}\n`)
  log('gateway.started', { ...addresses, boot, adminPort: admin.port })
  return { identity, report, apply, reload: async () => await certificates?.look({ now: true }), drain, left }
}

function recorderOf({ unitCapacity }: GatewayOptions, parts: ConstructorParameters<typeof Recorder>[0]): Recorder {
  return new Recorder({ ...parts, ...(unitCapacity === undefined ? {} : { unitCapacity }) })
}

/** Who runs, as it is written for others to find. */
export async function identityOf(
  { host, port, preview, tls = [], clientCertificates }: GatewayOptions,
  known: Pick<GatewayIdentity, 'boot' | 'token' | 'adminPort' | 'address' | 'previewAddress'>,
): Promise<GatewayIdentity> {
  return {
    pid: process.pid,
    startTime: await startTimeOf(process.pid),
    ...known,
    listen: hostAndPort(host, port),
    preview: preview === undefined ? null : hostAndPort(preview.host, preview.port),
    tls,
    clientCertificates: clientCertificates ?? null,
  }
}

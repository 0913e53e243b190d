import { randomBytes } from 'node:crypto'
import { openAdmin } from '../admin/admin.ts'
import { reportOf } from '../admin/report.ts'
import type { ApplyAnswer, GatewayReport } from '../admin/report.ts'
import { departureOf } from '../departure.ts'
import { Recorder } from '../evidence/recorder.ts'
import { SlotRing } from '../evidence/slot-ring.ts'
import { identityOf } from '../gateway.ts'
import type { Gateway, GatewayOptions } from '../gateway.ts'
import { defaultLimits } from '../limits.ts'
import { Reflexes } from '../reflex/reflexes.ts'
import type { GatewayIdentity } from '../state/identity.ts'
import { openStateDirectory, readJson } from '../state/files.ts'
import { TableOnDisk } from '../state/table-on-disk.ts'
import { Certificates } from '../tls/certificates.ts'
import { transportOf } from '../transport/lane/link/choose.ts'
import { portIn } from '../transport/listen-at.ts'
import { leftWorkers, passAway, portAt } from './alone.ts'
import { Crew } from './crew.ts'
import type { Duty } from './messages.ts'
import { PlayedClocks } from './player.ts'
import { Signpost } from './signpost.ts'
import { TableOnAll } from './table-on-all.ts'

const slotMs = 1_000

/** A running gateway with workers. */
export interface GatewayOfWorkers extends Omit<Gateway, 'report'> {
  report(): Promise<GatewayReport>
}

/**
 * Starts a gateway whose traffic is carried by several processes; everything that has to be one is here: table, evidence, reflex, admin port.
 * One per process. As `startGateway` otherwise.
 */
export async function startWithWorkers(
  options: Omit<GatewayOptions, 'log'> & Required<Pick<GatewayOptions, 'log'>>,
  workers: number,
): Promise<GatewayOfWorkers> {
  const { service, log, unitCapacity } = options
  const limits = { ...defaultLimits, ...options.limits }
  // Shown by the workers; here they are looked at and told of.
  const certificates = await Certificates.open(options.tls, log, options.clientCertificates)
  const files = await openStateDirectory(options.stateDirectory)
  const boot = randomBytes(8).toString('hex')
  const clocks = new PlayedClocks()
  const pulled = (): void => inForce.again()
  const reflexes = await Reflexes.open({ file: files.reflex, nowMs: () => Date.now(), pulled, log })
  const capacity = unitCapacity === undefined ? {} : { unitCapacity }
  const recorder = new Recorder({ boot, clocks, listener: reflexes, ...capacity })
  const slots = new SlotRing()
  const disk = new TableOnDisk(files.table, log)
  const crew = new Crew({ recorder, clocks, log, changed: () => void signpost?.change(crew.state.pids) })
  let signpost: Signpost | null = null
  const inForce = new TableOnAll({ service, recorder, reflexes, slots, disk, crew, log })
  inForce.goOnWith(await readJson(files.table))

  // They serve until others do, and then they see in `gateway.json` that it is time to leave.
  const before = await leftWorkers(files.identity)
  const duty = await dutyOf(options, { workers, boot, identityFile: files.identity, before })
  const addresses = await crew.begin(duty, inForce.inForce)
  const report = async (): Promise<GatewayReport> => {
    const { inFlightByEndpoint, ...told } = await inForce.between(async () => await crew.ask())
    const missing = workers - crew.state.pids.length
    const fewer = missing > 0 ? [`${missing} of ${workers} workers of the gateway of ${service} are not there.`] : []
    const lookups = { problems: [...told.problems, ...fewer] }
    const { snapshot } = inForce
    const parts = { service, boot, ...addresses, snapshot, recorder, disk, inFlightByEndpoint, lookups }
    return reportOf({ ...parts, reflex: reflexes.pulled, certificates, workers: crew.state })
  }
  const ticker = setInterval(() => inForce.cut(), slotMs)

  const token = randomBytes(32).toString('hex')
  const { drain, left } = departureOf({
    drainMs: limits.drainMs,
    finish: async (deadlineMs) => await crew.leave(deadlineMs),
    end: async () => {
      clearInterval(ticker)
      certificates?.close()
      inForce.cut()
      admin.close()
      await disk.settled()
      await reflexes.close()
      await signpost?.remove()
    },
    log,
  })
  const apply = async (table: unknown): Promise<ApplyAnswer | string> => await inForce.apply(table)
  const admin = await openAdmin({ boot, token, slots, report, apply, drain: (deadlineMs) => void drain(deadlineMs) })

  const own = await identityOf(options, { boot, token, adminPort: admin.port, ...addresses })
  const identity = { ...own, workers }
  signpost = new Signpost(files.identity, identity, log)
  await signpost.write(crew.state.pids)
  if (before !== null) inForce.after(passAway())
  log('gateway.started', { ...addresses, boot, adminPort: admin.port, workers })
  return { identity, report, apply, reload: async () => await reloadAll(crew, certificates), drain, left }
}

async function reloadAll(crew: Crew, certificates: Certificates | null): Promise<void> {
  crew.reload()
  await certificates?.look({ now: true })
}

/** All workers have to name the same port, also one that replaces another: a free one is looked for once. */
async function dutyOf(
  { log: _log, unitCapacity: _capacity, ...options }: GatewayOptions,
  { before, ...given }: Pick<Duty, 'workers' | 'boot' | 'identityFile'> & { readonly before: GatewayIdentity | null },
): Promise<Duty> {
  const { host, port, preview, transport = transportOf(process.env['SERIN_TRANSPORT']) } = options
  const [taken, previewTaken] = [before?.address, before?.previewAddress]
  const own = await portOf({ host, port }, taken, {})
  const duty = { ...options, ...given, transport, port: own }
  if (preview === undefined) return duty
  const previewPort = await portOf(preview, previewTaken, { listener: 'preview' })
  return { ...duty, preview: { host: preview.host, port: previewPort } }
}

/**
 * Several processes may listen at one address, also such as have nothing to do with each other: whether it is free has to be asked before. Only
 * the workers of the gateway before may have it.
 */
async function portOf(
  { host, port }: { readonly host: string; readonly port: number },
  before: string | null | undefined,
  known: object,
): Promise<number> {
  const free = await portAt(host, port)
  if (free !== null) return free
  if (before != null && portIn(before) === port) return port
  throw Object.assign(new Error(`Something else listens on ${host}:${port}.`), { code: 'EADDRINUSE', ...known })
}

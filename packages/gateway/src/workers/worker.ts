/** The process of a worker: it carries requests, and everything else is its parent's. */
import cluster from 'node:cluster'
import { performance } from 'node:perf_hooks'
import { AccessLog } from '../access-log.ts'
import { snapshotOf } from '../decide/snapshot.ts'
import type { Snapshot } from '../decide/snapshot.ts'
import { defaultLimits } from '../limits.ts'
import { Lookups } from '../lookups/lookups.ts'
import { logLine } from '../log.ts'
import { Certificates } from '../tls/certificates.ts'
import { HttpTransport } from '../transport/http.ts'
import { linksOf, transportOf } from '../transport/lane/link/choose.ts'
import type { Links } from '../transport/lane/link/link.ts'
import { listenAt } from '../transport/listen-at.ts'
import { untilReplaced } from './alone.ts'
import type { Duty, NumberedTable, Order, Unable, Word } from './messages.ts'
import { partOf } from './part.ts'
import { Scribe } from './scribe.ts'

const { worker } = cluster
if (worker === undefined) {
  process.stderr.write('This is started by a gateway with --workers, and by nobody else.\n')
  process.exit(64)
}

const say = (word: Word, sent: () => void = () => {}): void => {
  // A parent that is gone hears nothing; `disconnect` follows.
  if (process.connected) process.send?.(word, undefined, undefined, () => sent())
}

// Whoever stops a gateway may signal all of its processes: the parent says when it is time.
const stopped = new Promise<'stopped'>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      if (!process.connected) resolve('stopped')
    })
})

let carrier: Carrier | null = null

/** The traffic of this process. */
class Carrier {
  readonly #duty: Duty
  readonly #scribe: Scribe
  readonly #accessLog: AccessLog | null
  readonly #lookups: Lookups
  readonly #transport: HttpTransport
  #certificates: Certificates | null = null
  #snapshot: Snapshot | null = null
  #leaving: Promise<number> | null = null

  constructor(duty: Duty, id: number, links: Links | null) {
    this.#duty = duty
    this.#scribe = new Scribe({
      clocks: { epochMs: () => Date.now(), steadyMs: () => performance.now() },
      send: (batch, sent) => say({ kind: 'records', batch }, sent),
    })
    this.#accessLog = duty.accessLogFile === undefined ? null : new AccessLog(duty.accessLogFile)
    this.#lookups = new Lookups({ log: logLine, keyTimes: duty.keyTimes })
    this.#transport = new HttpTransport({
      boot: `${duty.boot}w${id}`,
      limits: partOf({ ...defaultLimits, ...duty.limits }, duty.workers),
      recorder: this.#scribe,
      accessLog: this.#accessLog,
      current: () => this.#snapshot,
      lookups: this.#lookups,
      links,
    })
  }

  follow({ table, number }: NumberedTable): void {
    this.#scribe.follow(number, { watches: table.measurement.generation === true })
    this.#snapshot = snapshotOf(table, Date.now())
    this.#lookups.change(table)
    this.#transport.endpoints.keepOnly(table)
    this.#transport.mirroring.change(table)
  }

  async listen(): Promise<void> {
    try {
      // The parent logs what becomes of them, once for all.
      const { tls, clientCertificates } = this.#duty
      this.#certificates = await Certificates.open(tls, () => {}, clientCertificates)
      say({ kind: 'serving', ...(await listenAt(this.#transport, this.#duty, this.#certificates)) })
    } catch (error) {
      say({ kind: 'unable', ...unableOf(error) })
    }
  }

  reload(): void {
    void this.#certificates?.look({ now: true })
  }

  tell(question: number): void {
    // What is written comes before what is said: the answer is as of now.
    this.#scribe.tell()
    const inFlightByEndpoint = this.#transport.inFlightByEndpoint()
    say({ kind: 'told', question, inFlightByEndpoint, problems: this.#lookups.problems })
  }

  async leave(deadlineMs: number): Promise<number> {
    this.#leaving ??= (async () => {
      const cutOff = await this.#transport.leave(deadlineMs)
      this.#lookups.close()
      this.#certificates?.close()
      this.#scribe.tell()
      await this.#accessLog?.close()
      return cutOff
    })()
    return await this.#leaving
  }

  /** The parent is gone. */
  async alone(): Promise<void> {
    this.#scribe.mute()
    if (this.#leaving === null) {
      logLine('worker.alone', { boot: this.#duty.boot })
      await untilReplaced(this.#duty, stopped)
    }
    const { drainMs } = { ...defaultLimits, ...this.#duty.limits }
    logLine('worker.left', { cutOff: await this.leave(drainMs) })
  }
}

function unableOf(error: unknown): Unable {
  if (!(error instanceof Error)) return { message: String(error), code: null, listener: null }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null
  return { message: error.message, code, listener: 'listener' in error ? 'preview' : null }
}

async function obey(order: Order, id: number): Promise<void> {
  switch (order.kind) {
    case 'begin': {
      try {
        const links = await linksOf(order.duty.transport ?? transportOf(process.env['SERIN_TRANSPORT']), logLine)
        carrier = new Carrier(order.duty, id, links)
        if (order.inForce !== null) carrier.follow(order.inForce)
      } catch (error) {
        say({ kind: 'unable', ...unableOf(error) })
        return
      }
      void carrier.listen()
      return
    }
    case 'follow':
      carrier?.follow(order.inForce)
      say({ kind: 'follows', number: order.inForce.number })
      return
    case 'ask':
      carrier?.tell(order.question)
      return
    case 'reload':
      carrier?.reload()
      return
    case 'leave':
      void carrier?.leave(order.deadlineMs).then((cutOff) => say({ kind: 'left', cutOff }, () => process.exit(0)))
  }
}

// One after the other: how bytes come and go is tried out while it begins, and a table may come meanwhile.
let obeyed = Promise.resolve()
process.on('message', (order: Order) => {
  obeyed = obeyed.then(async () => await obey(order, worker.id))
})

worker.on('disconnect', () => {
  // Node ends a worker whose parent is gone unless it left on purpose; the traffic is to go on.
  worker.exitedAfterDisconnect = true
  void Promise.resolve(carrier?.alone()).then(() => process.exit(0))
})

say({ kind: 'ready' })

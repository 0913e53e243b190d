import type { ReplicaObservation } from '@serin/kit'
import { backOffMs } from './back-off.ts'
import { watchHealth } from './health-watch.ts'
import type { Household, Wish } from './household.ts'
import { adoptRecorded, findLaunched, launchReplica } from './launch-replica.ts'
import type { ReplicaCommand, ReplicaExit } from './options.ts'
import { emptyRecord, ReplicaBook } from './replica-book.ts'
import type { ReplicaRecord } from './replica-file.ts'
import { lastLinesOf } from './replica-log.ts'
import { aborted, endProcess, listens, type RunningProcess } from './running-process.ts'
import {
  capitalised,
  exitedFailure,
  failureOf,
  howItEnded,
  mebibytes,
  notReadyFailure,
  saidLast,
  seconds,
  type Failure,
} from './sentences.ts'
import type { Usage } from './usage.ts'

const storageAgainMs = 2_000
/** How soon one that may not start looks whether it may. */
const lookMs = 500
/** Ready for this long, a replica is taken to be sound: its next exit is a new story. */
const steadyMs = 10_000
/** Ends in a row after which a version that was never up is given up. */
const endsToFail = 3
/** A replica that hangs has no use for its time to stop. */
const hungGraceMs = 2_000
/** The router may take this long to hear that a replica leaves. */
const leaveMs = 2_000
/** How long a listener that is none of its processes is doubted: it may be a thief, or a container's proxy. */
const doubtMs = 3_000

const unknownUsage: Usage = { cpuPercent: null, memoryBytes: null }

/** Why a replica has to be started again. */
interface Restart {
  readonly why: string
  readonly graceMs: number
}

/** One copy of a version: started, watched, restarted, adopted, ended. */
export class Replica {
  readonly index: number
  readonly #house: Household
  readonly #book: ReplicaBook
  readonly #mayFail: () => boolean
  #wish: Wish | null = null
  #process: RunningProcess | null
  #state: ReplicaObservation['state'] = 'starting'
  #message: string | null = null
  #failure: Failure | null = null
  #usage = unknownUsage
  #restMs = 0
  #tooBig = Promise.withResolvers<string>()
  readonly #life = new AbortController()
  readonly #hurry = new AbortController()
  #living: Promise<void> | null = null
  #ending: Promise<void> | null = null

  /** A replica to be, or the one a record tells of. `mayFail` says whether its version may still be given up. */
  constructor(house: Household, found: ReplicaRecord | { version: string; index: number }, mayFail: () => boolean) {
    this.index = found.index
    this.#house = house
    this.#mayFail = mayFail
    const record = 'token' in found ? found : emptyRecord(found.version, found.index, house.clock.now())
    this.#book = new ReplicaBook(house.directory, record)
    this.#process = adoptRecorded(this.#book, house.clock)
    // As it was last seen, until it is seen again in a moment: traffic must not notice that the control plane changed.
    if (this.#process !== null && record.readySinceLaunch)
      this.#state = record.readySince === null ? 'unready' : 'ready'
  }

  /** Starts it, or goes on with it, as described. Calling again with another description changes what the next start is. */
  begin(wish: Wish): void {
    this.#wish = wish
    if (this.#life.signal.aborted) return
    this.#living ??= this.#live().catch((error: unknown) => {
      // A defect of ours must not take the control plane with it.
      this.#giveUp(failureOf(this.#book.record.version, error))
    })
  }

  get everReady(): boolean {
    return this.#book.record.everReady
  }

  get isReady(): boolean {
    return this.#state === 'ready'
  }

  /** Whether it is one of those that are wanted, and if not, whether it still serves. What leaves and does not run has nothing to wait for. */
  get parting(): ReplicaRecord['parting'] {
    const { parting } = this.#book.record
    return this.#ending !== null || (parting === 'leaving' && this.#process === null) ? 'dismissed' : parting
  }

  /** When what runs was started; nothing is younger than what does not run. */
  get launchedAt(): number {
    return this.#process?.launchedAt ?? Infinity
  }

  get failure(): Failure | null {
    return this.#failure
  }

  get process(): RunningProcess | null {
    return this.#process
  }

  /** Whether it runs, or will be started, under this description. */
  isCurrent(fingerprint: string): boolean {
    return this.#process === null || this.#book.record.fingerprint === fingerprint
  }

  observe(): ReplicaObservation {
    const { version, port, readySince, restarts } = this.#book.record
    const runs = this.#process !== null
    const state = { no: this.#state, leaving: 'leaving', dismissed: 'stopping' } as const
    return {
      id: `${version}/${this.index}`,
      state: state[this.parting],
      endpoint: runs ? `http://127.0.0.1:${port}` : null,
      readySince: state[this.parting] === 'ready' ? readySince : null,
      restarts,
      ...(runs ? this.#usage : unknownUsage),
      message: this.#failure?.message ?? this.#message,
    }
  }

  /** Takes what was measured; a replica above its memory limit is restarted. */
  tell(usage: Usage): void {
    this.#usage = usage
    this.#book.retry()
    const { memoryMaxBytes } = this.#house.options
    if (memoryMaxBytes === undefined || usage.memoryBytes === null || usage.memoryBytes <= memoryMaxBytes) return
    this.#tooBig.resolve(`It used ${mebibytes(usage.memoryBytes)} of ${mebibytes(memoryMaxBytes)} MiB`)
  }

  /** It goes on, as one that leaves or as one that is wanted again. */
  part(parting: 'no' | 'leaving'): void {
    if (this.#ending === null && parting !== this.#book.record.parting) this.#book.note({ parting })
  }

  /** Ends it, for nobody uses it any more; whoever finds it half ended goes on with that. */
  async dismiss(): Promise<void> {
    this.#book.note({ parting: 'dismissed' })
    await this.stop(new AbortController().signal)
  }

  /** Ends it gracefully, or at once when patience is over; resolves when nothing of it runs and its record is gone. */
  async stop(patience: AbortSignal): Promise<void> {
    const hurry = (): void => this.#hurry.abort()
    if (patience.aborted) hurry()
    patience.addEventListener('abort', hurry, { once: true })
    this.#ending ??= this.#end()
    try {
      await this.#ending
    } catch (error) {
      this.#ending = null // Whoever asks again tries again.
      throw error
    } finally {
      patience.removeEventListener('abort', hurry)
    }
  }

  /** Leaves it alone. */
  detach(): void {
    this.#book.close()
    this.#life.abort()
  }

  // ── Life ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #live(): Promise<void> {
    const { signal } = this.#life
    this.#process ??= await findLaunched(this.#book, this.#house.clock, signal)
    // One that ended while nobody watched may have left children that hold what the next start needs.
    if (this.#process === null && this.#book.record.token !== '') await this.#endProcess(null, 0)
    while (!signal.aborted) {
      this.#process ??= await this.#launch(signal)
      if (this.#process !== null) await this.#accompany(this.#process, signal)
      if (signal.aborted || this.#state === 'stopped') return
      await this.#house.clock.sleep(this.#restMs, signal).catch(() => undefined)
    }
  }

  async #launch(signal: AbortSignal): Promise<RunningProcess | null> {
    const { options, freePort, logKeeper } = this.#house
    const { version } = this.#book.record
    if (this.#wish === null || this.#book.record.parting !== 'no') {
      this.#restMs = lookMs
      return null
    }
    this.#state = 'starting'
    let command: ReplicaCommand
    let port: number
    try {
      port = await freePort()
      command = options.command(version, this.#wish.spec, port)
    } catch (error) {
      const failure = failureOf(version, error)
      this.#failedToStart(failure, failure.code !== 'internal')
      return null
    }
    if (signal.aborted) return null
    const { fingerprint } = this.#wish
    const launch = await launchReplica(this.#book, { command, port, fingerprint }, this.#house)
    if ('storage' in launch) {
      this.#cannotStore(launch.storage)
      return null
    }
    if ('refusal' in launch) {
      const { message, permanent } = launch.refusal
      this.#failedToStart({ code: 'workload.exited', message: `${version} ${message}` }, permanent)
      return null
    }
    if (this.#failure?.code.startsWith('store.') === true) this.#failure = null
    logKeeper.ensure()
    return launch.process
  }

  async #accompany(process: RunningProcess, signal: AbortSignal): Promise<void> {
    const watch = new AbortController()
    const either = AbortSignal.any([signal, watch.signal])
    this.#tooBig = Promise.withResolvers()
    this.#usage = unknownUsage
    const end = await Promise.race([
      process.ended(either),
      this.#hung(process, either),
      this.#tooLate(process, either),
      this.#tooBig.promise.then((why): Restart => ({ why, graceMs: this.#house.options.stopWithin })),
    ])
    watch.abort()
    if (end === null || signal.aborted) return
    if ('why' in end) await this.#restart(process, end)
    else await this.#ended(process, end)
  }

  async #hung(process: RunningProcess, signal: AbortSignal): Promise<Restart | null> {
    const { clock, options } = this.#house
    const { ready, live, spoken = 'http1' } = options
    let doubtedAt: number | null = null
    const doubt = async (): Promise<string | null> => {
      if ((await listens(process)) !== false) return null
      doubtedAt ??= clock.now()
      return clock.now() - doubtedAt < doubtMs ? `port ${process.port} is held by another program` : null
    }
    const found = await watchHealth(
      {
        clock,
        endpoint: `http://127.0.0.1:${process.port}`,
        spoken,
        ready,
        live,
        wasReady: this.#book.record.readySinceLaunch,
        isReady: this.isReady,
        doubt,
        onReady: () => this.#becameReady(),
        onUnready: (found) => this.#becameUnready(found),
      },
      signal,
    )
    return found === null ? null : { why: `It hung: ${found}`, graceMs: Math.min(hungGraceMs, options.stopWithin) }
  }

  #becameReady(): void {
    this.#state = 'ready'
    this.#message = null
    this.#failure = null
    this.#book.note({ readySince: this.#house.clock.now(), readySinceLaunch: true, everReady: true })
  }

  #becameUnready(found: string): void {
    this.#message = `${capitalised(found)}.`
    if (this.#state === 'starting') return
    this.#state = 'unready'
    if (this.#book.record.readySince !== null) this.#book.note({ readySince: null })
  }

  /** Being late is the failure of a version that was never up; a replica of one that was is started again. */
  async #tooLate(process: RunningProcess, signal: AbortSignal): Promise<Restart | null> {
    const { clock, options } = this.#house
    const { within } = options.ready
    while (!signal.aborted && !this.#book.record.readySinceLaunch) {
      const first = this.#mayFail() && !this.everReady
      const leftMs = (first ? this.#book.record.wantedSince : process.launchedAt) + within - clock.now()
      if (leftMs > 0) {
        await clock.sleep(leftMs, signal).catch(() => undefined)
        continue
      }
      const found = this.#message?.replace(/\.$/, '') ?? `port ${process.port} did not answer yet`
      if (!first) return { why: `It was not ready within ${seconds(within)}: ${found}`, graceMs: options.stopWithin }
      // It is left running and watched: stable may be late and still come.
      this.#failure ??= notReadyFailure(this.#book.record.version, within, found, lastLinesOf(this.#book.logFile))
      break
    }
    return await aborted(signal)
  }

  // ── Ends ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #restart(process: RunningProcess, { why, graceMs }: Restart): Promise<void> {
    const served = this.isReady
    this.#state = 'unready'
    this.#message = `${why}; it is being restarted.`
    this.#book.note({ readySince: null })
    if (served) await this.#house.clock.sleep(leaveMs, this.#life.signal).catch(() => undefined)
    if (this.#life.signal.aborted) return
    await this.#endProcess(process, graceMs)
    this.#down(process)
    this.#message = `${why}; ${this.#again()}.`
  }

  async #ended(process: RunningProcess, how: Pick<ReplicaExit, 'code' | 'signal'>): Promise<void> {
    const { version } = this.#book.record
    this.#down(process)
    const exit: ReplicaExit = { ...how, lastLines: lastLinesOf(this.#book.logFile) }
    const explained = this.#house.options.explainExit?.(exit) ?? null
    const times = this.#book.record.failuresInRow
    if (this.#mayFail() && !this.everReady && (explained?.permanent === true || times >= endsToFail)) {
      const { code, message } = explained ?? exitedFailure(version, exit, times, this.#book.logFile)
      this.#giveUp({ code, message })
    } else {
      const why = explained?.message ?? `It ${howItEnded(exit)}.${saidLast(exit.lastLines, 1)}`
      this.#message = `${why} ${capitalised(this.#again())}.`
    }
    // Its children may live on and hold what the next start needs.
    await this.#endProcess(process, hungGraceMs)
  }

  #down(process: RunningProcess): void {
    const { readySince, readySinceLaunch, failuresInRow } = this.#book.record
    const readyForMs = this.#house.clock.now() - (readySince ?? process.launchedAt)
    const inRow = readySinceLaunch && readyForMs >= steadyMs ? 0 : failuresInRow + 1
    this.#process = null
    this.#state = 'backing-off'
    this.#restMs = backOffMs(inRow)
    this.#book.note({ phase: 'down', pid: 0, readySince: null, failuresInRow: inRow })
  }

  #failedToStart(failure: Failure, permanent: boolean): void {
    const failuresInRow = this.#book.record.failuresInRow + 1
    this.#book.remember({ failuresInRow })
    this.#state = 'backing-off'
    this.#restMs = backOffMs(failuresInRow)
    if (this.#mayFail() && !this.everReady && (permanent || failuresInRow >= endsToFail)) this.#giveUp(failure)
    else this.#message = `${failure.message} ${capitalised(this.#again())}.`
  }

  /** A full disk passes: the failure lasts as long as it does. */
  #cannotStore(failure: Failure): void {
    this.#state = 'backing-off'
    this.#restMs = storageAgainMs
    this.#message = `${failure.message} ${capitalised(this.#again())}.`
    if (this.#mayFail()) this.#failure = failure
  }

  #giveUp(failure: Failure): void {
    this.#failure = failure
    this.#state = 'stopped'
  }

  async #end(): Promise<void> {
    const { clock, options } = this.#house
    this.#life.abort()
    this.#state = 'stopping'
    await this.#living
    this.#state = 'stopping'
    this.#failure = null
    this.#message = null
    this.#process ??= await findLaunched(this.#book, clock, new AbortController().signal)
    if (this.#book.record.token !== '') await this.#endProcess(this.#process, options.stopWithin)
    this.#process = null
    this.#state = 'stopped'
    this.#book.remove()
  }

  async #endProcess(process: RunningProcess | null, graceMs: number): Promise<void> {
    const { token } = this.#book.record
    const { clock } = this.#house
    await endProcess({ identity: process?.identity ?? null, token }, { clock, graceMs, hurry: this.#hurry.signal })
  }

  #again(): string {
    return this.#restMs === 0 ? 'it starts again' : `it starts again in ${seconds(this.#restMs)}`
  }
}

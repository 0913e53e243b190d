import cluster from 'node:cluster'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Recorder } from '../evidence/recorder.ts'
import type { Addresses } from '../transport/listen-at.ts'
import { Link } from './link.ts'
import type { Duty, NumberedTable, Told } from './messages.ts'
import { Player } from './player.ts'
import type { PlayedClocks } from './player.ts'

const script = fileURLToPath(new URL('worker.ts', import.meta.url))
/** How long a worker may take to put a table in force. One that takes longer serves nobody either: it is stuck. */
const followWithinMs = 3_000
const startWithinMs = 20_000
const answerWithinMs = 2_000
/** What a worker may take beyond its drain. */
const graceMs = 2_000
/** Pauses between attempts to replace a worker that does not stay. */
const pausesMs = [0, 100, 500, 2_000, 5_000]
const stayedMs = 10_000

/** What a crew works with. */
export interface CrewOptions {
  readonly recorder: Recorder
  readonly clocks: PlayedClocks
  /** Others serve than before; not called by `begin` and `leave`. */
  readonly changed: () => void
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void
}

/** How the workers are. */
export interface CrewState {
  /** Those that serve. */
  readonly pids: readonly number[]
  /** How many were replaced since the gateway started. */
  readonly replaced: number
  /** Requests and tunnels that ended with their worker, and records of others that never came. */
  readonly lostRequests: number
  readonly lostRecords: number
}

/** The workers of a gateway: as many as were asked for, all under one table. Who dies is replaced. */
export class Crew {
  readonly #options: CrewOptions
  readonly #links = new Set<Link>()
  readonly #serving = new Set<Link>()
  #duty: Duty | null = null
  /** The latest table, and the number of the one that is in force for all. */
  #table: NumberedTable | null = null
  #committed = -1
  #replaced = 0
  #failures = 0
  #lostRequests = 0
  #lostRecords = 0
  #isLeaving = false

  constructor(options: CrewOptions) {
    this.#options = options
    cluster.schedulingPolicy = cluster.SCHED_RR
    cluster.setupPrimary({ exec: script, args: [], serialization: 'advanced' })
  }

  /** Starts as many as the duty says. Rejects with Node's own error when they cannot listen; none is left then. */
  async begin(duty: Duty, inForce: NumberedTable | null): Promise<Addresses> {
    this.#table = inForce
    this.#committed = inForce?.number ?? -1
    try {
      const links = Array.from({ length: duty.workers }, () => this.#fork())
      const [first] = await Promise.all(links.map(async (link) => await this.#serve(link, duty)))
      if (first === undefined) throw new Error('A gateway has one worker at least.')
      this.#duty = duty
      for (const link of links) if (link.isGone) this.#replace()
      return first
    } catch (error) {
      await this.leave(0)
      throw error
    }
  }

  get state(): CrewState {
    const lostRecords = [...this.#links].reduce((sum, link) => sum + link.lost, this.#lostRecords)
    const pids = [...this.#serving].map(({ pid }) => pid)
    return { pids, replaced: this.#replaced, lostRequests: this.#lostRequests, lostRecords }
  }

  /** Puts a table in force in every worker; resolves when no request begins under another one. Its records wait for `commit`. */
  async put(inForce: NumberedTable): Promise<void> {
    this.#table = inForce
    await Promise.all([...this.#links].map(async (link) => await link.follow(inForce, followWithinMs)))
  }

  /** From now on the recorder is under the table of this number. */
  commit(number: number): void {
    this.#committed = number
    for (const link of this.#links) {
      link.commit(number)
      if (link.isGone) this.#forget(link)
    }
  }

  /** Lets all look whether their certificates have changed. */
  reload(): void {
    for (const link of this.#serving) link.reload()
  }

  /** What the workers know, summed up; after it, the recorder knows all that has happened. */
  async ask(): Promise<Told> {
    const told = await Promise.all([...this.#links].map(async (link) => await link.ask(answerWithinMs)))
    const inFlightByEndpoint: Record<string, number> = {}
    const problems = new Set<string>()
    for (const each of told.filter((answer) => answer !== null)) {
      for (const [url, count] of Object.entries(each.inFlightByEndpoint))
        inFlightByEndpoint[url] = (inFlightByEndpoint[url] ?? 0) + count
      for (const problem of each.problems) problems.add(problem)
    }
    return { inFlightByEndpoint, problems: [...problems] }
  }

  /** Lets all finish what is in flight; how many requests were then cut off. */
  async leave(deadlineMs: number): Promise<number> {
    this.#isLeaving = true
    const links = [...this.#links].filter(({ isGone }) => !isGone)
    const cutOff = await Promise.all(links.map(async (link) => await link.leave(deadlineMs, graceMs)))
    return cutOff.reduce((sum, count) => sum + count, 0)
  }

  #fork(): Link {
    const { recorder, clocks } = this.#options
    const [bornMs, player] = [performance.now(), new Player(recorder, clocks)]
    const link = new Link(cluster.fork(), player, {
      table: this.#committed,
      gone: (how) => this.#lose(link, how, performance.now() - bornMs),
    })
    this.#links.add(link)
    return link
  }

  async #serve(link: Link, duty: Duty): Promise<Addresses> {
    if (!(await link.ready(startWithinMs))) throw new Error('A worker did not start.')
    const addresses = await link.begin(duty, this.#table, startWithinMs)
    if (!link.isGone) this.#serving.add(link)
    return addresses
  }

  #lose(link: Link, how: string, livedMs: number): void {
    this.#serving.delete(link)
    if (this.#duty !== null && !this.#isLeaving) this.#options.changed()
    if (!this.#isLeaving) this.#options.log('worker.lost', { pid: link.pid, how })
    // Its last words may be of a table that is not yet in force for all.
    if (!link.holds) this.#forget(link)
    this.#failures = livedMs < stayedMs ? this.#failures + 1 : 0
    if (this.#duty !== null) this.#replace()
  }

  #forget(link: Link): void {
    this.#links.delete(link)
    this.#lostRecords += link.lost
    const requests = link.drop()
    this.#lostRequests += requests
    if (requests > 0 && !this.#isLeaving) this.#options.log('worker.lost-requests', { pid: link.pid, requests })
  }

  #replace(): void {
    void (async () => {
      await sleep(pausesMs[Math.min(this.#failures, pausesMs.length - 1)])
      if (this.#isLeaving || this.#duty === null) return
      const link = this.#fork()
      this.#replaced += 1
      try {
        await this.#serve(link, this.#duty)
        this.#options.changed()
        this.#options.log('worker.replaced', { pid: link.pid })
      } catch (error) {
        if (!link.isGone) this.#options.log('worker.failed', { pid: link.pid, message: String(error) })
        link.end() // Its end is what brings the next one.
      }
    })()
  }
}

import type { EvidenceSlot, RoutingTable } from '@serin/core'
import { assign, compileSlices, viewOf } from '@serin/core/assignment'
import type { Classify, Decision } from '@serin/core/assignment'
import { Recorder } from '@serin/gateway'
import type { ComparedPair } from '@serin/gateway'
import type { EvidenceCursor } from '@serin/kit'
import { randomBytes } from 'node:crypto'
import { MirrorPairs } from './mirror-pairs.ts'
import { SlotFeed } from './slot-feed.ts'

const slotMs = 1_000
/** Lines of a table that is not known to be in force yet. */
const mostEarly = 100_000
const mostKnown = 64
/** Longer ones may have been cut short on their way. */
const longestUnit = 500

/** A request that is over, as the log of a proxy tells it. */
export interface LogLine {
  readonly version: string
  readonly by: Decision['by']
  /** Empty when no source had one. */
  readonly unit: string
  /** Of the table it was decided by. */
  readonly revision: number
  /** `abandoned`: the client went away before an answer began. `failed`: the version gave no whole answer. */
  readonly end: 'answered' | 'failed' | 'abandoned'
  readonly status: number
  /** Whether its time says something: neither a tunnel nor an answer that the client did not wait for. */
  readonly scored: boolean
  /** Of the version alone. */
  readonly durationMs: number
  /** Names the pair it is one side of, when it was copied. */
  readonly pair?: string
  /** What each slice of the table looks at, in their order; empty where the request had nothing. */
  readonly looks: readonly string[]
}

/** A copy that is over. */
export interface CopyLine {
  readonly pair: string
  readonly revision: number
  /** Null when the version gave no whole answer. */
  readonly status: number | null
  readonly durationMs: number
}

/** Makes slots of the log of a proxy with the gateway's own recorder: one meaning of every figure, whatever the router. */
export class LogEvidence {
  readonly #recorder: Recorder
  readonly #feed: SlotFeed
  readonly #pairs = new MirrorPairs()
  readonly #marks = new Map<string, () => void>()
  readonly #ticker: NodeJS.Timeout
  readonly #stop: () => void
  #closed = false
  #early: LogLine[] = []
  /** Revisions that were in force here, the last ones. */
  readonly #known: number[] = []
  #table: RoutingTable | null = null
  #classify: Classify | null = null
  /** Somebody was sent elsewhere in this slot than the table sends them. */
  #strayed = false
  /** What the clocks of the recorder are behind: a line comes when its request is over. */
  #behindMs = 0

  /** `stop` ends what brings the lines. */
  constructor(stop: () => void) {
    const boot = randomBytes(8).toString('hex')
    this.#stop = stop
    this.#feed = new SlotFeed(boot)
    this.#recorder = new Recorder({
      boot,
      clocks: { epochMs: () => Date.now() - this.#behindMs, steadyMs: () => performance.now() - this.#behindMs },
    })
    this.#ticker = setInterval(() => this.#push(this.#recorder.cut()), slotMs).unref()
  }

  /** A table is in force; what came early of it is read now. */
  change(table: RoutingTable): void {
    this.#push(this.#recorder.change(table))
    this.#table = table
    if (!this.#known.includes(table.revision)) this.#known.push(table.revision)
    if (this.#known.length > mostKnown) this.#known.shift()
    this.#classify = table.measurement.rollout === 'idle' ? null : compileSlices(table.measurement.slices)
    this.#pairs.begin(table)
    const early = this.#early
    this.#early = []
    for (const line of early) this.#record(line)
  }

  /** The shares were measured: where somebody changed them, what comes now is counted as what it is. */
  measured(revision: number, weights: Readonly<Record<string, number>>): void {
    const table = this.#table
    if (table === null || table.revision !== revision) return
    const arms = table.arms.map((arm) => ({ ...arm, weightBp: weights[arm.version] ?? 0 }))
    if (arms.some(({ weightBp }, i) => weightBp !== table.arms[i]?.weightBp)) this.change({ ...table, arms })
  }

  /** Resolves when the line with this mark has come, and with it what the proxy had written before; gives up after a while. */
  async caughtUp(mark: string, withinMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, withinMs)
      this.#marks.set(mark, () => {
        clearTimeout(late)
        resolve()
      })
    })
    this.#marks.delete(mark)
  }

  /** A mark has come. */
  marked(mark: string): void {
    this.#marks.get(mark)?.()
  }

  /** A line has come. */
  take(line: LogLine): void {
    if (this.#known.includes(line.revision)) this.#record(line)
    else if (this.#early.length < mostEarly) this.#early.push(line)
  }

  /** What became of a copy has come. */
  takeCopy(copy: CopyLine): void {
    if (copy.revision !== this.#table?.revision) return
    this.#recorder.mirror.sent()
    this.#compare(this.#pairs.canary(copy))
  }

  /** When a request was last assigned to each version. */
  lastRequestAt(): Record<string, number> {
    return Object.fromEntries(
      Object.entries(this.#recorder.activity()).flatMap(([version, { lastRequestAt }]) =>
        lastRequestAt === null ? [] : [[version, lastRequestAt]],
      ),
    )
  }

  slots(after: EvidenceCursor | null, signal: AbortSignal): AsyncIterable<EvidenceSlot> {
    return this.#feed.slots(after, signal)
  }

  /** Ends it, once. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#ticker)
    this.#feed.close()
    this.#stop()
  }

  #record(line: LogLine): void {
    const unit = line.unit === '' ? null : line.unit
    // What began under an older table counts as a request, and as evidence of nothing.
    const by = line.by === 'hash' && line.revision !== this.#table?.revision ? 'override' : line.by
    if (by === 'hash' && unit !== null && this.#strays(unit, line.version)) this.#strayed = true
    this.#behindMs = line.durationMs
    const ticket = this.#recorder.start(
      { version: line.version, by, unit },
      by === 'hash' ? this.#slicesOf(line) : null,
    )
    this.#behindMs = 0
    if (line.end === 'abandoned') this.#recorder.abandoned(ticket)
    else if (line.end === 'failed') this.#recorder.failed(ticket)
    else this.#recorder.answered(ticket, line.status, line.scored)
    this.#recorder.left(ticket)
    if (line.pair !== undefined && line.revision === this.#table?.revision) this.#compare(this.#pairs.stable(line))
  }

  #compare(pair: ComparedPair | null): void {
    if (pair !== null) this.#recorder.mirror.compared(pair)
  }

  /** Whether the hash sends the unit elsewhere. Of a unit that did not arrive whole nobody can tell. */
  #strays(unit: string, version: string): boolean {
    if (this.#table === null || unit.length > longestUnit || unit.includes('\ufffd')) return false
    return assign(this.#table, unit) !== version
  }

  #push(slot: EvidenceSlot | null): void {
    this.#feed.push(slot !== null && this.#strayed ? { ...slot, strayed: true } : slot)
    this.#strayed = false
  }

  #slicesOf({ looks }: LogLine): readonly string[] | null {
    if (this.#classify === null) return null
    const headers: Record<string, string> = {}
    let target = '/'
    for (const [i, { header }] of Object.values(this.#table?.measurement.slices ?? {}).entries()) {
      const value = looks[i] ?? ''
      if (value === '') continue
      if (header === undefined) target = value
      else headers[header.toLowerCase()] = value
    }
    return this.#classify(viewOf({ headers, target, address: '' }))
  }
}

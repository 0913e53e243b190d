import { GenerationWatch } from '../evidence/generation/answer-watch.ts'
import type { Generated } from '../evidence/generation/answer-watch.ts'
import type { Clocks, Recorder, Ticket } from '../evidence/recorder.ts'
import { records } from './batch.ts'
import type { Batch } from './batch.ts'
import { aheadMsOf } from './scribe.ts'

const own: Clocks = { epochMs: () => Date.now(), steadyMs: () => performance.now() }

/** The clocks of the parent; while a record is played, the time when it was written. */
export class PlayedClocks implements Clocks {
  readonly #own: Clocks
  #playedMs: number | null = null

  constructor(clocks = own) {
    this.#own = clocks
  }

  epochMs(): number {
    return this.#own.epochMs()
  }

  steadyMs(): number {
    return this.#playedMs ?? this.#own.steadyMs()
  }

  /** Runs something at another time. */
  at<Result>(steadyMs: number, run: () => Result): Result {
    this.#playedMs = steadyMs
    try {
      return run()
    } finally {
      this.#playedMs = null
    }
  }
}

/** What another process has seen of an answer. */
class SeenElsewhere extends GenerationWatch {
  readonly #seen: Generated | null

  constructor(seen: Generated | null, failed: boolean) {
    super(0)
    this.#seen = seen
    this.failed = failed
  }

  override end(nowMs: number, whole: boolean): Generated {
    return this.#seen ?? super.end(nowMs, whole)
  }
}

/** Plays what one worker writes to the recorder of all: each request counts as if it had come to the parent itself. */
export class Player {
  readonly #recorder: Recorder
  readonly #clocks: PlayedClocks
  readonly #requests = new Map<number, Ticket>()
  readonly #holds = new Map<number, () => void>()
  /** What was in flight at a gap, by version. */
  readonly #unknown = new Map<string, (() => void)[]>()
  #lost = 0
  #aheadMs = 0

  constructor(recorder: Recorder, clocks: PlayedClocks) {
    this.#recorder = recorder
    this.#clocks = clocks
  }

  /** Records that the worker had no room for. */
  get lost(): number {
    return this.#lost
  }

  /** Plays a batch; `table` is the number of the table in force. Who began under another one is evidence of nothing. */
  play(batch: Batch, table: number): void {
    const { numbers, gap } = batch
    this.#aheadMs = aheadMsOf(this.#clocks)
    if (gap !== null) this.#skip(gap.inFlight, gap.records)
    for (let at = 0; at < numbers.length;) at += this.#playAt(batch, at, table)
  }

  /** The worker is gone; how many requests and tunnels went with it. */
  drop(): number {
    const gone = this.#requests.size
    this.#skip({}, 0)
    return gone
  }

  #skip(inFlight: Readonly<Record<string, number>>, lost: number): void {
    this.#lost += lost
    for (const ticket of this.#requests.values()) this.#recorder.left(ticket)
    for (const over of [...this.#holds.values(), ...[...this.#unknown.values()].flat()]) over()
    this.#requests.clear()
    this.#holds.clear()
    this.#unknown.clear()
    for (const [version, count] of Object.entries(inFlight))
      this.#unknown.set(
        version,
        Array.from({ length: count }, () => this.#recorder.hold(version)),
      )
  }

  /** Plays the record at a place; how many numbers it takes. */
  #playAt(batch: Batch, at: number, table: number): number {
    const { numbers, versions } = batch
    const [kind = 0, id = 0] = [numbers[at], numbers[at + 1]]
    const recorder = this.#recorder
    const ticket = this.#requests.get(id)
    switch (kind) {
      case records.started.kind:
        this.#start(batch, at, table)
        return records.started.length
      case records.answered.kind:
        if (ticket !== undefined) this.#answer(batch, at, ticket)
        return records.answered.length
      case records.failed.kind:
        if (ticket !== undefined) recorder.failed(ticket)
        return records.failed.length
      case records.abandoned.kind:
        if (ticket !== undefined) recorder.abandoned(ticket)
        return records.abandoned.length
      case records.shielded.kind:
        if (ticket !== undefined) recorder.shielded(ticket)
        return records.shielded.length
      case records.left.kind:
        this.#leave(id, ticket)
        return records.left.length
      case records.cutOff.kind:
        recorder.wasCutOff(versions[id] ?? '')
        return records.cutOff.length
      case records.held.kind:
        this.#holds.set(id, recorder.hold(versions[numbers[at + 2] ?? 0] ?? ''))
        return records.held.length
      case records.released.kind:
        this.#unknown.get(versions[id] ?? '')?.pop()?.()
        return records.released.length
      case records.mirrored.kind:
        recorder.mirror.sent()
        return records.mirrored.length
      case records.unmirrored.kind:
        recorder.mirror.dropped()
        return records.unmirrored.length
      default: {
        const pair = batch.pairs[id]
        if (pair !== undefined) recorder.mirror.compared(pair)
        return records.compared.length
      }
    }
  }

  #start({ numbers, versions, slices }: Batch, at: number, table: number): void {
    const value = (place: number): number => numbers[at + place] ?? 0
    const unit = value(4)
    const decision = {
      version: versions[value(2)] ?? '',
      by: value(3) === 1 && value(6) === table ? 'hash' : 'override',
      unit: unit < 0 ? null : String(unit),
    } as const
    const sliced = slices[value(5)] ?? null
    const ticket = this.#clocks.at(value(7) - this.#aheadMs, () => this.#recorder.start(decision, sliced))
    this.#requests.set(value(1), ticket)
  }

  #answer({ numbers, generated }: Batch, at: number, ticket: Ticket): void {
    const value = (place: number): number => numbers[at + place] ?? 0
    const seen = generated[value(6)] ?? null
    const watch = ticket.watch === null ? null : new SeenElsewhere(seen, value(5) === 1)
    const known = watch === null ? ticket : { ...ticket, watch }
    this.#clocks.at(ticket.startedMs + value(4), () => this.#recorder.answered(known, value(2), value(3) === 1))
  }

  #leave(id: number, ticket: Ticket | undefined): void {
    if (ticket === undefined) this.#holds.get(id)?.()
    else this.#recorder.left(ticket)
    this.#requests.delete(id)
    this.#holds.delete(id)
  }
}

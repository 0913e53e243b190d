import { compileHash } from '@serin/core/assignment'
import type { Decision } from '@serin/core/assignment'
import { GenerationWatch } from '../evidence/generation/answer-watch.ts'
import type { Generated } from '../evidence/generation/answer-watch.ts'
import type { ComparedPair } from '../evidence/mirror-tally.ts'
import type { Clocks } from '../evidence/recorder.ts'
import type { Recording, Underway } from '../evidence/recording.ts'
import { records } from './batch.ts'
import type { Batch, Gap } from './batch.ts'

/** How long records wait for others. Errors do not. */
const lingerMs = 20
const batchNumbers = 8_192
/** What may be on its way to a parent that does not read. */
const mostBacklogBytes = 8_000_000
/** The parent needs to know who is who, not who it is. Assignment has another salt, so that the one says nothing of the other. */
const unitHashOf = compileHash('serin.worker/')

interface Account {
  readonly version: string
  inFlight: number
}

/** A request or a hold of this worker. */
interface Entry {
  readonly id: number
  readonly account: Account
  /** How many gaps there were before it. */
  readonly era: number
}

type Slip = Entry & Underway

/** What a scribe works with. */
export interface ScribeOptions {
  readonly clocks: Clocks
  /** Hands a batch on, whose buffer is used again at once; calls back when it is out of this process. */
  readonly send: (batch: Batch, sent: () => void) => void
  readonly backlogBytes?: number
}

/**
 * Writes down what becomes of the requests of a worker, for the recorder of its parent: in order, at most 20 ms late, errors at once. When the
 * parent does not read, records are left out rather than kept for ever; it is then told how many, and what is in flight.
 */
export class Scribe implements Recording {
  readonly mirror: Recording['mirror'] = {
    sent: () => {
      this.#makeRoom(records.mirrored)
      this.#write(records.mirrored)
    },
    dropped: () => {
      this.#makeRoom(records.unmirrored)
      this.#write(records.unmirrored)
    },
    compared: (pair) => {
      this.#makeRoom(records.compared)
      this.#write(records.compared, this.#pairs.push(pair) - 1)
    },
  }
  readonly #options: ScribeOptions
  readonly #numbers = new Float64Array(batchNumbers)
  #used = 0
  #records = 0
  #versions = new Map<string, number>()
  #slices: (readonly string[])[] = []
  #generated: Generated[] = []
  #pairs: ComparedPair[] = []
  readonly #accounts = new Map<string, Account>()
  #ids = 0
  #era = 0
  #gap: Gap | null = null
  #backlogBytes = 0
  #table = 0
  #watches = false
  #timer: NodeJS.Timeout | null = null
  #soon: NodeJS.Immediate | null = null
  #heard = true
  /** How far the clock for people is ahead of the steady one, which is another one in each process. */
  #aheadMs: number

  constructor(options: ScribeOptions) {
    this.#options = options
    this.#aheadMs = aheadMsOf(options.clocks)
  }

  /** From now on requests begin under the table of this number. What was written before is on its way. */
  follow(table: number, { watches }: { readonly watches: boolean }): void {
    this.tell()
    this.#table = table
    this.#watches = watches
  }

  start(decision: Decision, slices: readonly string[] | null = null): Slip {
    // First: where there is none, everybody who is under way is known anew.
    this.#makeRoom(records.started)
    const entry = this.#enter(decision.version)
    const { version, by, unit } = decision
    const byHash = by === 'hash'
    const startedMs = this.#options.clocks.steadyMs()
    const startedAt = startedMs + this.#aheadMs
    const numbers = this.#numbers
    const at = this.#begin(records.started)
    numbers[at + 1] = entry.id
    numbers[at + 2] = this.#placeOf(version)
    numbers[at + 3] = byHash ? 1 : 0
    numbers[at + 4] = unit === null ? -1 : unitHashOf(unit)
    numbers[at + 5] = slices === null ? -1 : this.#slices.push(slices) - 1
    numbers[at + 6] = this.#table
    numbers[at + 7] = startedAt
    return {
      id: entry.id,
      account: entry.account,
      era: entry.era,
      watch: byHash && this.#watches ? new GenerationWatch(startedMs) : null,
      startedAt: Math.floor(startedAt),
      startedMs,
    }
  }

  answered({ id, era, watch, startedMs }: Slip, status: number, latencyScored: boolean): void {
    this.#makeRoom(records.answered)
    if (era !== this.#era) return
    const nowMs = this.#options.clocks.steadyMs()
    const modelFailed = watch?.failed === true
    const generated = watch === null || status >= 300 ? null : watch.end(nowMs, latencyScored)
    const seen = generated === null ? -1 : this.#generated.push(generated) - 1
    const numbers = this.#numbers
    const at = this.#begin(records.answered)
    numbers[at + 1] = id
    numbers[at + 2] = status
    numbers[at + 3] = latencyScored ? 1 : 0
    numbers[at + 4] = nowMs - startedMs
    numbers[at + 5] = modelFailed ? 1 : 0
    numbers[at + 6] = seen
    if (status >= 500 || modelFailed) this.#tellSoon()
  }

  failed({ id, era }: Slip): void {
    this.#makeRoom(records.failed)
    if (era !== this.#era) return
    this.#write(records.failed, id)
    this.#tellSoon()
  }

  abandoned({ id, era }: Slip): void {
    this.#makeRoom(records.abandoned)
    if (era === this.#era) this.#write(records.abandoned, id)
  }

  shielded({ id, era }: Slip): void {
    this.#makeRoom(records.shielded)
    if (era === this.#era) this.#write(records.shielded, id)
  }

  wasCutOff(version: string): void {
    this.#makeRoom(records.cutOff)
    this.#write(records.cutOff, this.#placeOf(version))
  }

  left(request: Slip): void {
    this.#leave(request)
  }

  hold(version: string): () => void {
    this.#makeRoom(records.held)
    const entry = this.#enter(version)
    this.#write(records.held, entry.id, this.#placeOf(version))
    return () => this.#leave(entry)
  }

  /** Sends what is written. */
  tell(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    if (this.#soon !== null) clearImmediate(this.#soon)
    this.#timer = null
    this.#soon = null
    if (this.#used === 0 && this.#gap === null) return
    this.#aheadMs = aheadMsOf(this.#options.clocks)
    const batch = this.#take()
    if (!this.#heard) return
    const { send, backlogBytes = mostBacklogBytes } = this.#options
    const bytes = batch.numbers.byteLength
    if (this.#backlogBytes + bytes > backlogBytes) {
      this.#leaveOut(batch)
      return
    }
    this.#backlogBytes += bytes
    this.#gap = null
    this.#records = 0
    send(batch, () => (this.#backlogBytes -= bytes))
  }

  /** Nobody listens any more. */
  mute(): void {
    this.#heard = false
    this.tell()
  }

  /** What is written; nothing is afterwards. */
  #take(): Batch {
    const batch = {
      numbers: this.#numbers.subarray(0, this.#used),
      versions: [...this.#versions.keys()],
      slices: this.#slices,
      generated: this.#generated,
      pairs: this.#pairs,
      gap: this.#gap,
    }
    this.#used = 0
    this.#versions = new Map()
    this.#slices = []
    this.#generated = []
    this.#pairs = []
    return batch
  }

  /** Whoever is under way now is known no more by a number of its own. */
  #leaveOut({ gap }: Batch): void {
    const accounts = [...this.#accounts.values()]
    const inFlight = Object.fromEntries(accounts.map((account) => [account.version, account.inFlight]))
    this.#gap = { records: (gap?.records ?? 0) + this.#records, inFlight }
    this.#records = 0
    this.#era += 1
    this.#timer = setTimeout(() => this.tell(), lingerMs)
  }

  #enter(version: string): Entry {
    let account = this.#accounts.get(version)
    if (account === undefined) {
      account = { version, inFlight: 0 }
      this.#accounts.set(version, account)
    }
    account.inFlight += 1
    this.#ids += 1
    return { id: this.#ids, account, era: this.#era }
  }

  #leave(entry: Entry): void {
    const { id, era, account } = entry
    this.#makeRoom(records.left)
    account.inFlight -= 1
    if (account.inFlight === 0) this.#accounts.delete(account.version)
    if (era === this.#era) {
      this.#write(records.left, id)
      return
    }
    this.#write(records.released, this.#placeOf(account.version))
  }

  /** The place of a version in the batch; call `#makeRoom` before. */
  #placeOf(version: string): number {
    const known = this.#versions.get(version)
    if (known !== undefined) return known
    this.#versions.set(version, this.#versions.size)
    return this.#versions.size - 1
  }

  /** Before each record: sends what is written when this one has no place beside it. */
  #makeRoom({ length }: { readonly length: number }): void {
    if (this.#used + length > batchNumbers) this.tell()
  }

  /** Begins a record; where it is. Call `#makeRoom` before. */
  #begin({ kind, length }: { readonly kind: number; readonly length: number }): number {
    const at = this.#used
    this.#numbers[at] = kind
    this.#used = at + length
    this.#records += 1
    this.#timer ??= setTimeout(() => this.tell(), lingerMs)
    return at
  }

  /** A record of one or two numbers besides its kind. */
  #write(record: { readonly kind: number; readonly length: number }, one = 0, two = 0): void {
    const at = this.#begin(record)
    if (record.length > 1) this.#numbers[at + 1] = one
    if (record.length > 2) this.#numbers[at + 2] = two
  }

  #tellSoon(): void {
    this.#soon ??= setImmediate(() => this.tell())
  }
}

/** How far the clock for people is ahead of the steady one. */
export function aheadMsOf(clocks: Clocks): number {
  return clocks.epochMs() - clocks.steadyMs()
}

import type { Worker } from 'node:cluster'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Addresses } from '../transport/listen-at.ts'
import type { Batch } from './batch.ts'
import type { Duty, NumberedTable, Order, Told, Unable, Word } from './messages.ts'
import type { Player } from './player.ts'

const lastWordsMs = 1_000

/** One worker as its parent sees it: what it was told, what it answered, and its records, held back while a table is on its way to all. */
export class Link {
  readonly #worker: Worker
  readonly #player: Player
  readonly #gone: (how: string) => void
  /** Number of the table its requests begin under; null before it has one. */
  #follows: number | null = null
  #table: number
  #held: Batch[] = []
  #isReady = false
  #begun = false
  #addresses: Addresses | null = null
  #unable: Unable | null = null
  #endedAs: string | null = null
  #isSilent = false
  #isGone = false
  #cutOff = 0
  #questions = 0
  /** Who waits for something it says; all are called when it is gone. */
  readonly #waiting = new Set<() => void>()
  readonly #answers = new Map<number, Told>()

  /** `table` is the number of the table that is in force for all. `gone` is called once, when the process has ended and all it said was heard. */
  constructor(
    worker: Worker,
    player: Player,
    { table, gone }: { readonly table: number; readonly gone: (how: string) => void },
  ) {
    this.#worker = worker
    this.#player = player
    this.#table = table
    this.#gone = gone
    worker.on('message', (word: Word) => this.#hear(word))
    worker.on('error', () => {}) // It is gone, or soon is: `exit` says so.
    worker.on('exit', (code: number | null, signal: string | null) => {
      this.#endedAs = signal ?? `code ${code}`
      this.#lookIfGone()
    })
    worker.on('disconnect', () => {
      this.#isSilent = true
      this.end() // Whoever does not listen any more must not serve either.
      this.#lookIfGone()
    })
  }

  get pid(): number {
    return this.#worker.process.pid ?? 0
  }

  get isGone(): boolean {
    return this.#isGone
  }

  /** Records it had no room for. */
  get lost(): number {
    return this.#player.lost
  }

  /** Whether it can be told what to be, in time. */
  async ready(withinMs: number): Promise<boolean> {
    return (await this.#until(() => this.#isReady, withinMs)) && !this.#isGone
  }

  /** Tells it what to be; resolves when it serves. Rejects with Node's own error when it cannot listen. */
  async begin(duty: Duty, inForce: NumberedTable | null, withinMs: number): Promise<Addresses> {
    this.#begun = true
    this.#follows = inForce?.number ?? null
    this.#say({ kind: 'begin', duty, inForce })
    await this.#until(() => this.#addresses !== null || this.#unable !== null, withinMs)
    if (this.#addresses !== null) return this.#addresses
    const { message, code, listener } = this.#unable ?? {
      message: 'A worker did not begin.',
      code: null,
      listener: null,
    }
    throw Object.assign(new Error(message), code === null ? {} : { code }, listener === null ? {} : { listener })
  }

  /** Puts a table in force; resolves when it is, or the worker is gone. Who does not answer in time is ended. */
  async follow(inForce: NumberedTable, withinMs: number): Promise<void> {
    if (!this.#begun || this.isGone) return
    this.#say({ kind: 'follow', inForce })
    if (await this.#until(() => (this.#follows ?? -1) >= inForce.number, withinMs)) return
    this.end()
    await this.#until(() => false)
  }

  /** Whether records are held back. */
  get holds(): boolean {
    return this.#held.length > 0
  }

  /** The table of this number is in force for all: what was held back is played. */
  commit(table: number): void {
    this.#table = table
    for (const batch of this.#held.splice(0)) this.#player.play(batch, table)
  }

  /** What it knows as of now, all its records played; null when it is gone. Rejects when it does not answer in time. */
  async ask(withinMs: number): Promise<Told | null> {
    if (!this.#begun || this.isGone) return null
    this.#questions += 1
    const question = this.#questions
    this.#say({ kind: 'ask', question })
    const inTime = await this.#until(() => this.#answers.has(question), withinMs)
    // What is in flight there is not known: nobody must take it for nothing.
    if (!inTime) throw new Error(`The worker ${this.pid} does not answer.`)
    const answer = this.#answers.get(question) ?? null
    this.#answers.delete(question)
    return answer
  }

  /** Lets it look whether its certificates have changed. */
  reload(): void {
    this.#say({ kind: 'reload' })
  }

  /** Lets it finish what is in flight; resolves when it is gone, with how many requests were then cut off. */
  async leave(deadlineMs: number, graceMs: number): Promise<number> {
    if (this.#begun) this.#say({ kind: 'leave', deadlineMs })
    else this.end()
    if (!(await this.#until(() => false, deadlineMs + graceMs))) {
      this.end()
      await this.#until(() => false)
    }
    return this.#cutOff
  }

  /** Ends it at once. */
  end(): void {
    this.#worker.process.kill('SIGKILL')
  }

  /** What it takes with it: requests and tunnels under way. */
  drop(): number {
    return this.#player.drop()
  }

  #say(order: Order): void {
    if (this.#worker.isConnected()) this.#worker.send(order)
  }

  /** Whether it holds, or the worker is gone, in time. */
  async #until(holds: () => boolean, withinMs?: number): Promise<boolean> {
    return await new Promise((resolve) => {
      const look = (): void => {
        if (holds() || this.#isGone) done(true)
      }
      const late = withinMs === undefined ? undefined : setTimeout(() => done(false), withinMs)
      const done = (inTime: boolean): void => {
        clearTimeout(late)
        this.#waiting.delete(look)
        resolve(inTime)
      }
      this.#waiting.add(look)
      look()
    })
  }

  #hear(word: Word): void {
    switch (word.kind) {
      case 'ready':
        this.#isReady = true
        break
      case 'serving':
        this.#addresses = { address: word.address, previewAddress: word.previewAddress }
        break
      case 'unable':
        this.#unable = word
        break
      case 'follows':
        this.#follows = word.number
        break
      case 'records':
        // Under a table that is not yet in force for all, or after others that are held: played when it is.
        if (this.#follows !== null && this.#follows !== this.#table) this.#held.push(word.batch)
        else this.#player.play(word.batch, this.#table)
        break
      case 'told':
        this.#answers.set(word.question, word)
        break
      case 'left':
        this.#cutOff = word.cutOff
    }
    for (const look of this.#waiting) look()
  }

  /** Two things, in either order: it has ended, and all it said was heard. */
  #lookIfGone(): void {
    if (this.#endedAs === null || this.#isGone) return
    if (this.#isSilent) {
      this.#isGone = true
      for (const look of this.#waiting) look()
      this.#gone(this.#endedAs)
    } else void this.#silence()
  }

  /** Whoever has ended says no more, even if nobody says so. */
  async #silence(): Promise<void> {
    await sleep(lastWordsMs)
    this.#isSilent = true
    this.#lookIfGone()
  }
}

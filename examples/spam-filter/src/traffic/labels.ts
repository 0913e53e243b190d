import { ClientFailure, HttpClient } from './http-client.ts'

/** What a person says about a message, some seconds after the filter did. */
export interface Label {
  readonly metric: 'false-positive' | 'false-negative'
  /** 1 when the filter was wrong. */
  readonly value: 0 | 1
  readonly unit: string
  /** When the message was sent, ms since the epoch: from it the control plane finds the version. */
  readonly time: number
}

/** What became of the labels. */
export interface LabelFigures {
  /** Taken by the control plane. */
  readonly accepted: number
  /** Of these, ignored by it: no rollout was under way, or two versions may have answered. */
  readonly ignored: number
  readonly waiting: number
  /** Refused, or sent without an answer; a label is sent at most once. */
  readonly lost: number
}

/** Where labels go, and when. */
export interface LabelOptions {
  /** Base address of the control plane. */
  readonly url: string
  readonly token: string
  /** A label comes so long after its message: at least, at most. */
  readonly delayMs: readonly [number, number]
}

const batchEveryMs = 250
const batchMost = 5_000
/** About five minutes of traffic; older labels are lost first. */
const keptMost = 100_000

interface Waiting {
  readonly label: Label
  readonly dueAt: number
}

/** Sends labels to the control plane in batches, each when its time has come. A control plane that is away gets them later. */
export class LabelPost implements AsyncDisposable {
  readonly #options: LabelOptions
  readonly #client: HttpClient
  #waiting: Waiting[] = []
  #inFlight: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | null = null
  #accepted = 0
  #ignored = 0
  #lost = 0

  constructor(options: LabelOptions) {
    this.#options = options
    this.#client = new HttpClient(new URL('/v1/observations', options.url).href, { timeoutMs: 10_000, connections: 1 })
  }

  get figures(): LabelFigures {
    return { accepted: this.#accepted, ignored: this.#ignored, waiting: this.#waiting.length, lost: this.#lost }
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#inFlight = this.#inFlight.then(async () => await this.#sendDue(Date.now()))
    }, batchEveryMs)
  }

  /** Takes a label; `fraction` (0 … 1) says how late it is between the least and the most. */
  add(label: Label, fraction: number): void {
    const [least, most] = this.#options.delayMs
    this.#waiting.push({ label, dueAt: label.time + least + fraction * (most - least) })
    if (this.#waiting.length > keptMost) {
      this.#waiting.shift()
      this.#lost += 1
    }
  }

  /** Sends what is left, due or not, and ends. What cannot be sent now is lost. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#inFlight
    for (let before = Infinity; this.#waiting.length > 0 && this.#waiting.length < before;) {
      before = this.#waiting.length
      await this.#sendDue(Infinity)
    }
    this.#lost += this.#waiting.length
    this.#waiting = []
    this.#client.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #sendDue(now: number): Promise<void> {
    const due: Waiting[] = []
    const later: Waiting[] = []
    for (const waiting of this.#waiting) (waiting.dueAt <= now && due.length < batchMost ? due : later).push(waiting)
    if (due.length === 0) return
    this.#waiting = later
    const lines = due.map(({ label }) => JSON.stringify(label)).join('\n')
    const headers = { authorization: `Bearer ${this.#options.token}`, 'content-type': 'application/x-ndjson' }
    try {
      const { status, body } = await this.#client.post(headers, lines)
      if (status !== 200) this.#lost += due.length
      else {
        this.#accepted += due.length
        this.#ignored += ignoredOf(body)
      }
    } catch (error) {
      // Nobody listened, so nobody can have counted them: they may go again. In any other case they might count twice.
      if (error instanceof ClientFailure && error.message === 'ECONNREFUSED') this.#waiting = [...due, ...this.#waiting]
      else this.#lost += due.length
    }
  }
}

function ignoredOf(body: string): number {
  const answer = JSON.parse(body) as { readonly ignored?: unknown }
  return typeof answer.ignored === 'number' ? answer.ignored : 0
}

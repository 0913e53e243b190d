import type { LabelledMessage } from '../messages/messages.ts'
import { createRandom, type Random } from '../random.ts'
import { spamFrom } from '../train/evaluate.ts'
import { ClientFailure, HttpClient } from './http-client.ts'
import { inferBody, readPrediction, type Prediction } from './infer.ts'
import { LabelPost, type LabelFigures, type LabelOptions } from './labels.ts'
import { Population, type Posting } from './population.ts'
import { Tally, type ClientFigures } from './tally.ts'

/** What traffic there is, and where it goes. */
export interface TrafficOptions {
  /** Where the service takes requests, such as `http://127.0.0.1:8080`. */
  readonly gateway: string
  /** Where labels go; none means that nobody ever says what was right. */
  readonly labels: LabelOptions | null
  readonly messages: readonly LabelledMessage[]
  readonly requestsPerSecond: number
  /** Users at any one time. */
  readonly users: number
  /** Begins every user’s id. */
  readonly prefix: string
  readonly seed: number
  /** A client that has no answer by then gives up: it has failed. */
  readonly timeoutMs: number
}

/** What the clients have seen, once a second and at the end. */
export interface TrafficReport extends ClientFigures {
  /** ms since the epoch. */
  readonly at: number
  readonly runningMs: number
  readonly sent: number
  readonly inFlight: number
  readonly users: { readonly active: number; readonly seen: number }
  readonly labels: LabelFigures
  /** How late a message was sent at worst since the report before, in ms: large when this process itself had no time. */
  readonly lateMs: number
  readonly final: boolean
}

const path = '/v2/models/spam/infer'
const connections = 256
/** Beyond this clients would only wait for each other; they count as failed. */
const mostInFlight = 2_000
/** After a longer standstill of this process what was due is left out instead of being sent all at once. */
const longestCatchUpMs = 1_000

const noLabels: LabelFigures = { accepted: 0, ignored: 0, waiting: 0, lost: 0 }

/**
 * Users who post their messages to the spam filter at random moments, whatever the answers do: a slow service gets no fewer requests
 * (an open loop), and the time of an answer counts from when its message was due. Everything is counted here, from the clients’ side.
 */
export class TrafficGenerator implements AsyncDisposable {
  readonly #options: TrafficOptions
  readonly #random: Random
  readonly #population: Population
  readonly #client: HttpClient
  readonly #labels: LabelPost | null
  readonly #tally = new Tally()
  readonly #underWay = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | null = null
  #startedMs = 0
  #nextMs = 0
  #sent = 0
  #lateMs = 0

  constructor(options: TrafficOptions) {
    const { messages, users, prefix, timeoutMs, gateway, labels } = options
    this.#options = options
    this.#random = createRandom(options.seed)
    this.#population = new Population({ users, messages, prefix, random: this.#random })
    this.#client = new HttpClient(new URL(path, gateway).href, { timeoutMs, connections })
    this.#labels = labels === null ? null : new LabelPost(labels)
  }

  /** Begins. */
  start(): void {
    this.#startedMs = performance.now()
    this.#nextMs = this.#startedMs
    this.#labels?.start()
    this.#sendDue()
  }

  /** Ends: nothing new is sent, what is under way is waited for, labels that are left are sent. Gives the last report. */
  async stop(): Promise<TrafficReport> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    await Promise.all(this.#underWay)
    await this.#labels?.stop()
    this.#client.close()
    return { ...this.report(), final: true }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** What the clients have seen so far. */
  report(): TrafficReport {
    const lateMs = this.#lateMs
    this.#lateMs = 0
    return {
      at: Date.now(),
      runningMs: performance.now() - this.#startedMs,
      sent: this.#sent,
      inFlight: this.#underWay.size,
      ...this.#tally.report(),
      users: { active: this.#options.users, seen: this.#population.seen },
      labels: this.#labels?.figures ?? noLabels,
      lateMs,
      final: false,
    }
  }

  #sendDue(): void {
    const now = performance.now()
    if (now - this.#nextMs > longestCatchUpMs) this.#nextMs = now
    while (this.#nextMs <= now) {
      this.#lateMs = Math.max(this.#lateMs, now - this.#nextMs)
      this.#send(this.#population.next(), this.#nextMs)
      // Users do not wait for each other: gaps between independent arrivals are exponential.
      this.#nextMs += (-Math.log(1 - this.#random()) * 1_000) / this.#options.requestsPerSecond
    }
    this.#timer = setTimeout(() => this.#sendDue(), Math.max(0, this.#nextMs - performance.now()))
  }

  #send(posting: Posting, dueMs: number): void {
    this.#sent += 1
    if (this.#underWay.size >= mostInFlight) {
      this.#tally.failed('overload', `${mostInFlight} requests are under way`)
      return
    }
    const sending = this.#ask(posting, dueMs).finally(() => this.#underWay.delete(sending))
    this.#underWay.add(sending)
  }

  async #ask({ user, message }: Posting, dueMs: number): Promise<void> {
    const time = Date.now()
    let prediction: Prediction
    try {
      const headers = { 'content-type': 'application/json', 'x-user-id': user.id }
      const answer = await this.#client.post(headers, inferBody(message.text))
      if (answer.status !== 200) {
        this.#tally.failed('status', `${answer.status} ${answer.body.slice(0, 200)}`)
        return
      }
      prediction = readPrediction(answer.body, answer.version)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.#tally.failed(error instanceof ClientFailure ? error.kind : 'invalid', why)
      return
    }
    this.#tally.answered(user, message, prediction, performance.now() - dueMs)
    const calledSpam = prediction.probability >= spamFrom
    this.#labels?.add(
      {
        metric: message.spam ? 'false-negative' : 'false-positive',
        value: calledSpam === message.spam ? 0 : 1,
        unit: user.id,
        time,
      },
      this.#random(),
    )
  }
}

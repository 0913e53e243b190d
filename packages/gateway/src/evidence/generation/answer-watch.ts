import { EventScanner } from './event-scanner.ts'
import { saidBy, usageIn } from './said.ts'
import type { Usage } from './said.ts'
import { UsageScanner } from './usage-scanner.ts'

/** Sees an answer on its way to the client, after it has been passed on. It changes nothing, and holds nothing up. */
export interface AnswerWatch {
  /** The head has come. */
  head(contentType: string | undefined, contentEncoding: string | undefined): void
  /** A piece of the body, without its framing. */
  body(bytes: Buffer, nowMs: number): void
}

/** What an answer of a model has shown; times in ms. */
export interface Generated {
  readonly firstByteMs: number | null
  /** Null when it is no stream, or said nothing. */
  readonly firstTokenMs: number | null
  readonly gaps: number
  readonly gapMs: number
  /** How long a whole answer took, and its tokens; null unless both are known. */
  readonly timed: { readonly ms: number; readonly tokens: number } | null
  readonly usage: Usage | null
  readonly unread: boolean
  readonly estimated: boolean
}

// Bounds on what one answer can add to a mean, fixed before there is any.
const mostWaitMs = 600_000
const mostGapMs = 10_000

/** Measures one answer of a model. */
export class GenerationWatch implements AnswerWatch {
  /** Whether the model said that it failed. */
  failed = false
  readonly #startedMs: number
  #kind: 'nothing' | 'stream' | 'json' | 'unread' = 'nothing'
  #events: EventScanner | null = null
  #json: UsageScanner | null = null
  #firstByteMs: number | null = null
  #firstTokenMs: number | null = null
  #pieces = 0
  #gapMs = 0
  #lastMs = 0
  #nowMs = 0
  #usage: Usage | null = null

  constructor(startedMs: number) {
    this.#startedMs = startedMs
  }

  head(contentType = '', contentEncoding = ''): void {
    const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
    if (!['', 'identity'].includes(contentEncoding.trim().toLowerCase())) this.#kind = 'unread'
    else if (type === 'text/event-stream') {
      this.#kind = 'stream'
      this.#events = new EventScanner((data) => this.#event(data))
    } else if (type === 'application/json') {
      this.#kind = 'json'
      this.#json = new UsageScanner()
    }
  }

  body(bytes: Buffer, nowMs: number): void {
    if (bytes.length === 0) return
    this.#firstByteMs ??= nowMs - this.#startedMs
    this.#nowMs = nowMs
    this.#events?.take(bytes)
    this.#json?.take(bytes)
  }

  /**
   * The answer is over. Of one that its client did not wait for, what was seen counts; a stream that had said nothing counts as a wait for as long as the client
   * waited, so that a version which keeps people waiting does not look better when they give up.
   */
  end(nowMs: number, whole: boolean): Generated {
    this.#nowMs = nowMs
    if (whole) this.#events?.end()
    if (this.#json !== null) this.#usage = usageIn(this.#json.usage)
    const [ms, stream] = [nowMs - this.#startedMs, this.#kind === 'stream']
    const said = this.#usage?.completionTokens ?? null
    const tokens = said ?? (stream && this.#pieces > 0 ? this.#pieces : null)
    const waitedMs = this.#firstTokenMs ?? (stream && !whole ? ms : null)
    return {
      firstByteMs: this.#firstByteMs === null ? null : Math.min(mostWaitMs, this.#firstByteMs),
      firstTokenMs: waitedMs === null ? null : Math.min(mostWaitMs, waitedMs),
      gaps: Math.max(0, this.#pieces - 1),
      gapMs: this.#gapMs,
      timed: !whole || tokens === null || tokens === 0 ? null : { ms: Math.min(mostWaitMs, ms), tokens },
      usage: whole ? this.#usage : null,
      unread: this.#kind === 'unread',
      estimated: whole && said === null && tokens !== null,
    }
  }

  #event(data: string): void {
    const { token, usage, failed } = saidBy(data)
    if (failed) this.failed = true
    // The last one counts: some servers say in each event what it has been so far.
    if (usage !== null) this.#usage = usage
    if (!token) return
    const nowMs = this.#nowMs
    if (this.#pieces === 0) this.#firstTokenMs = nowMs - this.#startedMs
    else this.#gapMs += Math.min(mostGapMs, nowMs - this.#lastMs)
    this.#pieces += 1
    this.#lastMs = nowMs
  }
}

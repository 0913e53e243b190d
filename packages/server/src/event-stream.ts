import type { Engine } from '@serin/engine'
import { SerinError } from '@serin/spec'

const pageSize = 200

/** How patient a stream is. */
export interface StreamPatience {
  /** A reader that hears nothing for this long is told that the stream lives. */
  readonly heartbeatMs: number
  /** A reader that takes nothing for this long is cut off; it comes back with its last id. */
  readonly stallMs: number
}

/** What a stream is made from. */
export interface StreamOptions extends StreamPatience {
  readonly engine: Engine
  /** The last entry the reader has seen; null means: from now on. */
  readonly after: number | null
  /** Ends the stream: the control plane goes away. */
  readonly ending: AbortSignal
  /** Cuts the connection of a reader that has stopped reading. */
  readonly cut: () => void
}

/** The place a reader wants to go on after, from `Last-Event-ID` or `?after=`; null when it has none. */
export function placeOf(lastEventId: string | undefined, after: string | undefined): number | null {
  // Browsers and libraries send an empty id when they have none.
  const given = lastEventId === undefined || lastEventId === '' ? after : lastEventId
  if (given === undefined) return null
  if (!/^\d{1,15}$/.test(given))
    throw new SerinError('body.invalid', `"${given}" is no place in the journal: expected the id of its last event.`)
  return Number(given)
}

/** Server-Sent Events: the journal from the last id the reader has seen, then everything live. */
export function eventStream(options: StreamOptions): Response {
  const { stallMs, ending, cut } = options
  const reader = new Reader(options)
  const encoder = new TextEncoder()
  let stalling: NodeJS.Timeout | undefined
  const end = () => {
    clearTimeout(stalling)
    ending.removeEventListener('abort', end)
    reader.end()
  }
  ending.addEventListener('abort', end)
  if (ending.aborted) end()
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        clearTimeout(stalling)
        const text = await reader.next()
        if (text === null) {
          end()
          return controller.close()
        }
        controller.enqueue(encoder.encode(text))
        // The next pull comes when the connection has taken this.
        stalling = setTimeout(() => {
          end()
          cut()
        }, stallMs)
      },
      cancel: end,
    },
    // Nothing is prepared that has not been asked for: what a slow reader misses stays in the journal, not in memory.
    { highWaterMark: 0 },
  )
  return new Response(body, { headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' } })
}

/** What one reader gets next. It holds a place in the journal and the names of services with news: nothing grows with what the reader misses. */
class Reader {
  readonly #engine: Engine
  readonly #heartbeatMs: number
  readonly #unsubscribe: () => void
  /** Services whose figures have changed since this reader heard of them. */
  readonly #changed: Set<string>
  #seen: number
  #hasEntries = true
  #ended = false
  #wake: (() => void) | null = null

  constructor({ engine, after, heartbeatMs }: StreamOptions) {
    this.#engine = engine
    this.#heartbeatMs = heartbeatMs
    const head = engine.journal({ newestFirst: true, limit: 1 })[0]?.seq ?? 0
    // A place behind the end is one of another journal.
    this.#seen = Math.min(after ?? head, head)
    this.#changed = new Set(engine.services().map(({ name }) => name))
    this.#unsubscribe = engine.subscribe(({ journal, service }) => {
      this.#hasEntries ||= journal.length > 0
      if (service !== null) this.#changed.add(service)
      this.#wake?.()
    })
  }

  end(): void {
    this.#ended = true
    this.#unsubscribe()
    this.#wake?.()
  }

  /** The next frames; null when the stream has ended. */
  async next(): Promise<string | null> {
    for (;;) {
      if (this.#ended) return null
      const frames = this.#entries() ?? this.#figures()
      if (frames !== null) return frames
      if (!(await this.#news())) return this.#ended ? null : ': still here\n\n'
    }
  }

  #entries(): string | null {
    if (!this.#hasEntries) return null
    const page = this.#engine.journal({ after: this.#seen, limit: pageSize })
    this.#hasEntries = page.length === pageSize
    this.#seen = page.at(-1)?.seq ?? this.#seen
    return page.length === 0
      ? null
      : page.map((entry) => `event: journal\nid: ${entry.seq}\ndata: ${JSON.stringify(entry)}\n\n`).join('')
  }

  #figures(): string | null {
    const [name] = this.#changed
    if (name === undefined) return null
    this.#changed.delete(name)
    return `event: service\ndata: ${JSON.stringify(this.#engine.service(name))}\n\n`
  }

  /** Waits for news. Returns whether there are any. */
  async #news(): Promise<boolean> {
    let beat: NodeJS.Timeout | undefined
    const woken = await new Promise<boolean>((resolve) => {
      this.#wake = () => resolve(!this.#ended)
      beat = setTimeout(() => resolve(false), this.#heartbeatMs)
    })
    clearTimeout(beat)
    this.#wake = null
    return woken
  }
}

import { SerinError, type ServiceStatus } from '@serin/spec'
import type { JournalLine, LiveEvent } from './client.ts'
import { whoAsks, type ClientOptions } from './who-asks.ts'

const retryMs = 500
/** The control plane says something every ten seconds; a connection that is silent for longer leads nowhere any more. */
const silenceMs = 30_000

/** How a stream fares: it was opened, something came (if only a sign of life), it was lost and is made anew. */
export type Sign = 'open' | 'heard' | 'lost'

/** What is read, and for how long. */
export type EventsOptions = ClientOptions & {
  /** The last journal entry seen before; without it the stream begins now. */
  readonly after?: number
  readonly signal: AbortSignal
  /** A connection without a sign of life for this long is given up and made anew. */
  readonly silenceMs?: number
  readonly told?: (sign: Sign) => void
}

/** Reads the event stream and, when the connection is lost or falls silent, goes on after the last journal entry seen. Throws only when the token is refused. */
export async function* readEvents(options: EventsOptions): AsyncGenerator<LiveEvent> {
  const { url, after, signal, silenceMs: patienceMs = silenceMs, told = () => undefined } = options
  let seen = after
  while (!signal.aborted) {
    const silent = new AbortController()
    const wait = () => setTimeout(() => silent.abort(new Error('silence')), patienceMs)
    let timer = wait()
    const heard = () => {
      clearTimeout(timer)
      timer = wait()
      told('heard')
    }
    try {
      const response = await fetch(`${url}/v1/events`, {
        headers: { ...whoAsks(options), ...(seen === undefined ? {} : { 'last-event-id': String(seen) }) },
        signal: AbortSignal.any([signal, silent.signal]),
      })
      if (response.status === 401 || response.status === 403)
        throw new SerinError('auth.refused', 'The control plane refused the token.')
      if (response.ok && response.body !== null) {
        told('open')
        for await (const { event, data } of frames(response.body, heard)) {
          if (event === 'journal') {
            const entry = JSON.parse(data) as JournalLine
            seen = entry.seq
            yield { type: 'journal', entry }
          } else if (event === 'service') {
            yield { type: 'service', status: JSON.parse(data) as ServiceStatus }
          }
        }
      }
    } catch (error) {
      if (error instanceof SerinError) throw error
    } finally {
      clearTimeout(timer)
    }
    if (signal.aborted) return
    told('lost')
    await pause(retryMs, signal)
  }
}

/** The frames of a `text/event-stream`, split across chunks; `heard` is called for each chunk. */
async function* frames(
  body: ReadableStream<Uint8Array>,
  heard: () => void,
): AsyncGenerator<{ readonly event: string; readonly data: string }> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunksOf(body)) {
    heard()
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const field = (name: string) =>
        block
          .split('\n')
          .filter((line) => line.startsWith(`${name}:`))
          .map((line) => line.slice(name.length + 1).replace(/^ /, ''))
          .join('\n')
      const data = field('data')
      if (data !== '') yield { event: field('event'), data }
    }
  }
}

/** Not every browser can walk a stream. */
async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

/** Returns after a while, or as soon as the signal aborts. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
}

import { setTimeout as sleep } from 'node:timers/promises'
import { SerinError, type ServiceStatus } from '@serin/spec'
import type { ClientOptions, JournalLine, LiveEvent } from './client.ts'

const retryMs = 500
/** The control plane says something every ten seconds; a connection that is silent for longer leads nowhere any more. */
const silenceMs = 30_000

/** What is read, and for how long. */
export interface EventsOptions extends ClientOptions {
  /** The last journal entry seen before; without it the stream begins now. */
  readonly after?: number
  readonly signal: AbortSignal
  /** A connection without a sign of life for this long is given up and made anew. */
  readonly silenceMs?: number
}

/** Reads the event stream and, when the connection is lost or falls silent, goes on after the last journal entry seen. Throws only when the token is refused. */
export async function* readEvents({
  url,
  token,
  after,
  signal,
  silenceMs: patienceMs = silenceMs,
}: EventsOptions): AsyncGenerator<LiveEvent> {
  let seen = after
  while (!signal.aborted) {
    const silent = new AbortController()
    const timer = setTimeout(() => silent.abort(new Error('silence')), patienceMs)
    try {
      const response = await fetch(`${url}/v1/events`, {
        headers: { authorization: `Bearer ${token}`, ...(seen === undefined ? {} : { 'last-event-id': String(seen) }) },
        signal: AbortSignal.any([signal, silent.signal]),
      })
      if (response.status === 401 || response.status === 403)
        throw new SerinError('auth.refused', 'The control plane refused the token.')
      if (response.ok && response.body !== null) {
        for await (const { event, data } of frames(response.body, () => timer.refresh())) {
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
    await sleep(retryMs, undefined, { signal }).catch(() => undefined)
  }
}

/** The frames of a `text/event-stream`, split across chunks; `heard` is called for each chunk. */
async function* frames(
  body: ReadableStream<Uint8Array>,
  heard: () => void,
): AsyncGenerator<{ readonly event: string; readonly data: string }> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
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

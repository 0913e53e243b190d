import { setTimeout as sleep } from 'node:timers/promises'
import { SerinError, type ServiceStatus } from '@serin/spec'
import type { ClientOptions, JournalLine, LiveEvent } from './client.ts'

const retryMs = 500

/** Reads the event stream and, when the connection is lost, goes on after the last journal entry seen. Throws only when the token is refused. */
export async function* readEvents({
  url,
  token,
  after,
  signal,
}: ClientOptions & { readonly after?: number; readonly signal: AbortSignal }): AsyncGenerator<LiveEvent> {
  let seen = after
  while (!signal.aborted) {
    try {
      const response = await fetch(`${url}/v1/events`, {
        headers: { authorization: `Bearer ${token}`, ...(seen === undefined ? {} : { 'last-event-id': String(seen) }) },
        signal,
      })
      if (response.status === 401 || response.status === 403)
        throw new SerinError('auth.refused', 'The control plane refused the token.')
      if (response.ok && response.body !== null) {
        for await (const { event, data } of frames(response.body)) {
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
    }
    await sleep(retryMs, undefined, { signal }).catch(() => undefined)
  }
}

/** The frames of a `text/event-stream`, split across chunks. */
async function* frames(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<{ readonly event: string; readonly data: string }> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
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

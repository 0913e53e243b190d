import type { Engine, News } from '@serin/engine'
import type { JournalEntry } from '@serin/kit'
import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'

const heartbeatMs = 10_000
const pageSize = 1_000
/** A reader that is this many events behind is cut off; it comes back with its last id. */
const maxQueued = 5_000

/** Server-Sent Events: the journal from the last id the reader has seen, then everything live. */
export function eventStream(context: Context, engine: Engine): Response {
  const asked = Number(context.req.header('last-event-id') ?? context.req.query('after') ?? Number.NaN)
  return streamSSE(context, async (stream) => {
    const queue: News[] = []
    let wake: (() => void) | undefined
    const unsubscribe = engine.subscribe((news) => {
      queue.push(news)
      wake?.()
    })
    stream.onAbort(() => wake?.())
    const send = (entry: JournalEntry) =>
      stream.writeSSE({ event: 'journal', id: String(entry.seq), data: JSON.stringify(entry) })
    const sendService = (name: string) =>
      stream.writeSSE({ event: 'service', data: JSON.stringify(engine.service(name)) })
    try {
      let seen =
        Number.isInteger(asked) && asked >= 0 ? asked : (engine.journal({ newestFirst: true, limit: 1 })[0]?.seq ?? 0)
      for (
        let page = engine.journal({ after: seen, limit: pageSize });
        page.length > 0;
        page = engine.journal({ after: seen, limit: pageSize })
      ) {
        for (const entry of page) await send(entry)
        seen = page.at(-1)?.seq ?? seen
      }
      for (const { name } of engine.services()) await sendService(name)
      while (!stream.aborted && !stream.closed && queue.length < maxQueued) {
        const batch = queue.splice(0)
        for (const entry of batch.flatMap((news) => news.journal)) {
          if (entry.seq <= seen) continue
          await send(entry)
          seen = entry.seq
        }
        for (const name of new Set(batch.map((news) => news.service))) await sendService(name)
        if (queue.length > 0) continue
        const beat = setTimeout(() => wake?.(), heartbeatMs)
        await new Promise<void>((resolve) => {
          wake = resolve
          if (queue.length > 0 || stream.aborted) resolve()
        })
        clearTimeout(beat)
        if (queue.length === 0 && !stream.aborted) await stream.write(': still here\n\n')
      }
    } finally {
      unsubscribe()
    }
  })
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { JournalLine } from '@serin/sdk'
import type { RolloutPoint, ServiceStatus } from '@serin/spec'
import type { Connection } from './connection.ts'
import { isAboutService } from './view/journal-words.ts'
import { trailWith } from './view/trail.ts'
import { staleMs, type Snapshot } from './view/watch.ts'

const tickMs = 1_000
/** Changes that come together are drawn together. */
const gatherMs = 50
const keptLines = 20

/** The live state of a service across restarts of the control plane, until the signal aborts: at once, at each change, and each second so that silence shows. */
export async function* follow(
  connection: Connection,
  service: string,
  signal: AbortSignal,
): AsyncGenerator<Snapshot, void> {
  const news = await News.open(connection, service, signal).catch((error: unknown) => {
    // Whoever ends it before the first answer has not met a failure.
    if (signal.aborted) return null
    throw error
  })
  if (news === null) return
  try {
    while (!signal.aborted) {
      yield news.snapshot()
      await news.changed()
      await sleep(gatherMs, undefined, { signal }).catch(() => undefined)
    }
  } finally {
    news.close()
  }
}

/** Whether a line is worth keeping. A share that grows evenly routes anew each second: nothing else would be left. */
function isTold(line: JournalLine, service: string): boolean {
  return line.kind !== 'routing.applied' && isAboutService(line, service)
}

/** What has been heard of a service; goes on listening by itself. */
class News {
  #status: ServiceStatus
  #journal: readonly JournalLine[]
  #trail: { readonly rollout: string | null; readonly points: readonly RolloutPoint[] } = { rollout: null, points: [] }
  #connection: Connection
  #heardAt = Date.now()
  #failure: { readonly error: unknown } | null = null
  /** Whether there is something that no snapshot has shown yet. */
  #fresh = false
  #wake: (() => void) | null = null
  #listening = new AbortController()
  readonly #closed = new AbortController()
  readonly #signal: AbortSignal

  static async open(connection: Connection, service: string, signal: AbortSignal): Promise<News> {
    const status = await connection.client.getService({ service }, signal)
    const { entries } = await connection.client.journal({ newest: 'true', limit: 1_000 }, signal)
    return new News(
      connection,
      status,
      entries.toSorted((a, b) => a.seq - b.seq),
      signal,
    )
  }

  private constructor(
    connection: Connection,
    status: ServiceStatus,
    journal: readonly JournalLine[],
    signal: AbortSignal,
  ) {
    this.#connection = connection
    this.#status = status
    this.#journal = journal.filter((line) => isTold(line, status.name)).slice(-keptLines)
    this.#signal = AbortSignal.any([signal, this.#closed.signal])
    void this.#remember()
    void this.#listen(journal.at(-1)?.seq ?? 0)
  }

  snapshot(): Snapshot {
    if (this.#failure !== null) throw this.#failure.error
    this.#fresh = false
    return {
      status: this.#status,
      journal: this.#journal,
      trail: this.#trail.points,
      now: Date.now(),
      heardAt: this.#heardAt,
    }
  }

  /** Resolves at the next news, after a second, or when it is over. */
  async changed(): Promise<void> {
    const over = AbortSignal.any([this.#signal, AbortSignal.timeout(tickMs)])
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      if (over.aborted || this.#fresh) resolve()
      over.addEventListener('abort', () => resolve(), { once: true })
    })
    this.#wake = null
    if (Date.now() - this.#heardAt > staleMs) this.#lookAgain()
  }

  close(): void {
    this.#closed.abort(new Error('closed'))
  }

  async #listen(after: number): Promise<void> {
    let seen = after
    while (!this.#signal.aborted) {
      this.#listening = new AbortController()
      const signal = AbortSignal.any([this.#signal, this.#listening.signal])
      try {
        for await (const event of this.#connection.client.events({ after: seen, signal })) {
          if (event.type === 'journal') seen = event.entry.seq
          if (event.type === 'service' && event.status.name === this.#status.name) this.#take(event.status)
          if (event.type === 'journal' && isTold(event.entry, this.#status.name))
            this.#journal = [...this.#journal, event.entry].slice(-keptLines)
          this.#heardAt = Date.now()
          this.#tell()
        }
      } catch (error) {
        this.#failure = { error }
        this.#tell()
        return
      }
    }
  }

  #take(status: ServiceStatus): void {
    this.#status = status
    if (status.rollout !== null && status.rollout.id !== this.#trail.rollout) void this.#remember()
    else this.#trail = { ...this.#trail, points: trailWith(this.#trail.points, status) }
  }

  /** How the rollout went until now. A picture can do without. */
  async #remember(): Promise<void> {
    const rollout = this.#status.rollout?.id
    if (rollout === undefined) return
    this.#trail = { rollout, points: [] }
    const asked = this.#connection.client.getHistory({ rollout }, this.#signal)
    const { points } = await asked.catch((): { readonly points: readonly RolloutPoint[] } => ({ points: [] }))
    if (this.#trail.rollout !== rollout) return
    this.#trail = { rollout, points: trailWith(points, this.#status) }
    this.#tell()
  }

  #tell(): void {
    this.#fresh = true
    this.#wake?.()
  }

  /** The SDK comes back to the same address by itself; a control plane that was started on another port tells so in its data directory. */
  #lookAgain(): void {
    const now = this.#connection.again()
    if (now.url === this.#connection.url) return
    this.#connection = now
    this.#listening.abort(new Error('moved'))
  }
}

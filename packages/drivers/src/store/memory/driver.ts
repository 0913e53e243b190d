import type { JournalEntry, Store } from '@serin/kit'
import { SerinError } from '@serin/spec'
import { beginning, chained, follows } from '../journal-chain.ts'
import { jsonText, nameText } from '../plain-json.ts'

const pageLimit = 10_000
const expireSlice = 500

/** What stores remember as long as the process lives. */
export interface MemoryMedium {
  readonly documents: Map<string, string>
  readonly journal: JournalEntry[]
  readonly evidence: Map<string, Map<number, string>>
  /** How often it has been opened. */
  openings: number
}

/** A medium on which nothing is written yet. */
export function createMemoryMedium(): MemoryMedium {
  return { documents: new Map(), journal: [], evidence: new Map(), openings: 0 }
}

/** A store for the simulator and for tests. Same semantics as the durable one, but it lets itself be taken over. */
export function openMemoryStore(medium: MemoryMedium = createMemoryMedium()): Store {
  const { documents, journal, evidence } = medium
  medium.openings += 1
  const epoch = medium.openings
  const requireHeld = (): void => {
    if (medium.openings !== epoch)
      throw new SerinError('store.taken', 'Another control plane has taken the store over.')
  }
  return {
    epoch,
    isHeld: () => medium.openings === epoch,
    commit({ at, documents: written = [], removed = [], journal: drafts = [], evidence: windows = [] }) {
      requireHeld()
      // Everything that can be refused is refused before anything is kept.
      const texts = written.map(({ key, value }) => [nameText(key), jsonText(value)] as const)
      const rows = windows.map((row) => ({ series: nameText(row.series), at: row.at, text: jsonText(row.value) }))
      const entries: JournalEntry[] = []
      for (const draft of drafts) {
        for (const name of [draft.stream, draft.kind, draft.actor]) nameText(name)
        entries.push(chained(copy(draft), at, entries.at(-1) ?? journal.at(-1) ?? beginning))
      }
      for (const [key, text] of texts) documents.set(key, text)
      for (const key of removed) documents.delete(key)
      for (const { series, at: time, text } of rows) {
        const own = evidence.get(series) ?? new Map<number, string>()
        evidence.set(series, own.set(time, text))
      }
      journal.push(...entries)
      return entries.map(copy)
    },
    get(key) {
      const text = documents.get(key)
      return text === undefined ? undefined : JSON.parse(text)
    },
    list: (prefix) =>
      [...documents]
        .filter(([key]) => key.startsWith(prefix))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, text]) => ({ key, value: JSON.parse(text) as unknown })),
    journal({ after = 0, stream, limit = pageLimit, newestFirst = false }) {
      const found = journal.slice(after).filter((entry) => stream === undefined || entry.stream === stream)
      return (newestFirst ? found.toReversed() : found).slice(0, Math.min(limit, pageLimit)).map(copy)
    },
    evidence: (series, from, to) =>
      [...(evidence.get(series) ?? [])]
        .filter(([at]) => at >= from && at < to)
        .sort(([a], [b]) => a - b)
        .map(([at, text]) => ({ at, value: JSON.parse(text) as unknown })),
    expire(before) {
      requireHeld()
      let gone = 0
      for (const own of evidence.values()) {
        for (const at of own.keys()) {
          if (gone === expireSlice) return gone
          if (at < before && own.delete(at)) gone += 1
        }
      }
      return gone
    },
    verify: () => verified(journal),
    close() {
      // Nothing to let go of.
    },
  }
}

function verified(journal: readonly JournalEntry[]): ReturnType<Store['verify']> {
  let previous = beginning
  for (const entry of journal) {
    if (!follows(entry, previous)) return { ok: false, entries: journal.length, firstBad: entry.seq }
    previous = entry
  }
  return { ok: true, entries: journal.length, firstBad: null }
}

function copy<T>(value: T): T {
  return JSON.parse(jsonText(value)) as T
}

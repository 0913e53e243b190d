import type { JournalEntry, Store } from '@serin/kit'
import { chained, follows, genesis, jsonText } from '../journal-chain.ts'

/** A store that forgets: for the simulator and for tests. Same semantics as the durable one. */
export function openMemoryStore(): Store {
  const documents = new Map<string, string>()
  const journal: JournalEntry[] = []
  const evidence = new Map<string, Map<number, string>>()
  return {
    commit({ at, documents: written = [], removed = [], journal: drafts = [], evidence: windows = [] }) {
      const texts = written.map(({ key, value }) => [key, jsonText(value)] as const)
      const rows = windows.map((row) => ({ ...row, text: jsonText(row.value) }))
      for (const draft of drafts) jsonText(draft)
      for (const [key, text] of texts) documents.set(key, text)
      for (const key of removed) documents.delete(key)
      for (const { series, at: time, text } of rows) {
        const own = evidence.get(series) ?? new Map<number, string>()
        evidence.set(series, own.set(time, text))
      }
      return drafts.map((draft) => {
        const copy: typeof draft = JSON.parse(JSON.stringify(draft))
        const entry = chained(copy, journal.length + 1, at, journal.at(-1)?.hash ?? genesis)
        journal.push(entry)
        return entry
      })
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
    journal({ after = 0, stream, limit = 10_000, newestFirst = false }) {
      const found = journal.filter((entry) => entry.seq > after && (stream === undefined || entry.stream === stream))
      return (newestFirst ? found.toReversed() : found).slice(0, limit)
    },
    evidence: (series, from, to) =>
      [...(evidence.get(series) ?? [])]
        .filter(([at]) => at >= from && at < to)
        .sort(([a], [b]) => a - b)
        .map(([at, text]) => ({ at, value: JSON.parse(text) as unknown })),
    expire(before) {
      let gone = 0
      for (const own of evidence.values()) for (const at of own.keys()) if (at < before && own.delete(at)) gone += 1
      return gone
    },
    verify() {
      let previous = genesis
      for (const entry of journal) {
        if (!follows(entry, previous)) return { ok: false, entries: journal.length, firstBad: entry.seq }
        previous = entry.hash
      }
      return { ok: true, entries: journal.length, firstBad: null }
    },
    close() {
      // Nothing to let go of.
    },
  }
}

import type { JournalLine } from '@serin/sdk'
import { useEffect, useState } from 'preact/hooks'
import { LineTrace } from '../evidence/line-trace.tsx'
import { count, moment } from '../figures.ts'
import { tell } from '../live/connect.ts'
import { language, t } from '../live/preferences.ts'
import { go } from '../live/route.ts'
import { reasonOf } from '../live/told.ts'
import { client, journal } from '../live/state.ts'
import { reasonParts, textOf } from '../live/said.ts'
import { Command } from '../parts/command.tsx'
import { saysOf } from '../parts/events.tsx'
import { Said } from '../parts/said.tsx'
import { Reached } from '../parts/reached.tsx'

const pageSize = 1_000
const shownAtOnce = 100

/** The journal, youngest first: the lines that came live, and older ones as one comes to them. A search goes back as far as the journal does. */
export function Journal({ query }: { readonly query: string }) {
  const [older, setOlder] = useState<readonly JournalLine[]>([])
  const [shown, setShown] = useState(shownAtOnce)
  const [traced, setTraced] = useState<JournalLine | null>(null)
  useEffect(() => {
    document.title = `${t('journal.title')} · Serin`
  })
  useEffect(() => setShown(shownAtOnce), [query])
  const first = older[0]?.seq ?? journal.value[0]?.seq ?? 1
  const fetchOlder = () => {
    const limit = Math.min(pageSize, first - 1)
    client.value
      .journal({ after: first - 1 - limit, limit })
      .then(({ entries }) => setOlder([...entries, ...older]))
      .catch(tell)
  }
  const known = [...older, ...journal.value.filter(({ seq }) => seq > (older.at(-1)?.seq ?? 0))]
  const fitting = known.filter((line) => fits(line, query)).reverse()
  const isWhole = first <= 1
  return (
    <>
      <div class="page-head">
        <h1>{t('journal.title')}</h1>
        <Chain />
        <search>
          <input
            type="search"
            aria-label={t('journal.filter')}
            placeholder={t('journal.filter')}
            value={query}
            onInput={(event) => go({ page: 'journal', query: event.currentTarget.value }, { instead: true })}
          />
        </search>
      </div>
      {fitting.length === 0 && isWhole ? <p class="quiet">{t('journal.none')}</p> : null}
      <ol class="lines card">
        {fitting.slice(0, shown).map((line) => (
          <Line key={line.seq} line={line} onTrace={() => setTraced(line)} />
        ))}
      </ol>
      {fitting.length > shown ? (
        <Reached key={shown} onReached={() => setShown(shown + shownAtOnce)} />
      ) : isWhole ? null : (
        <Reached key={first} onReached={fetchOlder} />
      )}
      <Command line="serin get journal" />
      {traced === null ? null : <LineTrace line={traced} onClose={() => setTraced(null)} />}
    </>
  )
}

function Line({ line, onTrace }: { readonly line: JournalLine; readonly onTrace: () => void }) {
  const { seq, at, stream, actor, data } = line
  return (
    <li>
      <button type="button" class="figure quiet" title={t('tile.how')} onClick={onTrace}>
        {seq}
      </button>
      <time dateTime={new Date(at).toISOString()}>{moment(at)}</time>
      <span class="actor">{actor}</span>
      <span class="about">{stream.replace(/^\w+\//, '')}</span>
      <span class="told">
        <span>
          {saysOf(line)}{' '}
          <span class="quiet">
            <Said parts={reasonParts(line, language.value, journal.value)} />
          </span>
        </span>
        <details>
          <summary>{t('journal.details')}</summary>
          <pre class="scroll" tabIndex={0}>
            {JSON.stringify(data, null, 2)}
          </pre>
        </details>
      </span>
    </li>
  )
}

function Chain() {
  const [said, setSaid] = useState<string | null>(null)
  const check = () => {
    client.value
      .verifyJournal({})
      .then(({ ok, entries, firstBad }) =>
        setSaid(ok ? t('journal.intact', { count: count(entries) }) : t('journal.broken', { line: firstBad ?? '?' })),
      )
      .catch(tell)
  }
  return (
    <span class="row">
      <button type="button" onClick={check}>
        {t('journal.check')}
      </button>
      <span role="status">{said}</span>
    </span>
  )
}

function fits(line: JournalLine, query: string): boolean {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return true
  const text =
    `${line.seq} ${line.stream} ${line.kind} ${line.actor} ${saysOf(line)} ${reasonOf(line)} ${textOf(reasonParts(line, language.value, journal.value))}`.toLowerCase()
  return words.every((word) => text.includes(word))
}

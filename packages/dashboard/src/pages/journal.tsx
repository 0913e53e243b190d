import type { JournalLine } from '@serin/sdk'
import { useEffect, useState } from 'preact/hooks'
import { count, moment } from '../figures.ts'
import { tell } from '../live/connect.ts'
import { t } from '../live/preferences.ts'
import { go } from '../live/route.ts'
import { client, journal } from '../live/state.ts'
import { reasonOf } from '../live/told.ts'
import { Command } from '../parts/command.tsx'
import { saysOf } from '../parts/events.tsx'

const page = 500
const shownAtOnce = 200

/** The journal, youngest first: the lines that came live, and older ones when asked for. */
export function Journal({ query }: { readonly query: string }) {
  const [older, setOlder] = useState<readonly JournalLine[]>([])
  const [shown, setShown] = useState(shownAtOnce)
  useEffect(() => {
    document.title = `${t('journal.title')} · Serin`
  })
  const first = older[0]?.seq ?? journal.value[0]?.seq ?? 1
  const fetchOlder = () => {
    const after = Math.max(0, first - 1 - page)
    client.value
      .journal({ after, limit: Math.min(page, first - 1) })
      .then(({ entries }) => setOlder([...entries, ...older]))
      .catch(tell)
  }
  const known = [...older, ...journal.value.filter(({ seq }) => seq > (older.at(-1)?.seq ?? 0))]
  const fitting = known.filter((line) => fits(line, query)).reverse()
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
      {fitting.length === 0 ? <p class="quiet">{t('journal.none')}</p> : null}
      <ol class="lines card">
        {fitting.slice(0, shown).map((line) => (
          <Line key={line.seq} line={line} />
        ))}
      </ol>
      <p class="row">
        {fitting.length > shown ? (
          <button type="button" onClick={() => setShown(shown + shownAtOnce)}>
            {t('tiles.more', { count: Math.min(shownAtOnce, fitting.length - shown) })}
          </button>
        ) : null}
        {first > 1 ? (
          <button type="button" onClick={fetchOlder}>
            {t('journal.older')}
          </button>
        ) : null}
      </p>
      <Command line="serin get journal" />
    </>
  )
}

function Line({ line }: { readonly line: JournalLine }) {
  const { seq, at, stream, actor, data } = line
  return (
    <li>
      <span class="quiet">{seq}</span>
      <time dateTime={new Date(at).toISOString()}>{moment(at)}</time>
      <span class="actor">{actor}</span>
      <span class="about">{stream.replace(/^\w+\//, '')}</span>
      <span>
        {saysOf(line)} <span class="quiet">{reasonOf(line)}</span>
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
  const text = `${line.seq} ${line.stream} ${line.kind} ${line.actor} ${saysOf(line)} ${reasonOf(line)}`.toLowerCase()
  return words.every((word) => text.includes(word))
}

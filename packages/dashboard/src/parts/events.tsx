import type { JournalLine } from '@serin/sdk'
import { clock } from '../figures.ts'
import { language, t } from '../live/preferences.ts'
import { reasonParts, textOf, type Part } from '../live/said.ts'
import { Said } from './said.tsx'
import { eventGaps, eventKey } from '../live/told.ts'

/** Lines of the journal, youngest first: when, who, what and why. */
export function Events(props: { readonly lines: readonly JournalLine[]; readonly among: readonly JournalLine[] }) {
  const { lines, among } = props
  if (lines.length === 0) return <p class="quiet">{t('events.none')}</p>
  return (
    <ol class="events">
      {lines.map((line) => (
        <li key={line.seq}>
          <time dateTime={new Date(line.at).toISOString()}>{clock(line.at)}</time>
          <span class="actor">{line.actor}</span>
          <span>{saysOf(line)}</span>
          <Reason parts={reasonParts(line, language.value, among)} />
        </li>
      ))}
    </ol>
  )
}

function Reason({ parts }: { readonly parts: readonly Part[] }) {
  return parts.length === 0 ? null : (
    <span class="quiet reason" title={textOf(parts)}>
      <Said parts={parts} />
    </span>
  )
}

/** What a line says, in the language of the page where it is known. */
export function saysOf(line: JournalLine): string {
  const key = eventKey(line)
  return key === null ? line.kind.replace(/^rollout\./, '').replaceAll(/[-.]/g, ' ') : t(key, eventGaps(line, t))
}

import { journalKinds, type JournalKindEntry } from '@serin/spec'
import { page, printedFrom, table } from './markdown.ts'

/** `docs/reference/journal.md`: every kind of entry and its fields. */
export function printJournalPage(): string {
  const kinds = Object.entries<JournalKindEntry>(journalKinds)
  return page([
    '# The journal',
    printedFrom('packages/spec/src/journal.ts'),
    'The journal is the record of everything that was asked, decided and done. It is append-only and hash-chained: each entry carries the SHA-256 of the ' +
      'one before and of itself, and `serin journal verify` (or `GET /v1/journal/verify`) walks the chain. An acknowledged command is on disk.',
    'Each entry has a place (`seq`, without gaps, from 1), a time (`at`, milliseconds since the epoch), a `stream` (`service/NAME`, `rollout/ID`, `release/ID` or `system`), a `kind`, an ' +
      '`actor` (who asked: `serin` itself, or the name behind the token), `data` and its `hash`. The same entries are the live stream `GET /v1/events`.',
    ...kinds.map(([kind, { stream, says, data }]) =>
      [
        `## ${kind}`,
        `${says} In the stream ${stream === 'system' ? '`system`' : `of the ${stream}`}.`,
        table(
          ['field of `data`', 'meaning'],
          Object.entries(data).map(([field, meaning]) => [`\`${field}\``, meaning]),
        ),
      ].join('\n\n'),
    ),
  ])
}

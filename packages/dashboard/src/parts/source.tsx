import { t } from '../live/preferences.ts'
import type { WordKey } from '../words/en.ts'
import { Row, Traced } from './traced.tsx'

interface SourceProps {
  readonly title: string
  /** What each figure is called, and where it comes from. */
  readonly rows: readonly (readonly [word: WordKey, from: WordKey])[]
  /** The command that prints the same. */
  readonly line: string
  readonly onClose: () => void
}

/** Where figures come from that are counted, not judged. */
export function Source({ title, rows, line, onClose }: SourceProps) {
  return (
    <Traced name={title} line={line} onClose={onClose}>
      {rows.map(([word, from]) => (
        <Row key={word} word={t(word)}>
          {t(from)}
        </Row>
      ))}
    </Traced>
  )
}

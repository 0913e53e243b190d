import { t } from '../live/preferences.ts'
import type { WordKey } from '../words/en.ts'
import { Command } from './command.tsx'
import { Dialog } from './dialog.tsx'

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
    <Dialog title={t('trace.title', { name: title })} onClose={onClose}>
      <dl class="trace">
        {rows.map(([word, from]) => (
          <div key={word}>
            <dt>{t(word)}</dt>
            <dd>{t(from)}</dd>
          </div>
        ))}
      </dl>
      <Command line={line} />
      <p class="row end">
        <button type="button" onClick={onClose}>
          {t('problem.close')}
        </button>
      </p>
    </Dialog>
  )
}

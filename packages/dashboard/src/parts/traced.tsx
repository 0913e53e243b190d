import type { ComponentChildren } from 'preact'
import { t } from '../live/preferences.ts'
import { Command } from './command.tsx'
import { Dialog } from './dialog.tsx'

/** Says where figures come from: rows of what and whence, and the command that prints the same. */
export function Traced(props: {
  readonly name: string
  readonly line: string
  readonly onClose: () => void
  readonly children: ComponentChildren
}) {
  const { name, line, onClose, children } = props
  return (
    <Dialog title={t('trace.title', { name })} onClose={onClose}>
      <dl class="trace">{children}</dl>
      <Command line={line} />
      <p class="row end">
        <button type="button" onClick={onClose}>
          {t('problem.close')}
        </button>
      </p>
    </Dialog>
  )
}

/** One row of it. */
export function Row({ word, children }: { readonly word: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{word}</dt>
      <dd>{children}</dd>
    </div>
  )
}

import { t } from '../live/preferences.ts'
import type { Mark } from '../live/marks.ts'

/** A mark with its word; alone where the word stands beside it anyway. */
export function Sign({ mark, alone = false }: { readonly mark: Mark; readonly alone?: boolean }) {
  return (
    <span class={`sign tone-${mark.tone}`}>
      <span aria-hidden="true">{mark.sign}</span>
      {alone ? <span class="unseen">{t(mark.word)}</span> : <span>{t(mark.word)}</span>}
    </span>
  )
}

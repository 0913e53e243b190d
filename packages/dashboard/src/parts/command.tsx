import { useState } from 'preact/hooks'
import { t } from '../live/preferences.ts'

/** The command line that does or prints the same. */
export function Command({ line, title }: { readonly line: string; readonly title?: string }) {
  const [copied, setCopied] = useState(false)
  const copy = () => {
    navigator.clipboard
      .writeText(line)
      .then(() => setCopied(true))
      .catch(() => undefined)
  }
  return (
    <p class="command">
      {title === '' ? null : <span class="quiet">{title ?? t('cli.same')}</span>}
      <code>{line}</code>
      <button type="button" onClick={copy} onBlur={() => setCopied(false)}>
        {copied ? t('cli.copied') : t('cli.copy')}
      </button>
    </p>
  )
}

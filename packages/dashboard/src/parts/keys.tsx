import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { singleKeys, t } from '../live/preferences.ts'
import { go } from '../live/route.ts'
import type { Place } from '../places.ts'
import type { WordKey } from '../words/en.ts'
import { Dialog } from './dialog.tsx'

const shown = signal(false)
const own = new Map<string, () => void>()

const places: Readonly<Record<string, Place>> = {
  o: { page: 'overview', query: '', show: 'all' },
  g: { page: 'gates' },
  y: { page: 'history', query: '' },
  l: { page: 'journal', query: '' },
  ',': { page: 'settings' },
}

const list: readonly (readonly [string, WordKey])[] = [
  ['?', 'keys.help'],
  ['o', 'keys.overview'],
  ['g', 'keys.gates'],
  ['y', 'keys.history'],
  ['l', 'keys.journal'],
  [',', 'keys.settings'],
  ['/', 'keys.search'],
  ['j k', 'keys.next'],
  ['h', 'keys.hold'],
  ['r', 'keys.rollBack'],
  ['p', 'keys.promote'],
  ['a', 'keys.approve'],
  ['← →', 'keys.cursor'],
]

/** Lets a part of the page answer a key for as long as it is shown. */
export function useKey(key: string, act: () => void): void {
  useEffect(() => {
    own.set(key, act)
    return () => {
      if (own.get(key) === act) own.delete(key)
    }
  })
}

/** Opens the list of keys. */
export function showKeys(): void {
  shown.value = true
}

/** Listens for single keys, and shows their list. */
export function Keys() {
  useEffect(() => {
    addEventListener('keydown', pressed)
    return () => removeEventListener('keydown', pressed)
  }, [])
  if (!shown.value) return null
  return (
    <Dialog title={t('keys.title')} onClose={() => (shown.value = false)}>
      <dl class="keys">
        {list.map(([key, what]) => (
          <div>
            <dt>
              {key.split(' ').map((each) => (
                <kbd>{each}</kbd>
              ))}
            </dt>
            <dd>{t(what)}</dd>
          </div>
        ))}
      </dl>
      <button type="button" onClick={() => (shown.value = false)}>
        {t('keys.close')}
      </button>
    </Dialog>
  )
}

function pressed(event: KeyboardEvent): void {
  if (!singleKeys.value || event.metaKey || event.ctrlKey || event.altKey || document.querySelector('dialog[open]'))
    return
  if (event.target instanceof Element && event.target.closest('input, textarea, select') !== null) return
  const target = places[event.key]
  const act =
    own.get(event.key) ??
    (event.key === '?' ? showKeys : event.key === '/' ? toFilter : target === undefined ? undefined : () => go(target))
  if (act === undefined) return
  event.preventDefault()
  act()
}

function toFilter(): void {
  document.querySelector<HTMLElement>('input[type=search]')?.focus()
}

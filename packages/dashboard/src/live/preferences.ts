import { effect, signal, type Signal } from '@preact/signals'
import { languageOf, languages, say, type Gaps, type Language } from '../words/say.ts'
import type { WordKey } from '../words/en.ts'

/** The themes: as the system, or one whatever the system says. */
export const themes = ['auto', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

/** The language the dashboard speaks. */
export const language: Signal<Language> = signal(
  (Object.keys(languages) as Language[]).find((each) => each === kept('language')) ?? languageOf(navigator.languages),
)
/** Light, dark, or as the system is. */
export const theme: Signal<Theme> = signal(themes.find((each) => each === kept('theme')) ?? 'auto')
/** Whether single letters do something; who dictates, or often hits a wrong key, turns them off. */
export const singleKeys = signal(kept('keys') !== 'off')

/** Says something in the language of this browser; whoever shows it follows a change of language. */
export function t(key: WordKey, gaps?: Gaps): string {
  return say(language.value, key, gaps)
}

/** Keeps the preferences in this browser, and tells the page. */
export function keepPreferences(): void {
  effect(() => {
    document.documentElement.lang = language.value
    document.documentElement.dataset['theme'] = theme.value
    keep('language', language.value)
    keep('theme', theme.value)
    keep('keys', singleKeys.value ? 'on' : 'off')
  })
}

/** Something this browser was told to keep for this address, or null. A browser that keeps nothing is no reason to fail. */
export function kept(name: string): string | null {
  try {
    return localStorage.getItem(`serin-${name}`)
  } catch {
    return null
  }
}

/** Keeps something for this address; null forgets it. */
export function keep(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`serin-${name}`)
    else localStorage.setItem(`serin-${name}`, value)
  } catch {
    // It is asked again next time.
  }
}

import { en, type WordKey } from './en.ts'
import { zh } from './zh.ts'

/** The languages of the dashboard, each by the name its speakers give it. */
export const languages = { en: 'English', zh: '中文' } as const
export type Language = keyof typeof languages

const dictionaries: Readonly<Record<Language, Readonly<Record<WordKey, string>>>> = { en, zh }

/** What fills the gaps of a sentence. */
export type Gaps = Readonly<Record<string, string | number>>

/** Says something in a language; a gap that nobody fills stays to be seen. */
export function say(language: Language, key: WordKey, gaps: Gaps = {}): string {
  return dictionaries[language][key].replaceAll(/\{(\w+)\}/g, (gap, name: string) => String(gaps[name] ?? gap))
}

/** Whether something is said at all: for words that come from the control plane, which may be newer. */
export function isWord(key: string): key is WordKey {
  return Object.hasOwn(en, key)
}

/** The language of a browser that prefers these, best first. */
export function languageOf(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const known = (Object.keys(languages) as Language[]).find((each) => tag.toLowerCase().split('-')[0] === each)
    if (known !== undefined) return known
  }
  return 'en'
}

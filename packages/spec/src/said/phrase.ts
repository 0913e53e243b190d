import { english, type PhraseCode } from './english.ts'
import { formatDuration, oddsText } from './figures.ts'

/** What fills a gap of a phrase: times and odds are written as each language writes them, and so are phrases within. */
export type Filling = string | number | { readonly ms: number } | { readonly logE: number } | readonly Phrase[]

/** Something that is said, before it is said in a language. */
export interface Phrase {
  readonly code: PhraseCode
  readonly gaps: Readonly<Record<string, Filling>>
}

/** One phrase as a list, so that phrases can be put behind one another. */
export function say(code: PhraseCode, gaps: Phrase['gaps'] = {}): readonly Phrase[] {
  return [{ code, gaps }]
}

/** How a language writes what is no word. */
export interface Writing {
  readonly templates: Readonly<Record<PhraseCode, string>>
  readonly duration: (ms: number) => string
  readonly odds: (logE: number) => string
}

/** A phrase in a language; a gap that nobody fills stays to be seen. */
export function written({ code, gaps }: Phrase, writing: Writing): string {
  return writing.templates[code].replaceAll(/\{(\w+)\}/g, (gap, name: string) => filled(gaps[name] ?? gap, writing))
}

function filled(filling: Filling, writing: Writing): string {
  if (typeof filling !== 'object') return String(filling)
  if ('ms' in filling) return writing.duration(filling.ms)
  if ('logE' in filling) return writing.odds(filling.logE)
  return filling.map((phrase) => written(phrase, writing)).join(' ')
}

const inEnglish: Writing = { templates: english, duration: formatDuration, odds: oddsText }

/** Phrases in English, as the API says them. */
export function sentenceOf(phrases: readonly Phrase[]): string {
  return phrases.map((phrase) => written(phrase, inEnglish)).join(' ')
}

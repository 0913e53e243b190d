import type { JournalLine } from '@serin/sdk'
import {
  goalSaid,
  judgedSaid,
  metricSaid,
  rolloutSaid,
  sentenceOf,
  written,
  type Judgement,
  type Looking,
  type MetricReading,
  type Phrase,
  type Rollout,
  type Writing,
} from '@serin/spec'
import { duration, odds } from '../figures.ts'
import type { Language } from '../words/say.ts'
import { saidZh } from '../words/said-zh.ts'
import { judgementIn, reasonOf } from './told.ts'

/** A part of what is said; null where its language is that of whoever wrote it. */
export interface Part {
  readonly text: string
  readonly lang: Language | null
}

/** How each language but the control plane’s own is written. */
const writings: Readonly<Record<Exclude<Language, 'en'>, Writing>> = {
  zh: { templates: saidZh, duration: (ms) => duration(ms, 'zh'), odds: (logE) => odds(logE, 'zh') },
}

/** Steps look at evidence in these ways; which it was a judgement does not say, but its sentence does. */
const lookings: readonly Looking[] = [
  {},
  { noProof: true },
  { compares: 'both' },
  { compares: 'copies' },
  { compares: 'nothing' },
  { compares: 'both', noProof: true },
]

/** A sentence about a rollout in a language, in parts that stand alone. */
export function rolloutParts(rollout: Rollout, language: Language): readonly Part[] {
  const { sentence, judgement, by } = rollout
  if (language === 'en') return english(sentence)
  const phrases = rolloutSaid(factsOf(rollout))
  // What this page would not say alike in English it does not know: the control plane may be another version.
  if (sentenceOf(phrases) !== sentence) return english(sentence)
  const why = phrases.flatMap(({ gaps }) => reasonIn(gaps['why']))[0]
  const known = judgement !== null && why !== undefined && why === judgement.sentence.replace(/\.$/, '')
  return phrases.flatMap((phrase): readonly Part[] => {
    const { code, gaps } = phrase
    if (code === 'quoted') return quotedParts(sentenceIn(phrase), judgement, language)
    if (why === undefined || (by !== 'serin' && !known))
      return [{ text: written(phrase, writings[language]), lang: language }]
    const bare = { text: written({ code, gaps: { ...gaps, why: [] } }, writings[language]), lang: language }
    return [bare, ...(known ? judgedParts(judgement, language) : english(why))]
  })
}

/** What a judgement says in a language. */
export function judgedParts(judgement: Judgement, language: Language): readonly Part[] {
  const { sentence } = judgement
  if (language === 'en') return english(sentence)
  const best = lookings
    .map((looking) => known(judgedSaid(judgement, looking), sentence))
    .reduce((most, each) => (each.length > most.length ? each : most))
  return withRest(best, sentence, language)
}

/** What a metric says in a language. */
export function metricParts(reading: MetricReading, language: Language): readonly Part[] {
  return language === 'en'
    ? english(reading.sentence)
    : withRest(known(metricSaid(reading), reading.sentence), reading.sentence, language)
}

/** Why a line of the journal was written, in a language where it was evidence: its own, or that of a line it stands among. */
export function reasonParts(
  line: Pick<JournalLine, 'kind' | 'data' | 'actor'>,
  language: Language,
  among: readonly Pick<JournalLine, 'data'>[] = [],
): readonly Part[] {
  const text = reasonOf(line)
  if (text === '') return []
  const isSo = (judgement: Judgement | null) => judgement?.sentence === text
  const judgement =
    language === 'en' || line.actor !== 'serin'
      ? null
      : [line, ...among].map(({ data }) => judgementIn(data)).find((each) => isSo(each))
  if (judgement != null) return judgedParts(judgement, language)
  return [{ text, lang: line.actor === 'serin' ? 'en' : null }]
}

/** Parts as one text. */
export function textOf(parts: readonly Part[]): string {
  return parts.map(({ text }) => text).join(' ')
}

/** So many phrases as a sentence begins with: the rest was said by something this page cannot say. */
function known(phrases: readonly Phrase[], sentence: string): readonly Phrase[] {
  for (let count = phrases.length; count > 0; count -= 1) {
    const begin = sentenceOf(phrases.slice(0, count))
    if (sentence === begin || sentence.startsWith(`${begin} `)) return phrases.slice(0, count)
  }
  return []
}

function withRest(phrases: readonly Phrase[], sentence: string, language: Exclude<Language, 'en'>): readonly Part[] {
  const rest = sentence.slice(sentenceOf(phrases).length).trim()
  return [
    ...phrases.map((phrase) => ({ text: written(phrase, writings[language]), lang: language })),
    ...(rest === '' ? [] : english(rest)),
  ]
}

function quotedParts(text: string, judgement: Judgement | null, language: Exclude<Language, 'en'>): readonly Part[] {
  if (judgement?.sentence === text) return judgedParts(judgement, language)
  const goal = judgement?.goal
  return goal?.sentence === text ? withRest(known(goalSaid(goal), text), text, language) : english(text)
}

function english(text: string): readonly Part[] {
  return [{ text, lang: 'en' }]
}

function sentenceIn({ gaps }: Phrase): string {
  return typeof gaps['text'] === 'string' ? gaps['text'] : ''
}

function reasonIn(why: Phrase['gaps'][string] | undefined): readonly string[] {
  return Array.isArray(why) ? (why as readonly Phrase[]).map(sentenceIn) : []
}

function factsOf(rollout: Rollout) {
  const { step, steps, gate, waitsForCopies } = rollout
  const failed = step === null ? [] : (steps[step]?.gates ?? [])
  const [only] = failed.length === 1 ? failed : []
  return {
    ...rollout,
    step: step === null ? null : (steps[step] ?? null),
    waitsForCopies: waitsForCopies === true,
    gate:
      gate === null
        ? only === undefined || rollout.reason !== 'gate'
          ? null
          : { name: only.name, approvals: 0, people: null }
        : { name: gate.name, approvals: gate.approvals.length, people: gate.people },
  }
}

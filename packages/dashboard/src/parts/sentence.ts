import type { Rollout, ServiceStatus } from '@serin/spec'
import { weight } from '../figures.ts'
import { language, t } from '../live/preferences.ts'
import { rolloutParts, type Part } from '../live/said.ts'

/** Is it all right? One sentence about a service; that of its rollout is the control plane’s own. */
export function serviceSentence({ stable, rollout, versions }: ServiceStatus): string {
  if (rollout !== null) return rollout.sentence
  switch (versions.find(({ name }) => name === stable)?.workload) {
    case 'ready':
      return t('service.rest', { stable })
    case 'degraded':
      return t('service.degraded', { stable })
    case 'failed':
      return t('service.failed', { stable })
    default:
      return t('service.starting', { stable })
  }
}

/** Sentences beyond this are parted at a semicolon too. */
const longest = 75

/** What is read of a rollout at a glance, and what follows. */
export function headlineOf(rollout: Rollout): { readonly first: Part; readonly rest: readonly Part[] } {
  const [first, ...rest] = rolloutParts(rollout, language.value)
  if (first === undefined) return { first: { text: '', lang: null }, rest: [] }
  if (first.lang !== 'en') return { first, rest }
  const [begin, end] = partsOf(first.text)
  if (language.value === 'en')
    return { first: { text: begin, lang: 'en' }, rest: end === '' ? [] : [{ text: end, lang: 'en' }] }
  const { phase, stable, canary, inForceBp, askedBp } = rollout
  const own = t(`headline.${phase}`, { stable, canary, weight: weight(inForceBp ?? askedBp) })
  return { first: { text: own, lang: language.value }, rest: [first, ...rest] }
}

/** The first part of an English sentence, which is read at a glance, and what follows it. */
function partsOf(text: string): readonly [first: string, rest: string] {
  const end = (text.length > longest ? /[.:;] (?=\S)/ : /[.:] (?=\S)/).exec(text)
  return end === null ? [text, ''] : [`${text.slice(0, end.index)}.`, text.slice(end.index + 2)]
}

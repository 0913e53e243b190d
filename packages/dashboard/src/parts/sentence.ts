import type { Rollout, ServiceStatus } from '@serin/spec'
import { weight } from '../figures.ts'
import { language, t } from '../live/preferences.ts'
import type { Language } from '../words/say.ts'

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

/** What is read of a rollout at a glance, in the language of the page, and what follows: the control plane’s own sentence is English. */
export function headlineOf(rollout: Rollout): {
  readonly first: string
  readonly rest: string
  readonly lang: Language
} {
  if (language.value === 'en') return { ...partsOf(rollout.sentence), lang: 'en' }
  const { phase, stable, canary, inForceBp, askedBp, sentence } = rollout
  const first = t(`headline.${phase}`, { stable, canary, weight: weight(inForceBp ?? askedBp) })
  return { first, rest: sentence, lang: language.value }
}

/** The first part of a sentence, which is read at a glance, and what follows it. */
function partsOf(text: string): { readonly first: string; readonly rest: string } {
  const end = (text.length > longest ? /[.:;] (?=\S)/ : /[.:] (?=\S)/).exec(text)
  if (end === null) return { first: text, rest: '' }
  return { first: `${text.slice(0, end.index)}.`, rest: text.slice(end.index + 2) }
}

import type { ServiceStatus } from '@serin/spec'
import { t } from '../live/preferences.ts'

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

/** The first part of a sentence, which is read at a glance, and what follows it. */
export function partsOf(text: string): { readonly first: string; readonly rest: string } {
  const end = (text.length > longest ? /[.:;] (?=\S)/ : /[.:] (?=\S)/).exec(text)
  if (end === null) return { first: text, rest: '' }
  return { first: `${text.slice(0, end.index)}.`, rest: text.slice(end.index + 2) }
}

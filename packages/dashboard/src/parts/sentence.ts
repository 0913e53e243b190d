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

/** Sentences beyond this are read in two parts. */
const longest = 75

/** The first part of a long sentence, and what follows it. */
export function partsOf(text: string): { readonly first: string; readonly rest: string } {
  const end = text.length > longest ? /[.:;] (?=\S)/.exec(text) : null
  if (end === null) return { first: text, rest: '' }
  const rest = text.slice(end.index + 2)
  const first = text.slice(0, end.index)
  return { first: `${first}.`, rest: `${rest.charAt(0).toUpperCase()}${rest.slice(1)}` }
}

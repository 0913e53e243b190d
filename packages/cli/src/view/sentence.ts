import type { ServiceStatus } from '@serin/spec'
import { cleanText, wrapText } from './text.ts'
import { isOpen } from './versions.ts'

/** Is it all right? One sentence about a service. */
export function serviceSentence({ stable, rollout, versions }: ServiceStatus): string {
  if (rollout !== null) return rollout.sentence
  const runs = versions.find((version) => version.name === stable)
  switch (runs?.workload) {
    case 'ready':
      return `${stable} has all traffic; there has been no rollout yet.`
    case 'degraded':
      return `${stable} has all traffic, but not all of its replicas are ready.`
    case 'failed':
      return `${stable} does not run: ${runs.failure?.message ?? 'the reason is not known'}`
    case 'starting':
    case 'absent':
    case undefined:
      return `${stable} is starting.`
  }
}

/** That nothing goes forward, while that is so. */
export function freezeLines({ freeze, rollout }: ServiceStatus, width: number): readonly string[] {
  if (freeze === null) return []
  const why = freeze.why === '' ? '' : `: ${cleanText(freeze.why).replace(/\.$/, '')}`
  const what = rollout?.hotfix === true && isOpen(rollout) ? 'Only this hotfix goes forward.' : 'Nothing goes forward.'
  return wrapText(`Frozen until ${cleanText(freeze.to)}${why}. ${what}`, width)
}

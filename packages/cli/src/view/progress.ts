import type { Rollout, ServiceStatus } from '@serin/spec'
import { judgementShown } from './evidence.ts'
import { clock } from './figures.ts'
import { serviceMark, signOf } from './marks.ts'
import type { Paper } from './paper.ts'
import { serviceSentence } from './sentence.ts'
import { cleanText } from './text.ts'
import { staleMs, type Snapshot } from './watch.ts'

/** One line for a log: when, and the sentence. */
export function progressLine({ status, now, heardAt }: Snapshot, paper: Paper): string {
  const time = paper.ink('quiet', clock(now))
  if (now - heardAt > staleMs)
    return `${time} ${paper.ink('wait', '○')} The control plane does not answer; traffic goes on without it.`
  return `${time} ${signOf(serviceMark(status), paper)} ${cleanText(serviceSentence(status))}`
}

/** What has to change for another line to be worth printing: not every figure, but every step, verdict and trouble. */
export function progressKey({ status, now, heardAt }: Snapshot): string {
  const { rollout, trouble } = status
  if (now - heardAt > staleMs) return 'silent'
  return JSON.stringify(
    rollout === null
      ? [serviceSentence(status), trouble]
      : [rollout.id, rollout.phase, rollout.attempt, rollout.step, verdictOf(status), gateOf(rollout), trouble],
  )
}

/** Which gate is asked, and who has said yes. */
function gateOf({ gate }: Rollout): string {
  return gate === null ? '' : [gate.name, ...gate.approvals].join('/')
}

function verdictOf({ rollout }: ServiceStatus): string {
  const judgement = rollout === null ? null : judgementShown(rollout)
  return `${judgement?.verdict ?? 'none'}/${judgement?.health ?? 'none'}`
}

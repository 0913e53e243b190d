import type { MetricReading, Rollout, ServiceStatus } from '@serin/spec'
import { standingOf, standings } from '../evidence/standing.ts'
import type { WordKey } from '../words/en.ts'

/** A sign, its colour and its word: never one without the other. */
export interface Mark {
  readonly sign: '●' | '▲' | '■' | '○'
  readonly tone: 'safe' | 'wait' | 'harm' | 'quiet'
  readonly word: WordKey
}

const verdicts = {
  safe: { ...standings.safe, word: 'mark.safe' },
  undecided: { ...standings.undecided, word: 'mark.undecided' },
  harmful: { ...standings.harmful, word: 'mark.harmful' },
} as const satisfies Record<MetricReading['verdict'], Mark>

/** Nothing is wrong, but nothing goes on without a person. */
const waiting: Mark = { sign: '▲', tone: 'wait', word: 'reason.pause-step' }

/** The mark of a verdict. */
export function markOf(verdict: MetricReading['verdict']): Mark {
  return verdicts[verdict]
}

/** The mark of a rollout: is it all right? Who waits for a person says so. */
export function rolloutMark(rollout: Pick<Rollout, 'phase' | 'reason' | 'judgement' | 'gate'>): Mark {
  const { phase, reason, judgement, gate } = rollout
  if (phase === 'holding' && reason === 'pause-step') return waiting
  if (phase === 'watching' && gate?.people != null && judgement?.verdict !== 'harmful') return waiting
  const mark = verdicts[standingOf(rollout)]
  return phase === 'watching' ? mark : { ...mark, word: `phase.${phase}` }
}

/** The mark of a service: trouble first, then its rollout; what was promoted long ago is at rest. */
export function serviceMark({ trouble, rollout }: Pick<ServiceStatus, 'trouble' | 'rollout'>): Mark {
  if (trouble.length > 0) return { ...verdicts.harmful, word: 'mark.trouble' }
  if (rollout === null) return { sign: '○', tone: 'quiet', word: 'mark.quiet' }
  return rolloutMark(rollout)
}

/** Whether a rollout is under way. */
export function isOpen({ phase }: Pick<Rollout, 'phase'>): boolean {
  return phase !== 'promoted' && phase !== 'rolled-back'
}

/** How much a service needs a person: 0 not at all. Trouble and harm come first, then who waits for somebody, then what moves. */
export function urgency({ trouble, rollout }: Pick<ServiceStatus, 'trouble' | 'rollout'>): number {
  if (trouble.length > 0) return 6
  if (rollout === null) return 0
  const { phase, reason, judgement, gate } = rollout
  if (phase === 'rolling-back' || (isOpen(rollout) && judgement?.verdict === 'harmful')) return 5
  if (phase === 'holding') return 4
  if (gate?.people != null) return 4
  if (phase === 'rolled-back' && (reason === 'harmful' || reason === 'failed')) return 3
  return isOpen(rollout) ? 2 : 0
}

/** Whether a person should look: trouble, harm, or somebody is waited for. */
export function needsAttention(service: Pick<ServiceStatus, 'trouble' | 'rollout'>): boolean {
  return urgency(service) >= 3
}

/** The services, who needs a person first; then by name. */
export function byUrgency(services: Iterable<ServiceStatus>): readonly ServiceStatus[] {
  return [...services].sort((a, b) => urgency(b) - urgency(a) || (a.name < b.name ? -1 : 1))
}

/** The metrics, worst first: harm, then who is nearest to harm; what only watches last. */
export function worstFirst(metrics: readonly MetricReading[]): readonly MetricReading[] {
  const rank = ({ role, verdict, harm }: MetricReading): number =>
    (verdict === 'harmful' ? 100 : 0) +
    (role === 'monitor' ? 0 : 10) +
    (harm.threshold > 0 ? Math.max(-5, Math.min(5, harm.logE / harm.threshold)) : 0) +
    (verdict === 'undecided' ? 0.5 : 0)
  return [...metrics].sort((a, b) => rank(b) - rank(a))
}

/** The largest share it is known to have had. */
export function reachedBp(rollout: Rollout): number {
  if (rollout.phase === 'promoted') return 10_000
  if (isOpen(rollout)) return rollout.inForceBp ?? rollout.askedBp
  const { judgement, steps, firstTrafficAt } = rollout
  if (judgement === null || firstTrafficAt === null) return 0
  const at = steps.findIndex((_step, i) => (steps[i + 1]?.weightBp ?? 10_000) === judgement.forWeightBp)
  return steps[at]?.weightBp ?? 0
}

import type { Judgement } from '../resources.ts'
import { figure, formatWeight } from './figures.ts'
import { metricSaid } from './metric.ts'
import { say, type Phrase } from './phrase.ts'

type Mirror = Omit<NonNullable<Judgement['mirror']>, 'sentence'>
type Goal = Omit<NonNullable<Judgement['goal']>, 'sentence'>
type Alone = Omit<NonNullable<Judgement['alone']>, 'sentence'>

/** What a step compares besides, or instead of, the traffic of both versions: only what is mirrored; that as well; nothing, since canary has no requests at all. */
export type Compared = 'copies' | 'both' | 'nothing'

/** How a step looks at the evidence. */
export interface Looking {
  readonly compares?: Compared
  readonly noProof?: true
}

/** The whole judgement: what is decided and by what, or what is still missing. What a judge of another kind says, it says itself. */
export function judgedSaid(judgement: Omit<Judgement, 'sentence'>, looking: Looking = {}): readonly Phrase[] {
  const { alone, mirror, reflex, verdict, harm, health, forWeightBp } = judgement
  const { compares } = looking
  if (reflex !== undefined) {
    const { canary, stable, logE, threshold } = reflex
    return say('judged.reflex', { canary, stable, odds: { logE }, enough: { logE: threshold } })
  }
  // With all traffic there is no share left to be safe for.
  if (alone !== undefined && (verdict !== 'harmful' || harm.leading === 'all-traffic'))
    return verdict === 'harmful' ? [...say('judged.harmShown'), ...aloneSaid(alone)] : aloneSaid(alone)
  if (mirror !== undefined && verdict === 'harmful' && harm.leading === 'mirror')
    return [...say('judged.harmShown'), ...mirrorSaid(mirror)]
  if (mirror !== undefined && health === 'ok' && compares !== undefined && mirror.verdict !== 'safe')
    return mirrorSaid(mirror)
  const leading = judgement.metrics.find((metric) => metric.name === harm.leading)
  if (verdict === 'harmful')
    return [...say('judged.harm', { odds: { logE: harm.logE } }), ...(leading === undefined ? [] : metricSaid(leading))]
  const weight = formatWeight(forWeightBp)
  if (verdict === 'safe')
    return compares === 'copies' && mirror !== undefined
      ? [...say('judged.safeFor', { weight }), ...mirrorSaid(mirror)]
      : say('judged.safe', { weight })
  return openSaid(judgement, looking)
}

function openSaid(judgement: Omit<Judgement, 'sentence'>, { compares, noProof }: Looking): readonly Phrase[] {
  const { health, units, srm, goal, metrics, forWeightBp } = judgement
  switch (health) {
    case 'source-down':
      return say('judged.sourceDown')
    case 'no-data':
      return say('judged.noData')
    case 'sample-ratio-mismatch':
      return say('judged.splitDiffers', { odds: { logE: srm.logE } })
    case 'no-baseline':
      return say('judged.noBaseline')
    case 'warming-up':
      return say('judged.warmingUp')
    case 'low-traffic':
      return say('judged.lowTraffic', { units: units.canary })
    case 'ok': {
      if (compares === 'nothing') return say('judged.noRequests')
      if (noProof === true) return say('judged.noHarm')
      if (goal !== undefined && goal.verdict !== 'better') return goalSaid(goal)
      const open = metrics.filter(({ role, verdict }) => role !== 'monitor' && verdict !== 'safe')
      return say(open.length === 1 ? 'judged.needs' : 'judged.need', {
        metrics: open.map(({ name }) => name).join(', '),
        weight: formatWeight(forWeightBp),
      })
    }
  }
}

/** What an experiment is about. */
export function goalSaid({ verdict, metric, logE, units, maxUnits }: Goal): readonly Phrase[] {
  if (verdict === 'better') return say('goal.better', { metric, odds: { logE } })
  return verdict === 'not-shown'
    ? say('goal.notShown', { units, metric })
    : say('goal.open', { metric, units, maxUnits })
}

/** What canary with all traffic shows. */
export function aloneSaid({ percent, requests, limitPercent, logE, threshold }: Alone): readonly Phrase[] {
  const limit = figure(limitPercent)
  if (percent === null) return say('alone.nothing', { requests, limit })
  const gaps = { percent: figure(percent), requests, limit }
  return logE >= threshold ? say('alone.more', { ...gaps, odds: { logE } }) : say('alone.asBefore', gaps)
}

/** How alike the answers of copies are; `minPairs` is how many it takes at least, for whoever knows. */
export function mirrorSaid(reading: Mirror, minPairs = 0): readonly Phrase[] {
  const { compared, different, differentRatio, maxDifferentRatio, dropped, failures, verdict, harm, safety } = reading
  if (differentRatio === null) return dropped > 0 ? say('mirror.noneLost', { dropped }) : say('mirror.none')
  const counted = [
    ...say('mirror.counts', {
      different,
      compared,
      percent: figure(100 * differentRatio),
      most: figure(100 * maxDifferentRatio),
    }),
    ...say('mirror.alone', { canary: failures.onlyCanary, stable: failures.onlyStable }),
  ]
  const proved = harm.leading === 'failures' ? 'mirror.failsMore' : 'mirror.differsMore'
  if (verdict === 'harmful') return [...counted, ...say(proved, { odds: { logE: harm.logE } })]
  if (verdict === 'safe') return [...counted, ...say('mirror.alike', { odds: { logE: safety.logE } })]
  return [
    ...counted,
    ...(compared < minPairs ? say('mirror.pairs', { pairs: minPairs - compared }) : say('metric.open')),
  ]
}

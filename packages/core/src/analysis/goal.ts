import { goalSaid, sentenceOf, type Judgement } from '@serin/spec'
import { noClusters } from './clusters.ts'
import type { AnalysisState } from './fold.ts'
import { readObserved } from './observed.ts'
import { ratioOf, type AnalysisSetup } from './setup.ts'

/**
 * Whether canary is better at what an experiment is about: the test for harm with the direction turned round, so it holds however often one looks. Called better
 * without being so with at most the chance of a false promotion. When as many units as planned have not shown it, it is given up.
 */
export function readGoal(
  setup: AnalysisSetup,
  state: AnalysisState,
  { metric: name, maxUnits }: NonNullable<AnalysisSetup['goal']>,
): NonNullable<Judgement['goal']> {
  const threshold = Math.log(1 / setup.falsePromotionRatio)
  const units = state.stable.units + state.canary.units
  const metric = setup.metrics[name]
  const turned =
    metric?.kind === 'observation'
      ? readObserved(
          state.observed[name] ?? noClusters(),
          { ...metric, better: metric.better === 'lower' ? 'higher' : 'lower' },
          { marginRatio: ratioOf(metric.margin), marginAbs: ratioOf(metric.marginAbsolute) },
        )
      : null
  const logE = turned?.ok === true ? (turned.logEHarm ?? 0) : 0
  const verdict = logE >= threshold ? 'better' : units >= maxUnits ? 'not-shown' : 'undecided'
  const reading = { metric: name, logE, threshold, units, maxUnits, verdict } as const
  return { ...reading, sentence: sentenceOf(goalSaid(reading)) }
}

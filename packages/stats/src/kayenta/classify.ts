import { normalQuantile } from '../numeric/normal.ts'
import { medianDifference } from '../report/differences.ts'
import type { SortedArms } from '../report/differences.ts'
import { meanRatio } from '../report/effect-size.ts'
import { shiftInterval } from '../report/mann-whitney.ts'
import { countRanks, rankStatistic } from '../report/ranks.ts'
import type { KayentaMeasure, MetricRules } from './config.ts'
import { meanOf } from './series.ts'

/** What is said of a metric. `Nodata` counts for nothing, `NodataFailMetric` as a failure. */
export type KayentaLabel = 'Pass' | 'High' | 'Low' | 'Nodata' | 'NodataFailMetric'

/** The judgement of one metric and the numbers behind it. */
export interface Classification {
  readonly label: KayentaLabel
  /** A failure of a critical metric beyond its critical effect size: the whole canary fails. */
  readonly critical: boolean
  readonly reason: string
  /** The effect by the metric's measure; null when it has none (a mean is 0, or nothing was compared). */
  readonly effect: number | null
  /** The Hodges-Lehmann shift canary - stable and its interval, in the metric's unit; null when nothing was compared. */
  readonly shift: number | null
  readonly low: number | null
  readonly high: number | null
}

/** How sure the judge wants to be; the peer has these two wired in. */
export interface JudgeConstants {
  /** Confidence of the interval of the shift; default 0.98. */
  readonly confidence?: number
  /** The interval must clear this part of the estimated shift; default 0.25. */
  readonly tolerance?: number
}

const UNCOMPARED = { critical: false, effect: null, shift: null, low: null, high: null } as const

function withoutData({ nanStrategy, mustHaveData, critical }: MetricRules): Classification {
  if (nanStrategy === 'replace')
    return { ...UNCOMPARED, label: 'Pass', reason: 'No data, and missing values count as 0.' }
  if (mustHaveData && !critical)
    return { ...UNCOMPARED, label: 'NodataFailMetric', reason: 'No data, and the metric must have some.' }
  return { ...UNCOMPARED, label: 'Nodata', critical, reason: 'No data.' }
}

function effectOf({ stable, canary }: SortedArms, measure: KayentaMeasure): number | null {
  if (measure === 'cles') {
    const { u, pairs } = countRanks({ stable, canary })
    return u / pairs
  }
  const ratio = meanRatio(meanOf(stable), meanOf(canary))
  return ratio.ok ? ratio.ratio : null
}

/**
 * Compares the points of both versions as if they were independent: High when the interval of the shift lies above
 * tolerance × |shift| and the effect reaches what is allowed, Low the other way round. An effect that is not defined is no
 * obstacle. The ends of the interval are exact at any scale of the data.
 */
export function classify(
  arms: { readonly stable: readonly number[]; readonly canary: readonly number[] },
  rules: MetricRules,
  { confidence = 0.98, tolerance = 0.25 }: JudgeConstants = {},
): Classification {
  if (arms.stable.length === 0 || arms.canary.length === 0) return withoutData(rules)
  const sorted = {
    stable: arms.stable.toSorted((a, b) => a - b),
    canary: arms.canary.toSorted((a, b) => a - b),
  }
  if (sameValues(sorted))
    return {
      ...UNCOMPARED,
      label: 'Pass',
      effect: rules.measure === 'cles' ? 0.5 : 1,
      reason: 'Both versions have the same values.',
    }
  const effect = effectOf(sorted, rules.measure)
  const shift = medianDifference(sorted)
  const z = -normalQuantile((1 - confidence) / 2)
  const { low, high } = shiftInterval(sorted, z)
  const numbers = { effect, shift, low, high }
  const bound = tolerance * Math.abs(shift)
  const above = rules.direction !== 'decrease' && excludes(sorted, { bound, end: low, z })
  const below = rules.direction !== 'increase' && excludes(sorted, { bound: -bound, end: high, z: -z })
  const increased = effect === null || effect >= rules.allowedIncrease
  const decreased = effect === null || effect <= rules.allowedDecrease
  if (above && increased) {
    const critical = rules.critical && (effect === null || effect >= rules.criticalIncrease)
    return { label: 'High', critical, reason: `Canary is higher${critical ? ', critically' : ''}.`, ...numbers }
  }
  if (below && decreased) {
    const critical = rules.critical && (effect === null || effect <= rules.criticalDecrease)
    return { label: 'Low', critical, reason: `Canary is lower${critical ? ', critically' : ''}.`, ...numbers }
  }
  return { label: 'Pass', critical: false, reason: 'No deviation that counts.', ...numbers }
}

/**
 * Whether the interval's end lies beyond the bound, upwards for a positive `z`. When it lies on it, which ties make common at 0,
 * the rank statistic at that very point decides whether the interval holds it: the peer leaves this to where its root finder
 * happens to stop.
 */
function excludes(arms: SortedArms, { bound, end, z }: { bound: number; end: number; z: number }): boolean {
  const direction = Math.sign(z)
  if (end !== bound) return direction * (end - bound) > 0
  return direction * rankStatistic(arms, { shift: bound }) > Math.abs(z)
}

/** The same values as often, or one value everywhere. */
function sameValues({ stable, canary }: SortedArms): boolean {
  const first = stable[0]
  if (stable.at(-1) === first && canary[0] === first && canary.at(-1) === first) return true
  return stable.length === canary.length && stable.every((value, i) => value === canary[i])
}

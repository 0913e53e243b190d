import { insufficient, invalid } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'
import type { KayentaLabel } from './classify.ts'

/** What scoring needs of a judged metric; muted metrics are not handed in. */
export interface ScoredMetric {
  readonly label: KayentaLabel
  readonly critical: boolean
  readonly groups: readonly string[]
}

/** The score of one group. */
export interface GroupScore {
  readonly name: string
  /** Percent of its metrics with data (or that must have some) that pass; null without any, which costs nothing. */
  readonly score: number | null
  /** Percent of the summary. */
  readonly weight: number
}

/** The score of a canary, 0..100 with two decimals. */
export interface KayentaScore {
  readonly ok: true
  readonly score: number
  readonly groups: readonly GroupScore[]
  /** Why the score is 0 whatever the groups say, or null. */
  readonly failed: string | null
}

/** From this part of metrics without data the canary fails. */
const MOST_WITHOUT_DATA = 0.5

/**
 * The weighted mean of the groups' scores; a critical failure, or half of the metrics without data, makes it 0. Groups without a
 * weight share what the weights leave of 100, and a weight for a group without metrics is lost.
 */
export function scoreMetrics(
  metrics: readonly ScoredMetric[],
  groupWeights: Readonly<Record<string, number>>,
): KayentaScore | Refusal {
  if (metrics.length === 0) return insufficient('No metric is scored.')
  for (const [name, weight] of Object.entries(groupWeights))
    if (!(weight >= 0 && weight <= 100))
      return invalid(`The weight of group ${name} must be within 0..100, got ${weight}.`)
  const groups = scoreGroups(metrics, groupWeights)
  const missing = metrics.filter(({ label }) => label === 'Nodata').length
  let failed: string | null = null
  if (metrics.some(({ label, critical }) => critical && label !== 'Pass')) failed = 'A critical metric failed.'
  else if (missing / metrics.length >= MOST_WITHOUT_DATA)
    failed = `${missing} of ${metrics.length} metrics have no data.`
  let score = 0
  for (const group of groups) score += (group.score ?? 100) * (group.weight / 100)
  return { ok: true, score: failed === null ? Math.round(score * 100) / 100 : 0, groups, failed }
}

function scoreGroups(
  metrics: readonly ScoredMetric[],
  groupWeights: Readonly<Record<string, number>>,
): readonly GroupScore[] {
  const labels = new Map<string, KayentaLabel[]>()
  for (const { groups, label } of metrics)
    for (const name of groups) labels.set(name, [...(labels.get(name) ?? []), label])
  const given = new Map(Object.entries(groupWeights))
  const without = [...labels.keys()].filter((name) => !given.has(name)).length
  const sum = [...given.values()].reduce((total, weight) => total + weight, 0)
  return [...labels].map(([name, all]) => {
    const counted = all.filter((label) => label !== 'Nodata')
    const passed = counted.filter((label) => label === 'Pass').length
    return {
      name,
      score: counted.length === 0 ? null : (100 * passed) / counted.length,
      weight: given.get(name) ?? (100 - sum) / without,
    }
  })
}

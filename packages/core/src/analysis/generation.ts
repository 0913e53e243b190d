import { measureOf, type GenerationMeasure, type GenerationMetric } from '@serin/spec'
import type { RatioTestReading, Refusal } from '@serin/stats'
import { generationColumns, slotBuckets, type ArmSlot, type GenerationSlot } from '../evidence.ts'
import { addToClusters, noClusters, readClusters, type Cell, type ClusterQuestion, type Clusters } from './clusters.ts'
import { notPacedYet, paced, type PacedEvidence } from './paced.ts'
import { ratioOf, type AnalysisSetup } from './setup.ts'

type Column = (typeof generationColumns)[number]

/** A measure as a ratio of two sums. */
interface Ratio {
  readonly num: Column
  readonly den: Column
  /** What there are so many of as there are outcomes. */
  readonly count: Column
  readonly worse: 'up' | 'down'
  readonly unit: 'ms' | 'value'
  /** From the ratio of the sums to the unit. */
  readonly scale: number
}

const time = { worse: 'up', unit: 'ms', scale: 1 } as const
const amount = { worse: 'up', unit: 'value', scale: 1 } as const
const ratios: Readonly<Record<GenerationMeasure, Ratio>> = {
  'time-to-first-byte': { ...time, num: 'firstByteMs', den: 'answers', count: 'answers' },
  'time-to-first-token': { ...time, num: 'firstTokenMs', den: 'streams', count: 'streams' },
  'inter-token-latency': { ...time, num: 'gapMs', den: 'gaps', count: 'gaps' },
  'tokens-per-second': { num: 'tokens', den: 'timedMs', count: 'timed', worse: 'down', unit: 'value', scale: 1_000 },
  'prompt-tokens': { ...amount, num: 'promptTokens', den: 'usages', count: 'usages' },
  'completion-tokens': { ...amount, num: 'completionTokens', den: 'usages', count: 'usages' },
}

/** What the answers of both versions add up to for one metric. */
export interface GenerationSums {
  readonly sums: Clusters
  /** Evidence that canary is worse by more than is tolerated, no second deciding alone. */
  readonly harm: PacedEvidence
  readonly counts: { readonly stable: number; readonly canary: number }
  /** Canary's answers that could not be looked into. */
  readonly unread: number
}

/** No answers. */
export const nothingGenerated: GenerationSums = {
  sums: noClusters(),
  harm: notPacedYet,
  counts: { stable: 0, canary: 0 },
  unread: 0,
}

/** The metrics that live from a model's answers. */
export function generationMetrics(
  setup: Pick<AnalysisSetup, 'metrics'>,
): readonly (readonly [string, GenerationMetric])[] {
  return Object.entries(setup.metrics).flatMap(([name, metric]) =>
    metric.kind === 'generation' ? [[name, metric] as const] : [],
  )
}

/** Folds a slot in, per metric; undefined when no metric wants to know. */
export function foldGeneration(
  setup: Pick<AnalysisSetup, 'metrics'>,
  before: Readonly<Record<string, GenerationSums>> = {},
  slot: { readonly canary: ArmSlot; readonly stable: ArmSlot; readonly stage: string; readonly durationMs: number },
): Readonly<Record<string, GenerationSums>> | undefined {
  const metrics = generationMetrics(setup)
  if (metrics.length === 0) return undefined
  return Object.fromEntries(
    metrics.map(([name, metric]) => [
      name,
      folded(before[name] ?? nothingGenerated, ratioFor(name, metric), metric, slot),
    ]),
  )
}

/** What the answers say against a margin, given as a ratio. */
export function readGenerated(
  sums: Clusters,
  { ratio, metric }: { readonly ratio: Ratio; readonly metric: GenerationMetric },
  marginRatio: number,
): RatioTestReading | Refusal {
  return readClusters(sums, questionOf(ratio, metric), { marginRatio, marginAbs: 0 })
}

/** How a metric is counted. A file without a known measure is refused before it comes here. */
export function ratioFor(name: string, metric: GenerationMetric): Ratio {
  return ratios[measureOf(name, metric) ?? 'time-to-first-byte']
}

/** Adds up the columns of a slot, bucket by bucket, to those of the slots before. */
export function addColumns(before: readonly number[], slot: GenerationSlot | undefined): readonly number[] {
  return slot === undefined ? before : generationColumns.map((column, at) => (before[at] ?? 0) + sumOf(slot, column))
}

/** The mean of a metric over such columns, in its unit; null without an outcome. */
export function meanOfColumns(name: string, metric: GenerationMetric, columns: readonly number[]): number | null {
  const { num, den, scale } = ratioFor(name, metric)
  const [sum, size] = [num, den].map((column) => columns[generationColumns.indexOf(column)] ?? 0)
  return sum === undefined || size === undefined || size === 0 ? null : (scale * sum) / size
}

function folded(
  before: GenerationSums,
  ratio: Ratio,
  metric: GenerationMetric,
  { canary, stable, stage, durationMs }: Parameters<typeof foldGeneration>[2],
): GenerationSums {
  const question = questionOf(ratio, metric)
  const sums = addToClusters(before.sums, question, stage, {
    canary: cellsOf(canary.generation, ratio),
    stable: cellsOf(stable.generation, ratio),
    nonZero: { canary: sumOf(canary.generation, ratio.count), stable: sumOf(stable.generation, ratio.count) },
  })
  const reading = readGenerated(sums, { ratio, metric }, ratioOf(metric.margin))
  return {
    sums,
    harm: paced(before.harm, reading.ok ? (reading.logEHarm ?? 0) : 0, durationMs),
    counts: {
      stable: before.counts.stable + sumOf(stable.generation, ratio.count),
      canary: before.counts.canary + sumOf(canary.generation, ratio.count),
    },
    unread: before.unread + (canary.generation?.unread ?? 0),
  }
}

function questionOf({ worse }: Ratio, { margin, tolerance }: GenerationMetric): ClusterQuestion {
  return { worse, marginRatio: ratioOf(margin), marginAbs: 0, buckets: slotBuckets, harmFrom: ratioOf(tolerance) }
}

function cellsOf(slot: GenerationSlot | undefined, { num, den }: Ratio): readonly Cell[] {
  const [numAt, denAt] = [generationColumns.indexOf(num), generationColumns.indexOf(den)]
  return (slot?.buckets ?? []).flatMap((row): Cell[] => {
    const size = row[denAt] ?? 0
    return size > 0 ? [[row[0] ?? 0, row[numAt] ?? 0, size]] : []
  })
}

function sumOf(slot: GenerationSlot | undefined, column: Column): number {
  const at = generationColumns.indexOf(column)
  return (slot?.buckets ?? []).reduce((sum, row) => sum + (row[at] ?? 0), 0)
}

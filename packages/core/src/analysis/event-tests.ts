import {
  combineEvidence,
  createBelowLimit,
  createRatio,
  readLimit,
  readRatio,
  readRatioNonInferiority,
  updateLimit,
  updateRatio,
  type CombinedReading,
  type HarmState,
  type LimitState,
  type RatioState,
  type RatioTestReading,
  type Refusal,
  type Updated,
} from '@serin/stats'
import { slotBuckets } from '../evidence.ts'
import {
  addToClusters,
  noClusters,
  readClusters,
  type Addition,
  type ClusterQuestion,
  type Clusters,
} from './clusters.ts'
import { createEventHarm, eventHarmLogE, updateEventHarm, type EventHarmBatch } from './event-harm.ts'
import { marginAt, type EventQuestion } from './setup.ts'
import type { UnitHarm } from './unit-harm.ts'

/** Tests of “the rate is below an absolute limit”, by target share in basis points; empty without an absolute margin. */
type Limits = Readonly<Record<string, LimitState>>

/** The tests of one kind of event when each request is a unit of its own: exact, on the realised share of each slot. */
export interface RequestTests {
  readonly kind: 'requests'
  readonly harm: HarmState
  /** Likelihood of every rate ratio: interval to draw, and non-inferiority at any margin; null when only harm is asked. */
  readonly ratio: RatioState | null
  readonly limits: Limits
}

/** The same for sticky units: harm by one coin per unit and depth (exact), safety by sums per bucket of units (asymptotic). */
export interface UnitTests {
  readonly kind: 'units'
  readonly harm: readonly UnitHarm[]
  readonly clusters: Clusters | null
  readonly limits: Limits
}

/** Plain JSON, replays bit-equal. */
export type EventTests = RequestTests | UnitTests

/** What a slot says about an event. */
export interface EventBatch extends EventHarmBatch {
  /** Independent trials of canary, and how many of them had the event. */
  readonly trials: { readonly trials: number; readonly events: number }
  readonly cells: Addition & { readonly stage: string }
}

/** Starts the tests of an event. */
export function createEventTests(sticky: boolean, question: EventQuestion | null): EventTests {
  const limits: Record<string, LimitState> = {}
  if (question !== null && question.marginAbs > 0 && (question.unitTrials || !sticky)) {
    for (const targetBp of question.targetsBp)
      limits[targetBp] = createBelowLimit({ limit: Math.min(0.9, marginAt(question.marginAbs, targetBp)) })
  }
  const harm = createEventHarm(sticky)
  return harm.kind === 'units'
    ? { ...harm, clusters: question === null ? null : noClusters(), limits }
    : { ...harm, ratio: question === null ? null : createRatio(), limits }
}

/** Folds a slot in. A batch that cannot be true (events of a version without a share) changes nothing. */
export function updateEventTests(tests: EventTests, question: EventQuestion | null, batch: EventBatch): EventTests {
  const { share, durationMs, canary, stable } = batch
  if (!(share > 0 && share < 1)) return tests
  const limits = Object.fromEntries(
    Object.entries(tests.limits).map(([target, state]) => [
      target,
      batch.trials.trials === 0 ? state : kept(state, updateLimit(state, batch.trials)),
    ]),
  )
  const harm = updateEventHarm(tests, batch)
  if (tests.kind === 'requests' && harm.kind === 'requests') {
    const arrivals = { share, durationMs, canary: canary[0], stable: stable[0] }
    const ratio = tests.ratio === null ? null : kept(tests.ratio, updateRatio(tests.ratio, arrivals))
    return { ...harm, ratio, limits }
  }
  if (tests.kind === 'requests' || harm.kind === 'requests') return tests
  const clusters =
    tests.clusters === null || question === null
      ? null
      : addToClusters(tests.clusters, clusterQuestion(question), batch.cells.stage, batch.cells)
  return { ...harm, clusters, limits }
}

/** Harm at any of several cuts: the average of their e-processes, with the strongest cut first among the contributions. */
export function combinedHarm(cuts: readonly EventTests[]): CombinedReading {
  return combineEvidence(cuts.map((tests, i) => ({ name: String(i), weight: 1, logE: eventHarmLogE(tests) })))
}

/** What the sums per bucket say at a target share; a refusal says what is missing. */
export function clusterReading(
  tests: EventTests,
  question: EventQuestion,
  targetBp: number,
): RatioTestReading | Refusal | null {
  if (tests.kind !== 'units' || tests.clusters === null) return null
  return readClusters(tests.clusters, clusterQuestion(question), {
    marginRatio: marginAt(question.marginRatio, targetBp),
    marginAbs: marginAt(question.marginAbs, targetBp),
  })
}

/**
 * Log e-value that canary is within the margin of the target share: the average of two tests, of the ratio and of the absolute rate.
 * Each is valid for the null “worse than both margins”, so their average is too. `canaryRate` is the rate over all of canary's requests: a
 * proof that first requests rarely fail says nothing while later ones fail more often than the limit.
 */
export function eventSafeLogE(
  tests: EventTests,
  question: EventQuestion,
  at: { readonly targetBp: number; readonly canaryRate: number | null },
): number {
  const limit = tests.limits[at.targetBp]
  const ratio = { name: 'ratio', weight: 1, logE: ratioSafeLogE(tests, question, at.targetBp) }
  if (limit === undefined) return ratio.logE
  const logE = at.canaryRate === null || at.canaryRate > limit.limit ? 0 : readLimit(limit).logE
  return combineEvidence([ratio, { name: 'limit', weight: 1, logE }]).logE
}

/** The 95 % confidence sequence of the rate ratio canary/stable, to draw; null before the first event, and for units. */
export function eventInterval(tests: EventTests): [number | null, number | null] | null {
  if (tests.kind === 'units' || tests.ratio === null) return null
  const reading = readRatio(tests.ratio, { alpha: 0.05 })
  return reading.ok ? [reading.low, reading.high] : null
}

function ratioSafeLogE(tests: EventTests, question: EventQuestion, targetBp: number): number {
  if (tests.kind === 'requests') {
    if (tests.ratio === null || question.marginRatio === 0) return 0
    return readRatioNonInferiority(tests.ratio, { margin: marginAt(question.marginRatio, targetBp) })
  }
  const reading = clusterReading(tests, question, targetBp)
  return reading?.ok === true ? (reading.logENonInferiority ?? 0) : 0
}

function clusterQuestion({ marginRatio, marginAbs }: EventQuestion): ClusterQuestion {
  return { worse: 'up', marginRatio, marginAbs, buckets: slotBuckets }
}

function kept<State>(before: State, updated: Updated<State>): State {
  return updated.ok ? updated.state : before
}

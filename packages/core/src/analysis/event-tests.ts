import {
  combineEvidence,
  createBelowLimit,
  createHarm,
  createRatio,
  readHarm,
  readLimit,
  readRatio,
  readRatioNonInferiority,
  updateHarm,
  updateLimit,
  updateRatio,
  type HarmState,
  type LimitState,
  type RatioState,
  type Updated,
} from '@serin/stats'
import { marginAt } from './setup.ts'

/** Weights of the first, third and tenth event of a unit in the harm test (DETECTION §5). */
const depthWeights = [0.5, 0.25, 0.25] as const

/** The e-processes of one kind of event; plain JSON, replays bit-equal. */
export interface EventTests {
  /** One harm mixture per depth. */
  readonly harm: readonly HarmState[]
  /** Likelihood of every rate ratio: interval to draw, and non-inferiority at any margin. */
  readonly ratio: RatioState
  /** “The rate is below an absolute limit”, by target share in basis points; empty without an absolute margin. */
  readonly limits: Readonly<Record<string, LimitState>>
}

/** Counts of a slot: events per depth of each version, canary’s share, and canary’s new trials (units, or requests without a unit). */
export interface EventBatch {
  readonly canary: readonly [number, number, number]
  readonly stable: readonly [number, number, number]
  readonly share: number
  readonly canaryTrials: number
  readonly durationMs: number
}

/** Starts the tests of an event. `marginAbsolute` (a ratio of units) adds tests against absolute limits. */
export function createEventTests(targetsBp: readonly number[], marginAbsolute: number | null): EventTests {
  const limits: Record<string, LimitState> = {}
  for (const targetBp of targetsBp) {
    if (marginAbsolute !== null && marginAbsolute > 0)
      limits[targetBp] = createBelowLimit({ limit: Math.min(0.9, marginAt(marginAbsolute, targetBp)) })
  }
  return { harm: depthWeights.map(() => createHarm()), ratio: createRatio(), limits }
}

/** Folds a slot in. A batch that cannot be true (events of a version without a share) changes nothing. */
export function updateEventTests(tests: EventTests, batch: EventBatch): EventTests {
  const { share, durationMs } = batch
  if (!(share > 0 && share < 1)) return tests
  return {
    harm: tests.harm.map((state, d) =>
      kept(state, updateHarm(state, { share, durationMs, canary: batch.canary[d] ?? 0, stable: batch.stable[d] ?? 0 })),
    ),
    ratio: kept(tests.ratio, updateRatio(tests.ratio, { share, canary: batch.canary[0], stable: batch.stable[0] })),
    limits: Object.fromEntries(
      Object.entries(tests.limits).map(([targetBp, state]) => [
        targetBp,
        kept(state, updateLimit(state, { trials: batch.canaryTrials, events: batch.canary[0], durationMs })),
      ]),
    ),
  }
}

/** Log e-value that the event is more frequent on canary: the average over the depths. */
export function eventHarmLogE(tests: EventTests, sticky: boolean): number {
  const depths = sticky ? tests.harm : tests.harm.slice(0, 1)
  return combineEvidence(
    depths.map((state, d) => ({ name: String(d), weight: depthWeights[d] ?? 0.25, logE: readHarm(state).logE })),
  ).logE
}

/**
 * Log e-value that canary is within the margin of the target share: the average of two tests, of the ratio and of the absolute rate.
 * Each is valid for the null “worse than both margins”, so their average is too.
 */
export function eventSafeLogE(tests: EventTests, targetBp: number, marginRatio: number): number {
  const ratio = {
    name: 'ratio',
    weight: 1,
    logE: readRatioNonInferiority(tests.ratio, { margin: marginAt(marginRatio, targetBp) }),
  }
  const limit = tests.limits[targetBp]
  return combineEvidence(
    limit === undefined ? [ratio] : [ratio, { name: 'limit', weight: 1, logE: readLimit(limit).logE }],
  ).logE
}

/** The 95 % confidence sequence of the rate ratio canary/stable, to draw; null before the first event. */
export function eventInterval(tests: EventTests): [number | null, number | null] | null {
  const reading = readRatio(tests.ratio, { alpha: 0.05 })
  return reading.ok ? [reading.low, reading.high] : null
}

function kept<State>(before: State, updated: Updated<State>): State {
  return updated.ok ? updated.state : before
}

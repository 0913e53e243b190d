import {
  averageLogE,
  belowLimitLogE,
  createBelowLimit,
  createHarmMixture,
  createNonInferiority,
  createRatioInterval,
  harmLogE,
  nonInferiorityLogE,
  updateBelowLimit,
  updateHarmMixture,
  updateNonInferiority,
  updateRatioInterval,
  type BelowLimit,
  type HarmMixture,
  type NonInferiority,
  type RatioInterval,
} from '@serin/stats'
import { marginAt } from './setup.ts'

/** Weights of the first, third and tenth event of a unit in the harm test (DETECTION §5). */
const depthWeights = [0.5, 0.25, 0.25] as const

/** The e-processes of one kind of event; plain JSON, replays bit-equal. */
export interface EventTests {
  /** One harm mixture per depth. */
  readonly harm: readonly HarmMixture[]
  /** Non-inferiority against the margin of each target share, by target in basis points; empty when the event is not needed for promotion. */
  readonly safe: Readonly<Record<string, { readonly ratio: NonInferiority; readonly limit: BelowLimit | null }>>
  readonly interval: RatioInterval
}

/** Margins of an event: relative, and absolute as a rate per unit (null: there is none). */
export interface EventMargins {
  readonly ratio: number
  readonly absolute: number | null
}

/** Counts of a slot: events per depth of each version, canary’s share, and canary’s new trials (units or requests). */
export interface EventBatch {
  readonly canary: readonly [number, number, number]
  readonly stable: readonly [number, number, number]
  readonly share: number
  readonly canaryTrials: number
  readonly elapsedMs: number
}

/** Starts the tests of an event; without `margins` it is only looked at for harm. */
export function createEventTests(targetsBp: readonly number[], margins: EventMargins | null): EventTests {
  const safe: Record<string, { ratio: NonInferiority; limit: BelowLimit | null }> = {}
  for (const targetBp of margins === null ? [] : targetsBp) {
    const limit = margins?.absolute == null ? null : Math.min(0.99, marginAt(margins.absolute, targetBp))
    safe[targetBp] = {
      ratio: createNonInferiority({ limitRatio: 1 + marginAt(margins?.ratio ?? 0, targetBp) }),
      limit: limit === null || limit <= 0 ? null : createBelowLimit({ limit }),
    }
  }
  return { harm: depthWeights.map(() => createHarmMixture({ restarts: true })), safe, interval: createRatioInterval() }
}

/** Folds a slot in. */
export function updateEventTests(tests: EventTests, batch: EventBatch): EventTests {
  const { share, elapsedMs } = batch
  const first = { share, canary: batch.canary[0], stable: batch.stable[0] }
  return {
    harm: tests.harm.map((mixture, d) => updateHarmMixture(mixture, { share, elapsedMs, canary: batch.canary[d] ?? 0, stable: batch.stable[d] ?? 0 })),
    safe: Object.fromEntries(
      Object.entries(tests.safe).map(([targetBp, { ratio, limit }]) => [
        targetBp,
        {
          ratio: updateNonInferiority(ratio, first),
          limit: limit === null ? null : updateBelowLimit(limit, { trials: batch.canaryTrials, events: batch.canary[0] }),
        },
      ]),
    ),
    interval: updateRatioInterval(tests.interval, first),
  }
}

/** Log e-value that the event is more frequent on canary: the average over the depths. */
export function eventHarmLogE(tests: EventTests, sticky: boolean): number {
  if (!sticky) return harmLogE(tests.harm[0] ?? createHarmMixture({ restarts: true }))
  return averageLogE(tests.harm.map((mixture, d) => ({ name: String(d), weight: depthWeights[d] ?? 0, logE: harmLogE(mixture) }))).logE
}

/**
 * Log e-value that canary is within the margin of the target share: the average of two tests, of the ratio and of the absolute rate.
 * Each is valid for the null “worse than both margins”, so their average is too.
 */
export function eventSafeLogE(tests: EventTests, targetBp: number): number {
  const safe = tests.safe[targetBp]
  if (safe === undefined) return 0
  const ratio = nonInferiorityLogE(safe.ratio)
  if (safe.limit === null) return ratio
  return averageLogE([
    { name: 'ratio', weight: 1, logE: ratio },
    { name: 'limit', weight: 1, logE: belowLimitLogE(safe.limit) },
  ]).logE
}

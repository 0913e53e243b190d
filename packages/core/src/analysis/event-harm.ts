import { combineEvidence, createHarm, readHarm, updateHarm, type HarmState } from '@serin/stats'
import { createUnitHarm, unitHarmLogE, unitsHarmed, updateUnitHarm, type UnitHarm } from './unit-harm.ts'

/** Weights of the first, third and tenth event of a unit in the harm test (docs/why/statistics.md). */
const depthWeights = [0.5, 0.25, 0.25] as const

/** Fewer units (or requests, without a unit) than this can never prove harm: one poisoned client cannot decide. */
const harmFloor = 3

/** Evidence that an event is more frequent on canary. For units by one coin per unit and depth, else each request is a unit of its own. */
export type EventHarm =
  | { readonly kind: 'requests'; readonly harm: HarmState }
  | { readonly kind: 'units'; readonly harm: readonly UnitHarm[] }

/** How often an event reached each depth. */
export type Depths = readonly [number, number, number]

/** Events of canary and stable since the last batch. */
export interface EventHarmBatch {
  /** Per depth, since the rollout began and since the epoch began. */
  readonly canary: Depths
  readonly stable: Depths
  readonly recentCanary: Depths
  readonly recentStable: Depths
  /** Canary’s share. */
  readonly share: number
  readonly newEpoch: boolean
  /** Whether the gateway still knows the units it began with. */
  readonly sameBoot: boolean
  readonly durationMs: number
}

/** Starts without evidence. */
export function createEventHarm(sticky: boolean): EventHarm {
  return sticky
    ? { kind: 'units', harm: depthWeights.map(() => createUnitHarm()) }
    : { kind: 'requests', harm: createHarm() }
}

/** Plays a batch. One that cannot be true changes nothing. */
export function updateEventHarm(tests: EventHarm, batch: EventHarmBatch): EventHarm {
  const { share, durationMs, canary, stable, newEpoch } = batch
  if (tests.kind === 'requests') {
    const updated = updateHarm(tests.harm, { share, durationMs, canary: canary[0], stable: stable[0] })
    return { kind: 'requests', harm: updated.ok ? updated.state : tests.harm }
  }
  const harm = tests.harm.map((state, d) =>
    updateUnitHarm(state, {
      whole: batch.sameBoot ? { canary: canary[d] ?? 0, stable: stable[d] ?? 0 } : null,
      recent: { canary: batch.recentCanary[d] ?? 0, stable: batch.recentStable[d] ?? 0 },
      share,
      newEpoch,
    }),
  )
  return { kind: 'units', harm }
}

/** Log e-value that the event is more frequent on canary (for units: the average over the depths); at most 0 until three units have met it. */
export function eventHarmLogE(tests: EventHarm): number {
  if (tests.kind === 'requests') {
    const { logE, canaryEvents } = readHarm(tests.harm)
    return canaryEvents < harmFloor ? Math.min(0, logE) : logE
  }
  const { logE } = combineEvidence(
    tests.harm.map((state, d) => ({ name: String(d), weight: depthWeights[d] ?? 0.25, logE: unitHarmLogE(state) })),
  )
  const first = tests.harm[0]
  return first === undefined || unitsHarmed(first) < harmFloor ? Math.min(0, logE) : logE
}

import {
  createAllocation,
  emptyHistogram,
  mergeHistograms,
  updateAllocation,
  type AllocationState,
  type LogHistogram,
} from '@serin/stats'
import type { ObservationMetric } from '@serin/spec'
import type { ArmSlot, EvidenceSlot } from '../evidence.ts'
import { createEventTests, updateEventTests, type EventTests } from './event-tests.ts'
import { addObservations, createObserved, type Observed, type TracedObservation } from './observed.ts'
import { ratioOf, type AnalysisSetup } from './setup.ts'

/** Sums of one version over the rollout, for display and floors. */
export interface ArmTotals {
  readonly requests: number
  readonly randomised: number
  readonly errors: number
  readonly units: number
  /** Units (or requests, without a unit) that had at least one error. */
  readonly erringUnits: number
  readonly latency: LogHistogram
}

/** What the evidence of one attempt adds up to. Plain JSON: a pure fold over slots and observations, so a replay gives the same numbers bit by bit. */
export interface AnalysisState {
  readonly sticky: boolean
  readonly stable: ArmTotals
  readonly canary: ArmTotals
  readonly errors: EventTests
  /** One per latency cut. */
  readonly slow: readonly EventTests[]
  readonly observed: Readonly<Record<string, Observed>>
  readonly allocation: AllocationState
  /** End of the last slot, of the last slot in which canary had samples, and in which both had; ms since the epoch, 0 = never. */
  readonly lastSlotAt: number
  readonly lastCanaryAt: number
  /** Evidence time waiting for canary’s next sample, in ms. */
  readonly pendingMs: number
}

/** Time without a canary sample that still counts once the next one comes, while stable is busy: small shares of small services would else never finish a step. */
const graceMs = 10_000

const noTotals: ArmTotals = {
  requests: 0,
  randomised: 0,
  errors: 0,
  units: 0,
  erringUnits: 0,
  latency: emptyHistogram(),
}

/** Starts an analysis. */
export function createAnalysis(setup: AnalysisSetup): AnalysisState {
  const metrics = Object.entries(setup.metrics)
  const errors = metrics.find(([, metric]) => metric.kind === 'errors')?.[1]
  return {
    sticky: false,
    stable: noTotals,
    canary: noTotals,
    errors: createEventTests(setup.targetsBp, errors?.kind === 'errors' ? ratioOf(errors.marginAbsolute) : null),
    slow: setup.cuts.map(() => createEventTests(setup.targetsBp, null)),
    observed: Object.fromEntries(
      metrics.filter(([, metric]) => metric.kind === 'observation').map(([name]) => [name, createObserved()]),
    ),
    allocation: createAllocation(),
    lastSlotAt: 0,
    lastCanaryAt: 0,
    pendingMs: 0,
  }
}

/** Index of the cut that promotion is judged at: the asked quantile, or the highest below it that stable’s traffic allowed; −1 without cuts. */
export function guardCut(setup: AnalysisSetup, quantilePercent: number): number {
  return setup.cuts.findLastIndex((cut) => cut.quantile <= quantilePercent / 100 + 1e-9)
}

/** Folds one slot in. Returns the new state and how much evidence time the slot is worth, in ms. */
export function foldSlot(
  setup: AnalysisSetup,
  state: AnalysisState,
  slot: EvidenceSlot,
): { readonly state: AnalysisState; readonly creditMs: number } {
  const canary = slot.arms[setup.canary]
  const stable = slot.arms[setup.stable]
  const canaryBp = slot.weights[setup.canary] ?? 0
  const busy = (stable?.randomised ?? 0) > 0
  const sampled = busy && (canary?.randomised ?? 0) > 0 && canaryBp > 0 && canaryBp < 10_000
  const pendingMs = !busy || sampled ? 0 : Math.min(graceMs, state.pendingMs + slot.durationMs)
  const creditMs = sampled ? state.pendingMs + slot.durationMs : 0
  const base: AnalysisState = {
    ...state,
    sticky: slot.sticky,
    stable: addTotals(state.stable, stable),
    canary: addTotals(state.canary, canary),
    lastSlotAt: Math.max(state.lastSlotAt, slot.at),
    lastCanaryAt: (canary?.randomised ?? 0) > 0 ? Math.max(state.lastCanaryAt, slot.at) : state.lastCanaryAt,
    pendingMs,
  }
  // At 0 % and 100 % there is nothing to compare.
  if (canaryBp <= 0 || canaryBp >= 10_000 || stable === undefined || canary === undefined)
    return { state: base, creditMs }
  return { state: foldTests(base, slot, { stable, canary, canaryBp }), creditMs }
}

/** Folds observations in. Those of metrics that are not watched are ignored. */
export function foldObservations(
  setup: Pick<AnalysisSetup, 'metrics'>,
  state: AnalysisState,
  observations: readonly TracedObservation[],
): AnalysisState {
  const observed: Record<string, Observed> = { ...state.observed }
  for (const [name, metric] of observationMetrics(setup)) {
    const named = metric.observation ?? name
    const own = observations.filter((observation) => observation.metric === named)
    if (own.length > 0) observed[name] = addObservations(observed[name] ?? createObserved(), metric, own)
  }
  return { ...state, observed }
}

/** The metrics that live from pushed observations. */
export function observationMetrics(
  setup: Pick<AnalysisSetup, 'metrics'>,
): readonly (readonly [string, ObservationMetric])[] {
  return Object.entries(setup.metrics).flatMap(([name, metric]) =>
    metric.kind === 'observation' ? [[name, metric] as const] : [],
  )
}

function foldTests(
  state: AnalysisState,
  slot: EvidenceSlot,
  { stable, canary, canaryBp }: { readonly stable: ArmSlot; readonly canary: ArmSlot; readonly canaryBp: number },
): AnalysisState {
  const hashShare = canaryBp / 10_000
  // Sticky units: the coin is the user, thrown with the hash probability. Else: the realised share of the slot, immune to ramps and drift.
  const shareOf = (c: number, s: number) => (slot.sticky ? hashShare : c + s > 0 ? c / (c + s) : 0)
  const none = [0, 0, 0] as const
  const batch = (kind: string, share: number, canaryTrials: number) => ({
    canary: canary.events[kind] ?? none,
    stable: stable.events[kind] ?? none,
    share,
    canaryTrials,
    durationMs: slot.durationMs,
  })
  const latencyShare = shareOf(canary.latencyScored, stable.latencyScored)
  return {
    ...state,
    errors: updateEventTests(
      state.errors,
      batch('error', shareOf(canary.randomised, stable.randomised), slot.sticky ? canary.newUnits : canary.randomised),
    ),
    slow: state.slow.map((tests, i) => updateEventTests(tests, batch(`slow${i}`, latencyShare, 0))),
    allocation: slot.sticky
      ? countUnits(state.allocation, canaryBp, [canary.newUnits, stable.newUnits])
      : state.allocation,
  }
}

function countUnits(allocation: AllocationState, canaryBp: number, counts: readonly [number, number]): AllocationState {
  const share = canaryBp / 10_000
  const updated = updateAllocation(allocation, { stage: canaryBp, shares: [share, 1 - share], counts })
  return updated.ok ? updated.state : allocation
}

function addTotals(totals: ArmTotals, slot: ArmSlot | undefined): ArmTotals {
  if (slot === undefined) return totals
  return {
    requests: totals.requests + slot.requests,
    randomised: totals.randomised + slot.randomised,
    errors: totals.errors + slot.randomisedErrors,
    units: totals.units + slot.newUnits,
    erringUnits: totals.erringUnits + (slot.events['error']?.[0] ?? 0),
    latency:
      slot.latency.length === 0
        ? totals.latency
        : mergeHistograms(totals.latency, { scheme: 'log-1.02', bins: slot.latency }),
  }
}

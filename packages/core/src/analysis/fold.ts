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
import { noClusters, type Addition, type Cell, type Clusters } from './clusters.ts'
import { combinedHarm, createEventTests, updateEventTests, type EventBatch, type EventTests } from './event-tests.ts'
import { createKayenta, foldKayenta, observeKayenta, type KayentaState } from './kayenta/state.ts'
import { foldAlone, type AloneState } from './alone.ts'
import { notPacedYet, paced, type PacedEvidence } from './paced.ts'
import { foldMirror, startMirror, type MirrorState } from './mirror.ts'
import { foldGeneration, type GenerationSums } from './generation.ts'
import { addObservations, type TracedObservation } from './observed.ts'
import { addTraffic, startTraffic, type TrafficRate } from './ramp.ts'
import { foldSlices, type SlicesState } from './slices.ts'
import { errorsQuestion, guardCut, latencyQuestion, type AnalysisSetup } from './setup.ts'

/** Sums of one version over the rollout, for display and floors. */
export interface ArmTotals {
  readonly requests: number
  readonly randomised: number
  readonly errors: number
  /** Units it has served. */
  readonly units: number
  readonly latency: LogHistogram
}

/** The tests on what the gateway counts. */
export interface TrafficTests {
  readonly sticky: boolean
  /** The gateway process that counted first: another one scores units anew. */
  readonly firstBoot: string
  /** Boot and epoch of the last slot. */
  readonly epoch: string
  readonly errors: EventTests
  /** One per latency cut. */
  readonly slow: readonly EventTests[]
  readonly slowHarm: PacedEvidence
}

/** What the evidence of one attempt adds up to. Plain JSON: a pure fold over slots and observations, so a replay gives the same numbers bit by bit. */
export interface AnalysisState {
  readonly stable: ArmTotals
  readonly canary: ArmTotals
  /** Null before the first slot in which both versions had a share. */
  readonly tests: TrafficTests | null
  readonly observed: Readonly<Record<string, Clusters>>
  readonly allocation: AllocationState
  readonly traffic: TrafficRate
  /** End of the last slot, of the last slot in which canary had samples, and in which both had; ms since the epoch, 0 = never. */
  readonly lastSlotAt: number
  readonly lastCanaryAt: number
  /** How long both versions have had a share, in ms. */
  readonly watchedMs: number
  /** Evidence time waiting for canary’s next sample, in ms. */
  readonly pendingMs: number
  /** Requests canary should have had at the shares in force since its last one. */
  readonly owed: number
  /** Where copies are compared. */
  readonly mirror?: MirrorState
  /** Once canary has had all traffic. */
  readonly alone?: AloneState
  /** Points for Kayenta’s judge, where it decides. */
  readonly kayenta?: KayentaState
  /** Where slices are asked for. */
  readonly slices?: SlicesState
  /** Where the answers of a model are measured, by metric. */
  readonly generation?: Readonly<Record<string, GenerationSums>>
}

/** Time without a canary sample that still counts once the next one comes, while stable is busy: small shares of small services would else never finish a step. */
const graceMs = 10_000

const noTotals: ArmTotals = { requests: 0, randomised: 0, errors: 0, units: 0, latency: emptyHistogram() }

/** Starts an analysis. */
export function createAnalysis(setup: AnalysisSetup): AnalysisState {
  return {
    stable: noTotals,
    canary: noTotals,
    tests: null,
    observed: Object.fromEntries(observationMetrics(setup).map(([name]) => [name, noClusters()])),
    allocation: createAllocation(),
    traffic: startTraffic(setup),
    lastSlotAt: 0,
    lastCanaryAt: 0,
    watchedMs: 0,
    pendingMs: 0,
    owed: 0,
    ...(setup.mirror === undefined ? {} : { mirror: startMirror(setup.mirror.maxDifferentRatio) }),
    ...(setup.kayenta === undefined ? {} : { kayenta: createKayenta(0) }),
  }
}

/** Which evidence time a step wants. */
export interface Wanted {
  /** The share of the step. */
  readonly bp: number
  /** The share follows a schedule: any share above this one counts. What was seen before it began is not of its time. */
  readonly scheduleAboveBp?: number
  /** Copies are compared: those count. */
  readonly mirror?: boolean
}

/** Silence of canary that chance explains once in 150 times; on a schedule, time goes on until then. */
const owedLimit = 5

/**
 * Folds one slot in. Returns the new state and how much evidence time the slot is worth, in ms: none unless both versions had samples at
 * the share of the step that wants the time; what was seen at another share is evidence, but not of this step. With all traffic canary's own samples count, on a
 * schedule also time in which canary was not due a request yet.
 */
export function foldSlot(
  setup: AnalysisSetup,
  state: AnalysisState,
  slot: EvidenceSlot,
  wanted: Wanted,
): { readonly state: AnalysisState; readonly creditMs: number } {
  const canary = slot.arms[setup.canary]
  const stable = slot.arms[setup.stable]
  if (slot.strayed === true) return { state: strayedAfter(state, slot, { stable, canary }), creditMs: 0 }
  const canaryBp = slot.weights[setup.canary] ?? 0
  const [own, other] = [canary?.randomised ?? 0, stable?.randomised ?? 0]
  // At 0 % and 100 % there is nothing to compare.
  const split = canaryBp > 0 && canaryBp < 10_000
  const busy = split && canaryBp === wanted.bp && other > 0
  const sampled = busy && own > 0
  const base: AnalysisState = {
    ...state,
    stable: addTotals(state.stable, stable),
    canary: addTotals(state.canary, canary),
    traffic: addTraffic(state.traffic, own + other, slot.durationMs),
    // The latest word, not the greatest: clocks are set back, and silence since then has to be seen.
    lastSlotAt: slot.at,
    lastCanaryAt: own > 0 || (slot.mirror?.compared ?? 0) > 0 ? slot.at : state.lastCanaryAt,
    watchedMs: state.watchedMs + (split ? slot.durationMs : 0),
    pendingMs: !busy || sampled ? 0 : Math.min(graceMs, state.pendingMs + slot.durationMs),
    owed: own > 0 ? 0 : state.owed + ((own + other) * canaryBp) / 10_000,
    ...mirrorAfter(state, slot),
    ...aloneAfter(setup, state, slot, canaryBp),
    ...(split ? kayentaAfter(setup, state, slot) : {}),
  }
  const creditMs = sampled
    ? state.pendingMs + slot.durationMs
    : otherCredit(slot, wanted, { own, other, canaryBp, owed: base.owed })
  if (!split || stable === undefined || canary === undefined) return { state: base, creditMs }
  return {
    state: foldTests(setup, base, slot, { stable, canary, canaryBp, stage: stageOf(canaryBp, wanted) }),
    creditMs,
  }
}

/** Nobody knows who should have been where: it was lived through, and compares nothing. */
function strayedAfter(
  state: AnalysisState,
  { at }: EvidenceSlot,
  { stable, canary }: Readonly<Record<'stable' | 'canary', ArmSlot | undefined>>,
): AnalysisState {
  const served = (totals: ArmTotals, { requests = 0, servedUnits = 0 }: Partial<ArmSlot> = {}): ArmTotals => ({
    ...totals,
    requests: totals.requests + requests,
    units: totals.units + servedUnits,
  })
  return {
    ...state,
    stable: served(state.stable, stable),
    canary: served(state.canary, canary),
    lastSlotAt: at,
    lastCanaryAt: (canary?.randomised ?? 0) > 0 ? at : state.lastCanaryAt,
  }
}

/** Evidence time of steps without two versions at a fixed share. */
function otherCredit(
  { durationMs, mirror }: EvidenceSlot,
  { bp, scheduleAboveBp, mirror: copies = false }: Wanted,
  {
    own,
    other,
    canaryBp,
    owed,
  }: { readonly own: number; readonly other: number; readonly canaryBp: number; readonly owed: number },
): number {
  if (copies && canaryBp === bp && bp === 0) return (mirror?.compared ?? 0) > 0 ? durationMs : 0
  if (scheduleAboveBp !== undefined)
    return canaryBp > scheduleAboveBp && own + other > 0 && owed < owedLimit ? durationMs : 0
  return bp === 10_000 && canaryBp === 10_000 && own > 0 ? durationMs : 0
}

function mirrorAfter({ mirror }: AnalysisState, slot: EvidenceSlot): Pick<AnalysisState, 'mirror'> {
  if (mirror === undefined || slot.mirror === undefined) return {}
  return { mirror: foldMirror(mirror, slot.mirror, slot.durationMs) }
}

/** With all traffic there is nobody to compare canary with but stable before. */
function aloneAfter(
  setup: AnalysisSetup,
  { alone, stable }: AnalysisState,
  slot: EvidenceSlot,
  canaryBp: number,
): Pick<AnalysisState, 'alone'> {
  const arm = slot.arms[setup.canary]
  if (setup.before === undefined || canaryBp !== 10_000 || arm === undefined) return {}
  const before = { requests: stable.randomised, errors: stable.errors }
  const next = foldAlone(setup, alone, before, { arm, durationMs: slot.durationMs })
  return next === undefined ? {} : { alone: next }
}

/** Folds observations in. Those of metrics that are not watched are ignored. */
export function foldObservations(
  setup: Pick<AnalysisSetup, 'metrics'>,
  state: AnalysisState,
  observations: readonly TracedObservation[],
): AnalysisState {
  const observed: Record<string, Clusters> = { ...state.observed }
  for (const [name, metric] of observationMetrics(setup)) {
    const named = metric.observation ?? name
    const own = observations.filter((observation) => observation.metric === named)
    if (own.length > 0) observed[name] = addObservations(observed[name] ?? noClusters(), metric, own)
  }
  const { kayenta } = state
  return { ...state, observed, ...(kayenta === undefined ? {} : { kayenta: observeKayenta(kayenta, observations) }) }
}

function kayentaAfter(
  setup: AnalysisSetup,
  { kayenta }: AnalysisState,
  slot: EvidenceSlot,
): Pick<AnalysisState, 'kayenta'> {
  if (setup.kayenta === undefined) return {}
  return { kayenta: foldKayenta(setup.kayenta, setup, kayenta ?? createKayenta(0), slot) }
}

/** The metrics that live from pushed observations. */
export function observationMetrics(
  setup: Pick<AnalysisSetup, 'metrics'>,
): readonly (readonly [string, ObservationMetric])[] {
  return Object.entries(setup.metrics).flatMap(([name, metric]) =>
    metric.kind === 'observation' ? [[name, metric] as const] : [],
  )
}

interface Arms {
  readonly stable: ArmSlot
  readonly canary: ArmSlot
  readonly canaryBp: number
  /** Slots of one stage are summed up together. */
  readonly stage: string
}

/** A stage is a share; on a schedule, where each second has its own, a twentieth of all. */
function stageOf(canaryBp: number, { scheduleAboveBp }: Wanted): string {
  return scheduleAboveBp !== undefined ? `~${Math.floor(canaryBp / 500)}` : String(canaryBp)
}

function foldTests(setup: AnalysisSetup, state: AnalysisState, slot: EvidenceSlot, arms: Arms): AnalysisState {
  const epoch = `${slot.boot}#${slot.epoch}`
  // Other units than before (the release file changed) cannot go on in the same test.
  const before = state.tests?.sticky === slot.sticky ? state.tests : startTests(setup, slot, epoch)
  const sameBoot = before.firstBoot === slot.boot
  const common = { slot, arms, newEpoch: before.epoch !== epoch, sameBoot }
  const guard = guardIndex(setup)
  const slices = foldSlices(setup, state.slices, slot, arms)
  const generation = foldGeneration(setup, state.generation, { ...arms, durationMs: slot.durationMs })
  const slow = before.slow.map((tests, i) =>
    updateEventTests(tests, i === guard ? latencyQuestion(setup) : null, slowBatch(common, i)),
  )
  return {
    ...state,
    tests: {
      ...before,
      epoch,
      errors: updateEventTests(before.errors, errorsQuestion(setup), errorBatch(common)),
      slow,
      slowHarm: paced(before.slowHarm, combinedHarm(slow).logE, slot.durationMs),
    },
    ...(slices === undefined ? {} : { slices }),
    ...(generation === undefined ? {} : { generation }),
    allocation: slot.sticky && sameBoot ? countUnits(state.allocation, arms) : state.allocation,
  }
}

function startTests(setup: AnalysisSetup, { sticky, boot }: EvidenceSlot, epoch: string): TrafficTests {
  const guard = guardIndex(setup)
  return {
    sticky,
    firstBoot: boot,
    epoch,
    errors: createEventTests(sticky, errorsQuestion(setup)),
    slow: setup.cuts.map((_, i) => createEventTests(sticky, i === guard ? latencyQuestion(setup) : null)),
    slowHarm: notPacedYet,
  }
}

/** The cut at which promotion is judged; −1 without one. */
function guardIndex(setup: AnalysisSetup): number {
  const metric = Object.values(setup.metrics).find((candidate) => candidate.kind === 'latency')
  return metric?.kind === 'latency' ? guardCut(setup, metric.quantile) : -1
}

interface BatchInput {
  readonly slot: EvidenceSlot
  readonly arms: Arms
  readonly newEpoch: boolean
  readonly sameBoot: boolean
}

/** Sticky units: the coin is the user, thrown with the hash probability. Else: the realised share of the slot, immune to ramps and drift. */
function shareOf({ slot, arms }: BatchInput, canary: number, stable: number): number {
  if (slot.sticky) return arms.canaryBp / 10_000
  return canary + stable > 0 ? canary / (canary + stable) : 0
}

const none = [0, 0, 0] as const

function batchOf(input: BatchInput, kind: string): Omit<EventBatch, 'share' | 'trials' | 'cells'> {
  const { slot, arms, newEpoch, sameBoot } = input
  return {
    canary: arms.canary.events[kind] ?? none,
    stable: arms.stable.events[kind] ?? none,
    recentCanary: arms.canary.recentEvents[kind] ?? none,
    recentStable: arms.stable.recentEvents[kind] ?? none,
    newEpoch,
    sameBoot,
    durationMs: slot.durationMs,
  }
}

function errorBatch(input: BatchInput): EventBatch {
  const { slot, arms } = input
  const { canary, stable } = arms
  return {
    ...batchOf(input, 'error'),
    share: shareOf(input, canary.randomised, stable.randomised),
    trials: slot.sticky
      ? { trials: canary.firstRequests, events: canary.firstErrors }
      : { trials: canary.randomised, events: canary.randomisedErrors },
    cells: cellsOf(arms, { num: 2, den: 1 }),
  }
}

function slowBatch(input: BatchInput, cut: number): EventBatch {
  const { canary, stable } = input.arms
  return {
    ...batchOf(input, `slow${cut}`),
    share: shareOf(input, canary.latencyScored, stable.latencyScored),
    trials: { trials: canary.latencyScored, events: canary.events[`slow${cut}`]?.[0] ?? 0 },
    cells: cellsOf(input.arms, { num: 4 + cut, den: 3 }),
  }
}

/** Cells of both arms from the columns of the slot's bucket counts; a stage is a share. */
function cellsOf(
  { canary, stable, stage }: Arms,
  column: { readonly num: number; readonly den: number },
): EventBatch['cells'] {
  const cells = (arm: ArmSlot): Cell[] =>
    arm.buckets.flatMap((counts): Cell[] => {
      const den = counts[column.den] ?? 0
      return den > 0 ? [[counts[0] ?? 0, counts[column.num] ?? 0, den]] : []
    })
  const sum = (own: readonly Cell[]) => own.reduce((total, [, num]) => total + num, 0)
  const both = { canary: cells(canary), stable: cells(stable) }
  const nonZero: Addition['nonZero'] = { canary: sum(both.canary), stable: sum(both.stable) }
  return { ...both, nonZero, stage }
}

function countUnits(allocation: AllocationState, { canary, stable, canaryBp }: Arms): AllocationState {
  const share = canaryBp / 10_000
  const batch = { stage: canaryBp, shares: [share, 1 - share], counts: [canary.newUnits, stable.newUnits] }
  const updated = updateAllocation(allocation, batch)
  return updated.ok ? updated.state : allocation
}

function addTotals(totals: ArmTotals, slot: ArmSlot | undefined): ArmTotals {
  if (slot === undefined) return totals
  return {
    requests: totals.requests + slot.requests,
    randomised: totals.randomised + slot.randomised,
    errors: totals.errors + slot.randomisedErrors,
    units: totals.units + slot.servedUnits,
    latency:
      slot.latency.length === 0
        ? totals.latency
        : mergeHistograms(totals.latency, { scheme: 'log-1.02', bins: slot.latency }),
  }
}

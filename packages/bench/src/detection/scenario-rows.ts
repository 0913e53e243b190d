import { playErrors, playShippedErrors, type Duel } from './error-runs.ts'
import { playLate } from './late-runs.ts'
import { playLatency, playShippedLatency } from './latency-runs.ts'
import { errorLimit, latencyLimit } from './limits.ts'
import { playRivals } from './rival-runs.ts'
import { runsOf, type Measure } from './runs.ts'
import type { Sample } from './sample.ts'
import type { ErrorScenario, Gates, LatencyScenario, LateScenario, UserScenario } from './scenarios.ts'
import { playUsers } from './user-runs.ts'

/** A rule of another tool on the same requests. */
export interface RivalRow {
  readonly method: string
  /** Canary requests to rollback, on average over the runs that were rolled back; null when none was. */
  readonly mean: number | null
  /** Part of the runs, 0..1, that were not rolled back within 4000 s. */
  readonly missed: number
}

/** How a test that looks differently does on the same requests: mean and standard error of its canary requests, the mean also over the bound. */
export interface Variant {
  readonly mean: number
  readonly error: number
  readonly k: number
  /** Canary requests that pass in the mean until the next look; no promise is made about them. */
  readonly waited: number
}

/** What one scenario gave; the numbers are canary requests from the onset to the rollback. */
export interface ScenarioRow {
  readonly id: string
  readonly what: string
  readonly share: number
  readonly runs: number
  /** The least that is possible (for users: what the study's clairvoyant test needs). */
  readonly bound: number
  readonly mean: number
  /** Standard error of the mean. */
  readonly error: number
  readonly p95: number
  readonly k: number
  /** Mean of the clairvoyant sequential test on the same requests, and ours over it. */
  readonly sprt: number
  readonly sprtRatio: number
  /** The set as it ships: errors, latency and late onsets at once. */
  readonly shipped: Variant | null
  /** The same on slots of one second and the share realised in each, which is what a rollout does today. */
  readonly eachSecond: Variant | null
  /** The one metric with the exact threshold of 10 000 failures; `k` is null when the horizon ended first in some runs. */
  readonly exact: { readonly threshold: number; readonly k: number | null; readonly missed: number } | null
  /** Late onsets: the same test without restarts. */
  readonly withoutRestarts: Variant | null
  /** Sticky users: part of the runs, 0..1, not rolled back within a day; the numbers are those of the others. */
  readonly missed: number
  readonly gate: Gates
  readonly rivals: readonly RivalRow[]
}

type Extras = Pick<ScenarioRow, 'shipped' | 'eachSecond' | 'exact' | 'withoutRestarts' | 'missed' | 'rivals'>

const nothingElse: Extras = {
  shipped: null,
  eachSecond: null,
  exact: null,
  withoutRestarts: null,
  missed: 0,
  rivals: [],
}

/** Errors from the first request on; the rules of others see the same requests. */
export function errorRow(scenario: ErrorScenario, measure: Measure): ScenarioRow {
  const { id, share, p0, p1, part, gates } = scenario
  const { alpha } = measure
  const bound = errorLimit(scenario, alpha)
  const runs = runsOf(400 * part, measure)
  const duel = playErrors(scenario, { runs, alpha })
  const { threshold, found, missed } = duel.exact
  const shipped = playShippedErrors(scenario, { runs, alpha, slotMs: 100, share: 'drawn' })
  const eachSecond = playShippedErrors(scenario, { runs, alpha, slotMs: 1_000, share: 'realised' })
  const rivals = playRivals(scenario, { runs: runsOf(40 * part, measure), alpha })
  return rowOf({ id, what: `errors ${percent(p0)} → ${percent(p1)}`, share, bound, gate: gates }, duel, {
    ...nothingElse,
    shipped: variantOf(shipped, bound, scenario.requestsPerSecond * share * 0.05),
    eachSecond: variantOf(eachSecond, bound),
    exact: { threshold, k: missed > 0 ? null : found.mean / bound, missed },
    rivals: rivals.map(({ method, ...own }) => ({
      method,
      mean: own.found.runs > 0 ? own.found.mean : null,
      missed: own.missed,
    })),
  })
}

/** Slower from the first request on. */
export function latencyRow(scenario: LatencyScenario, measure: Measure): ScenarioRow {
  const { id, what, share, part, gates } = scenario
  const { alpha } = measure
  const bound = latencyLimit(scenario, alpha)
  const duel = playLatency(scenario, { runs: runsOf(400 * part, measure), alpha })
  const shipped = playShippedLatency(scenario, {
    runs: runsOf(150 * part, measure),
    alpha,
    // 200 requests per second.
    perSlot: 20,
    slotMs: 100,
  })
  return rowOf({ id, what, share, bound, gate: gates }, duel, {
    ...nothingElse,
    shipped: variantOf(shipped, bound, 200 * share * 0.05),
  })
}

/** Failing more often after half an hour; the bound is that of somebody who knows the onset. */
export function lateRow(scenario: LateScenario, measure: Measure): ScenarioRow {
  const { id, p0, p1, gates } = scenario
  const { alpha } = measure
  const share = 0.05
  const bound = errorLimit({ share, p0, p1 }, alpha)
  const duel = playLate(scenario, { runs: runsOf(400, measure), alpha })
  const what = `errors ${percent(p0)} → ${percent(p1)} after 30 min`
  return rowOf({ id, what, share, bound, gate: gates }, duel, {
    ...nothingElse,
    withoutRestarts: variantOf(duel.plain, bound),
  })
}

/** Users who stay on their version. No formula knows them: the bound is what the study's clairvoyant test needs. */
export function userRow(scenario: UserScenario, measure: Measure): ScenarioRow {
  const { id, what, oracle, gates } = scenario
  const runs = runsOf(200, measure)
  const duel = playUsers(scenario, { runs, alpha: measure.alpha })
  const named = { id, what, share: 0.05, bound: oracle, gate: gates }
  return { ...rowOf(named, duel, { ...nothingElse, missed: duel.missed }), runs }
}

type Named = Pick<ScenarioRow, 'id' | 'what' | 'share' | 'bound' | 'gate'>

function rowOf({ id, what, share, bound, gate }: Named, { one, sprt }: Duel, extras: Extras): ScenarioRow {
  const { runs, mean, error, p95 } = one
  const k = mean / bound
  const own = { runs, bound, mean, error, p95, k, sprt: sprt.mean, sprtRatio: mean / sprt.mean }
  return { id, what, share, ...own, ...extras, gate }
}

function variantOf({ mean, error }: Sample, bound: number, waited = 0): Variant {
  return { mean, error, k: mean / bound, waited }
}

/** A probability in percent, without needless digits. */
function percent(probability: number): string {
  return `${Number((100 * probability).toPrecision(4))} %`
}

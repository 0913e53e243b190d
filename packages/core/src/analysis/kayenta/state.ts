import { kayentaPointsMin, type KayentaJudgement, type Metric } from '@serin/spec'
import { judgeKayenta, type KayentaReading, type KayentaSeries } from '@serin/stats'
import type { EvidenceSlot } from '../../evidence.ts'
import type { TracedObservation } from '../observed.ts'
import { addObserved, addSlot, noInterval, pointOf, type OpenInterval, type Point } from './points.ts'
import type { KayentaRules } from './rules.ts'

/** What Kayenta's judge knows of a step: plain JSON, at most `lookbackPoints` points. */
export interface KayentaState {
  /** The share of the step: at another share everything begins anew, as a stage of its own. */
  readonly canaryBp: number
  readonly open: OpenInterval
  /** Oldest first. */
  readonly points: readonly Point[]
  /** Points closed since the step began. */
  readonly closed: number
  readonly looks: number
  readonly reading: Look | null
}

/** What a judgement found. */
export type Look = Pick<KayentaJudgement, 'verdict' | 'score' | 'failed' | 'groups' | 'metrics'>

/** What a rollout is judged by, of its setup. */
export interface KayentaSetup {
  readonly stable: string
  readonly canary: string
  readonly metrics: Readonly<Record<string, Metric>>
}

/** Starts a step. */
export function createKayenta(canaryBp: number): KayentaState {
  return { canaryBp, open: noInterval, points: [], closed: 0, looks: 0, reading: null }
}

/** Folds in a slot in which traffic was split; closes the interval and judges when their time has come. Time is what slots say has passed: a silent source makes no points. */
export function foldKayenta(
  rules: KayentaRules,
  setup: KayentaSetup,
  before: KayentaState,
  slot: EvidenceSlot,
): KayentaState {
  const canaryBp = slot.weights[setup.canary] ?? 0
  const state = before.canaryBp === canaryBp ? before : createKayenta(canaryBp)
  const open = addSlot(
    state.open,
    { stable: slot.arms[setup.stable], canary: slot.arms[setup.canary] },
    slot.durationMs,
  )
  if (open.durationMs < rules.intervalMs) return { ...state, open }
  const points = [...state.points, pointOf(setup.metrics, open, rules.latencyPoint)].slice(-rules.lookbackPoints)
  const closed = state.closed + 1
  const next = { ...state, open: noInterval, points, closed }
  if (closed % rules.everyPoints !== 0) return next
  return { ...next, looks: state.looks + 1, reading: look(rules, points) }
}

/** Adds observations about units that were served at the share of the step. */
export function observeKayenta(state: KayentaState, observations: readonly TracedObservation[]): KayentaState {
  const own = observations.filter(({ stage }) => stage === String(state.canaryBp))
  return { ...state, open: own.reduce(addObserved, state.open) }
}

function look(rules: KayentaRules, points: readonly Point[]): Look {
  const { config } = rules
  const series = config.metrics.map(({ name }): KayentaSeries & CountOf => {
    const stable = points.map((point) => point[name]?.stable ?? null)
    const canary = points.map((point) => point[name]?.canary ?? null)
    return { name, stable, canary, count: { stable: known(stable), canary: known(canary) } }
  })
  const reading = judgeKayenta(config, series)
  if (!reading.ok) return { verdict: 'undecided', score: null, failed: reading.message, groups: [], metrics: [] }
  const counts = new Map(series.map(({ name, count }) => [name, count]))
  return {
    verdict: verdictOf(rules, series, reading),
    score: reading.score,
    failed: reading.failed,
    groups: reading.groups.map((group) => ({ ...group })),
    metrics: reading.metrics.map(({ name, groups, label, critical, muted, reason, effect, stable, canary }) => ({
      name,
      groups: [...groups],
      label,
      critical,
      muted,
      reason,
      effect,
      mean: { stable: stable.mean, canary: canary.mean },
      count: counts.get(name) ?? { stable: 0, canary: 0 },
    })),
  }
}

interface CountOf {
  readonly count: { readonly stable: number; readonly canary: number }
}

/**
 * Spinnaker's thresholds: from `pass` a step may pass, not above `marginal` the version goes back, between the two nothing is decided yet. What is missing decides
 * nothing: safe needs enough points of every metric that is scored, and harmful must hold even if every metric with too few had passed.
 */
function verdictOf(
  { config, pass, marginal }: KayentaRules,
  series: readonly (KayentaSeries & CountOf)[],
  reading: KayentaReading,
): Look['verdict'] {
  const scored = new Set(reading.metrics.filter(({ muted }) => !muted).map(({ name }) => name))
  const fewest = ({ count }: CountOf) => Math.min(count.stable, count.canary)
  if (reading.score >= pass)
    return series.every((each) => !scored.has(each.name) || fewest(each) >= kayentaPointsMin) ? 'safe' : 'undecided'
  if (reading.score > marginal) return 'undecided'
  const thin = new Set(series.filter((each) => fewest(each) < kayentaPointsMin).map(({ name }) => name))
  if (thin.size === 0) return 'harmful'
  const favoured = judgeKayenta(
    { ...config, metrics: config.metrics.map((metric) => (thin.has(metric.name) ? passing(metric) : metric)) },
    series.filter(({ name }) => !thin.has(name)),
  )
  return favoured.ok && favoured.score <= marginal ? 'harmful' : 'undecided'
}

/** The metric as one that passes without data. */
function passing(metric: KayentaRules['config']['metrics'][number]): typeof metric {
  return {
    ...metric,
    analysisConfigurations: { canary: { ...metric.analysisConfigurations?.canary, nanStrategy: 'replace' } },
  }
}

function known(points: readonly (number | null)[]): number {
  return points.filter((point) => point !== null).length
}

import type { Metric } from '@serin/spec'
import { emptyHistogram, histogramCount, histogramQuantile, mergeHistograms, type LogHistogram } from '@serin/stats'
import type { ArmSlot } from '../../evidence.ts'
import { addColumns, meanOfColumns } from '../generation.ts'
import type { TracedObservation } from '../observed.ts'

/** What one version did in the interval under way. */
interface OpenArm {
  readonly requests: number
  readonly errors: number
  readonly latency: LogHistogram
  readonly latencySumMs: number
  /** Sums of observations by their own name. */
  readonly observed: Readonly<Record<string, { readonly sum: number; readonly count: number }>>
  /** Sums of `generationColumns`; absent before the first answer of a model. */
  readonly generation?: readonly number[]
}

/** The interval under way. */
export interface OpenInterval {
  readonly durationMs: number
  readonly stable: OpenArm
  readonly canary: OpenArm
}

/** One point per metric; null where a version had no samples. */
export type Point = Readonly<Record<string, { readonly stable: number | null; readonly canary: number | null }>>

const noArm: OpenArm = { requests: 0, errors: 0, latency: emptyHistogram(), latencySumMs: 0, observed: {} }

/** Begins an interval. */
export const noInterval: OpenInterval = { durationMs: 0, stable: noArm, canary: noArm }

/** Adds a slot to the interval. A slot without one of the versions is time without samples. */
export function addSlot(
  open: OpenInterval,
  { stable, canary }: { readonly stable: ArmSlot | undefined; readonly canary: ArmSlot | undefined },
  durationMs: number,
): OpenInterval {
  return {
    durationMs: open.durationMs + durationMs,
    stable: addArm(open.stable, stable),
    canary: addArm(open.canary, canary),
  }
}

/** Adds an observation to the interval in which it arrives. */
export function addObserved(open: OpenInterval, { metric, arm, value }: TracedObservation): OpenInterval {
  const { sum, count } = open[arm].observed[metric] ?? { sum: 0, count: 0 }
  const observed = { ...open[arm].observed, [metric]: { sum: sum + value, count: count + 1 } }
  return { ...open, [arm]: { ...open[arm], observed } }
}

/** Closes the interval: percent of requests that failed, ms of latency, percent (× 100) of observations, as readings show them. */
export function pointOf(
  metrics: Readonly<Record<string, Metric>>,
  open: OpenInterval,
  latencyPoint: 'quantile' | 'mean',
): Point {
  return Object.fromEntries(
    Object.entries(metrics).map(([name, metric]) => {
      const value = (arm: OpenArm) => valueOf(name, metric, { arm, latencyPoint })
      return [name, { stable: value(open.stable), canary: value(open.canary) }]
    }),
  )
}

function valueOf(
  name: string,
  metric: Metric,
  { arm, latencyPoint }: { readonly arm: OpenArm; readonly latencyPoint: 'quantile' | 'mean' },
): number | null {
  switch (metric.kind) {
    case 'errors':
      return arm.requests > 0 ? (100 * arm.errors) / arm.requests : null
    case 'latency': {
      if (latencyPoint === 'mean') {
        const count = histogramCount(arm.latency)
        return count > 0 ? arm.latencySumMs / count : null
      }
      const reading = histogramQuantile(arm.latency, metric.quantile / 100)
      return reading.ok ? reading.estimateMs : null
    }
    case 'observation': {
      const { sum, count } = arm.observed[metric.observation ?? name] ?? { sum: 0, count: 0 }
      return count > 0 ? (100 * sum) / count : null
    }
    case 'generation':
      return meanOfColumns(name, metric, arm.generation ?? [])
  }
}

function addArm(arm: OpenArm, slot: ArmSlot | undefined): OpenArm {
  if (slot === undefined) return arm
  return {
    ...arm,
    requests: arm.requests + slot.randomised,
    errors: arm.errors + slot.randomisedErrors,
    latency:
      slot.latency.length === 0
        ? arm.latency
        : mergeHistograms(arm.latency, { scheme: 'log-1.02', bins: slot.latency }),
    latencySumMs: arm.latencySumMs + slot.latencySumMs,
    ...(slot.generation === undefined ? {} : { generation: addColumns(arm.generation ?? [], slot.generation) }),
  }
}

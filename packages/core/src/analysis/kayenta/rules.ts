import { KayentaAnalysis, kayentaPointsMax, type Analysis, type KayentaMetricOptions, type Metric } from '@serin/spec'
import type { KayentaConfig, KayentaMetricOptions as CanaryOptions } from '@serin/stats'
import { ratioFor } from '../generation.ts'

/** What Kayenta's judge goes by in a rollout; fixed before the first slot. */
export interface KayentaRules {
  readonly intervalMs: number
  /** Points between two judgements, and points that each looks back on at most. */
  readonly everyPoints: number
  readonly lookbackPoints: number
  readonly pass: number
  readonly marginal: number
  /** What a point of latency is. */
  readonly latencyPoint: 'quantile' | 'mean'
  /** As Kayenta reads it: metrics with groups and options, weights, thresholds. */
  readonly config: KayentaConfig
}

/** The rules of a release file, or null when another judge decides. */
export function kayentaRules(metrics: Readonly<Record<string, Metric>>, analysis: Analysis): KayentaRules | null {
  if (analysis.judge !== 'kayenta') return null
  const options = analysis.kayenta ?? KayentaAnalysis.parse({})
  const { interval, every, lookback, pass, marginal, groups } = options
  const latency = Object.entries(metrics).find(([, { kind }]) => kind === 'latency')?.[0]
  return {
    intervalMs: interval,
    everyPoints: every / interval,
    lookbackPoints: Math.min(kayentaPointsMax, lookback === undefined ? Infinity : Math.floor(lookback / interval)),
    pass,
    marginal,
    latencyPoint: (latency === undefined ? undefined : options.metrics[latency]?.point) ?? 'quantile',
    config: {
      metrics: Object.entries(metrics).map(([name, metric]) => metricOf(name, metric, options.metrics[name] ?? {})),
      classifier: { groupWeights: groups, scoreThresholds: { pass, marginal } },
    },
  }
}

function metricOf(name: string, metric: Metric, options: KayentaMetricOptions): KayentaConfig['metrics'][number] {
  const { groups = [name], point: _, ...given } = options
  const lessIsWorse =
    metric.kind === 'observation'
      ? metric.better === 'higher'
      : metric.kind === 'generation' && ratioFor(name, metric).worse === 'down'
  const worse = lessIsWorse ? 'decrease' : 'increase'
  const canary = { direction: worse, muted: metric.role === 'monitor', ...withoutAbsent(given) } as const
  return { name, groups, analysisConfigurations: { canary } }
}

/** Options that are absent are left out, so that no default is written over by nothing. */
function withoutAbsent(given: Omit<KayentaMetricOptions, 'groups' | 'point'>): CanaryOptions {
  return JSON.parse(JSON.stringify(given)) as CanaryOptions
}

import { invalid } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'

/** Which deviations of canary are failures. */
export type KayentaDirection = 'increase' | 'decrease' | 'either'

/** How large an effect is measured: canary's mean / stable's mean, or the part of pairs in which canary is greater. */
export type KayentaMeasure = 'meanRatio' | 'cles'

/** How one metric is judged, with the names a canary config gives; whatever is left out has the peer's default. */
export interface KayentaMetricOptions {
  /** Default `either`. */
  readonly direction?: KayentaDirection
  /** A critical metric that fails beyond its critical effect size makes the whole score 0. Default false. */
  readonly critical?: boolean
  /** Without data the metric counts as failed instead of not at all. Default false. */
  readonly mustHaveData?: boolean
  /** Drop what is not a number (default), or take it for 0. */
  readonly nanStrategy?: 'remove' | 'replace'
  /** Keep outliers (default), or drop what lies outside Tukey fences widened to the 1st and 99th percentile. */
  readonly outliers?: { readonly strategy?: 'keep' | 'remove'; readonly outlierFactor?: number }
  /** Beyond which effect a significant deviation counts; defaults 1 for `meanRatio`, 0.5 for `cles`. */
  readonly effectSize?: {
    readonly measure?: KayentaMeasure
    readonly allowedIncrease?: number
    readonly allowedDecrease?: number
    readonly criticalIncrease?: number
    readonly criticalDecrease?: number
  }
  /** Judged and shown, but left out of the score. Default false. */
  readonly muted?: boolean
}

/** A metric of a canary config; its query is somebody else's business. */
export interface KayentaMetric {
  readonly name: string
  readonly groups: readonly string[]
  readonly analysisConfigurations?: { readonly canary?: KayentaMetricOptions }
}

/** The parts of a canary config that judging needs. */
export interface KayentaConfig {
  readonly metrics: readonly KayentaMetric[]
  readonly classifier?: {
    /** Percent per group; groups that are not listed share what is left of 100 evenly. */
    readonly groupWeights?: Readonly<Record<string, number>>
    /** Scores from which a canary passes, or is marginal. Defaults 95 and 75. */
    readonly scoreThresholds?: { readonly pass?: number; readonly marginal?: number }
  }
}

/** One metric's options with nothing left out. */
export interface MetricRules {
  readonly direction: KayentaDirection
  readonly critical: boolean
  readonly mustHaveData: boolean
  readonly nanStrategy: 'remove' | 'replace'
  readonly removeOutliers: boolean
  readonly outlierFactor: number
  readonly measure: KayentaMeasure
  readonly allowedIncrease: number
  readonly allowedDecrease: number
  readonly criticalIncrease: number
  readonly criticalDecrease: number
  readonly muted: boolean
}

/** Names that are known; another one is an error here, where the peer would take its default silently. */
const KNOWN = {
  direction: ['increase', 'decrease', 'either'],
  nanStrategy: ['remove', 'replace'],
  'outliers.strategy': ['keep', 'remove'],
  'effectSize.measure': ['meanRatio', 'cles'],
} as const

/** Fills in the defaults; refuses names nobody knows and thresholds that are no numbers. */
export function rulesOf({
  name,
  analysisConfigurations,
}: KayentaMetric): ({ readonly ok: true } & MetricRules) | Refusal {
  const {
    direction = 'either',
    nanStrategy = 'remove',
    outliers = {},
    effectSize = {},
    ...rest
  } = analysisConfigurations?.canary ?? {}
  const { strategy = 'keep', outlierFactor = 3 } = outliers
  const { measure = 'meanRatio' } = effectSize
  const chosen = { direction, nanStrategy, 'outliers.strategy': strategy, 'effectSize.measure': measure }
  for (const [option, known] of Object.entries(KNOWN)) {
    const value = chosen[option as keyof typeof chosen]
    if (!(known as readonly string[]).includes(value))
      return invalid(`${name}: ${option} cannot be "${value}"; it is one of ${known.join(', ')}.`)
  }
  const neutral = measure === 'cles' ? 0.5 : 1
  const thresholds = {
    allowedIncrease: effectSize.allowedIncrease ?? neutral,
    allowedDecrease: effectSize.allowedDecrease ?? neutral,
    criticalIncrease: effectSize.criticalIncrease ?? neutral,
    criticalDecrease: effectSize.criticalDecrease ?? neutral,
  }
  for (const [option, value] of Object.entries({ ...thresholds, outlierFactor }))
    if (!(value >= 0 && value < Infinity)) return invalid(`${name}: ${option} must be a number from 0, got ${value}.`)
  const { critical = false, mustHaveData = false, muted = false } = rest
  const removeOutliers = strategy === 'remove'
  return {
    ok: true,
    direction,
    nanStrategy,
    removeOutliers,
    outlierFactor,
    measure,
    ...thresholds,
    critical,
    mustHaveData,
    muted,
  }
}

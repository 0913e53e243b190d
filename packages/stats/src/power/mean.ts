import { normalQuantile } from '../numeric/normal.ts'
import { insufficient, invalid, isCount, requireBetween } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'
import type { Difference } from '../report/contrast.ts'
import { settled } from '../report/settled.ts'
import { criticalZ, pointsRight, powerAt, splitUnits } from './design.ts'
import type { ArmUnits, DetectableEffect, LookOptions, PowerReading, SampleSize } from './design.ts'

/** What is known of a metric before the rollout. */
export interface MeanPlan extends LookOptions {
  /** Variance of one unit, the same in both arms, in squared units of the metric. */
  readonly variance: number
  /** Whether effects are in units of the metric (default) or parts of stable's mean. */
  readonly difference?: Difference
  /** Stable's mean; needed for relative effects only. */
  readonly mean?: number
  /**
   * Factor on every variance: the design effect of clustered units, the varianceRatio of a covariate, or the square of how much
   * wider a sequence is than a single look. Default 1.
   */
  readonly varianceFactor?: number
}

function checkPlan({ variance, difference, mean, varianceFactor = 1, share = 0.5 }: MeanPlan): Refusal | null {
  if (!(variance > 0 && variance < Infinity)) return insufficient(`A variance of ${variance} gives no plan.`)
  if (!(varianceFactor > 0 && varianceFactor < Infinity))
    return invalid(`A variance factor must be positive, got ${varianceFactor}.`)
  requireBetween('share', share, 0, 1)
  if (difference !== 'relative') return null
  if (mean === undefined || !Number.isFinite(mean))
    return invalid(`A relative effect needs stable's mean, got ${mean}.`)
  return mean === 0 ? insufficient('The mean of stable is 0; a relative effect has no meaning.') : null
}

/** Variance of the estimated effect times units, for canary and stable; the delta method when the effect is relative. */
function unitVariances(plan: MeanPlan, effect: number): ArmUnits {
  const { variance, difference, mean = 1, varianceFactor = 1 } = plan
  const spread = variance * varianceFactor
  if (difference !== 'relative') return { canary: spread, stable: spread }
  const square = mean * mean
  return { canary: spread / square, stable: (spread / square) * (1 + effect) ** 2 }
}

/** Standard error of the estimated effect when the true one is `effect`, on the scale of the plan. */
export function meanStandardError(plan: MeanPlan, effect: number, units: ArmUnits): number {
  const per = unitVariances(plan, effect)
  return Math.sqrt(per.canary / units.canary + per.stable / units.stable)
}

function checkUnits({ stable, canary }: ArmUnits): Refusal | null {
  if (!isCount(stable) || !isCount(canary)) return invalid(`Units must be between 0 and 2^53: ${stable}, ${canary}.`)
  return stable < 2 || canary < 2 ? insufficient('Each arm needs at least 2 units.') : null
}

/** The power of a z test for a difference of means with known variances, at one look. */
export function meanPower(plan: MeanPlan & { readonly effect: number }, units: ArmUnits): PowerReading | Refusal {
  const refusal = checkPlan(plan) ?? checkUnits(units)
  if (refusal) return refusal
  if (!Number.isFinite(plan.effect)) return invalid(`An effect must be finite, got ${plan.effect}.`)
  const distance = plan.effect / meanStandardError(plan, plan.effect, units)
  return settled({ ok: true, power: powerAt(distance, criticalZ(plan), plan.alternative) })
}

/** How many units a look needs to find an effect, and what the rule of thumb says. */
export interface MeanSampleSize extends SampleSize {
  /** 16 σ² / δ² per arm, for two equal arms, α 0.05 and power 0.8; null for a relative effect. */
  readonly ruleOfThumbPerArm: number | null
}

/**
 * Units for a z test to find `effect` with `power`: total = (z_α + z_power)² (V_c / share + V_s / (1 - share)) / effect², in
 * equal arms 2 (z_α + z_power)² σ² / δ² each. `insufficient` for an effect of 0 or one the alternative does not look for.
 */
export function meanSampleSize(
  plan: MeanPlan & { readonly effect: number },
  { power = 0.8 }: { readonly power?: number } = {},
): MeanSampleSize | Refusal {
  const refusal = checkPlan(plan)
  if (refusal) return refusal
  const { effect, alpha = 0.05, alternative, share = 0.5, variance, varianceFactor = 1, difference } = plan
  requireBetween('power', power, alpha, 1)
  if (!Number.isFinite(effect)) return invalid(`An effect must be finite, got ${effect}.`)
  if (!pointsRight(effect, alternative)) return insufficient(`No number of units finds an effect of ${effect} here.`)
  const reach = criticalZ(plan) + normalQuantile(power)
  const per = unitVariances(plan, effect)
  const total = (reach * reach * (per.canary / share + per.stable / (1 - share))) / (effect * effect)
  if (!isCount(total)) return insufficient(`An effect of ${effect} needs more units than can be counted.`)
  const ruleOfThumbPerArm = difference === 'relative' ? null : (16 * variance * varianceFactor) / (effect * effect)
  return settled({ ...splitUnits(total, share), ruleOfThumbPerArm })
}

/**
 * The smallest effect found with `power`. A relative one is the root of (1 - z² v_s / m²) x² - 2 m x + m² - z² v_c = 0 in canary's
 * mean x (v the variances of the means), which is its own standard error's; `insufficient` when stable's mean is too uncertain
 * for any. The far tail of a two-sided look is left out.
 */
export function meanDetectable(
  plan: MeanPlan,
  units: ArmUnits,
  { power = 0.8 }: { readonly power?: number } = {},
): DetectableEffect | Refusal {
  const refusal = checkPlan(plan) ?? checkUnits(units)
  if (refusal) return refusal
  requireBetween('power', power, plan.alpha ?? 0.05, 1)
  const sign = plan.alternative === 'less' ? -1 : 1
  const square = (criticalZ(plan) + normalQuantile(power)) ** 2
  const per = unitVariances(plan, 0)
  const [canary, stable] = [(square * per.canary) / units.canary, (square * per.stable) / units.stable]
  if (plan.difference !== 'relative') return settled({ ok: true, effect: sign * Math.sqrt(canary + stable) })
  // In e = x / m - 1: e² = canary + stable (1 + e)².
  const [a, b, c] = [1 - stable, -2 * stable, -(canary + stable)]
  if (!(a > 0)) return insufficient("Stable's mean is too uncertain for any relative effect; more units are needed.")
  const root = Math.sqrt(b * b - 4 * a * c)
  const effect = (-b + sign * root) / (2 * a)
  // Canary's mean would have to change its sign: that is not what a relative decrease means.
  return effect <= -1
    ? insufficient('Not even a decrease to 0 would be found; more units are needed.')
    : settled({ ok: true, effect })
}

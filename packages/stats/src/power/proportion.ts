import { firstNotBelow, findRoot } from '../numeric/root.ts'
import { insufficient, invalid, isCount, requireBetween } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'
import type { Difference } from '../report/contrast.ts'
import { settled } from '../report/settled.ts'
import { criticalZ, pointsRight, powerAt, splitUnits } from './design.ts'
import type { ArmUnits, DetectableEffect, LookOptions, PowerReading, SampleSize } from './design.ts'

/** What is known of a rate before the rollout. */
export interface ProportionPlan extends LookOptions {
  /** Stable's rate, strictly between 0 and 1. */
  readonly rate: number
  /** Whether effects are differences of rates (default) or parts of stable's rate. */
  readonly difference?: Difference
}

function checkRate({ rate, share = 0.5 }: ProportionPlan): Refusal | null {
  requireBetween('share', share, 0, 1)
  return rate > 0 && rate < 1 ? null : insufficient(`A rate of ${rate} has no spread to plan with.`)
}

/** Canary's rate under an effect, or a refusal outside 0..1. */
function canaryRate(plan: ProportionPlan, effect: number): { readonly ok: true; readonly rate: number } | Refusal {
  const rate = plan.difference === 'relative' ? plan.rate * (1 + effect) : plan.rate + effect
  return rate >= 0 && rate <= 1
    ? { ok: true, rate }
    : invalid(`An effect of ${effect} on a rate of ${plan.rate} leaves 0..1.`)
}

/** The pooled z test: its threshold comes from the pooled rate, its spread from each arm's own (Fleiss). */
function pooledPower(plan: ProportionPlan, canary: number, units: ArmUnits): number {
  const total = units.stable + units.canary
  const pooled = (units.stable * plan.rate + units.canary * canary) / total
  const underNull = Math.sqrt(pooled * (1 - pooled) * (1 / units.stable + 1 / units.canary))
  const spread = Math.sqrt((plan.rate * (1 - plan.rate)) / units.stable + (canary * (1 - canary)) / units.canary)
  return powerAt((canary - plan.rate) / spread, (criticalZ(plan) * underNull) / spread, plan.alternative)
}

/** The power of the pooled z test for two rates at one look, by the normal approximation (expected counts of 5 and more). */
export function proportionPower(
  plan: ProportionPlan & { readonly effect: number },
  units: ArmUnits,
): PowerReading | Refusal {
  const refusal = checkRate(plan)
  if (refusal) return refusal
  if (!isCount(units.stable) || !isCount(units.canary))
    return invalid(`Units must be between 0 and 2^53: ${units.stable}, ${units.canary}.`)
  if (units.stable < 2 || units.canary < 2) return insufficient('Each arm needs at least 2 units.')
  const canary = canaryRate(plan, plan.effect)
  return canary.ok ? settled({ ok: true, power: pooledPower(plan, canary.rate, units) }) : canary
}

/** Units for the pooled z test to find the effect with `power`, in the planned shares. */
export function proportionSampleSize(
  plan: ProportionPlan & { readonly effect: number },
  { power = 0.8 }: { readonly power?: number } = {},
): SampleSize | Refusal {
  const refusal = checkRate(plan)
  if (refusal) return refusal
  const { share = 0.5, alternative, effect, alpha = 0.05 } = plan
  requireBetween('power', power, alpha, 1)
  const canary = canaryRate(plan, effect)
  if (!canary.ok) return canary
  if (!pointsRight(effect, alternative)) return insufficient(`No number of units finds an effect of ${effect} here.`)
  const short = (total: number): number =>
    pooledPower(plan, canary.rate, { stable: total * (1 - share), canary: total * share }) - power
  const high = firstNotBelow(short, 4)
  if (!isCount(high)) return insufficient(`An effect of ${effect} needs more units than can be counted.`)
  return settled(splitUnits(high === 4 ? 4 : findRoot(short, { low: high / 2, high }), share))
}

/** The smallest rise (fall for `less`) of the rate that is found with `power`, on the scale of the plan. */
export function proportionDetectable(
  plan: ProportionPlan,
  units: ArmUnits,
  { power = 0.8 }: { readonly power?: number } = {},
): DetectableEffect | Refusal {
  const none = proportionPower({ ...plan, effect: 0 }, units)
  if (!none.ok) return none
  requireBetween('power', power, plan.alpha ?? 0.05, 1)
  const edge = plan.alternative === 'less' ? 0 : 1
  const short = (canary: number): number => pooledPower(plan, canary, units) - power
  if (!(short(edge) > 0)) return insufficient(`Not even a rate of ${edge} would be found; more units are needed.`)
  const rate = findRoot(short, { low: Math.min(plan.rate, edge), high: Math.max(plan.rate, edge) })
  return settled({ ok: true, effect: plan.difference === 'relative' ? rate / plan.rate - 1 : rate - plan.rate })
}

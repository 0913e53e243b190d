import { studentUpperQuantile } from '../numeric/beta.ts'
import { stirlingTail } from '../numeric/gamma.ts'
import { normalCdf } from '../numeric/normal.ts'
import { insufficient, invalid, isCount, requireBetween } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'
import { criticalZ, pointsRight, splitUnits } from './design.ts'
import type { ArmUnits, LookOptions, PowerReading, SampleSize } from './design.ts'
import { meanSampleSize } from './mean.ts'

/** A plan for Student's t with equal variances; the effect in units of the metric. */
export interface StudentPlan extends LookOptions {
  readonly variance: number
  readonly effect: number
}

/**
 * P(T > t) for noncentral t: E[Φ(delta - t S)] over S = √(χ²/df), by the trapezoid rule in ln S, whose error falls faster than
 * any power of the step for so smooth a function.
 */
export function noncentralSurvival(t: number, df: number, delta: number): number {
  if (!(df > 0) || !Number.isFinite(t) || !Number.isFinite(delta))
    throw new RangeError(`noncentralSurvival got t=${t}, df=${df}, delta=${delta}`)
  // ln of the density of ln S at u: df u - df e^{2u} / 2 plus a constant, which is 0 at its peak but for Stirling's tail.
  const peak = 0.5 * Math.log(df / Math.PI) - stirlingTail(df / 2)
  const width = 1 / Math.sqrt(2 * df)
  const step = width / 12
  let sum = 0
  for (const direction of [1, -1]) {
    for (let i = direction === 1 ? 0 : 1; i < 100_000; i += 1) {
      const u = direction * i * step
      const exponent = df * (u - Math.expm1(2 * u) / 2)
      if (exponent < -745) break
      sum += Math.exp(peak + exponent) * normalCdf(delta - t * Math.exp(u))
    }
  }
  return Math.min(1, sum * step)
}

/** The power of Student's two-sample t test at one look, exact for normal units of one variance (what G*Power prints). */
export function studentPower(plan: StudentPlan, { stable, canary }: ArmUnits): PowerReading | Refusal {
  const { variance, effect, alpha = 0.05, alternative = 'two-sided' } = plan
  requireBetween('alpha', alpha, 0, 1)
  if (!(variance > 0 && variance < Infinity)) return insufficient(`A variance of ${variance} gives no plan.`)
  if (!Number.isFinite(effect)) return invalid(`An effect must be finite, got ${effect}.`)
  if (!isCount(stable) || !isCount(canary)) return invalid(`Units must be between 0 and 2^53: ${stable}, ${canary}.`)
  if (stable < 2 || canary < 2) return insufficient('Each arm needs at least 2 units.')
  const df = stable + canary - 2
  const delta = effect / Math.sqrt(variance * (1 / stable + 1 / canary))
  const critical = studentUpperQuantile(alternative === 'two-sided' ? alpha / 2 : alpha, df)
  let power = 0
  if (alternative !== 'less') power += noncentralSurvival(critical, df, delta)
  if (alternative !== 'greater') power += noncentralSurvival(critical, df, -delta)
  return { ok: true, power: Math.min(1, power) }
}

/** The fewest units with which Student's t finds the effect with `power`, in the planned shares. */
export function studentSampleSize(
  plan: StudentPlan,
  { power = 0.8 }: { readonly power?: number } = {},
): SampleSize | Refusal {
  const { share = 0.5, alternative, effect } = plan
  const start = meanSampleSize(plan, { power })
  if (!start.ok) return start
  if (!pointsRight(effect, alternative)) return insufficient(`No number of units finds an effect of ${effect} here.`)
  const enough = (total: number): boolean => {
    const reading = studentPower(plan, splitUnits(total, share))
    return reading.ok && reading.power >= power
  }
  // Student's t needs at least what z needs, and little more: about z² / 4 units per arm.
  let low = Math.max(3, start.total - 3)
  let high = start.total + 2 * Math.ceil(criticalZ(plan) ** 2) + 8
  while (!enough(high)) high *= 2
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (enough(middle)) high = middle
    else low = middle
  }
  return splitUnits(high, share)
}

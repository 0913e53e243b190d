import { twoSidedHalfWidth, tuningInformation } from '../mean/normal-mixture.ts'
import { normalCdf } from '../numeric/normal.ts'
import { insufficient, invalid, requireBetween } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'
import type { NormalPrior } from '../report/bayes.ts'
import { settled } from '../report/settled.ts'
import { criticalZ, powerAt } from './design.ts'
import type { PowerReading } from './design.ts'

/** An experiment in its middle, and what it is hoped to find at its end. */
export interface FurtherPlan {
  /** Squared standard error of the effect now. */
  readonly variance: number
  /** Further units as a multiple of those already seen; 0 asks for the power of the data at hand. */
  readonly scaling: number
  /** The effect to find, on the scale of `variance`. */
  readonly effect: number
  readonly alpha?: number
  /** Read the end with a posterior under this prior instead of a p-value. */
  readonly prior?: NormalPrior | null
  /** Read the end with the confidence sequence instead: units now, and the number of units where the sequence is tightest. */
  readonly sequence?: { readonly units: number; readonly tuningUnits: number } | null
}

/**
 * The power at the end of an experiment that goes on: the half-width it will be read with takes the place of z standard errors,
 * while the estimate's own spread stays what it is.
 */
export function furtherPower(plan: FurtherPlan): PowerReading | Refusal {
  const { variance, scaling, effect, alpha = 0.05, prior = null, sequence = null } = plan
  requireBetween('alpha', alpha, 0, 1)
  if (!(variance > 0 && variance < Infinity)) return insufficient(`A variance of ${variance} gives no plan.`)
  if (!(scaling >= 0 && scaling < Infinity) || !Number.isFinite(effect))
    return invalid(`Further units of ${scaling} times and an effect of ${effect} are no plan.`)
  const square = variance / (1 + scaling)
  const standardError = Math.sqrt(square)
  if (prior) {
    if (!(prior.variance > 0)) return invalid(`A prior needs a positive variance, got ${prior.variance}.`)
    const half = square * Math.sqrt(1 / prior.variance + 1 / square) * criticalZ({ alpha })
    const pull = (square * prior.mean) / prior.variance
    const power = normalCdf((effect + pull - half) / standardError) + normalCdf((-effect - pull - half) / standardError)
    return settled({ ok: true, power })
  }
  const critical = sequence
    ? twoSidedHalfWidth((sequence.units * (1 + scaling)) / tuningInformation(sequence.tuningUnits, alpha), alpha)
    : criticalZ({ alpha })
  return settled({ ok: true, power: powerAt(effect / standardError, critical) })
}

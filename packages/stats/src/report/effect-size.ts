import { insufficient } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'
import { judged } from './sample.ts'
import type { Sample } from './sample.ts'
import { settled } from './settled.ts'

/** Standardised sizes of a difference of means, canary - stable, in pooled standard deviations. */
export interface EffectSize {
  readonly ok: true
  readonly cohenD: number
  /** Cohen's d times 1 - 3 / (4 N - 9), which takes out most of its bias in small samples. */
  readonly hedgesG: number
  /** Standard error of d, √((n_s + n_c) / (n_s n_c) + d² / (2 (n_s + n_c))) (Hedges and Olkin 1985). */
  readonly standardError: number
}

/** Cohen's d and Hedges' g with the pooled variance of both arms; refusals of the arms pass through. */
export function effectSize(arms: {
  readonly stable: Sample | Refusal
  readonly canary: Sample | Refusal
}): EffectSize | Refusal {
  const [stable, canary] = [judged(arms.stable), judged(arms.canary)]
  if (!stable.ok) return stable
  if (!canary.ok) return canary
  const units = stable.units + canary.units
  const pooled = ((stable.units - 1) * stable.variance + (canary.units - 1) * canary.variance) / (units - 2)
  const cohenD = (canary.mean - stable.mean) / Math.sqrt(pooled)
  const hedgesG = cohenD * (1 - 3 / (4 * units - 9))
  const standardError = Math.sqrt(1 / stable.units + 1 / canary.units + (cohenD * cohenD) / (2 * units))
  return settled({ ok: true, cohenD, hedgesG, standardError })
}

/** canary / stable as a ratio of means; `insufficient` when either is 0, where a ratio says nothing. */
export function meanRatio(stable: number, canary: number): { readonly ok: true; readonly ratio: number } | Refusal {
  const ratio = canary / stable
  if (ratio === 0 || !Number.isFinite(ratio)) return insufficient(`Means of ${stable} and ${canary} have no ratio.`)
  return { ok: true, ratio }
}

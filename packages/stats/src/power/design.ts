import { normalCdf, normalQuantile } from '../numeric/normal.ts'
import { requireBetween } from '../refusal.ts'
import type { Alternative } from '../report/contrast.ts'

/** What every plan of a single look has in common. */
export interface LookOptions {
  /** Chance of a false alarm at this one look; default 0.05. */
  readonly alpha?: number
  /** Default `two-sided`. */
  readonly alternative?: Alternative
  /** Canary's part of all units, strictly between 0 and 1; default 0.5. */
  readonly share?: number
}

/** Units of each arm. */
export interface ArmUnits {
  readonly stable: number
  readonly canary: number
}

/** How many units a plan needs; whole numbers, rounded up. */
export interface SampleSize extends ArmUnits {
  readonly ok: true
  readonly total: number
}

/** Power, 0..1: the chance that the planned look finds the planned effect. */
export interface PowerReading {
  readonly ok: true
  readonly power: number
}

/** The smallest effect that the planned look finds with the wanted power, on the scale of the plan. */
export interface DetectableEffect {
  readonly ok: true
  readonly effect: number
}

/** The smallest |z| that a look of this level calls an effect. */
export function criticalZ({ alpha = 0.05, alternative = 'two-sided' }: LookOptions): number {
  requireBetween('alpha', alpha, 0, 1)
  return -normalQuantile(alternative === 'two-sided' ? alpha / 2 : alpha)
}

/** P(a look finds an effect that stands `distance` standard errors from 0), when it calls one at |z| >= `critical`. */
export function powerAt(distance: number, critical: number, alternative: Alternative = 'two-sided'): number {
  if (alternative === 'greater') return normalCdf(distance - critical)
  if (alternative === 'less') return normalCdf(-distance - critical)
  return normalCdf(distance - critical) + normalCdf(-distance - critical)
}

/** Both arms of a total, in the planned shares, rounded up. */
export function splitUnits(total: number, share: number): SampleSize {
  // 1e-9 of a unit is rounding, not a unit.
  const up = (units: number): number => Math.max(2, Math.ceil(units * (1 - 1e-12) - 1e-9))
  const canary = up(total * share)
  const stable = up(total * (1 - share))
  return { ok: true, stable, canary, total: stable + canary }
}

/** True for an effect that `alternative` could find at all. */
export function pointsRight(effect: number, alternative: Alternative = 'two-sided'): boolean {
  if (alternative === 'greater') return effect > 0
  if (alternative === 'less') return effect < 0
  return effect !== 0
}

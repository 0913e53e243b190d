import { LOG_ZERO } from '../numeric/log-space.ts'
import { normalQuantile } from '../numeric/normal.ts'
import { invalid, requireBetween } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'
import type { Interval } from './contrast.ts'

/** Adjusted p-values (or, for e-values, q-values) in the order of the input. */
export interface Adjusted {
  readonly ok: true
  readonly adjusted: readonly number[]
}

/** Indices that sort the values, least first; equal values keep their order. */
function orderOf(values: readonly number[]): readonly number[] {
  return values.map((_, index) => index).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0) || a - b)
}

function checkPValues(p: readonly number[]): Refusal | null {
  const wrong = p.find((value) => !(value >= 0 && value <= 1))
  return wrong === undefined ? null : invalid(`A p-value must be within 0..1, got ${wrong}.`)
}

/** Holm's step-down p-values: reporting those at or below alpha keeps the chance of any false report at alpha, under any dependence. */
export function holm(p: readonly number[]): Adjusted | Refusal {
  const refusal = checkPValues(p)
  if (refusal) return refusal
  const adjusted = p.map(() => 1)
  let least = 0
  for (const [rank, index] of orderOf(p).entries()) {
    least = Math.max(least, Math.min(1, (p.length - rank) * (p[index] ?? 1)))
    adjusted[index] = least
  }
  return { ok: true, adjusted }
}

/**
 * Benjamini-Hochberg p-values: reporting those at or below q keeps the expected share of false reports at q when the tests are
 * independent or positively dependent. For pages with a fixed look only.
 */
export function benjaminiHochberg(p: readonly number[]): Adjusted | Refusal {
  const refusal = checkPValues(p)
  if (refusal) return refusal
  const adjusted = p.map(() => 1)
  const order = orderOf(p)
  let most = 1
  for (let rank = order.length; rank >= 1; rank -= 1) {
    const index = order[rank - 1] ?? 0
    most = Math.min(most, (p.length * (p[index] ?? 1)) / rank)
    adjusted[index] = most
  }
  return { ok: true, adjusted }
}

/** Which of many e-values are reported, and at what q each would be. */
export interface SliceReading extends Adjusted {
  readonly rejected: readonly boolean[]
}

/**
 * e-BH (Wang and Ramdas 2022) over K slices: the k largest are reported for the greatest k whose k-th largest e-value is at least
 * K / (q k). The expected share of false reports is at most q under any dependence and at any moment, as long as all e-values are
 * read at the same one. `logE` are natural logs; q is usually 0.1.
 */
export function eBenjaminiHochberg(logE: readonly number[], q: number): SliceReading | Refusal {
  requireBetween('q', q, 0, 1)
  const wrong = logE.find((value) => !Number.isFinite(value))
  if (wrong !== undefined) return invalid(`The log of an e-value must be finite, got ${wrong}.`)
  const order = orderOf(logE.map((value) => -value))
  const adjusted = logE.map(() => 1)
  let most = 0
  for (let rank = order.length; rank >= 1; rank -= 1) {
    const index = order[rank - 1] ?? 0
    most = Math.min(most, Math.log(logE.length / rank) - Math.max(LOG_ZERO, logE[index] ?? LOG_ZERO))
    adjusted[index] = Math.exp(most)
  }
  // 1e-12: ln and exp of a threshold that is met exactly may differ in the last digit.
  return { ok: true, adjusted, rejected: adjusted.map((value) => value <= q * (1 + 1e-12)) }
}

/**
 * The interval whose confidence matches an adjusted p-value: half-width |estimate| z(alpha) / z(p), so that it touches 0 exactly
 * when the adjusted p-value is alpha; without bounds for a p-value of 1.
 */
export function adjustedInterval(
  estimate: number,
  { pValue, alpha = 0.05 }: { readonly pValue: number; readonly alpha?: number },
): ({ readonly ok: true } & Interval) | Refusal {
  requireBetween('alpha', alpha, 0, 1)
  if (!Number.isFinite(estimate) || !(pValue > 0 && pValue <= 1))
    return invalid(`An estimate of ${estimate} with p-value ${pValue} has no interval.`)
  if (pValue === 1) return { ok: true, low: null, high: null }
  const half = (Math.abs(estimate) * normalQuantile(alpha / 2)) / normalQuantile(pValue / 2)
  return { ok: true, low: estimate - half, high: estimate + half }
}

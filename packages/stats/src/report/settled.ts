import { invalid } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'

/**
 * A reading as it is, or a refusal when one of its numbers is NaN or not finite: sums of squares overflow, and precisions of
 * errors below 1e-154 do. Refusals pass through.
 */
export function settled<Reading extends { readonly ok: true }>(reading: Reading | Refusal): Reading | Refusal {
  if (!reading.ok) return reading
  const wrong = Object.entries(reading).find(([, value]) => typeof value === 'number' && !Number.isFinite(value))
  return wrong === undefined
    ? reading
    : invalid(`The numbers are too large or too small to be computed with: ${wrong[0]} would be ${String(wrong[1])}.`)
}

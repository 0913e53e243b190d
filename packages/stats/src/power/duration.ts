import { invalid, isCount } from '../refusal.ts'
import type { Refusal } from '../refusal.ts'
import type { SampleSize } from './design.ts'

/** How long a single-look plan takes at a steady arrival of new units. */
export function planDurationMs(
  size: SampleSize,
  { unitsPerSecond }: { readonly unitsPerSecond: number },
): { readonly ok: true; readonly durationMs: number } | Refusal {
  if (!(unitsPerSecond > 0 && isCount(unitsPerSecond)))
    return invalid(`Units per second must be positive, got ${unitsPerSecond}.`)
  return { ok: true, durationMs: (1000 * size.total) / unitsPerSecond }
}

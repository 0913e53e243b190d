import { requireBetween } from '../refusal.ts'
import { pushed, requireLength } from './point.ts'
import { robustSpread } from './spread.ts'
import type { Spread } from './spread.ts'

/** What a chart holds for normal: known beforehand, or learnt from so many points. */
export type ReferenceOptions = Spread | { readonly learn: number }

/** Normal as far as it is known: plain JSON, at most `learn` values. */
export interface Reference {
  /** 0 when normal was given and stays. */
  readonly learn: number
  readonly spread: Spread | null
  /** Calm points since the last renewal. */
  readonly values: readonly number[]
}

/** Starts with a given normal, or without one. RangeError for a width that is not positive. */
export function createReference(options: ReferenceOptions): Reference {
  if ('learn' in options) {
    requireLength('learn', options.learn, 10)
    return { learn: options.learn, spread: null, values: [] }
  }
  requireBetween('width', options.width, 0, 1e150)
  requireBetween('middle', options.middle, -1e150, 1e150)
  return { learn: 0, spread: options, values: [] }
}

/** Takes in a calm point; each `learn` of them, median and MAD are renewed. Never called while a chart alarms. */
export function learn(reference: Reference, value: number): Reference {
  if (reference.learn === 0) return reference
  const values = pushed(reference.values, value, reference.learn)
  if (values.length < reference.learn) return { ...reference, values }
  return { ...reference, spread: robustSpread(values), values: [] }
}

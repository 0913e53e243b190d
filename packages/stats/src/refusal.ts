/** Why a method gives no number: too little data yet, or data that cannot be true. */
export interface Refusal {
  readonly ok: false
  readonly reason: 'insufficient' | 'invalid'
  readonly message: string
}

/** A new state after a batch was taken in; when a batch is refused the caller keeps the old state. */
export type Updated<State> = { readonly ok: true; readonly state: State } | Refusal

/** Says that more data is needed before any number would be honest. */
export function insufficient(message: string): Refusal {
  return { ok: false, reason: 'insufficient', message }
}

/** Says that the input cannot be true and was not counted. */
export function invalid(message: string): Refusal {
  return { ok: false, reason: 'invalid', message }
}

/** True for a number that can be a count of something: 0 to 2⁵³ − 1 (fractions from a sampled source are allowed). */
export function isCount(value: number): boolean {
  return value >= 0 && value <= Number.MAX_SAFE_INTEGER
}

/** Throws a RangeError unless `low < value < high`; for options a programmer wrote. */
export function requireBetween(name: string, value: number, low: number, high: number): void {
  if (!(value > low && value < high))
    throw new RangeError(`${name} must be above ${low} and below ${high}, got ${value}`)
}

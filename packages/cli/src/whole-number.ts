import { SerinError } from '@serin/spec'

/** The number an option gives; throws `usage.invalid` with its range. */
export function wholeNumber(
  text: string,
  { name, from, to }: { readonly name: string; readonly from: number; readonly to: number },
): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= from && value <= to) return value
  throw new SerinError('usage.invalid', `${name} is "${text}"; expected a whole number from ${from} to ${to}.`)
}

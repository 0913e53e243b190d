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

/** The index of a step that people count from 1; throws `usage.invalid` for what is none. */
export function stepNumber(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text) - 1
  throw new SerinError('usage.invalid', `"${text}" is not a step; expected a number from 1.`)
}

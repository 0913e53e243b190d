import { quantileOf } from '../report/quantile.ts'

/** Middle and width of some values, in their unit. */
export interface Spread {
  readonly middle: number
  readonly width: number
}

/** Makes the median absolute deviation of a normal distribution its standard deviation. */
const MAD_TO_SD = 1.4826

/** Mean and sample standard deviation of at least two values. */
export function plainSpread(values: readonly number[]): Spread {
  const middle = values.reduce((sum, value) => sum + value / values.length, 0)
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0)
  return { middle, width: Math.sqrt(squares / (values.length - 1)) }
}

/** Median and 1.4826 MAD; when over half of the values are equal, the mean absolute deviation takes its place. */
export function robustSpread(values: readonly number[]): Spread {
  const middle = medianOf(values)
  const distances = values.map((value) => Math.abs(value - middle))
  const mad = MAD_TO_SD * medianOf(distances)
  if (mad > 0) return { middle, width: mad }
  // Of a normal distribution this, too, is the standard deviation.
  return { middle, width: Math.sqrt(Math.PI / 2) * distances.reduce((sum, value) => sum + value / values.length, 0) }
}

/** The median; NaN without values. */
export function medianOf(values: readonly number[]): number {
  return quantileOf(
    values.toSorted((a, b) => a - b),
    0.5,
  )
}

/** (value - middle) / width; a width that is only rounding counts as 0, and then any real difference is infinite. */
export function standardise(value: number, { middle, width }: Spread): number {
  const rounding = 1e-12 * Math.abs(middle)
  if (width > rounding) return (value - middle) / width
  return Math.abs(value - middle) <= rounding ? 0 : Math.sign(value - middle) * Infinity
}

/**
 * Compares a function with reference values, each row the arguments and then the value, computed with 60 digits. Returns what is wrong:
 * nothing, when all is well.
 */
export function wrongValues(
  value: (...at: number[]) => number,
  rows: readonly (readonly number[])[],
  relative = 1e-11,
): readonly string[] {
  return rows.flatMap((row) => {
    const [at, wanted = Number.NaN] = [row.slice(0, -1), row.at(-1)]
    const got = value(...at)
    const right = Math.abs(got - wanted) <= relative * Math.abs(wanted) + 1e-320
    return right ? [] : [`(${at.join(', ')}) is ${got}, not ${wanted}`]
  })
}

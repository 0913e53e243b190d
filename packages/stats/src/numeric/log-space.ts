/** Stands for ln 0 in stored states: JSON has no -Infinity, and exp of this is 0 all the same. */
export const LOG_ZERO = -1e300

/** ln(exp(a) + exp(b)) without overflow. */
export function logAddExp(a: number, b: number): number {
  const high = Math.max(a, b)
  const low = Math.min(a, b)
  if (high <= LOG_ZERO) return LOG_ZERO
  return high + Math.log1p(Math.exp(low - high))
}

/** ln Σ exp(values), summed in the order given so that a replay is bit-equal; LOG_ZERO for none. */
export function logSumExp(values: readonly number[]): number {
  let high = LOG_ZERO
  for (const value of values) if (value > high) high = value
  if (high <= LOG_ZERO) return LOG_ZERO
  let sum = 0
  for (const value of values) sum += Math.exp(value - high)
  return high + Math.log(sum)
}

/** Adds an increment to a stored log capital and keeps the result at or above LOG_ZERO. */
export function addLog(capital: number, increment: number): number {
  return Math.max(LOG_ZERO, capital + increment)
}

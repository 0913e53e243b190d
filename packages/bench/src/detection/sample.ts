/** Canary requests to rollback over many runs. */
export interface Sample {
  readonly runs: number
  readonly mean: number
  /** Standard error of the mean. */
  readonly error: number
  readonly p95: number
}

/** Mean, its standard error, and the 95th percentile. */
export function sampleOf(values: readonly number[]): Sample {
  const runs = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, runs)
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const sorted = [...values].sort((a, b) => a - b)
  return {
    runs,
    mean,
    error: runs > 1 ? Math.sqrt(squares / (runs - 1) / runs) : 0,
    p95: sorted[Math.max(0, Math.ceil(0.95 * runs) - 1)] ?? 0,
  }
}

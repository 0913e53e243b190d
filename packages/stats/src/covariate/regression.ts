/** Sums of products of outcome and covariates, each centred: `own` covariate with covariate, `shared` covariate with outcome. */
export interface Products {
  readonly own: readonly (readonly number[])[]
  readonly shared: readonly number[]
}

/** Below this part of its own spread a covariate is told by the others already. */
const LEAST_PIVOT = 1e-10

/**
 * Least-squares coefficients; one that does not vary, or that the others determine, gets 0 instead of a number made of rounding.
 */
export function coefficients({ own, shared }: Products): number[] {
  const size = shared.length
  const rows = own.map((row, i) => [...row, shared[i] ?? 0])
  const spread = own.map((row, i) => row[i] ?? 0)
  const open = new Set(shared.keys())
  const order: number[] = []
  while (open.size > 0) {
    // The covariate with most of its own spread left goes next.
    let best = -1
    let most = LEAST_PIVOT
    for (const i of open) {
      const left = (spread[i] ?? 0) > 0 ? (rows[i]?.[i] ?? 0) / (spread[i] ?? 1) : 0
      if (left > most) [best, most] = [i, left]
    }
    if (best === -1) break
    open.delete(best)
    order.push(best)
    const pivot = rows[best] ?? []
    for (const [i, row] of rows.entries()) {
      if (i === best || order.includes(i)) continue
      const factor = (row[best] ?? 0) / (pivot[best] ?? 1)
      for (let j = 0; j <= size; j += 1) row[j] = (row[j] ?? 0) - factor * (pivot[j] ?? 0)
    }
  }
  const result = shared.map(() => 0)
  for (const i of order.toReversed()) {
    const row = rows[i] ?? []
    let rest = row[size] ?? 0
    for (const j of order) if (j !== i) rest -= (row[j] ?? 0) * (result[j] ?? 0)
    result[i] = rest / (row[i] ?? 1)
  }
  return result
}

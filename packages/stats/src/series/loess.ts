/** A local fit by distance; `positions` are 1…n, as in the description of STL. */
export interface LoessOptions {
  /** Neighbours that count, odd; beyond n the curve only grows stiffer. */
  readonly span: number
  readonly degree: 0 | 1
  /** Extra weight of each point, 0..1; none: all 1. */
  readonly weights: readonly number[] | null
}

/** The fit at any position from the points `left`…`right`; null when no weight is left there. */
export function loessAt(
  y: readonly number[],
  { span, degree, weights }: LoessOptions,
  { at, left, right }: { readonly at: number; readonly left: number; readonly right: number },
): number | null {
  const n = y.length
  const reach = Math.max(at - left, right - at) + (span > n ? Math.floor((span - n) / 2) : 0)
  const w: number[] = []
  let total = 0
  for (let j = left; j <= right; j += 1) {
    const distance = Math.abs(j - at)
    let weight = 0
    if (distance <= 0.999 * reach) {
      weight = distance <= 0.001 * reach ? 1 : (1 - (distance / reach) ** 3) ** 3
      if (weights) weight *= weights[j - 1] ?? 0
    }
    w.push(weight)
    total += weight
  }
  if (!(total > 0)) return null
  let centre = 0
  for (const [i, weight] of w.entries()) centre += (weight / total) * (left + i)
  let variance = 0
  for (const [i, weight] of w.entries()) variance += (weight / total) * (left + i - centre) ** 2
  const sloped = degree === 1 && reach > 0 && Math.sqrt(variance) > 0.001 * (n - 1)
  const slope = sloped ? (at - centre) / variance : 0
  let fit = 0
  for (const [i, weight] of w.entries())
    fit += (weight / total) * (slope * (left + i - centre) + 1) * (y[left + i - 1] ?? 0)
  return fit
}

/** The fit at every point. */
export function loess(y: readonly number[], options: LoessOptions): number[] {
  const n = y.length
  const span = Math.min(options.span, n)
  const half = Math.floor((options.span + 1) / 2)
  return y.map((value, i) => {
    const left = options.span >= n ? 1 : Math.max(1, Math.min(i + 2 - half, n - span + 1))
    return loessAt(y, options, { at: i + 1, left, right: left + span - 1 }) ?? value
  })
}

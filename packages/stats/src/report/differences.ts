/** Two samples, each sorted upwards, whose pairwise differences canary - stable are asked for without being listed. */
export interface SortedArms {
  readonly stable: readonly number[]
  readonly canary: readonly number[]
}

/** How many of the differences are below `value`, or at it when `orAt`; one walk along both arms. */
function countBelow({ stable, canary }: SortedArms, value: number, orAt: boolean): number {
  let count = 0
  let from = 0
  for (const x of canary) {
    // As x grows, only larger values of stable keep the difference small.
    while (from < stable.length) {
      const difference = x - (stable[from] ?? 0)
      if (difference < value || (orAt && difference === value)) break
      from += 1
    }
    count += stable.length - from
  }
  return count
}

/** The least difference above `value`, Infinity when there is none. */
function leastAbove({ stable, canary }: SortedArms, value: number): number {
  let least = Infinity
  let from = -1
  for (const x of canary) {
    while (from + 1 < stable.length && x - (stable[from + 1] ?? 0) > value) from += 1
    if (from >= 0) least = Math.min(least, x - (stable[from] ?? 0))
  }
  return least
}

/** The difference of the extremes, which bound all others. */
export function differenceRange({ stable, canary }: SortedArms): { readonly min: number; readonly max: number } {
  return {
    min: (canary[0] ?? 0) - (stable.at(-1) ?? 0),
    max: (canary.at(-1) ?? 0) - (stable[0] ?? 0),
  }
}

/**
 * The k-th smallest difference, 1 <= k <= n m, and no approximation of it: bisection to relative 1e-12 in O(n + m) a step, then
 * the differences left inside, one by one. An absolute tolerance would return noise for data of the scale of error fractions.
 */
export function kthDifference(arms: SortedArms, k: number): number {
  const { min, max } = differenceRange(arms)
  // Ties make 0 the most frequent answer, and the only one bisection would close in on for ever.
  if (countBelow(arms, 0, false) < k && countBelow(arms, 0, true) >= k) return 0
  if (countBelow(arms, min, true) >= k) return min
  let low = min
  let high = max
  while (high - low > 1e-12 * Math.max(Math.abs(low), Math.abs(high))) {
    const middle = low + (high - low) / 2
    if (middle <= low || middle >= high) break
    if (countBelow(arms, middle, true) >= k) high = middle
    else low = middle
  }
  let at = leastAbove(arms, low)
  while (countBelow(arms, at, true) < k) at = leastAbove(arms, at)
  return at
}

/** The median of all differences: the Hodges-Lehmann estimate of how far canary is shifted against stable. */
export function medianDifference(arms: SortedArms): number {
  const pairs = arms.stable.length * arms.canary.length
  const upper = kthDifference(arms, Math.floor(pairs / 2) + 1)
  if (pairs % 2 === 1) return upper
  const lower = kthDifference(arms, pairs / 2)
  return lower + (upper - lower) / 2
}

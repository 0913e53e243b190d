import type { SortedArms } from './differences.ts'

/** What ranks say of two samples. */
export interface RankCounts {
  /** Pairs in which canary is greater, ties counted half: U of canary. */
  readonly u: number
  readonly pairs: number
  /** Σ (t³ - t) over groups of t equal values in both samples together. */
  readonly ties: number
}

/** Runs of equal values. */
function tiesOf(sorted: readonly number[]): number {
  let ties = 0
  let run = 1
  for (let i = 1; i <= sorted.length; i += 1) {
    if (i < sorted.length && sorted[i] === sorted[i - 1]) {
      run += 1
      continue
    }
    ties += run ** 3 - run
    run = 1
  }
  return ties
}

/** U and the ties of two sorted samples. */
export function countRanks({ stable, canary }: SortedArms): RankCounts {
  let u = 0
  let below = 0
  let notAbove = 0
  for (const x of canary) {
    while (below < stable.length && (stable[below] ?? 0) < x) below += 1
    while (notAbove < stable.length && (stable[notAbove] ?? 0) <= x) notAbove += 1
    u += (below + notAbove) / 2
  }
  const all = [...stable, ...canary].sort((a, b) => a - b)
  return { u, pairs: stable.length * canary.length, ties: tiesOf(all) }
}

/** Standard deviation of U when both samples come from one distribution, corrected for ties; 0 when all values are equal. */
export function deviationOfU(stable: number, canary: number, ties: number): number {
  const total = stable + canary
  if (total < 2) return 0
  return Math.sqrt(Math.max(0, ((stable * canary) / 12) * (total + 1 - ties / (total * (total - 1)))))
}

/** The deviation of U at a shift where no canary value meets a stable one: only ties inside an arm count. */
export function deviationBetweenTies({ stable, canary }: SortedArms): number {
  return deviationOfU(stable.length, canary.length, tiesOf(stable) + tiesOf(canary))
}

/** (U - n m / 2) drawn half a step towards 0 (continuity), in deviations of U; 0 when all values are equal. */
export function standardisedU(u: number, pairs: number, deviation: number): number {
  const gap = u - pairs / 2
  return deviation === 0 ? 0 : (gap - 0.5 * Math.sign(gap)) / deviation
}

/**
 * The standardised rank statistic of canary - shift against stable, minus `z`: the function whose root in `shift` bounds the
 * interval of the shift (Bauer 1972).
 */
export function rankStatistic(
  arms: SortedArms,
  { shift, z = 0 }: { readonly shift: number; readonly z?: number },
): number {
  const shifted = { stable: arms.stable, canary: arms.canary.map((value) => value - shift) }
  const { u, pairs, ties } = countRanks(shifted)
  return standardisedU(u, pairs, deviationOfU(arms.stable.length, arms.canary.length, ties)) - z
}

/**
 * In how many ways U can take each value 0..n m when there are no ties: coefficients of the Gaussian binomial. Whole numbers,
 * exact as long as C(n + m, n) is below 2^53, which n m <= 400 keeps.
 */
export function waysOfU(n: number, m: number): readonly number[] {
  const ways = Array.from({ length: n * m + 1 }, () => 0)
  ways[0] = 1
  for (let i = 1; i <= n; i += 1) {
    for (let u = n * m; u >= m + i; u -= 1) ways[u] = (ways[u] ?? 0) - (ways[u - m - i] ?? 0)
    for (let u = i; u <= n * m; u += 1) ways[u] = (ways[u] ?? 0) + (ways[u - i] ?? 0)
  }
  return ways
}

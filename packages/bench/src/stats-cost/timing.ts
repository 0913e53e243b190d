/** The middle of the values, the lower one of two; NaN without any. */
export function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1] ?? Number.NaN
}

/** Something to be timed: calls it so many times over its inputs, and returns what must not be optimised away. */
export type Work = (calls: number) => number

/** Nothing reads it: what was computed goes here, so that it must be computed. */
let sink = 0

/** Nanoseconds per call of each work, as medians over rounds in which they take turns: a machine that is busy for a while slows all of them. */
export function interleavedNs(
  works: readonly Work[],
  { calls, rounds }: { readonly calls: number; readonly rounds: number },
): readonly number[] {
  const taken = works.map((): number[] => [])
  for (const work of works) sink += work(calls)
  for (let round = 0; round < rounds; round += 1) {
    for (const [i, work] of works.entries()) {
      const start = process.hrtime.bigint()
      sink += work(calls)
      taken[i]?.push(Number(process.hrtime.bigint() - start) / calls)
    }
  }
  return taken.map(medianOf)
}

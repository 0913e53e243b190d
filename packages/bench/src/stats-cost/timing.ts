/** The middle of the values, the lower one of two; NaN without any. */
export function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1] ?? Number.NaN
}

/** Something to be timed: calls it so many times over its inputs, and returns what must not be optimised away. */
export type Work = (calls: number) => number

/** Nothing reads it: what was computed goes here, so that it must be computed. */
let sink = 0

const wallNs = (): number => Number(process.hrtime.bigint())

/**
 * Nanoseconds per call of each work, as medians over rounds in which they take turns: a machine that is busy for a while slows all of them. The
 * clock is that of the wall unless another is given.
 */
export function interleavedNs(
  works: readonly Work[],
  {
    calls,
    rounds,
    clockNs = wallNs,
  }: { readonly calls: number; readonly rounds: number; readonly clockNs?: () => number },
): readonly number[] {
  const taken = works.map((): number[] => [])
  for (const work of works) sink += work(calls)
  for (let round = 0; round < rounds; round += 1) {
    for (const [i, work] of works.entries()) {
      const startNs = clockNs()
      sink += work(calls)
      taken[i]?.push((clockNs() - startNs) / calls)
    }
  }
  return taken.map(medianOf)
}

const quietCalls = 2_000
const quietPart = 0.03

/**
 * Nanoseconds per call of each work where nothing disturbs it: many short batches in turns, of which the fastest few say it. On a busy machine
 * a median says how busy it is; this hardly moves. What comes seldom, such as a collection of garbage, is not in it.
 */
export function quietNs(works: readonly Work[], batches: number): readonly number[] {
  const taken = works.map((): number[] => [])
  for (let batch = 0; batch < batches; batch += 1) {
    for (const [i, work] of works.entries()) {
      const startNs = wallNs()
      sink += work(quietCalls)
      taken[i]?.push((wallNs() - startNs) / quietCalls)
    }
  }
  return taken.map((times) => times.toSorted((a, b) => a - b)[Math.floor(times.length * quietPart)] ?? Number.NaN)
}

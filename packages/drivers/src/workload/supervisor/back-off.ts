const firstMs = 500
const longestMs = 30_000

/** Time until the next start: the first restart of a sound replica waits for nothing, later ones twice as long each. */
export function backOffMs(failuresInRow: number): number {
  return failuresInRow === 0 ? 0 : Math.min(longestMs, firstMs * 2 ** (failuresInRow - 1))
}

import { createHarm, readHarm, updateHarm } from '@serin/stats'

/** How many of the first `errors` failures have to be the canary's for a rollback; Infinity while no number is enough. */
export type ErrorBoundary = (errors: number) => number

const fresh = createHarm({ restarts: null })

function logE(share: number, canary: number, stable: number): number {
  const updated = updateHarm(fresh, { share, canary, stable, durationMs: 0 })
  return updated.ok ? readHarm(updated.state).logE : 0
}

/**
 * The harm test of errors as it ships, asked once for each number of errors: at a constant share its evidence depends on the two counts alone and
 * rises with the canary's, so a long run is a walk against this boundary instead of a million updates.
 */
export function errorBoundary(share: number, threshold: number): ErrorBoundary {
  const bounds: number[] = [Infinity]
  let bound = 1
  return (errors) => {
    while (bounds.length <= errors) {
      const n = bounds.length
      while (bound <= n && logE(share, bound, n - bound) < threshold) bound += 1
      bounds.push(bound <= n ? bound : Infinity)
    }
    return bounds[errors] ?? Infinity
  }
}

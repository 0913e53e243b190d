import type { Interval, Rival } from './rival.ts'

/** Whether the canary's success in the interval is at least so many percent; an interval without requests is not judged. */
function succeeds({ canary, canaryErrors }: Interval, percent: number): boolean {
  return canary === 0 || 100 * (1 - canaryErrors / canary) >= percent
}

/** Fails once more than `failureLimit` measurements have failed; they are added up over the whole run and no good one takes any back (Argo Rollouts). */
export function argo(options: {
  readonly percent: number
  readonly failureLimit: number
  readonly everySeconds: number
}): Rival {
  const { percent, failureLimit, everySeconds } = options
  return {
    method: `Argo: success >= ${percent} % every ${everySeconds} s, failureLimit ${failureLimit}`,
    everySeconds,
    start: () => {
      let failed = 0
      return (interval) => {
        if (!succeeds(interval, percent)) failed += 1
        return failed > failureLimit
      }
    },
  }
}

/** Rolls back once `threshold` checks have failed; likewise never reset (Flagger). */
export function flagger(options: {
  readonly percent: number
  readonly threshold: number
  readonly everySeconds: number
}): Rival {
  const { percent, threshold, everySeconds } = options
  return {
    method: `Flagger: request-success-rate >= ${percent} % every ${everySeconds} s, threshold ${threshold}`,
    everySeconds,
    start: () => {
      let failed = 0
      return (interval) => {
        if (!succeeds(interval, percent)) failed += 1
        return failed >= threshold
      }
    },
  }
}

/** Requests and failures of both versions since the last look. */
export interface Interval {
  readonly canary: number
  readonly canaryErrors: number
  readonly stable: number
  readonly stableErrors: number
}

/** A rule of another tool: looks every so often, and rolls back or not. */
export interface Rival {
  readonly method: string
  readonly everySeconds: number
  /** Starts a release; each look gets what happened since the one before, and says whether to roll back. */
  readonly start: () => (interval: Interval) => boolean
}

/** The sum of two intervals. */
export function addInterval(a: Interval, b: Interval): Interval {
  return {
    canary: a.canary + b.canary,
    canaryErrors: a.canaryErrors + b.canaryErrors,
    stable: a.stable + b.stable,
    stableErrors: a.stableErrors + b.stableErrors,
  }
}

/** Nothing has happened. */
export const nothing: Interval = { canary: 0, canaryErrors: 0, stable: 0, stableErrors: 0 }

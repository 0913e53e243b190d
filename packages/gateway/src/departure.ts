/** How a gateway leaves: once, however often it is told to. */
export interface Departure {
  /** Begins to leave unless it has; resolves when it is gone. */
  readonly drain: (deadlineMs?: number | null) => Promise<void>
  /** Resolves when it has left. */
  readonly left: Promise<void>
}

/** What a gateway does to leave. */
interface Steps {
  /** How long requests under way may take, when nobody says. */
  readonly drainMs: number
  /** Lets them finish; how many were cut off. */
  readonly finish: (deadlineMs: number) => Promise<number>
  /** Ends the rest, when none is left. */
  readonly end: () => Promise<void>
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void
}

/** The departure of a gateway, which has not begun yet. */
export function departureOf({ drainMs, finish, end, log }: Steps): Departure {
  const { promise: left, resolve } = Promise.withResolvers<void>()
  let leaving: Promise<void> | null = null
  return {
    left,
    drain: async (deadlineMs) => {
      leaving ??= (async () => {
        log('gateway.leaving', {})
        log('gateway.left', { cutOff: await finish(deadlineMs ?? drainMs) })
        await end()
        resolve()
      })()
      await leaving
    },
  }
}

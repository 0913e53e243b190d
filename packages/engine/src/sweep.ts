import type { Clock, Store } from '@serin/kit'
import { SerinError } from '@serin/spec'

const retentionMs = 2 * 3_600_000
const sweepEveryMs = 60_000
const sliceRestMs = 10

/** Removes old evidence until the signal aborts: in slices, so that nothing waits long for the store. */
export async function sweep(
  { clock, store }: { readonly clock: Clock; readonly store: Store },
  signal: AbortSignal,
  defect: (error: unknown) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      while (store.expire(clock.now() - retentionMs) > 0 && !signal.aborted) await clock.sleep(sliceRestMs, signal)
    } catch (error) {
      // A store that cannot write says so wherever something is to be written; what is old can wait.
      if (!(error instanceof SerinError) && !signal.aborted) defect(error)
    }
    await clock.sleep(sweepEveryMs, signal).catch(() => undefined)
  }
}

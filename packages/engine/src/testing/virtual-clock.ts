import type { Clock } from '@serin/kit'

/** A clock that stands still until it is moved. */
export interface VirtualClock extends Clock {
  /** Lets time pass: everybody who sleeps wakes at their own time, in order, and does what can be done without more time. */
  pass(ms: number): Promise<void>
  /** Lets everything that needs no time happen. */
  settle(): Promise<void>
}

interface Sleeper {
  readonly until: number
  readonly wake: () => void
}

/** Starts at a time. */
export function createVirtualClock(start: number): VirtualClock {
  let now = start
  const sleepers = new Set<Sleeper>()
  const settle = async () => {
    // A turn of the event loop comes only after every microtask is done.
    for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  }
  const earliest = () => {
    let first: Sleeper | undefined
    for (const sleeper of sleepers) if (first === undefined || sleeper.until < first.until) first = sleeper
    return first
  }
  return {
    now: () => now,
    sleep(ms, signal) {
      return new Promise<void>((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error)
        const end = () => {
          sleepers.delete(sleeper)
          signal?.removeEventListener('abort', aborted)
        }
        const aborted = () => {
          end()
          reject(signal?.reason as Error)
        }
        const sleeper: Sleeper = {
          until: now + Math.max(0, ms),
          wake: () => {
            end()
            resolve()
          },
        }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', aborted, { once: true })
      })
    },
    settle,
    async pass(ms) {
      const end = now + ms
      await settle()
      for (let next = earliest(); next !== undefined && next.until <= end; next = earliest()) {
        now = Math.max(now, next.until)
        next.wake()
        await settle()
      }
      now = end
      await settle()
    },
  }
}

import type { Clock } from '@serin/kit'
import { createHeap } from './heap.ts'

/** A clock that stands still until it is moved. */
export interface VirtualClock extends Clock {
  /** Milliseconds since the clock was made; only moves forward, whatever the wall clock does. */
  steadyMs(): number
  /** Sets the wall clock forward or back, as an operator or a time server would; nobody wakes up earlier or later for it. */
  jump(ms: number): void
  /** Lets everything that can go on without time go on, then wakes the next sleeper. False when nobody sleeps. */
  step(): Promise<boolean>
}

interface Sleeper {
  readonly at: number
  readonly order: number
  awake: boolean
  wake(): void
}

/**
 * Time for a simulation: sleepers wake one by one, the earliest first and those of one moment in the order in which they lay down, so a run is the same
 * every time. Before it looks for the next sleeper the clock lets every microtask settle; else the world would move on while someone is about to wait.
 */
export function createVirtualClock(startMs: number): VirtualClock {
  let steady = 0
  let offset = startMs
  let order = 0
  const sleepers = createHeap<Sleeper>((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order))

  return {
    // Whole milliseconds, like the real one.
    now: () => Math.floor(steady) + offset,
    steadyMs: () => steady,
    jump(ms) {
      offset += ms
    },
    sleep(ms, signal) {
      return new Promise<void>((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason as Error)
          return
        }
        const aborted = (): void => {
          sleeper.awake = true
          reject(signal?.reason as Error)
        }
        order += 1
        const sleeper: Sleeper = {
          at: steady + Math.max(0, ms),
          order,
          awake: false,
          wake() {
            signal?.removeEventListener('abort', aborted)
            resolve()
          },
        }
        signal?.addEventListener('abort', aborted, { once: true })
        sleepers.push(sleeper)
      })
    },
    async step() {
      await settle()
      let next = sleepers.pop()
      while (next?.awake) next = sleepers.pop()
      if (next === undefined) return false
      steady = next.at
      next.awake = true
      next.wake()
      await settle()
      return true
    },
  }
}

/** A turn of the event loop: it comes only after every microtask, and every microtask of those, is done. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

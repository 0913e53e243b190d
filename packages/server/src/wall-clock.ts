import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '@serin/kit'

/** The clock of production. */
export const wallClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
}

import { xoshiro } from '@serin/stats/seeded'
import { rivalsAt } from './rivals/all.ts'
import { addInterval, nothing, type Interval } from './rivals/rival.ts'
import { sampleOf, type Sample } from './sample.ts'
import type { ErrorScenario } from './scenarios.ts'

/** How a rule of another tool does on a harmful canary: canary requests to rollback where it found it, and the part it missed. */
export interface RivalSample {
  readonly method: string
  readonly found: Sample
  /** Part of the runs, 0..1, that were not rolled back within the horizon. */
  readonly missed: number
}

const firstSeed = 0x5e510000
/** After this time a canary that is still there counts as missed. */
const horizonSeconds = 4_000

/** Plays the same requests as for Serin, counted per second, against the rules of others. */
export function playRivals(
  scenario: ErrorScenario,
  { runs, alpha }: { readonly runs: number; readonly alpha: number },
): readonly RivalSample[] {
  const rivals = rivalsAt(alpha)
  const exposed: number[][] = rivals.map(() => [])
  for (let run = 0; run < runs; run += 1) {
    for (const [i, requests] of playRun(scenario, alpha, firstSeed + run).entries())
      if (requests !== null) exposed[i]?.push(requests)
  }
  return rivals.map(({ method }, i) => {
    const own = exposed[i] ?? []
    return { method, found: sampleOf(own), missed: 1 - own.length / runs }
  })
}

function playRun(scenario: ErrorScenario, alpha: number, seed: number): readonly (number | null)[] {
  const uniform = xoshiro(seed)
  const watchers = rivalsAt(alpha).map(({ everySeconds, start }) => ({
    everySeconds,
    look: start(),
    waiting: nothing,
    found: null as number | null,
  }))
  let requests = 0
  for (let second = 1; second <= horizonSeconds && watchers.some(({ found }) => found === null); second += 1) {
    const interval = drawSecond(scenario, uniform)
    requests += interval.canary
    for (const watcher of watchers) {
      if (watcher.found !== null) continue
      watcher.waiting = addInterval(watcher.waiting, interval)
      if (second % watcher.everySeconds !== 0) continue
      if (watcher.look(watcher.waiting)) watcher.found = requests
      watcher.waiting = nothing
    }
  }
  return watchers.map(({ found }) => found)
}

function drawSecond({ share, p0, p1, requestsPerSecond }: ErrorScenario, uniform: () => number): Interval {
  let [canary, canaryErrors, stableErrors] = [0, 0, 0]
  for (let i = 0; i < requestsPerSecond; i += 1) {
    const isCanary = uniform() < share
    const failed = uniform() < (isCanary ? p1 : p0)
    if (isCanary) canary += 1
    if (failed && isCanary) canaryErrors += 1
    if (failed && !isCanary) stableErrors += 1
  }
  return { canary, canaryErrors, stable: requestsPerSecond - canary, stableErrors }
}
